"""The shelf: motions are written whole, and never over what somebody else wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions import codec
from companions.errors import CompanionChanged, DocumentInvalid, FileUnwritable, SetBusy
from companions.lock import locked
from companions.motion import MotionCompanion
from companions.names import MOTION_SUFFIX, companion_path
from companions.seen import ABSENT
from selector.core.placement import Placement
from selector.core.shelf import Shelf
from tests.companions import documents

MOTION = MotionCompanion.model_validate_json(documents.text_of(documents.MOTION))
OTHER = MOTION.model_copy(update={"duration_sec": 2.0})


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A file with a picture's name, in a folder inside the opened one."""
    path = tmp_path / "shoot" / "day 1" / "gate.jpg"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


@pytest.fixture
def shelf(picture: Path) -> Shelf:
    """The opened folder's shelf."""
    return Shelf(Placement(picture.parent.parent))


def test_what_is_saved_is_loaded_again(shelf: Shelf, picture: Path) -> None:
    assert shelf.load(picture).motion is None

    saved = shelf.save(picture, MOTION, seen_as=ABSENT)

    assert saved.motion == MOTION
    assert shelf.load(picture) == saved
    assert codec.read(companion_path(picture, MOTION_SUFFIX), MotionCompanion) == MOTION


def test_what_was_saved_can_be_changed_and_taken_back(shelf: Shelf, picture: Path) -> None:
    first = shelf.save(picture, MOTION, seen_as=ABSENT)
    second = shelf.save(picture, OTHER, seen_as=first.seen)
    assert shelf.load(picture).motion == OTHER

    third = shelf.save(picture, None, seen_as=second.seen)

    assert (third.motion, third.seen) == (None, ABSENT)
    assert [path.name for path in picture.parent.iterdir()] == [picture.name]


@pytest.mark.parametrize("after", [OTHER, None], ids=["written over", "taken back"])
def test_what_somebody_else_wrote_meanwhile_stays(
    shelf: Shelf, picture: Path, after: MotionCompanion | None
) -> None:
    mine = shelf.save(picture, MOTION, seen_as=ABSENT)
    theirs = codec.encode(MOTION.model_copy(update={"duration_sec": 9.0}))
    shelf.path(picture).write_bytes(theirs)

    with pytest.raises(CompanionChanged):
        shelf.save(picture, after, seen_as=mine.seen)

    assert shelf.path(picture).read_bytes() == theirs


def test_a_motion_that_cannot_be_read_is_told_and_never_written_over(
    shelf: Shelf, picture: Path
) -> None:
    shelf.path(picture).write_bytes(b"{ half a mot")

    standing = shelf.load(picture)
    with pytest.raises(CompanionChanged):
        shelf.save(picture, MOTION, seen_as=standing.seen)

    assert standing.motion is None
    assert isinstance(standing.problem, DocumentInvalid)
    assert shelf.path(picture).read_bytes() == b"{ half a mot"


def test_a_picture_that_another_program_works_on_is_told_soon(shelf: Shelf, picture: Path) -> None:
    with locked(picture), pytest.raises(SetBusy):
        shelf.save(picture, MOTION, seen_as=ABSENT)

    assert shelf.load(picture).motion is None


def test_with_an_overlay_nothing_is_written_beside_the_picture(
    tmp_path: Path, picture: Path
) -> None:
    placement = Placement(picture.parent.parent, tmp_path / "overlay")
    placement.prepare()
    shelf = Shelf(placement)

    shelf.save(picture, MOTION, seen_as=ABSENT)

    assert shelf.load(picture).motion == MOTION
    assert (tmp_path / "overlay" / "day 1" / "gate.motion.json").is_file()
    assert [path.name for path in picture.parent.iterdir()] == [picture.name]


@pytest.mark.parametrize("overlay", [None, "overlay"], ids=["beside", "overlay"])
def test_a_folder_that_is_gone_is_told_and_not_made_anew(
    tmp_path: Path, picture: Path, overlay: str | None
) -> None:
    placement = Placement(picture.parent.parent, None if overlay is None else tmp_path / overlay)
    if overlay is None:
        picture.unlink()
        picture.parent.rmdir()
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(FileUnwritable):
        Shelf(placement).save(picture, MOTION, seen_as=ABSENT)

    assert sorted(tmp_path.rglob("*")) == before
