"""Presets: named moves drawn on a picture."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.geometry import Rect, Size, largest_window
from companions.motion import MotionType, Move, SafetyVerdict
from companions.preset import PRESET_NAMES, DollyZoom, Orbit, Pan, Preset, PullOut, PushIn, Tilt
from selector.core.presets import DEFAULTS, Drawn, backwards, draw
from selector.core.safety import STANDARD, judge
from tests.companions import documents

PICTURES = {
    "3:2": Size(6000, 4000),
    "16:9": Size(6000, 3375),
    "1:1": Size(4000, 4000),
    "2:3": Size(4000, 6000),
}
OUTPUTS = {"16:9": Size(1280, 720), "9:16": Size(720, 1280), "1:1": Size(1024, 1024)}
PICTURE, HD = PICTURES["3:2"], OUTPUTS["16:9"]


def sizes() -> st.SearchStrategy[tuple[Size, Size]]:
    return st.tuples(
        st.sampled_from([*PICTURES.values(), Size(9000, 2000)]),
        st.sampled_from([*OUTPUTS.values(), Size(2048, 858)]),
    )


def drawn(preset: Preset, *, picture: Size = PICTURE, output: Size = HD) -> Drawn:
    return draw(preset, picture=picture, output=output)


def move_of(preset: Preset, *, picture: Size, output: Size) -> Move:
    made = drawn(preset, picture=picture, output=output)
    return Move(
        type=MotionType(preset.name),
        start_rect=made.start,
        end_rect=made.end,
        duration_sec=4.0,
        preset=preset,
    )


def differs(made: Drawn) -> float:
    """How far any edge moves, in START's widths or heights."""
    scale = (made.start.width, made.start.height) * 2
    ends = zip(made.start.root, made.end.root, scale, strict=True)
    return max(abs(b - a) / s for a, b, s in ends)


def test_there_is_a_default_for_every_preset() -> None:
    assert sorted(preset.name for preset in DEFAULTS) == sorted(PRESET_NAMES)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("preset", DEFAULTS, ids=lambda preset: preset.name)
def test_a_default_moves_and_is_safe_over_four_seconds(
    preset: Preset, picture: str, output: str
) -> None:
    move = move_of(preset, picture=PICTURES[picture], output=OUTPUTS[output])

    safety = judge(move, picture=PICTURES[picture], output=OUTPUTS[output], profile=STANDARD)

    assert safety.verdict is SafetyVerdict.PASS, safety.findings
    assert differs(Drawn(move.start_rect, move.end_rect)) > 0.05


@given(preset=documents.presets(), size=sizes())
def test_every_preset_is_drawn_in_the_clips_shape_inside_the_picture(
    preset: Preset, size: tuple[Size, Size]
) -> None:
    picture, output = size

    made = drawn(preset, picture=picture, output=output)

    for rect in (made.start, made.end):
        wide, high = rect.width * picture.width, rect.height * picture.height
        assert wide == pytest.approx(high * output.aspect, rel=1e-6)


@given(preset=documents.presets(), size=sizes())
def test_a_preset_backwards_draws_the_same_rectangles_the_other_way_round(
    preset: Preset, size: tuple[Size, Size]
) -> None:
    picture, output = size
    back = backwards(preset)

    if back is None:
        assert preset.name == "orbit"
        return
    made = drawn(back, picture=picture, output=output)
    assert made == Drawn(*reversed(pair(drawn(preset, picture=picture, output=output))))
    assert backwards(back) == preset


def pair(made: Drawn) -> tuple[Rect, Rect]:
    return made.start, made.end


@given(zoom=st.floats(1.01, 10.0), x=documents.unit(), y=documents.unit(), size=sizes())
def test_a_push_in_keeps_its_goal_in_its_place_in_the_frame(
    zoom: float, x: float, y: float, size: tuple[Size, Size]
) -> None:
    picture, output = size
    preset = PushIn(name="push_in", zoom=zoom, towards=(x, y))

    made = drawn(preset, picture=picture, output=output)

    widest = largest_window(picture=picture, output=output)
    assert (made.start.width, made.start.height) == pytest.approx(widest)
    assert made.start.width / made.end.width == pytest.approx(zoom, rel=1e-6)
    seen = [((x - r.x1) / r.width, (y - r.y1) / r.height) for r in pair(made)]
    assert seen[0] == pytest.approx(seen[1], abs=1e-6)


