"""What the tests of the review share: a folder of real clips, and the window on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from companions.video_meta import Check, CheckVerdict
from selector.view.review.window import ReviewWindow
from tests.selector.clips import (
    came_back,
)
from tests.selector.view.review.reviewing import (
    reviewing,
    until_shown,
)

STRAYS = Check(
    name="adherence",
    value=0.2,
    threshold=0.05,
    verdict=CheckVerdict.FAIL,
    detail="9 of 9 sampled frames placed on the picture; worst is frame 12",
)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips, rendered and encoded once."""
    folder = tmp_path_factory.mktemp("made")
    came_back(folder, "a.png", photograph="coffee.png", model="wan", seed=7)
    came_back(folder, "b.png", photograph="astronaut.png", model="wan")
    came_back(folder, "c.png", photograph="chelsea.png", model="wan", checks=[STRAYS])
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of them for one test."""
    return Path(shutil.copytree(made, tmp_path / "stills"))


@pytest.fixture
def window(qtbot: QtBot, folder: Path) -> Iterator[ReviewWindow]:
    with reviewing(qtbot, folder) as window:
        until_shown(qtbot, window, "a.png")
        yield window
