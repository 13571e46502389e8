"""Peaks over stops and turns, held against points followed across the frame one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from companions.camera import CameraPath
from companions.easing import EasingName, eased
from companions.geometry import Rect, Size
from companions.motion import MotionKeyframe, Move, Rotation, SafetyVerdict
from selector.core.pace import peak_pace, steepest_progress
from selector.core.safety import SENSITIVE, STANDARD, Profile, judge, measure

LARGE = Size(6000, 3375)
HD = Size(1280, 720)


def centred(width: float, *, cx: float = 0.5, cy: float = 0.5) -> Rect:
    return Rect.around(cx, cy, width, width)


@st.composite
def paths(draw: st.DrawFn) -> CameraPath:
    rect = st.builds(centred, st.floats(0.3, 0.7), cx=st.floats(0.3, 0.7), cy=st.floats(0.3, 0.7))
    turn = st.floats(-60.0, 60.0)
    moments = sorted(draw(st.sets(st.integers(2, 8), max_size=3)))
    stops = tuple(
        MotionKeyframe(at=at / 10, rect=draw(rect), rotation_deg=draw(st.none() | turn))
        for at in moments
    )
    rotation = draw(st.none() | st.builds(Rotation, start_deg=turn, end_deg=turn))
    return CameraPath(draw(rect), draw(rect), draw(st.sampled_from(EasingName)), stops, rotation)


def fastest_point(path: CameraPath, *, duration_s: float) -> float:
    """Peak speed in frame widths per second of the four corners' points, over single frames."""
    frames = 4 * round(24 * duration_s)
    step = 1.0 / (24.0 * duration_s)
    corners = np.array([[0, 0], [1280, 0], [1280, 720], [0, 720]]) - 0.5
    fastest = 0.0
    for i in range(frames + 1):
        u = i / frames * (1.0 - step)
        # Where the points seen at the frame's corners half-way through this frame were before
        # it, and are after it.
        matrices = [
            path.output_to_picture(at, picture=LARGE, output=HD)
            for at in (u, u + step / 2, u + step)
        ]
        points = corners @ matrices[1][:, :2].T + matrices[1][:, 2]
        was, now = (
            np.linalg.solve(m[:, :2], (points - m[:, 2]).T).T for m in (matrices[0], matrices[2])
        )
        fastest = max(fastest, float(np.hypot(*(now - was).T).max()) / 1280 / step / duration_s)
    return fastest


@given(path=paths())
def test_the_peak_is_that_of_the_fastest_point_over_all_stops_and_turns(path: CameraPath) -> None:
    measured = peak_pace(path, picture=LARGE, duration_s=8.0).widths_per_s

    assert measured == pytest.approx(fastest_point(path, duration_s=8.0), rel=0.05, abs=0.002)


@given(
    a=st.floats(0.3, 0.9), b=st.floats(0.3, 0.9), cx=st.floats(0.3, 0.7),
    easing=st.sampled_from(EasingName), at=st.floats(0.05, 0.95),
)  # fmt: skip
def test_a_stop_that_lies_on_the_way_measures_as_if_it_were_not_there(
    a: float, b: float, cx: float, easing: EasingName, at: float
) -> None:
    assume(0.01 < eased(easing, at) < 0.99)
    plain = Move(start_rect=centred(a), end_rect=centred(b, cx=cx), duration_sec=5.0, easing=easing)
    on_the_way = CameraPath.of(plain, picture=LARGE, output=HD).window(at)
    stopping = plain.model_copy(update={"keyframes": (MotionKeyframe(at=at, rect=on_the_way),)})

    one, other = (measure(move, picture=LARGE, output=HD) for move in (plain, stopping))

    # Both are looked at between as many frames, but not between the same ones.
    assert other.peak_speed == pytest.approx(one.peak_speed, rel=0.03, abs=1e-6)
    assert other.octaves_per_second == pytest.approx(one.octaves_per_second, rel=0.03, abs=1e-6)
    assert other.zoom_ratio == pytest.approx(one.zoom_ratio)
    assert other.source_px == pytest.approx(one.source_px)


def move(*rects: Rect, duration_s: float = 8.0, turns: tuple[float, float] = (0.0, 0.0)) -> Move:
    start, *between, end = rects
    count = len(rects) - 1
    return Move(
        start_rect=start,
        end_rect=end,
        duration_sec=duration_s,
        easing=EasingName.LINEAR,
        keyframes=tuple(MotionKeyframe(at=(i + 1) / count, rect=r) for i, r in enumerate(between)),
        rotation=Rotation(start_deg=turns[0], end_deg=turns[1]),
    )


def verdict_of(asked: Move, limit: str) -> SafetyVerdict:
    found = judge(asked, picture=LARGE, output=HD).findings
    return next((f.verdict for f in found if f.limit == limit), SafetyVerdict.PASS)


