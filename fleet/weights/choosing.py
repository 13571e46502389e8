"""Which files of which repositories make up what is called by one name here."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fleet.weights import layout
from fleet.weights.at_once import Wanted
from fleet.weights.errors import WeightsRefused
from fleet.weights.folders import read_small
from fleet.weights.hub import Hub, Listed
from fleet.weights.layout import INDEX, MOST_SMALL_BYTES, SAFETENSORS
from fleet.weights.repository import Repository


def pipeline_files(
    repository: Repository, hub: Hub, listed: Mapping[str, Listed], staging: Path
) -> dict[str, Wanted]:
    """The files of a pipeline by their names here, its small ones already in ``staging``.

    Raises:
        WeightsRefused: it is no pipeline, or hostile.
        WeightsUnreachable, WeightsGated, FileUnwritable: as ``Hub.fetch`` raises.
    """
    if INDEX not in listed:
        raise _no_pipeline(repository)
    offered = {path: Wanted(hub, file) for path, file in listed.items()}
    index = _content(offered, INDEX, staging, repository)
    return _needed(repository, offered, index, staging)


def assembled(
    repository: Repository, hub: Hub, listed: Mapping[str, Listed], staging: Path, *, endpoint: str
) -> tuple[dict[str, Wanted], dict[str, bytes]]:
    """As ``pipeline_files``, with the parts that are published elsewhere in the place of its own;
    and the index, which nobody publishes so, to be written.

    Raises:
        WeightsRefused, WeightsUnreachable, WeightsGated, FileUnwritable: as there.
    """
    if INDEX not in listed:
        raise _no_pipeline(repository)
    others = {each.part for each in repository.elsewhere}
    offered = {
        path: Wanted(hub, file)
        for path, file in listed.items()
        if path.partition("/")[0] not in others
    }
    with tempfile.TemporaryDirectory() as aside:
        told = json.loads(_content(offered, INDEX, Path(aside), repository))
    del offered[INDEX]
    told["_class_name"] = repository.pipeline
    for each in repository.elsewhere:
        its = Hub(replace(repository, repo=each.repo, revision=each.revision), endpoint=endpoint)
        inside = f"{each.folder}/" if each.folder else ""
        for path, file in its.list().items():
            name = path.removeprefix(inside)
            if path.startswith(inside) and "/" not in name:
                offered[f"{each.part}/{name}"] = Wanted(its, file)
        told[each.part] = [each.library, each.kind]
    index = json.dumps(told, indent=2, sort_keys=True).encode() + b"\n"
    return _needed(repository, offered, index, staging), {INDEX: index}


def small_weights(
    repository: Repository, hub: Hub, listed: Mapping[str, Listed]
) -> dict[str, Wanted]:
    """The files of small weights, by what they are called here.

    Raises:
        WeightsRefused: there are none, or there is no telling which is meant.
    """
    found: dict[str, Wanted] = {}
    for name, path in repository.files.items():
        alone = [each for each in listed if "/" not in each and each.endswith(SAFETENSORS)]
        wanted = path or (alone[0] if len(alone) == 1 else "")
        if wanted not in listed or not wanted.endswith(SAFETENSORS):
            what = f"has no {path}" if path else f"has {len(alone)} files of weights, not one"
            raise _refused(repository, "", what)
        found[f"{name}{SAFETENSORS}"] = Wanted(hub, listed[wanted])
    return found


def _needed(
    repository: Repository, offered: Mapping[str, Wanted], index: bytes, staging: Path
) -> dict[str, Wanted]:
    page = Path(repository.repo)  # for messages: nothing lies anywhere yet
    parts = layout.parts_of(index, path=page / INDEX, needed=repository.parts)
    small = layout.small_files(offered, parts)
    for name in small:
        _content(offered, name, staging, repository)
    weights = layout.weight_files(
        offered,
        parts,
        read=lambda name: _content(offered, name, staging, repository),
        path=page,
    )
    return {name: offered[name] for name in (*small, *weights)}


def _content(
    offered: Mapping[str, Wanted], name: str, staging: Path, repository: Repository
) -> bytes:
    """The content of a file that is no weights, fetched if it is not in ``staging`` yet."""
    wanted = offered[name]
    if wanted.file.size_bytes > MOST_SMALL_BYTES:
        raise _refused(repository, name, f"is larger than {MOST_SMALL_BYTES} bytes")
    wanted.hub.fetch(wanted.file, staging / name, tell=lambda _: None)
    return read_small(staging / name)


def _no_pipeline(repository: Repository) -> WeightsRefused:
    return _refused(repository, "", f"has no {INDEX}, so that it is no pipeline of diffusers")


def _refused(repository: Repository, file: str, what: str) -> WeightsRefused:
    path = Path(repository.repo) / file
    return WeightsRefused(path=path, what=what, remedy=f"See {repository.page}.")
