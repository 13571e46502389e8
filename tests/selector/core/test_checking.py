"""Checking a motion: whatever is wrong with it or its picture is told, and never raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions import codec
from companions.errors import DocumentInvalid, PictureProblem
from companions.geometry import Size
from companions.motion import OutputSize, Safety, SafetyVerdict
from companions.names import MOTION_SUFFIX, companion_path
from selector.core.checking import Checked, check_motion
from selector.core.proposing import Brief, propose_for
from selector.core.safety import SENSITIVE, STANDARD
from tests.selector.stills import NOON, copied, motion_of


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture with a proposal."""
    made = copied("coffee.png", tmp_path)
    propose_for(made, brief=Brief(Size(320, 180), duration_s=3.0), now=NOON)
    return made


def rewritten(picture: Path, **changes: object) -> Checked:
    """Its motion checked with other values."""
    path = companion_path(picture, MOTION_SUFFIX)
    codec.write(path, motion_of(picture).model_copy(update=changes))
    return check_motion(path)


def test_a_sound_motion_passes_with_its_picture_and_the_hash_of_it(picture: Path) -> None:
    told = check_motion(companion_path(picture, MOTION_SUFFIX))

    assert (told.verdict, told.fault, told.picture) == (SafetyVerdict.PASS, None, picture)
    assert told.sha256 == motion_of(picture).image.sha256


def test_the_file_is_judged_anew_whatever_it_says_and_under_any_profile(picture: Path) -> None:
    told = rewritten(picture, duration_sec=0.05)

    assert told.verdict is SafetyVerdict.BLOCK
    written = motion_of(picture).safety
    assert written is not None
    assert written.verdict is SafetyVerdict.PASS
    stricter = check_motion(companion_path(picture, MOTION_SUFFIX), profile=SENSITIVE)
    assert stricter.safety is not None
    assert stricter.safety.profile == "sensitive"


@pytest.mark.parametrize(
    ("damage", "problem"),
    [(None, PictureProblem.MISSING), (b"another", PictureProblem.CHANGED)],
)
def test_a_motion_without_its_very_picture_is_blocked(
    picture: Path, damage: bytes | None, problem: PictureProblem
) -> None:
    picture.unlink()
    if damage is not None:
        picture.write_bytes(damage)

    told = check_motion(companion_path(picture, MOTION_SUFFIX))

    assert told.verdict is SafetyVerdict.BLOCK
    assert told.stale is not None
    assert told.stale.problem is problem


def test_a_clip_of_a_shape_that_no_window_can_have_is_told_as_a_fault_of_the_file(
    picture: Path,
) -> None:
    image = motion_of(picture).image.model_copy(update={"width": 10, "height": 100})

    told = rewritten(picture, image=image, output=OutputSize(width=8192, height=64))

    assert isinstance(told.unreadable, DocumentInvalid)
    assert "a clip of 8192 x 64 has no window in a picture of 10 x 100" in str(told.fault)
    assert told.verdict is SafetyVerdict.BLOCK


def test_a_motion_is_judged_by_the_profile_it_was_written_under(picture: Path) -> None:
    for profile in (STANDARD, SENSITIVE):
        told = rewritten(picture, safety=Safety(profile=profile.name, verdict=SafetyVerdict.PASS))

        assert told.safety is not None
        assert told.safety.profile == profile.name


def test_the_picture_is_the_one_of_its_stem_whatever_name_the_file_gives(picture: Path) -> None:
    copied("rocket.jpg", picture.parent, to="other.jpg")
    image = motion_of(picture).image

    for name in ("coffee.tif", "other.jpg"):
        told = rewritten(picture, image=image.model_copy(update={"name": name}))

        assert (told.picture, told.stale) == (picture, None)
