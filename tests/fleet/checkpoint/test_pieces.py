"""The index of a shot's kept pieces: whole or absent, and of one maker."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions.video_meta import ModelUsed
from fleet.checkpoint.pieces import INDEX, KeptFile, KeptPiece, PieceFolder, sweep_pieces

MODEL = ModelUsed(name="wan", revision="abc", licence="Apache-2.0")


def put(folder: PieceFolder, number: int, *, made_by: str = "me", tail: bool = True) -> KeptPiece:
    """A piece on disk and on record."""
    folder.path.mkdir(parents=True, exist_ok=True)
    files = [folder.new_file(number, tail=each, nonce=made_by) for each in (False, True)]
    for path in files:
        path.write_bytes(b"frames")
    final, left = (KeptFile(name=path.name, sha256="0" * 64, frames=5) for path in files)
    piece = KeptPiece(number=number, final=final, tail=left if tail else None, model=MODEL)
    folder.add(piece, made_by=made_by)
    return piece


def names(folder: PieceFolder) -> list[str]:
    return sorted(path.name for path in folder.path.iterdir())


def test_only_the_newest_piece_keeps_what_the_next_one_continues(tmp_path: Path) -> None:
    folder = PieceFolder(tmp_path, "shot")

    for number in range(3):
        put(folder, number)

    index = folder.read()
    assert index is not None
    assert [(piece.number, piece.tail is not None) for piece in index.pieces] == [
        (0, False), (1, False), (2, True)
    ]  # fmt: skip
    assert names(folder) == [
        "0000.me.frames.nut", "0001.me.frames.nut", "0002.me.frames.nut",
        "0002.tail.me.frames.nut", INDEX,
    ]  # fmt: skip


def test_pieces_of_another_maker_are_let_go_of(tmp_path: Path) -> None:
    folder = PieceFolder(tmp_path, "shot")
    put(folder, 0)
    put(folder, 1)

    put(folder, 0, made_by="another")

    index = folder.read()
    assert index is not None
    assert (index.made_by, [piece.number for piece in index.pieces]) == ("another", [0])
    assert names(folder) == ["0000.another.frames.nut", "0000.tail.another.frames.nut", INDEX]


@pytest.mark.parametrize("torn", [b"", b"{", b'{"made_by": "me", "pieces": 3}'])
def test_an_index_that_cannot_be_read_holds_nothing(tmp_path: Path, torn: bytes) -> None:
    folder = PieceFolder(tmp_path, "shot")
    put(folder, 0)

    (folder.path / INDEX).write_bytes(torn)

    assert folder.read() is None


def test_a_sweep_leaves_the_pieces_of_shots_that_are_wanted_and_no_others(tmp_path: Path) -> None:
    root = tmp_path / "pieces"
    for shot_id in ("ended", "open"):
        put(PieceFolder(root, shot_id), 0)

    sweep_pieces(root, wanted=lambda ids: [each for each in ids if each == "open"])
    assert [path.name for path in root.iterdir()] == ["open"]

    sweep_pieces(root, wanted=lambda _: [])
    assert not root.exists()