def test_a_push_in_without_a_goal_goes_to_the_middle() -> None:
    made = drawn(PushIn(name="push_in", zoom=2.0))

    assert made.end.centre == pytest.approx((0.5, 0.5))


def test_a_pull_out_and_a_dolly_out_end_on_the_largest_window() -> None:
    widest = largest_window(picture=PICTURE, output=HD)
    for preset in (
        PullOut(name="pull_out", zoom=1.5, away_from=(0.2, 0.7)),
        DollyZoom(name="dolly_zoom", direction="out", strength=1.5, subject=(0.2, 0.7)),
    ):
        made = drawn(preset)

        assert (made.end.width, made.end.height) == pytest.approx(widest)
        assert made.start.width == pytest.approx(widest[0] / 1.5)


@pytest.mark.parametrize(
    ("preset", "dx", "dy"),
    [
        (Pan(name="pan_left", distance=0.2, window=0.6), -0.2, 0.0),
        (Pan(name="pan_right", distance=0.2, window=0.6), 0.2, 0.0),
        (Tilt(name="tilt_up", distance=0.2, window=0.6), 0.0, -0.2),
        (Tilt(name="tilt_down", distance=0.2, window=0.6), 0.0, 0.2),
    ],
    ids=["pan left", "pan right", "tilt up", "tilt down"],
)
def test_a_pan_or_tilt_goes_as_far_as_it_says_with_the_window_it_says(
    preset: Preset, dx: float, dy: float
) -> None:
    made = drawn(preset)

    assert made.start.width == pytest.approx(0.6)
    assert made.end.width == pytest.approx(0.6)
    (x0, y0), (x1, y1) = made.start.centre, made.end.centre
    assert (x1 - x0, y1 - y0) == pytest.approx((dx, dy), abs=1e-9)
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((0.5, 0.5))


def test_where_the_way_and_the_window_do_not_both_fit_the_window_is_smaller() -> None:
    made = drawn(Pan(name="pan_right", distance=0.5, window=0.8))
    tall = drawn(Tilt(name="tilt_down", distance=0.3, window=1.0), output=OUTPUTS["9:16"])

    assert made.end.x1 - made.start.x1 == pytest.approx(0.5)
    assert made.start.width == pytest.approx(0.5)
    assert tall.end.y1 - tall.start.y1 == pytest.approx(0.3)
    assert tall.start.height == pytest.approx(0.7)


@given(
    angle=st.floats(5.0, 90.0),
    sign=st.sampled_from([-1.0, 1.0]),
    axis=st.sampled_from(["vertical", "horizontal"]),
    x=documents.unit(),
    y=documents.unit(),
    size=sizes(),
)
def test_an_orbit_slides_the_more_the_further_it_goes_wherever_its_subject_is(
    angle: float, sign: float, axis: str, x: float, y: float, size: tuple[Size, Size]
) -> None:
    picture, output = size
    preset = Orbit.model_validate(
        {"name": "orbit", "angle_deg": sign * angle, "axis": axis, "subject": (x, y)}
    )

    made = drawn(preset, picture=picture, output=output)

    (x0, y0), (x1, y1) = made.start.centre, made.end.centre
    slid = (x1 - x0) / made.start.width, (y0 - y1) / made.start.height
    along, across = slid if axis == "vertical" else slid[::-1]
    assert along == pytest.approx(sign * 0.5 * math.radians(angle), rel=0.02)
    assert across == pytest.approx(0.0, abs=1e-6)
    assert made.end.width / made.start.width == pytest.approx(math.cos(math.radians(angle / 2)))


def test_an_orbit_goes_around_its_subject_where_there_is_room() -> None:
    made = drawn(Orbit(name="orbit", angle_deg=10.0, subject=(0.52, 0.45)))

    (x0, y0), (x1, y1) = made.start.centre, made.end.centre
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((0.52, 0.45), abs=1e-9)
