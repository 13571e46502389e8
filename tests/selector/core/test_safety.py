"""Safety limits: measured against the camera's own path, and each limit by itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import Move, SafetyVerdict
from selector.core.safety import PROFILES, SENSITIVE, STANDARD, Limit, judge, measure

LARGE = Size(6000, 3375)
HD = Size(1280, 720)


def move(start: Rect, end: Rect, *, duration_s: float = 4.0, **more: Any) -> Move:
    return Move(start_rect=start, end_rect=end, duration_sec=duration_s, **more)


def centred(width: float) -> Rect:
    return Rect.around(0.5, 0.5, width, width)


def verdict_of(move_: Move, limit: str, **where: Any) -> SafetyVerdict:
    safety = judge(move_, picture=where.get("picture", LARGE), output=where.get("output", HD))
    found = [finding.verdict for finding in safety.findings if finding.limit == limit]
    return found[0] if found else SafetyVerdict.PASS


def fastest_point(move_: Move, *, picture: Size, output: Size) -> float:
    """Peak speed in % of frame width per second, followed point by point along the real path."""
    path = CameraPath(
        start=fit_aspect(move_.start_rect, picture=picture, output=output),
        end=fit_aspect(move_.end_rect, picture=picture, output=output),
        easing=move_.easing,
    )
    fastest, steps = 0.0, 400
    for step in range(steps):
        a, b = path.window(step / steps), path.window((step + 1) / steps)
        for px, py in ((a.x1, a.y1), (a.x2, a.y1), (a.x1, a.y2), (a.x2, a.y2)):
            seen = [((px - w.x1) / w.width, (py - w.y1) / w.height / output.aspect) for w in (a, b)]
            fastest = max(fastest, math.dist(*seen) * steps / move_.duration_sec)
    return 100.0 * fastest


@given(
    x=st.floats(0.0, 1.0),
    y=st.floats(0.0, 1.0),
    widths=st.tuples(st.floats(0.3, 1.0), st.floats(0.3, 1.0)),
    easing=st.sampled_from(EasingName),
)
def test_peak_speed_is_that_of_the_fastest_point_on_the_cameras_path(
    x: float, y: float, widths: tuple[float, float], easing: EasingName
) -> None:
    tried = move(
        centred(widths[0]), Rect.around(x, y, widths[1], widths[1]), duration_s=6.0, easing=easing
    )

    measured = measure(tried, picture=LARGE, output=HD).peak_speed

    followed = fastest_point(tried, picture=LARGE, output=HD)
    assert measured == pytest.approx(followed, rel=0.02, abs=0.05)


def test_an_eased_threefold_push_in_over_97_frames_is_too_fast() -> None:
    tried = move(centred(0.99), centred(0.33), duration_s=97 / 24)

    measures = measure(tried, picture=LARGE, output=HD)

    assert 20.0 < measures.peak_speed < 40.0
    assert verdict_of(tried, "peak_speed") is SafetyVerdict.WARN


def test_the_same_push_in_toward_a_corner_is_twice_as_fast_and_blocked() -> None:
    tried = move(Rect.of(0, 0, 0.99, 0.99), Rect.of(0, 0, 0.33, 0.33), duration_s=97 / 24)

    assert verdict_of(tried, "peak_speed") is SafetyVerdict.BLOCK


def test_easing_makes_a_move_faster_at_its_peak() -> None:
    start, end = Rect.of(0.0, 0.0, 0.6, 0.6), Rect.of(0.4, 0.0, 1.0, 0.6)

    linear = measure(move(start, end, easing=EasingName.LINEAR), picture=LARGE, output=HD)
    eased = measure(move(start, end, easing=EasingName.EASE_IN_OUT), picture=LARGE, output=HD)

    # 0.4 of the picture is two thirds of the frame, in 4 seconds.
    assert linear.peak_speed == pytest.approx(100 * 0.4 / 0.6 / 4)
    assert eased.peak_speed == pytest.approx(1.72 * linear.peak_speed, rel=0.01)


def test_a_curve_that_jumps_counts_as_the_step_between_two_frames() -> None:
    start, end = Rect.of(0.0, 0.0, 0.8, 0.8), Rect.of(0.2, 0.0, 1.0, 0.8)
    jump = move(start, end, easing=(1.0, 0.0, 0.0, 1.0))

    assert math.isfinite(measure(jump, picture=LARGE, output=HD).peak_speed)
    assert verdict_of(jump, "peak_speed") is SafetyVerdict.BLOCK


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [(1.9, SafetyVerdict.PASS), (2.1, SafetyVerdict.WARN), (3.1, SafetyVerdict.BLOCK)],
)
def test_zooming_warns_beyond_two_and_blocks_beyond_three(
    ratio: float, verdict: SafetyVerdict
) -> None:
    inward = move(centred(0.9), centred(0.9 / ratio), duration_s=60.0)
    outward = move(centred(0.9 / ratio), centred(0.9), duration_s=60.0)

    assert verdict_of(inward, "zoom_ratio") is verdict
    assert verdict_of(outward, "zoom_ratio") is verdict


def test_a_quick_small_zoom_warns_by_its_speed_in_octaves() -> None:
    quick = move(centred(1.0), centred(1 / 1.2), duration_s=1.0)
    slow = move(centred(1.0), centred(1 / 1.2), duration_s=4.0)

    assert verdict_of(quick, "octaves_per_second") is SafetyVerdict.WARN
    assert verdict_of(slow, "octaves_per_second") is SafetyVerdict.PASS


@pytest.mark.parametrize(
    ("source_px", "verdict"),
    [(1.0, SafetyVerdict.PASS), (0.9, SafetyVerdict.WARN), (0.59, SafetyVerdict.BLOCK)],
)
def test_the_tightest_window_needs_enough_source_pixels(
    source_px: float, verdict: SafetyVerdict
) -> None:
    tight = centred(source_px * HD.width / 2560)

    assert verdict_of(move(centred(0.9), tight), "source_px", picture=Size(2560, 1440)) is verdict


def test_a_rectangle_of_another_shape_than_the_clips_warns() -> None:
    square = move(Rect.of(0.3, 0.0, 0.7, 1.0), Rect.of(0.3, 0.0, 0.7, 1.0))

    assert verdict_of(square, "aspect") is SafetyVerdict.WARN
    assert verdict_of(move(centred(0.9), centred(0.8)), "aspect") is SafetyVerdict.PASS


def test_rectangles_are_judged_as_rendered_and_not_as_drawn() -> None:
    drawn = Rect.of(0.45, 0.0, 0.55, 1.0)  # grown to the whole picture's width

    assert measure(move(drawn, drawn), picture=LARGE, output=HD).source_px == pytest.approx(
        LARGE.width / HD.width
    )


def test_the_sensitive_profile_blocks_what_the_standard_one_warns_of() -> None:
    tried = move(centred(0.99), centred(0.33), duration_s=97 / 24)

    assert judge(tried, picture=LARGE, output=HD, profile=SENSITIVE).verdict is SafetyVerdict.BLOCK
    assert judge(tried, picture=LARGE, output=HD, profile=SENSITIVE).profile == "sensitive"


@given(st.floats(0.3, 1.0), st.floats(0.3, 1.0), st.floats(0.5, 60.0))
def test_the_sensitive_profile_is_never_more_lenient(a: float, b: float, seconds: float) -> None:
    tried = move(centred(a), centred(b), duration_s=seconds)
    order = list(SafetyVerdict)

    usual, strict = (
        judge(tried, picture=LARGE, output=HD, profile=p) for p in (STANDARD, SENSITIVE)
    )

    assert order.index(strict.verdict) >= order.index(usual.verdict)


def test_findings_name_what_was_measured_and_what_is_allowed() -> None:
    safety = judge(move(centred(0.99), centred(0.25), duration_s=60), picture=LARGE, output=HD)

    (finding,) = safety.findings
    assert (finding.limit, finding.threshold) == ("zoom_ratio", 3.0)
    assert finding.value == pytest.approx(3.96)
    assert safety.verdict is SafetyVerdict.BLOCK


def test_a_value_on_the_limit_is_within_it() -> None:
    assert Limit(warn=20.0, block=40.0).verdict(20.0)[0] is SafetyVerdict.PASS
    assert Limit(warn=20.0, block=40.0).verdict(40.0)[0] is SafetyVerdict.WARN


def test_profiles_are_found_by_their_own_names() -> None:
    assert {name: profile.name for name, profile in PROFILES.items()} == {
        "standard": "standard",
        "sensitive": "sensitive",
    }
