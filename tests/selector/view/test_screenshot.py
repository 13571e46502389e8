"""A window drawn into a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from companions.errors import FileUnwritable
from selector.view import screenshot


@pytest.mark.parametrize(
    ("name", "head"),
    [("a.png", b"\x89PNG"), ("a.jpg", b"\xff\xd8"), ("a.JPEG", b"\xff\xd8"), ("a", b"\x89PNG")],
)
def test_a_drawing_is_a_jpeg_if_it_is_named_so_and_else_a_png(
    qtbot: QtBot, tmp_path: Path, name: str, head: bytes
) -> None:
    label = QLabel("Look.")
    qtbot.addWidget(label)

    screenshot.save(label, tmp_path / name)

    assert (tmp_path / name).read_bytes().startswith(head)


def test_a_drawing_that_cannot_be_written_is_told_and_leaves_nothing(
    qtbot: QtBot, tmp_path: Path
) -> None:
    label = QLabel("Look.")
    qtbot.addWidget(label)

    with pytest.raises(FileUnwritable):
        screenshot.save(label, tmp_path / "nowhere" / "a.png")

    assert list(tmp_path.iterdir()) == []
