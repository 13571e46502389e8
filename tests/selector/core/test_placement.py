"""Where companions lie: beside the picture, or in an overlay that mirrors the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions.errors import FileUnwritable
from selector.core.placement import JOURNAL_NAME, Placement

PICTURE = Path("/shoot/day 1/gate.jpg")


def test_companions_lie_beside_their_picture() -> None:
    placement = Placement(Path("/shoot"))

    assert placement.companion(PICTURE, ".motion.json") == Path("/shoot/day 1/gate.motion.json")
    assert placement.journal == Path("/shoot") / JOURNAL_NAME
    assert placement.stand_in(PICTURE) == PICTURE


def test_an_overlay_mirrors_the_folder() -> None:
    placement = Placement(Path("/shoot"), Path("/mine"))

    assert placement.companion(PICTURE, ".motion.json") == Path("/mine/day 1/gate.motion.json")
    assert placement.journal == Path("/mine") / JOURNAL_NAME
    assert placement.stand_in(PICTURE) == Path("/mine/day 1/gate.jpg")


def test_a_name_leads_back_to_its_picture() -> None:
    placement = Placement(Path("/shoot"), Path("/mine"))

    assert placement.name_of(PICTURE) == "day 1/gate.jpg"
    assert placement.picture("day 1/gate.jpg") == PICTURE


def test_only_an_overlay_is_made_when_a_folder_is_opened(tmp_path: Path) -> None:
    Placement(tmp_path / "gone").prepare()
    assert list(tmp_path.iterdir()) == []

    Placement(tmp_path / "gone", tmp_path / "new" / "overlay").prepare()
    assert (tmp_path / "new" / "overlay").is_dir()


def test_an_overlay_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(FileUnwritable):
        Placement(tmp_path, tmp_path / "file" / "overlay").prepare()


def test_a_folder_that_is_not_there_is_not_writable(tmp_path: Path) -> None:
    assert Placement(tmp_path).is_writable()
    assert not Placement(tmp_path, tmp_path / "overlay").is_writable()
