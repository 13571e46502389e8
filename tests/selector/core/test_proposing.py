"""A motion that someone draws while the selector looks at the picture is never overwritten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from companions import codec
from companions.errors import CompanionChanged, FileUnwritable, SetBusy
from companions.geometry import Size
from companions.lock import locked
from companions.motion import MotionOrigin
from companions.names import MOTION_SUFFIX, companion_path
from companions.wishes import Wishes
from selector.core.placement import Placement
from selector.core.proposing import Brief, Outcome, propose_for
from tests.selector.stills import copied, edited, motion_of

NOW = datetime(2025, 7, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Interrupted(Brief):
    """A brief that is asked for its size when the selector has read the motion and looks at the
    picture, and once more when it has looked: then something happens."""

    meanwhile: Callable[[], object] = lambda: None
    asked: list[str] = field(default_factory=list)

    def __getattribute__(self, name: str) -> object:
        if name == "output":
            asked = object.__getattribute__(self, "asked")
            asked.append(name)
            if len(asked) > 1:
                object.__getattribute__(self, "meanwhile")()
        return object.__getattribute__(self, name)


def brief(*, force: bool, meanwhile: Callable[[], object]) -> Brief:
    return Interrupted(output=Size(480, 270), duration_s=4.0, force=force, meanwhile=meanwhile)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return copied("coffee.png", tmp_path)


@pytest.fixture
def proposed(picture: Path) -> Path:
    """A picture that has a proposal."""
    told = propose_for(picture, brief=Brief(Size(640, 360), duration_s=2.0), now=NOW)
    assert told.outcome is Outcome.PROPOSED
    return picture


@pytest.mark.parametrize("force", [True, False])
def test_a_motion_drawn_meanwhile_for_a_picture_that_had_none_is_kept(
    proposed: Path, *, force: bool
) -> None:
    motion = companion_path(proposed, MOTION_SUFFIX)
    data = motion.read_bytes()
    motion.unlink()

    def draw() -> None:
        motion.write_bytes(data)
        edited(proposed, duration_sec=7.0)

    told = propose_for(proposed, brief=brief(force=force, meanwhile=draw), now=NOW)

    assert told.outcome is Outcome.KEPT_EDITED
    assert motion_of(proposed).duration_sec == 7.0


def test_a_proposal_that_a_person_edits_meanwhile_is_kept(proposed: Path) -> None:
    def draw() -> None:
        edited(proposed, duration_sec=7.0)

    told = propose_for(proposed, brief=brief(force=True, meanwhile=draw), now=NOW)

    assert told.outcome is Outcome.KEPT_EDITED
    assert motion_of(proposed).duration_sec == 7.0


def test_a_proposal_changed_by_hand_but_not_marked_as_edited_is_kept_and_named(
    proposed: Path,
) -> None:
    motion = companion_path(proposed, MOTION_SUFFIX)

    def change() -> None:
        codec.write(motion, motion_of(proposed).model_copy(update={"duration_sec": 7.0}))

    told = propose_for(proposed, brief=brief(force=True, meanwhile=change), now=NOW)

    assert told.outcome is Outcome.REFUSED
    assert isinstance(told.error, CompanionChanged)
    assert told.error.path == str(motion)
    assert motion_of(proposed).duration_sec == 7.0
    assert motion_of(proposed).provenance.origin is MotionOrigin.PROPOSED


def test_a_proposal_taken_away_meanwhile_is_not_put_back(proposed: Path) -> None:
    motion = companion_path(proposed, MOTION_SUFFIX)

    told = propose_for(
        proposed, brief=brief(force=True, meanwhile=lambda: motion.unlink(missing_ok=True)), now=NOW
    )

    assert isinstance(told.error, CompanionChanged)
    assert not motion.exists()


def test_a_picture_that_another_program_holds_is_told_and_left(picture: Path) -> None:
    with locked(picture):
        told = propose_for(
            picture, brief=brief(force=False, meanwhile=int), now=NOW, patience_s=0.0
        )

    assert isinstance(told.error, SetBusy)
    assert not companion_path(picture, MOTION_SUFFIX).exists()


def test_a_folder_that_is_gone_ends_the_whole_command(picture: Path) -> None:
    def vanish() -> None:
        if picture.exists():
            picture.unlink()
            picture.parent.rmdir()

    with pytest.raises(FileUnwritable):
        propose_for(picture, brief=brief(force=False, meanwhile=vanish), now=NOW)


def test_a_new_proposal_keeps_the_wishes_and_own_keys_of_the_one_it_replaces(
    proposed: Path,
) -> None:
    before = motion_of(proposed).model_copy(
        update={"wishes": Wishes(prompt="steam rises"), "x": {"rating": 5}}
    )
    codec.write(companion_path(proposed, MOTION_SUFFIX), before)

    told = propose_for(proposed, brief=Brief(Size(480, 270), duration_s=4.0, force=True), now=NOW)

    assert told.outcome is Outcome.REPLACED
    after = motion_of(proposed)
    assert (after.output.width, after.duration_sec) == (480, 4.0)
    assert after.wishes == Wishes(prompt="steam rises")
    assert after.x == {"rating": 5}


def test_an_overlay_that_is_gone_ends_the_whole_command(picture: Path, tmp_path: Path) -> None:
    placement = Placement(picture.parent, tmp_path / "overlay")

    with pytest.raises(FileUnwritable):
        propose_for(
            picture, brief=Brief(Size(480, 270), duration_s=4.0), now=NOW, placement=placement
        )

    assert not (tmp_path / "overlay").exists()
