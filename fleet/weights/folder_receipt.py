"""What is remembered of a folder of weights: where it came from, and the hash of each of its files.

A folder that was fetched holds its receipt; of a folder that settings name, it lies among the
fleet's own weights.  Hashing a hundred gigabytes takes minutes, so that a load compares sizes and
times of change, and only ``fleet models verify`` hashes again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, ValidationError

from companions.base import Closed
from companions.files import read_limited
from fleet.weights.errors import WeightsRefused
from fleet.weights.receipt import Hash

INSIDE: Final = "motionfleet.receipt.json"
_BESIDE: Final = ".noted.json"
_MOST_BYTES: Final = 16 * 1024**2


class NotedFile(Closed):
    """One file as it was when the receipt was written."""

    path: Annotated[str, Field(min_length=1, max_length=1024)]
    """In the folder."""
    size_bytes: Annotated[int, Field(ge=0)]
    """Its size."""
    mtime_ns: int
    """When it was changed last, in nanoseconds since 1970."""
    sha256: Hash
    """Of its bytes."""


class FolderReceipt(Closed):
    """Where a folder of weights came from, and what it held."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """What it is called here."""
    source: Annotated[str, Field(max_length=4096)]
    """The repository's page, or the folder it was taken from."""
    commit: Annotated[str, Field(pattern=r"^([0-9a-f]{40})?$")]
    """Of the repository; empty: it came from a folder of this machine."""
    licence: str
    """As the authors state it."""
    licence_page: str
    """Where it can be read."""
    fetched_at: Annotated[AwareDatetime, Field(strict=False)]
    """When."""
    files: Annotated[tuple[NotedFile, ...], Field(strict=False)]
    """All of them."""

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(file.size_bytes for file in self.files)


def is_own(path: Path, *, name: str, shelf_folder: Path) -> bool:
    """Whether ``path`` is where the fleet itself keeps the folder of ``name``."""
    return path == shelf_folder / name


def receipt_path(name: str, path: Path, *, shelf_folder: Path) -> Path:
    """Where the receipt of ``name``, whose folder is ``path``, lies: in it, where that is the
    fleet's own."""
    if is_own(path, name=name, shelf_folder=shelf_folder):
        return path / INSIDE
    return shelf_folder / f"{name}{_BESIDE}"


def receipt_of(name: str, path: Path, *, shelf_folder: Path) -> FolderReceipt | None:
    """The receipt of ``name``, whose folder is ``path``; None: nothing was remembered of it.

    Raises:
        WeightsRefused: there is one that cannot be read.
    """
    place = receipt_path(name, path, shelf_folder=shelf_folder)
    try:
        receipt = FolderReceipt.model_validate_json(read_limited(place, limit=_MOST_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise WeightsRefused(
            path=place,
            what="is no receipt that can be read",
            remedy=f"Move it away, or fetch the weights again: fleet models fetch {name}.",
        ) from error
    # Settings may name another folder by now.
    own = place.name == INSIDE
    return receipt if own or receipt.source == str(path) else None


def noted(relative: str, path: Path, sha256: str) -> NotedFile:
    """The note of the file at ``path``, as it is now."""
    facts = path.stat()
    return NotedFile(
        path=relative, size_bytes=facts.st_size, mtime_ns=facts.st_mtime_ns, sha256=sha256
    )


def check_unchanged(receipt: FolderReceipt, files: Mapping[str, Path], *, path: Path) -> None:
    """Refuse ``files``, those of the folder ``path`` by their names in it, if any was changed,
    added or removed since ``receipt`` was written, as far as sizes and times tell.

    Raises:
        WeightsRefused: some was; the first is named.
    """
    known = {note.path: note for note in receipt.files}
    if other := sorted(known.keys() ^ files.keys()):
        word = "is gone" if other[0] in known else "was added"
        raise _changed(receipt.name, path / other[0], word)
    for name, note in sorted(known.items()):
        facts = files[name].stat()
        if (facts.st_size, facts.st_mtime_ns) != (note.size_bytes, note.mtime_ns):
            raise _changed(receipt.name, path / name, "was changed")


def _changed(name: str, path: Path, word: str) -> WeightsRefused:
    return WeightsRefused(
        path=path,
        what=f"{word} since {name} came here",
        remedy=f"If it was only copied, compare its hashes: fleet models verify {name}; else fetch "
        f"it again: fleet models fetch {name}.",
    )
