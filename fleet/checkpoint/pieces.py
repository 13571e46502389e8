"""The finished pieces of shots that take several goes, kept until their shot has ended.

A folder for each shot: its pieces' frames in files as ``frames`` writes them, and an index that
says which they are and who made them.  A piece is kept from the moment it is in the index, which
is replaced whole; files that are not in it are nobody's.  The ledger knows nothing of them: they
save time, and where one is missing or damaged its frames are made again.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from companions import files
from companions.base import Closed
from companions.video_meta import ModelUsed
from fleet.checkpoint.folder import SUFFIX, sweep

INDEX: Final = "index.json"
_MOST_INDEX_BYTES: Final = 16 * 1024 * 1024


class KeptFile(Closed):
    """Frames in a file of the shot's folder."""

    name: str
    """Name of the file."""
    sha256: str
    """SHA-256 of its bytes."""
    frames: int
    """Frames in it."""


class KeptPiece(Closed):
    """One piece of a shot."""

    number: int
    """Which one, from 0."""
    final: KeptFile
    """Its frames in the clip."""
    tail: KeptFile | None = None
    """Those that the next piece is made from; null: it is made from none, or is there too."""
    model: ModelUsed
    """What made it."""

    @property
    def files(self) -> tuple[KeptFile, ...]:
        """Its files."""
        return (self.final,) if self.tail is None else (self.final, self.tail)


class Index(Closed):
    """The pieces of one shot."""

    made_by: str
    """What made them all, as a hash."""
    pieces: tuple[KeptPiece, ...] = ()
    """Them, by their numbers."""


class PieceFolder:
    """The kept pieces of one shot; used by one process at a time."""

    def __init__(self, root: Path, shot_id: str) -> None:
        """``root`` holds the folders of all shots."""
        self.path = root / shot_id

    def read(self) -> Index | None:
        """What is kept; None if nothing is, or if it cannot be read."""
        try:
            data = files.read_limited(self.path / INDEX, limit=_MOST_INDEX_BYTES)
            return Index.model_validate_json(data)
        except (OSError, ValidationError):
            return None

    def new_file(self, number: int, *, tail: bool, nonce: str) -> Path:
        """Where frames of piece ``number`` are to be written; ``nonce`` tells attempts apart."""
        return self.path / f"{number:04d}{'.tail' if tail else ''}.{nonce}{SUFFIX}"

    def add(self, piece: KeptPiece, *, made_by: str) -> None:
        """Put a piece, whose files are written, on record, durably.

        Pieces that something else made are let go of.

        Raises:
            FileUnwritable: the folder refuses.
        """
        index = self.read()
        known = index.pieces if index is not None and index.made_by == made_by else ()
        others = [each for each in known if each.number != piece.number]
        pieces = sorted([*others, piece], key=_number)
        numbers = {each.number for each in pieces}
        self._write(
            Index(
                made_by=made_by,
                pieces=tuple(
                    each.model_copy(update={"tail": None}) if each.number + 1 in numbers else each
                    for each in pieces
                ),
            )
        )

    def remove(self) -> None:
        """Remove all that is kept; harmless if nothing is.

        Raises:
            FileUnwritable: the folder refuses.
        """
        with files.reporting_unwritable(self.path):
            # The index first: what is left of a folder without one is nobody's.
            (self.path / INDEX).unlink(missing_ok=True)
        # A file may just be being written into it; the next sweep finds it.
        shutil.rmtree(self.path, ignore_errors=True)

    def _write(self, index: Index) -> None:
        files.write_atomic(self.path / INDEX, index.model_dump_json().encode())
        wanted = {self.path / kept.name for piece in index.pieces for kept in piece.files}
        sweep(self.path, wanted=wanted)


def sweep_pieces(root: Path, *, wanted: Callable[[Collection[str]], Collection[str]]) -> None:
    """Remove the pieces of all shots but those that ``wanted`` gives of the shots' ids.

    Raises:
        FileUnwritable: a folder refuses.
    """
    if not root.is_dir():
        return
    there = sorted(folder.name for folder in root.iterdir() if folder.is_dir())
    for shot_id in set(there).difference(wanted(there)) if there else ():
        PieceFolder(root, shot_id).remove()
    with contextlib.suppress(OSError):  # there are others in it
        root.rmdir()


def _number(piece: KeptPiece) -> int:
    return piece.number
