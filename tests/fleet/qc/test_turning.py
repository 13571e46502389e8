"""The quality check on moves with stops and turns, on clips of the real renderer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size, largest_window
from companions.motion import MotionKeyframe, Rotation
from companions.picture import Pixels
from companions.registration import planned_corners
from companions.video_manifest import QcParams
from companions.video_meta import Check, CheckVerdict, Verdict
from fleet.generate.base import GenerateRequest
from fleet.generate.camera import Camera
from fleet.qc.inspector import Inspector
from fleet.qc.keyframe import PlannedShot
from fleet.qc.verdict import verdict
from tests.fleet.footage import PHOTOS, photo, plan, size_of

OUTPUT = Size(480, 270)
FRAMES = 25


def window(picture: Pixels, share: float, *, right: float = 0.0, down: float = 0.0) -> Rect:
    """A window of ``share`` of the largest there is, moved by fractions of the picture."""
    width, height = largest_window(picture=size_of(picture), output=OUTPUT)
    return Rect.around(0.5 + right, 0.5 + down, width * share, height * share)


def turning(picture: Pixels, *degrees: float) -> CameraPath:
    """By way of one stop, close and aside; turned by ``degrees`` at START, stop and END."""
    first, middle, last = degrees
    aside = window(picture, 0.6, right=-0.03, down=0.02)
    return CameraPath(
        window(picture, 0.75),
        window(picture, 0.8),
        EasingName.EASE_IN_OUT,
        (MotionKeyframe(at=0.5, rect=aside, rotation_deg=middle),),
        Rotation(start_deg=first, end_deg=last),
    )


def rendered(picture: Pixels, path: CameraPath) -> list[Pixels]:
    at = [plan(FRAMES).clip_fraction(i) for i in range(FRAMES)]
    assert path.overhang(picture=size_of(picture)).px == 0.0
    request = GenerateRequest(picture, path, at, OUTPUT, "", "", GenerationParams())
    return list(Camera().frames(request))


def inspected(picture: Pixels, path: CameraPath, frames: Sequence[Pixels]) -> dict[str, Check]:
    inspector = Inspector(
        picture=picture, path=path, output=OUTPUT, plan=plan(FRAMES), params=QcParams()
    )
    for index, frame in enumerate(frames):
        inspector.see(index, frame)
    return {check.name: check for check in inspector.checks()}


def value(check: Check) -> float:
    assert check.value is not None
    return check.value


@pytest.mark.parametrize("name", PHOTOS)
def test_a_clip_that_stops_and_turns_as_asked_passes_every_check(name: str) -> None:
    picture = photo(name)
    path = turning(picture, 5.0, -6.0, 7.0)

    found = inspected(picture, path, rendered(picture, path))

    assert verdict(found.values()) == (Verdict.PASS, ())
    assert value(found["adherence"]) < 0.001
    assert "9 of 9" in found["adherence"].detail
    assert value(found["temporal_ssim"]) > 0.9
    assert value(found["first_frame_ssim"]) > 0.95


@pytest.mark.parametrize("name", PHOTOS)
def test_a_clip_without_the_turn_that_was_asked_for_fails(name: str) -> None:
    picture = photo(name)
    asked, made = turning(picture, 0.0, 0.0, 15.0), turning(picture, 0.0, 0.0, 0.0)

    check = inspected(picture, asked, rendered(picture, made))["adherence"]

    assert check.verdict is CheckVerdict.FAIL
    # A corner, half a diagonal from the middle, is off by the chord of the turn.
    assert value(check) == pytest.approx(math.sin(math.radians(7.5)), abs=0.005)


@pytest.mark.parametrize("name", PHOTOS)
def test_a_clip_that_turns_the_other_way_fails(name: str) -> None:
    picture = photo(name)
    asked, made = turning(picture, 0.0, 12.0, 0.0), turning(picture, 0.0, -12.0, 0.0)

    check = inspected(picture, asked, rendered(picture, made))["adherence"]

    assert check.verdict is CheckVerdict.FAIL
    assert value(check) == pytest.approx(math.sin(math.radians(12.0)), abs=0.005)


@pytest.mark.parametrize("name", PHOTOS)
def test_a_clip_that_skips_the_stop_fails(name: str) -> None:
    picture = photo(name)
    asked = turning(picture, 0.0, 0.0, 0.0)
    straight = CameraPath(asked.start, asked.end, asked.easing)

    check = inspected(picture, asked, rendered(picture, straight))["adherence"]

    assert check.verdict is CheckVerdict.FAIL


def test_a_clip_that_stands_still_where_only_a_turn_was_asked_for_is_frozen() -> None:
    picture = photo("coffee.png")
    here = window(picture, 0.5)
    path = CameraPath(here, here, EasingName.LINEAR, rotation=Rotation(end_deg=20.0))
    still = rendered(picture, CameraPath(here, here, EasingName.LINEAR))

    frozen = inspected(picture, path, still)["frozen_ratio"]
    turned = inspected(picture, path, rendered(picture, path))["frozen_ratio"]

    assert (frozen.verdict, frozen.value) == (CheckVerdict.FAIL, 1.0)
    assert (turned.verdict, turned.value) == (CheckVerdict.PASS, 0.0)


def test_a_hold_between_two_equal_stops_is_not_frozen() -> None:
    picture = photo("astronaut.png")
    held = window(picture, 0.5, right=0.1)
    stops = tuple(MotionKeyframe(at=at, rect=held) for at in (0.25, 0.75))
    path = CameraPath(window(picture, 0.6), window(picture, 0.4), EasingName.LINEAR, stops)

    found = inspected(picture, path, rendered(picture, path))

    assert verdict(found.values()) == (Verdict.PASS, ())
    assert "of 12 frames that should move" in found["frozen_ratio"].detail


@given(
    cx=st.floats(0.4, 0.6),
    turns=st.tuples(*[st.floats(-180.0, 180.0)] * 3),
    aside=st.floats(0.1, 0.9),
    size=st.tuples(st.integers(64, 9000), st.integers(64, 9000)),
    u=st.floats(0.0, 1.0),
)
def test_the_reduced_keyframe_holds_all_that_stops_and_turns_show(
    cx: float, turns: tuple[float, float, float], aside: float, size: tuple[int, int], u: float
) -> None:
    width, height = size
    picture = np.broadcast_to(np.zeros((1, 1, 3), dtype=np.uint8), (height, width, 3))
    share = 0.3 * min(width, height) / max(width, height)
    here = Rect.around(cx, 0.5, share, share)
    path = CameraPath(
        here, here, EasingName.LINEAR,
        (MotionKeyframe(at=0.5, rect=Rect.around(aside, aside, share, share),
                        rotation_deg=turns[1]),),
        Rotation(start_deg=turns[0], end_deg=turns[2]),
    )  # fmt: skip

    shot = PlannedShot.of(picture, path)

    whole = path.output_to_picture(u, picture=Size(width, height), output=OUTPUT)
    there = planned_corners(whole, OUTPUT) + 0.5
    here_px = planned_corners(shot.map_at(u, output=OUTPUT), OUTPUT) + 0.5
    back = here_px / (shot.scale_x, shot.scale_y) + (shot.left, shot.top)
    assert back == pytest.approx(there, abs=1e-6)
    inside = np.clip(there, 0, (width, height))
    cut = (inside - (shot.left, shot.top)) * (shot.scale_x, shot.scale_y)
    assert np.all(cut > -1)
    assert np.all(cut < np.array([shot.pixels.shape[1], shot.pixels.shape[0]]) + 1)


def test_detail_finer_than_a_turned_view_is_averaged_and_not_picked() -> None:
    stripes = np.zeros((900, 1400, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    here = window(stripes, 0.6)
    path = CameraPath(
        here, here, EasingName.LINEAR, rotation=Rotation(start_deg=90.0, end_deg=90.0)
    )

    view = PlannedShot.of(stripes, path).view(0.0, output=Size(240, 135))

    assert view.std() < 40
    assert view.mean() == pytest.approx(127.5, abs=3)


def test_a_turn_shifts_the_corners_of_the_frame() -> None:
    picture = photo("astronaut.png")
    here = window(picture, 0.5)
    path = CameraPath(here, here, EasingName.LINEAR, rotation=Rotation(end_deg=10.0))

    shift = PlannedShot.of(picture, path).shift_px(0.0, 0.5, output=OUTPUT)

    assert shift == pytest.approx(math.hypot(480, 270) * math.sin(math.radians(2.5)), rel=1e-3)
