"""``selector check``: limits, changed pictures, exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions.geometry import Rect
from companions.names import MOTION_SUFFIX, companion_path
from tests.selector.cli.running import Ran, ran
from tests.selector.stills import copied, drawn, edited, saved

Capture = pytest.CaptureFixture[str]

FAST = {"start_rect": Rect.of(0, 0, 0.5, 0.5), "end_rect": Rect.of(0.5, 0, 1, 0.5)}
ZOOMED = {"start_rect": Rect.of(0, 0, 1, 1), "end_rect": Rect.of(0.3, 0.3, 0.7, 0.7)}


@pytest.fixture
def picture(tmp_path: Path, capsys: Capture) -> Path:
    """A large picture with a safe proposal."""
    made = saved(drawn(3200, 1800), tmp_path / "still.png")
    assert ran(capsys, "propose", tmp_path).code == 0
    return made


def limits(told: Ran) -> dict[str, str]:
    row = told.row("still.motion.json", of="motions", by="motion")
    return {finding["limit"]: finding["verdict"] for finding in row["findings"]}


def test_a_safe_motion_passes(picture: Path, capsys: Capture) -> None:
    told = ran(capsys, "check", picture.parent, "--strict")

    assert told.code == 0
    assert "1 motions: 1 pass, 0 warn, 0 blocked" in told.out


def test_a_motion_that_is_too_fast_is_blocked_with_35(picture: Path, capsys: Capture) -> None:
    edited(picture, **FAST, duration_sec=2.0)

    told = ran(capsys, "check", picture.parent, "--json")

    assert told.code == 35
    assert limits(told) == {"peak_speed": "block"}
    assert "1 of 1 motions are blocked" in told.err


def test_a_warning_fails_only_when_strict(picture: Path, capsys: Capture) -> None:
    edited(picture, **ZOOMED, duration_sec=20.0)

    assert ran(capsys, "check", picture.parent).code == 0
    told = ran(capsys, "check", picture.parent, "--strict", "--json")
    assert told.code == 35
    assert limits(told) == {"zoom_ratio": "warn"}
    assert "--strict" in told.err


def test_a_sensitive_audience_is_protected_on_demand(picture: Path, capsys: Capture) -> None:
    edited(picture, **ZOOMED, duration_sec=20.0)

    told = ran(capsys, "check", picture.parent, "--profile", "sensitive", "--json")

    assert told.code == 35
    assert told.row("still.motion.json", of="motions", by="motion")["profile"] == "sensitive"


def test_a_motion_stays_under_the_profile_it_was_made_for(tmp_path: Path, capsys: Capture) -> None:
    picture = saved(drawn(3200, 1800), tmp_path / "still.png")
    ran(capsys, "propose", tmp_path, "--profile", "sensitive")
    edited(picture, **ZOOMED, duration_sec=20.0)

    assert ran(capsys, "check", tmp_path).code == 35


def test_what_the_file_says_of_its_safety_is_not_believed(picture: Path, capsys: Capture) -> None:
    edited(picture, **FAST, duration_sec=2.0)  # its safety block still says pass

    assert ran(capsys, "check", picture.parent).code == 35


def test_a_changed_picture_blocks_its_motion(picture: Path, capsys: Capture) -> None:
    saved(drawn(3200, 1800, subject=(0.2, 0.2)), picture)

    told = ran(capsys, "check", picture.parent, "--json")

    assert told.code == 35
    row = told.row("still.motion.json", of="motions", by="motion")
    assert row["error"]["reason"] == "picture_changed"
    assert row["verdict"] == "block"


def test_a_motion_without_its_picture_is_blocked(picture: Path, capsys: Capture) -> None:
    picture.unlink()

    told = ran(capsys, "check", picture.parent)

    assert told.code == 35
    assert "picture_missing" in told.out


def test_a_motion_renamed_together_with_its_picture_is_still_good(
    picture: Path, capsys: Capture
) -> None:
    motion = companion_path(picture, MOTION_SUFFIX)
    motion.rename(motion.with_name("renamed.motion.json"))
    picture.rename(picture.with_name("renamed.png"))

    assert ran(capsys, "check", picture.parent).code == 0


def test_a_corrupt_motion_is_reported_and_the_others_are_checked(
    picture: Path, capsys: Capture
) -> None:
    (picture.parent / "torn.motion.json").write_bytes(b"{")

    told = ran(capsys, "check", picture.parent, "--json")

    assert told.code == 10
    assert told.row("torn.motion.json", of="motions", by="motion")["verdict"] is None
    assert told.row("still.motion.json", of="motions", by="motion")["verdict"] == "pass"


def test_a_blocked_motion_outweighs_a_corrupt_one(picture: Path, capsys: Capture) -> None:
    (picture.parent / "torn.motion.json").write_bytes(b"{")
    edited(picture, **FAST, duration_sec=2.0)

    assert ran(capsys, "check", picture.parent).code == 35


def test_an_unknown_profile_is_refused_with_those_there_are(
    tmp_path: Path, capsys: Capture
) -> None:
    told = ran(capsys, "check", tmp_path, "--profile", "lenient")

    assert told.code == 2
    assert "sensitive" in told.err


def test_small_photographs_warn_but_are_not_blocked(tmp_path: Path, capsys: Capture) -> None:
    copied("chelsea.png", tmp_path)
    ran(capsys, "propose", tmp_path, "--size", "480x270")

    told = ran(capsys, "check", tmp_path)

    assert told.code == 0
    assert "chelsea.motion.json\twarn\tsource_px\t0.78\t1" in told.out


def test_motions_in_an_overlay_are_held_against_the_pictures_they_were_drawn_on(
    tmp_path: Path, capsys: Capture
) -> None:
    folder, overlay = tmp_path / "stills", tmp_path / "mine"
    for name in ("day 1/kept.png", "day 1/changed.png", "gone.png"):
        saved(drawn(1600, 900), folder / name)
    apart = ("--overlay", overlay, "--recursive")
    assert ran(capsys, "propose", folder, *apart).code == 0
    saved(drawn(1600, 900, subject=(0.1, 0.1)), folder / "day 1" / "changed.png")
    (folder / "gone.png").unlink()

    told = ran(capsys, "check", folder, *apart, "--json")

    assert told.code == 35
    verdicts = {row["motion"]: row["verdict"] for row in told.document["motions"]}
    assert verdicts == {
        "day 1/kept.motion.json": "pass",
        "day 1/changed.motion.json": "block",
        "gone.motion.json": "block",
    }
