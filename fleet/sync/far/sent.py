"""Where the sets that were taken in lie, and what the ledger calls their manifests."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from companions import names
from fleet.errors import NothingMatches

if TYPE_CHECKING:
    from fleet.ledger.database import Database


def manifest_of(inbox: Path, label: str, set_id: str) -> Path:
    """The manifest of a published set: the file that hashes to the set's id.

    Raises:
        NothingMatches: there is no such set, or its manifest was changed.
    """
    folder = inbox / label / set_id
    for path in sorted(folder.glob(f"*{names.MANIFEST_SUFFIX}")):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest().startswith(set_id):
                return path
    raise NothingMatches(name=f"{label}/{set_id}", near=[])


def versions_of(database: Database, inbox: Path, label: str, name: str) -> list[str]:
    """Ids of the manifests that were sent as ``name`` from the folder of that label.

    A manifest that was edited and sent again lies in another set; what its versions have in
    common belongs to the first of them.

    Raises:
        NothingMatches: none was ever submitted.
    """
    folder = os.path.realpath(inbox / label)
    rows = database.rows(
        "SELECT id, path FROM manifests WHERE path > ? AND path < ?",
        (f"{folder}/", f"{folder}0"),  # '0' is the sign after '/'
    )
    paths = {row["id"]: PurePath(row["path"]) for row in rows}
    found = [
        each
        for each, path in paths.items()
        if path.name == name and path.parent.parent == PurePath(folder)
    ]
    if not found:
        raise NothingMatches(name=f"{label}/{name}")
    return found
