"""``fleet models`` for weights that are folders: licences are asked for, then they are fetched."""

from __future__ import annotations

import getpass
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from fleet.cli.model_rows import size
from fleet.cli.output import Output, counted, shown

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.home import Home
    from fleet.weights.folder_receipt import FolderReceipt
    from fleet.weights.repository import Repository
    from fleet.weights.shelf import Shelf

_ENDPOINT: Final = "HF_ENDPOINT"
"""The hub's own variable: another address than the public hub's."""


def fetch_folder(
    repository: Repository, *, shelf: Shelf, given: str | None, accepted: bool, output: Output,
    as_json: bool,
) -> None:  # fmt: skip
    """Fetch ``repository``, or take it in from the folder ``given``, and tell what came.

    ``accepted``: that the licence was accepted on the command line.

    Raises:
        LicenceNotAccepted: it sets terms, and nobody accepts them.
        FleetError, MotionfleetError: as ``fleet.weights.fetching`` raises.
    """
    from fleet.weights import fetching

    if given is not None and "://" in given:
        what = f"{repository.name} is a folder: give its path"
        raise typer.BadParameter(what, param_hint="--from")
    shown_terms = {(repository.licence, repository.licence_page): None} | {
        (terms.licence, terms.page): None for terms in repository.terms
    }
    for licence, page in shown_terms:
        output.note(f"licence: {licence}, {page}")
    _settle_licences(repository, folder=shelf.folder, accepted=accepted)
    now = datetime.now(UTC)
    own = shelf.paths.get(repository.name)
    if given is None and own is not None:
        _note_own(repository, shelf, output, now=now)
        return
    here = _fetched_already(repository, shelf)
    what = "is here"
    if given is not None:
        with output.measured(f"checking {repository.name}", of_bytes=True) as tell:
            receipt = fetching.take_folder(
                repository, Path(given).expanduser(), folder=shelf.folder, tell=tell, now=now
            )
    elif here is not None:
        receipt, what = here, "is here already"
    else:
        with output.measured(f"fetching {repository.name}", of_bytes=True) as tell:
            receipt = fetching.fetch_folder(
                repository, folder=shelf.folder, tell=tell, now=now,
                endpoint=os.environ.get(_ENDPOINT, ""),
            )  # fmt: skip
    path = shelf.folder / repository.name
    if as_json:
        output.json(_receipt_as_json(receipt, path))
        return
    at = f" at commit {receipt.commit[:12]}" if receipt.commit else ""
    output.say(
        f"{repository.name} {what}: {shown(path)} ({counted(len(receipt.files), 'file')}, "
        f"{size(receipt.size_bytes)}, from {shown(receipt.source)}{at})"
    )


def _fetched_already(repository: Repository, shelf: Shelf) -> FolderReceipt | None:
    """The receipt of what is here, if it is whole and of the commit that would be fetched."""
    from fleet.weights.errors import WeightsMissing, WeightsRefused
    from fleet.weights.folders import look_through

    try:
        _, _, receipt = look_through(repository.name, shelf)
    except (WeightsMissing, WeightsRefused):
        return None
    if receipt is None or not receipt.commit:
        return None
    return receipt if repository.revision in {"", receipt.commit} else None


def _settle_licences(repository: Repository, *, folder: Path, accepted: bool) -> None:
    """Have the licences accepted, where they have to be and were not yet."""
    from fleet.weights.errors import LicenceNotAccepted
    from fleet.weights.licences import accept, check_accepted, not_accepted

    left = not_accepted(repository, folder=folder)
    if not left:
        return
    if not accepted:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            check_accepted(repository, folder=folder)
        for terms in left:
            question = f"Do you accept the licence {terms.licence} for {repository.name}?"
            if not typer.confirm(question, err=True):
                raise LicenceNotAccepted(
                    name=repository.name, licence=terms.licence, page=terms.page
                )
    accept(repository, folder=folder, who=getpass.getuser(), now=datetime.now(UTC))


def _note_own(repository: Repository, shelf: Shelf, output: Output, *, now: datetime) -> None:
    """Look through the folder that settings name, and note its hashes."""
    from fleet.weights.errors import WeightsChanged
    from fleet.weights.verifying import WRONG, verify_folder

    with output.measured(f"checking {repository.name}", of_bytes=True) as tell:
        found = verify_folder(repository, shelf, tell=tell, now=now)
    output.say(f"{repository.name}: {found.state}: {shown(found.path)}, which settings.toml names")
    if found.state == WRONG:
        output.note(found.what)
        raise WeightsChanged(names=[repository.name], total=1)


def remove_folder(name: str, home: Home) -> bool:
    """Remove what was fetched as ``name``; a folder that has no receipt of a fetch is kept."""
    from fleet.weights import placing
    from fleet.weights.errors import WeightsRefused
    from fleet.weights.folder_receipt import receipt_of

    path = home.models / name
    if path.is_dir() and receipt_of(name, path, shelf_folder=home.models) is None:
        what, remedy = "was not fetched, and is kept", "Remove it by hand if it is of no use."
        raise WeightsRefused(path=path, what=what, remedy=remedy)
    return placing.remove(name, folder=home.models)


def _receipt_as_json(receipt: FolderReceipt, path: Path) -> dict[str, object]:
    return {
        "name": receipt.name, "path": str(path), "source": receipt.source,
        "revision": receipt.commit or None, "size_bytes": receipt.size_bytes,
        "sha256": {note.path: note.sha256 for note in receipt.files},
    }  # fmt: skip
