"""Licences that set terms, and who accepted them on this machine.

A licence is accepted once, whatever models are under it; without that their weights are neither
fetched nor run.  The record lies among the weights, so that it goes with them to other nodes.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, ValidationError

from companions.base import Closed
from companions.files import ensure_writable, read_limited, write_atomic
from fleet.weights.errors import LicenceNotAccepted, WeightsRefused
from fleet.weights.repository import Repository, Terms

FILE: Final = "licences.json"
_MOST_BYTES: Final = 1024 * 1024


class Acceptance(Closed):
    """That somebody accepted one licence."""

    licence: str
    """Its name."""
    page: str
    """Where it was to be read."""
    model: str
    """The model it was asked for."""
    who: Annotated[str, Field(max_length=256)]
    """The account that accepted it."""
    accepted_at: Annotated[AwareDatetime, Field(strict=False)]
    """When."""


class Acceptances(Closed):
    """All that were accepted here."""

    accepted: tuple[Acceptance, ...] = Field(default=(), strict=False)
    """One for each licence."""


def not_accepted(repository: Repository, *, folder: Path) -> tuple[Terms, ...]:
    """The terms of ``repository`` that nobody has accepted yet.

    ``folder`` is the one the weights lie in.

    Raises:
        WeightsRefused: the record cannot be read.
    """
    if not repository.terms:
        return ()
    known = {Terms(each.licence, each.page) for each in _read(folder).accepted}
    return tuple(each for each in repository.terms if each not in known)


def check_accepted(repository: Repository, *, folder: Path) -> None:
    """Refuse ``repository`` unless its licences set no terms, or somebody accepted them.

    Raises:
        LicenceNotAccepted: nobody did; the first is named.
        WeightsRefused: the record cannot be read.
    """
    for terms in not_accepted(repository, folder=folder):
        raise LicenceNotAccepted(name=repository.name, licence=terms.licence, page=terms.page)


def accept(repository: Repository, *, folder: Path, who: str, now: datetime) -> None:
    """Remember that ``who`` accepted all licences of ``repository``, durably.

    Raises:
        FileUnwritable: the folder cannot be written.
        WeightsRefused: the record that is there cannot be read; it is kept.
    """
    new = [
        Acceptance(
            licence=terms.licence, page=terms.page, model=repository.name, who=who, accepted_at=now
        )
        for terms in not_accepted(repository, folder=folder)
    ]
    if not new:
        return
    told = Acceptances(accepted=(*_read(folder).accepted, *new))
    ensure_writable(folder)
    write_atomic(folder / FILE, told.model_dump_json(indent=2).encode() + b"\n")


def _read(folder: Path) -> Acceptances:
    try:
        return Acceptances.model_validate_json(read_limited(folder / FILE, limit=_MOST_BYTES))
    except FileNotFoundError:
        return Acceptances()
    except (OSError, ValidationError) as error:
        raise WeightsRefused(
            path=folder / FILE,
            what="is no record of accepted licences that can be read",
            remedy="Correct it, or move it away and accept the licences again.",
        ) from error
