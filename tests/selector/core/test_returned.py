"""What came back: every shot told once, and what is wrong with it in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions.names import CLIP_SUFFIX, META_SUFFIX, REVIEW_SUFFIX, companion_path
from companions.review import ReviewReason
from companions.video_meta import Check, CheckVerdict
from selector.core.placement import Placement
from selector.core.returned import (
    Acceptance,
    Returned,
    ReviewState,
    acceptance,
    examine,
    scan_returned,
)
from selector.core.reviewing import Saying, review_of, save_review
from tests.selector.clips import FINISHED, came_back, described, encoded, failed, numbered
from tests.selector.stills import copied


def only(folder: Path, *, overlay: Path | None = None) -> Returned:
    (shot,) = scan_returned(Placement(folder, overlay))
    return shot


def test_clips_are_found_in_every_folder_by_the_names_of_their_pictures(tmp_path: Path) -> None:
    came_back(tmp_path, "b.png")
    came_back(tmp_path / "day 2", "a.png")
    copied("chelsea.png", tmp_path)  # never submitted: nothing came back

    shots = scan_returned(Placement(tmp_path))

    assert [shot.name for shot in shots] == ["b.png", "day 2/a.png"]
    assert {shot.state for shot in shots} == {ReviewState.TO_REVIEW}
    assert not any(examine(shot) for shot in shots)


def test_a_clip_whose_bytes_are_not_those_of_its_meta_cannot_be_reviewed(tmp_path: Path) -> None:
    picture = came_back(tmp_path)
    clip = companion_path(picture, CLIP_SUFFIX)
    data = bytearray(clip.read_bytes())
    data[-1] ^= 1
    clip.write_bytes(data)  # as long as before: only its hash tells

    shot = only(tmp_path)

    assert not shot.trouble
    assert "was edited or is incomplete" in examine(shot)


@pytest.mark.parametrize("what", ["missing", "cut"])
def test_a_clip_that_did_not_arrive_whole_is_told_without_reading_it(
    tmp_path: Path, what: str
) -> None:
    clip = companion_path(came_back(tmp_path), CLIP_SUFFIX)
    if what == "missing":
        clip.unlink()
    else:
        clip.write_bytes(clip.read_bytes()[:-100])

    shot = only(tmp_path)

    assert shot.state is ReviewState.UNUSABLE
    assert "fleet pull" in shot.why
    assert examine(shot)


def test_a_clip_that_nobody_described_is_told_as_foreign(tmp_path: Path) -> None:
    picture = copied("coffee.png", tmp_path)
    encoded(companion_path(picture, CLIP_SUFFIX), numbered(2))
    encoded(tmp_path / "holiday.mp4", numbered(2))  # beside no picture: no business of ours

    shot = only(tmp_path)

    assert shot.name == "coffee.png"
    assert shot.state is ReviewState.UNUSABLE
    assert "no meta beside it" in shot.why
    assert examine(shot) == shot.trouble


def test_a_shot_that_ended_without_a_clip_says_why(tmp_path: Path) -> None:
    failed(tmp_path)

    shot = only(tmp_path)

    assert shot.state is ReviewState.NO_CLIP
    assert shot.why == "failed: Choose a smaller size."


@pytest.mark.parametrize("suffix", [META_SUFFIX, REVIEW_SUFFIX])
def test_a_damaged_companion_blocks_its_shot_and_is_kept(tmp_path: Path, suffix: str) -> None:
    picture = came_back(tmp_path, "a.png")
    came_back(tmp_path, "b.png")
    companion_path(picture, suffix).write_bytes(b"{half")

    damaged, whole = scan_returned(Placement(tmp_path))

    assert damaged.state is ReviewState.UNUSABLE
    assert f"a{suffix}" in damaged.why
    assert whole.state is ReviewState.TO_REVIEW
    assert companion_path(picture, suffix).read_bytes() == b"{half"


def test_a_clip_without_its_picture_goes_by_its_own_name(tmp_path: Path) -> None:
    came_back(tmp_path).unlink()

    shot = only(tmp_path)

    assert (shot.name, shot.picture, shot.state) == ("coffee.mp4", None, ReviewState.TO_REVIEW)


def test_two_pictures_of_one_stem_are_told_apart_before_a_review(tmp_path: Path) -> None:
    came_back(tmp_path, "a.png")
    copied("rocket.jpg", tmp_path, to="a.jpg")

    shot = only(tmp_path)

    assert shot.name == "a.png"  # the one that the meta names
    assert "a.jpg and a.png would share one review" in shot.why


def test_clips_and_reviews_in_an_overlay_win_over_those_beside_the_pictures(
    tmp_path: Path,
) -> None:
    stills, out = tmp_path / "stills", tmp_path / "out"
    picture = came_back(stills)
    for suffix in (CLIP_SUFFIX, META_SUFFIX):
        there = companion_path(picture, suffix)
        (out / there.name).parent.mkdir(exist_ok=True)
        there.rename(out / there.name)

    shot = only(stills, overlay=out)

    assert shot.picture == picture
    assert shot.clip == out / "coffee.mp4"
    assert shot.state is ReviewState.TO_REVIEW


def test_findings_are_what_warns_or_fails(tmp_path: Path) -> None:
    checks = [
        Check(name="adherence", value=0.1, threshold=0.05, verdict=CheckVerdict.FAIL),
        Check(name="flicker", value=3.0, threshold=2.0, verdict=CheckVerdict.WARN),
        Check(name="duration", value=1.0, verdict=CheckVerdict.PASS),
    ]
    came_back(tmp_path, checks=checks)

    shot = only(tmp_path)

    assert shot.is_flagged
    assert [check.name for check in shot.findings] == ["adherence", "flicker"]


def test_a_review_of_an_earlier_attempt_says_nothing_of_this_one(tmp_path: Path) -> None:
    picture = came_back(tmp_path)
    placement = Placement(tmp_path)
    shot = only(tmp_path)
    review = review_of(shot, Saying.accept(), reviewer="anna", now=FINISHED)
    save_review(placement, shot, review)
    assert only(tmp_path).state is ReviewState.ACCEPTED

    encoded(companion_path(picture, CLIP_SUFFIX), numbered(24))
    described(picture)

    assert only(tmp_path).state is ReviewState.TO_REVIEW


def test_the_acceptance_rate_is_over_what_was_decided(tmp_path: Path) -> None:
    placement = Placement(tmp_path)
    for name in ("a.png", "b.png", "c.png", "d.png"):
        came_back(tmp_path, name)
    for shot, good in zip(scan_returned(placement)[:3], (True, False, True), strict=True):
        recipe = shot.meta.recipe if shot.meta is not None else None
        assert recipe is not None
        saying = Saying.accept() if good else Saying.reject([ReviewReason.WARPED], recipe=recipe)
        save_review(placement, shot, review_of(shot, saying, reviewer="anna", now=FINISHED))

    told = acceptance(scan_returned(placement))

    assert told == Acceptance(accepted=2, rejected=1, to_review=1)
    assert told.words == "67 % of 3 accepted"
    assert Acceptance(accepted=0, rejected=0, to_review=4).words == "nothing reviewed yet"
    assert Acceptance(accepted=109, rejected=11, to_review=0).words == "91 % of 120 accepted"
