"""A folder of weights from the hub, or from a folder of the user's: only what is needed of it,
every file checked, and in place whole or not at all.

Called by ``fleet models fetch``.  Neither asks about licences: whoever calls it has.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from companions.errors import FileUnwritable
from companions.files import flush_to_disk, pieces_of, reporting_unwritable, write_atomic
from fleet.weights import layout, placing
from fleet.weights.at_once import AtOnce, Wanted
from fleet.weights.choosing import assembled, pipeline_files, small_weights
from fleet.weights.errors import WeightsRefused
from fleet.weights.folder_receipt import INSIDE, FolderReceipt, NotedFile, noted
from fleet.weights.folders import check_folder, check_safetensors, hashed, read_small
from fleet.weights.hub import Hub
from fleet.weights.layout import INDEX, SAFETENSORS
from fleet.weights.repository import Repository, is_pipeline

Tell = Callable[[int, int], None]
"""Takes the bytes that are here, and those there are."""

_SPARE_BYTES: Final = 256 * 1024**2
"""Kept free on the disk."""


def fetch_folder(
    repository: Repository, *, folder: Path, tell: Tell, now: datetime, endpoint: str = ""
) -> FolderReceipt:
    """Fetch what is needed of ``repository`` into ``folder``, under its name.

    Interrupted, the same call goes on where it was. What is there already stays until all of the
    new has arrived and is what the hub says it is.

    Args:
        repository: what to fetch.
        folder: the fleet's weights; made if it is missing.
        tell: told how far it is.
        now: for the receipt.
        endpoint: of another hub than the public one.

    Raises:
        WeightsUnreachable, WeightsGated: the hub cannot be asked, or refuses.
        WeightsRefused: what is published is hostile, damaged or of another kind.
        FileUnwritable: the disk has not the room, or refuses.
        FleetBusy: another process fetches the same.
    """
    hub = Hub(repository, endpoint=endpoint)
    listed = hub.list()
    with placing.staged(repository.name, folder=folder, version=hub.commit[:12]) as staging:
        written: dict[str, bytes] = {}
        if repository.elsewhere:
            wanted, written = assembled(repository, hub, listed, staging, endpoint=endpoint)
        elif is_pipeline(repository.name):
            wanted = pipeline_files(repository, hub, listed, staging)
        else:
            wanted = small_weights(repository, hub, listed)
        _forget_others(staging, wanted)
        _check_room(wanted, staging)
        hashes = AtOnce(wanted, staging, tell=tell).hashes()
        for name in wanted:
            if name.endswith(SAFETENSORS):
                check_safetensors(staging / name)
        for name, data in written.items():
            write_atomic(staging / name, data)
            hashes[name] = hashlib.sha256(data).hexdigest()
        sources = {f"{each.hub.page}/tree/{each.hub.commit}": None for each in wanted.values()}
        return _finished(
            repository, hashes, staging, folder=folder,
            source=", ".join(sources) if repository.elsewhere else repository.page,
            commit=hub.commit, now=now,
        )  # fmt: skip


def take_folder(
    repository: Repository, given: Path, *, folder: Path, tell: Tell, now: datetime
) -> FolderReceipt:
    """Take in what is needed of the user's folder ``given``, as ``fetch_folder`` does from a hub;
    for small weights that are one file, that file will do.

    Files are linked where both are on one disk, and copied else; links in ``given``, as the cache
    of the hub's client has them, are followed.

    Raises:
        WeightsRefused: it is no such folder, or hostile; nothing was changed.
        FileUnwritable: the disk has not the room, or refuses.
        FleetBusy: another process fetches the same.
    """
    chosen = _chosen_of(repository, given)
    with placing.staged(repository.name, folder=folder, version="given") as staging:
        _forget_others(staging, ())
        for name, source in chosen.items():
            with reporting_unwritable(staging / name):
                (staging / name).parent.mkdir(exist_ok=True)
                _link_or_copy(source, staging / name)
        check_folder(staging, pipeline=is_pipeline(repository.name))
        hashes = hashed({name: staging / name for name in chosen}, tell=tell)
        return _finished(
            repository, hashes, staging, folder=folder, source=str(given.absolute()), commit="",
            now=now,
        )  # fmt: skip


def _chosen_of(repository: Repository, given: Path) -> dict[str, Path]:
    """What is taken of the folder ``given``: the file by its name here."""
    if not is_pipeline(repository.name):
        return {
            f"{name}{SAFETENSORS}": _regular(_small_in(given, name, published))
            for name, published in repository.files.items()
        }
    index = given / INDEX
    parts = layout.parts_of(read_small(index), path=index, needed=repository.parts)
    names = [
        f"{part.name}/{each.name}"
        for part in parts
        if (given / part.name).is_dir()
        for each in (given / part.name).iterdir()
        if each.is_file()
    ]
    small = layout.small_files([INDEX, *names], parts)
    weights = layout.weight_files(
        names, parts, read=lambda name: read_small(given / name), path=given
    )
    return {name: _regular(given / name) for name in (*small, *weights)}


def _small_in(given: Path, name: str, published: str) -> Path:
    """The file of small weights that is ``name`` here: called so, or as its authors call it."""
    own = given / f"{name}{SAFETENSORS}"
    if own.is_file():
        return own
    if published:
        return given / published
    if given.is_file():
        return given
    alone = [each for each in sorted(given.glob(f"*{SAFETENSORS}")) if each.is_file()]
    if len(alone) != 1:
        what = f"has {len(alone)} files of safetensors, not one"
        raise WeightsRefused(path=given, what=what, remedy="Give the one file that is meant.")
    return alone[0]


def _regular(path: Path) -> Path:
    found = Path(os.path.realpath(path))
    if not found.is_file():
        what = "is missing, or no regular file"
        raise WeightsRefused(path=path, what=what, remedy="Give the whole folder.")
    return found


def _link_or_copy(source: Path, to: Path) -> None:
    try:
        os.link(source, to)
    except OSError:
        # Another disk, or one without links; where even copying fails, that says why.
        with to.open("wb") as stream:
            for piece in pieces_of(source):
                stream.write(piece)
            stream.flush()
            flush_to_disk(stream.fileno())


def _forget_others(staging: Path, wanted: Collection[str]) -> None:
    """Remove what an earlier attempt, after other files, left in ``staging``."""
    with reporting_unwritable(staging):
        for folder, _, names in os.walk(staging):
            for each in names:
                place = Path(folder, each)
                if place.relative_to(staging).as_posix().removesuffix(".part") not in wanted:
                    place.unlink()


def _check_room(wanted: Mapping[str, Wanted], staging: Path) -> None:
    here = sum(place.stat().st_size for place in staging.rglob("*") if place.is_file())
    missing = sum(each.file.size_bytes for each in wanted.values()) - here
    free = shutil.disk_usage(staging).free
    if missing + _SPARE_BYTES > free:
        raise FileUnwritable(
            path=staging,
            errno_name="ENOSPC",
            what=f"{missing / 1e9:.1f} GB are to come, and {free / 1e9:.1f} GB are free",
        )


def _finished(
    repository: Repository,
    hashes: Mapping[str, str],
    staging: Path,
    *,
    folder: Path,
    source: str,
    commit: str,
    now: datetime,
) -> FolderReceipt:
    """The folder in its place, its receipt in it."""
    receipt = FolderReceipt(
        name=repository.name, source=source, commit=commit, licence=repository.licence,
        licence_page=repository.licence_page, fetched_at=now,
        files=_notes(staging, hashes),
    )  # fmt: skip
    told = receipt.model_dump_json(indent=2).encode() + b"\n"
    write_atomic(staging / INSIDE, told)
    placing.place(staging, name=repository.name, folder=folder)
    return receipt


def _notes(path: Path, hashes: Mapping[str, str]) -> tuple[NotedFile, ...]:
    return tuple(noted(name, path / name, sha256) for name, sha256 in sorted(hashes.items()))
