"""What is on this machine of a model's weights: for listings, without loading anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from companions.files import sha256_of
from fleet.weights import folder_receipt, placing
from fleet.weights.errors import WeightsMissing, WeightsRefused
from fleet.weights.folders import look_through
from fleet.weights.receipt import receipt_of
from fleet.weights.shelf import SUFFIX, Shelf

FETCHED: Final = "fetched"
"""Here, and as it was fetched."""
GIVEN: Final = "given"
"""Here, without a receipt: named in settings, or copied."""
CHANGED: Final = "changed"
"""Here, but not what was fetched, or unreadable: it would be refused."""
MISSING: Final = "missing"
"""Not here."""
BEGUN: Final = "begun"
"""Not here; a fetch was begun, and the same command goes on with it."""


@dataclass(frozen=True, slots=True)
class Stock:
    """The weights of one model here.

    Attributes:
        state: one of the words above.
        path: where they lie, or would.
        size_bytes: None where there is no file.
        sha256: likewise, and for a folder.
        fetched_from: as the receipt says; None where there is none.
        revision: the commit of what was fetched as a folder; None where none is known.
    """

    state: str
    path: Path
    size_bytes: int | None = None
    sha256: str | None = None
    fetched_from: str | None = None
    revision: str | None = None


def stock_of(name: str, shelf: Shelf) -> Stock:
    """What ``shelf`` has for the model ``name``; its file is read to be hashed."""
    path = shelf.paths.get(name, shelf.folder / f"{name}{SUFFIX}")
    if not path.is_file():
        return Stock(MISSING, path)
    try:
        size_bytes, sha256 = path.stat().st_size, sha256_of(path)
        receipt = receipt_of(path)
    except (OSError, WeightsRefused):
        return Stock(CHANGED, path)
    if receipt is None:
        return Stock(GIVEN, path, size_bytes, sha256)
    state = FETCHED if receipt.sha256 == sha256 else CHANGED
    return Stock(state, path, size_bytes, sha256, receipt.source)


def folder_stock(name: str, shelf: Shelf) -> Stock:
    """What ``shelf`` has for the folder ``name``: looked through, and nothing hashed."""
    path = shelf.paths.get(name, shelf.folder / name)
    if not path.is_dir():
        return Stock(BEGUN if placing.is_begun(name, folder=shelf.folder) else MISSING, path)
    try:
        _, files, receipt = look_through(name, shelf)
        size_bytes = sum(place.stat().st_size for place in files.values())
    except (OSError, WeightsRefused):
        return Stock(CHANGED, path)
    except WeightsMissing:  # removed while it was looked at
        return Stock(MISSING, path)
    if receipt is None or not folder_receipt.is_own(path, name=name, shelf_folder=shelf.folder):
        return Stock(GIVEN, path, size_bytes)
    revision = receipt.commit or None
    return Stock(FETCHED, path, size_bytes, fetched_from=receipt.source, revision=revision)


def lora_stock(name: str, shelf: Shelf) -> Stock:
    """Whether the file that settings name as the LoRA ``name`` is there."""
    path = shelf.loras[name]
    return Stock(GIVEN, path, path.stat().st_size) if path.is_file() else Stock(MISSING, path)