def test_a_detour_is_as_fast_as_its_fastest_leg() -> None:
    here, there = centred(0.5, cx=0.3), centred(0.5, cx=0.7)

    measured = measure(move(here, there, here, here), picture=LARGE, output=HD).peak_speed

    # 0.4 of the picture is 0.8 of the frame, in a third of 8 seconds; then a rest.
    assert measured == pytest.approx(100 * 0.8 / (8 / 3))
    assert measure(move(here, here), picture=LARGE, output=HD).peak_speed == 0.0


def test_a_turn_is_as_fast_as_the_corners_of_the_frame() -> None:
    turning = move(centred(0.4), centred(0.4), turns=(0.0, 90.0))

    half_diagonal = math.hypot(1.0, 9 / 16) / 2
    assert measure(turning, picture=LARGE, output=HD).peak_speed == pytest.approx(
        100 * half_diagonal * math.pi / 2 / 8
    )
    assert verdict_of(turning, "peak_speed") is SafetyVerdict.PASS
    assert verdict_of(turning.model_copy(update={"duration_sec": 3.0}), "peak_speed") is (
        SafetyVerdict.WARN
    )


def test_the_zoom_there_and_back_is_measured_at_its_widest_and_narrowest() -> None:
    asked = move(centred(0.9), centred(0.4), centred(0.9), duration_s=60.0)

    measures = measure(asked, picture=LARGE, output=HD)

    assert measures.zoom_ratio == pytest.approx(0.9 / 0.4)
    assert measures.octaves_per_second == pytest.approx(math.log2(0.9 / 0.4) / 30.0)
    assert measures.source_px == pytest.approx(0.4 * 6000 / 1280)
    assert verdict_of(asked, "zoom_ratio") is SafetyVerdict.WARN


def test_a_stop_of_another_shape_than_the_clips_warns() -> None:
    square = Rect.of(0.3, 0.0, 0.7, 1.0)

    assert verdict_of(move(centred(0.9), square, centred(0.9)), "aspect") is SafetyVerdict.WARN


@pytest.mark.parametrize("profile", [STANDARD, SENSITIVE], ids=lambda profile: profile.name)
def test_a_window_turned_out_of_the_picture_is_blocked(profile: Profile) -> None:
    asked = move(centred(1.0), centred(1.0), duration_s=60.0, turns=(0.0, 1.0))

    safety = judge(asked, picture=LARGE, output=HD, profile=profile)

    (finding,) = [f for f in safety.findings if f.limit == "outside"]
    assert (finding.verdict, finding.threshold) == (SafetyVerdict.BLOCK, 0.0)
    turn = math.radians(1.0)
    beyond = 3000 * math.sin(turn) + 3375 / 2 * (math.cos(turn) - 1)
    assert finding.value == pytest.approx(100 * beyond / math.hypot(6000, 3375), abs=1e-4)


def test_the_least_that_leaves_the_picture_is_not_told_as_nothing() -> None:
    asked = move(centred(1.0), centred(1.0), duration_s=60.0, turns=(0.0, 5e-5))

    (finding,) = judge(asked, picture=LARGE, output=HD).findings

    assert finding.limit == "outside"
    assert finding.value > 0.0


def test_a_window_turned_within_the_picture_is_not_outside() -> None:
    asked = move(centred(0.5), centred(0.45), duration_s=60.0, turns=(-30.0, 30.0))

    assert judge(asked, picture=LARGE, output=HD).findings == ()


def test_a_curve_that_does_its_way_within_a_frame_is_caught_doing_so() -> None:
    steep, duration_s = (0.94, 0.0, 0.0, 0.0), 10.0
    step = 1 / 24 / duration_s
    finely = max(
        eased(steep, u + step) - eased(steep, u)
        for u in (i / 20_000 * (1 - step) for i in range(20_001))
    )

    assert steepest_progress(steep, duration_s=duration_s) == pytest.approx(finely / step, rel=0.1)


@pytest.mark.parametrize(
    "easing", [(0.94, 0.0, 0.0, 0.0), (1.0, 0.0, 0.6, 1.0), (0.0, 0.9, 0.0, 1.0)]
)
def test_a_steep_curve_is_caught_on_a_turned_move_and_on_one_with_stops_as_well(
    easing: tuple[float, float, float, float],
) -> None:
    start, end, duration_s = centred(0.6, cx=0.35), centred(0.4, cx=0.6), 50.0
    plain = CameraPath(start, end, easing)
    turned = CameraPath(start, end, easing, rotation=Rotation(end_deg=1e-6))
    stop = MotionKeyframe(at=0.3, rect=plain.window(0.3))
    stopping = CameraPath(start, end, easing, keyframes=(stop,))

    alone, *others = (
        peak_pace(path, picture=LARGE, duration_s=duration_s) for path in (plain, turned, stopping)
    )

    for other in others:
        assert other.widths_per_s == pytest.approx(alone.widths_per_s, rel=0.1)
        assert other.octaves_per_s == pytest.approx(alone.octaves_per_s, rel=0.1)
