"""Every byte of weights hashed again, and compared with what they were when they came here.

Called by ``fleet models verify``, which is also how a folder that nobody fetched is noted, so that
loads need not hash it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from companions.files import ensure_writable, write_atomic
from fleet.weights.errors import WeightsRefused
from fleet.weights.folder_receipt import FolderReceipt, noted, receipt_of, receipt_path
from fleet.weights.folders import check_folder, hashed
from fleet.weights.receipt import receipt_of as file_receipt_of
from fleet.weights.repository import Repository, is_pipeline
from fleet.weights.shelf import Shelf

RIGHT: Final = "right"
"""Every byte is as it was."""
NOTED: Final = "noted"
"""Nothing was known to compare with; it is now."""
UNKNOWN: Final = "unknown"
"""Nothing is known to compare with."""
WRONG: Final = "changed"
"""Not as it was."""


@dataclass(frozen=True, slots=True)
class Verified:
    """How weights were found.

    Attributes:
        name: of the model.
        state: one of the words above.
        path: where they lie.
        what: what differs, or why they are refused; empty: nothing.
    """

    name: str
    state: str
    path: Path
    what: str = ""


def verify_folder(
    repository: Repository, shelf: Shelf, *, tell: Callable[[int, int], None], now: datetime
) -> Verified:
    """Hash the folder of ``repository`` again, and remember what was found where it is right.

    Raises:
        WeightsMissing: there is none.
        FileUnwritable: it is right, and that cannot be noted.
    """
    name = repository.name
    path = shelf.find_folder(name)
    try:
        receipt = receipt_of(name, path, shelf_folder=shelf.folder)
        files = check_folder(path, pipeline=is_pipeline(name))
        hashes = hashed(files, tell=tell)
    except WeightsRefused as refused:
        return Verified(name, WRONG, path, str(refused))
    if receipt is not None:
        known = {note.path: note.sha256 for note in receipt.files}
        other = sorted(
            each for each in known.keys() | hashes.keys() if known.get(each) != hashes.get(each)
        )
        if other:
            return Verified(name, WRONG, path, ", ".join(other))
    files_noted = tuple(noted(each, files[each], sha256) for each, sha256 in hashes.items())
    if receipt is None:
        new = FolderReceipt(
            name=name, source=str(path), commit="", licence=repository.licence,
            licence_page=repository.licence_page, fetched_at=now, files=files_noted,
        )  # fmt: skip
    else:
        new = receipt.model_copy(update={"files": files_noted})
    if new != receipt:
        place = receipt_path(name, path, shelf_folder=shelf.folder)
        ensure_writable(place.parent)
        write_atomic(place, new.model_dump_json(indent=2).encode() + b"\n")
    return Verified(name, RIGHT if receipt is not None else NOTED, path)


def verify_file(name: str, shelf: Shelf, *, tell: Callable[[int, int], None]) -> Verified:
    """Hash the file of ``name`` again.

    Raises:
        WeightsMissing: there is none.
    """
    path = shelf.find(name)
    try:
        receipt = file_receipt_of(path)
        found = hashed({name: path}, tell=tell)[name]
    except WeightsRefused as refused:
        return Verified(name, WRONG, path, str(refused))
    if receipt is None:
        return Verified(name, UNKNOWN, path, "no receipt: it was not fetched")
    if receipt.sha256 != found:
        return Verified(name, WRONG, path, f"SHA-256 {found[:12]}, not {receipt.sha256[:12]}")
    return Verified(name, RIGHT, path)
