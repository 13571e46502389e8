"""What the families have on the hub, and whether this machine can run one of them.

No torch here: a submission asks on machines that have none.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from companions.generation_params import Control, GenerationParams, Speed
from fleet.errors import ExtraMissing
from fleet.generate.base import Need
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.family import Family, Hub
from fleet.weights.folders import check_safetensors, look_through
from fleet.weights.licences import check_accepted
from fleet.weights.repository import LORA, Elsewhere, Repository, Terms, camera_name, distilled_name
from fleet.weights.shelf import Shelf

_PACKAGES: Final = ("torch", "diffusers", "transformers", "accelerate", "peft")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def repository_of(family: Family) -> Repository:
    """Where the pipeline of ``family`` is published."""
    whole = _repository(
        family.name, family.title, family.hub, parts=(*family.denoisers, "vae", "scheduler")
    )
    return replace(whole, pipeline=family.pipeline, elsewhere=tuple(_elsewhere(family)))


def _elsewhere(family: Family) -> Iterator[Elsewhere]:
    for name, part in family.parts.items():
        library, _, kind = part.kind.partition(".")
        yield Elsewhere(
            part=name, repo=part.hub.repo, revision=part.hub.revision, folder=part.folder,
            library=library, kind=kind,
            terms=Terms(part.hub.licence, part.hub.licence_page) if part.hub.to_accept else None,
        )  # fmt: skip


def _small_weights_of(family: Family) -> Iterator[Repository]:
    if family.distilled is not None:
        yield _repository(
            distilled_name(family.name),
            f"the same in {family.distilled.steps} steps",
            family.distilled.hub,
            files=family.distilled.files,
        )
    for move, hub in family.camera_loras.items():
        name, purpose = camera_name(family.name, move), f"moves of type {move}"
        yield _repository(name, purpose, hub, files={LORA: ""})


def _repository(
    name: str, purpose: str, hub: Hub, *, parts: tuple[str, ...] = (),
    files: Mapping[str, str] = _NOTHING,
) -> Repository:  # fmt: skip
    return Repository(
        name=name, purpose=purpose, repo=hub.repo, revision=hub.revision, licence=hub.licence,
        licence_page=hub.licence_page, to_accept=hub.to_accept, total_bytes=hub.total_bytes,
        parts=parts, files=files,
    )  # fmt: skip


def _all_repositories() -> Iterator[Repository]:
    for family in FAMILIES.values():
        yield repository_of(family)
        yield from _small_weights_of(family)


REPOSITORIES: Final[Mapping[str, Repository]] = MappingProxyType(
    {repository.name: repository for repository in _all_repositories()}
)
"""All that can be fetched for the families, by name: pipelines, and small weights over them."""


def needs_of(family: Family, params: GenerationParams, *, move_type: str) -> Iterator[Need]:
    """All weights of a shot through ``family``: the model's own, then the small ones over it."""
    yield Need("model", family.name)
    if params.speed is Speed.DISTILLED and family.distilled is not None:
        yield Need("speed", distilled_name(family.name))
    if params.control is Control.CAMERA_LORA:
        yield Need("control", camera_name(family.name, move_type))
    for index, use in enumerate(params.loras):
        yield Need(f"loras[{index}]", use.name, lora=True)


def check_here(family: Family, need: Need, shelf: Shelf) -> None:
    """Refuse what this machine cannot run: a package, a consent or the weights are missing.

    Reads names, sizes and headers of files: a second at most, nothing from the network.

    Raises:
        ExtraMissing, LicenceNotAccepted, WeightsMissing, LoraMissing, WeightsRefused: as each is
            found.
    """
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise ExtraMissing(kind="generator", name=family.name, extra="gpu", module=package)
    if need.lora:
        check_safetensors(shelf.find_lora(need.name))
        return
    repository = REPOSITORIES[need.name]
    look_through(need.name, shelf)
    for file in repository.files:
        shelf.find_small(need.name, file)
    check_accepted(repository, folder=shelf.folder)
