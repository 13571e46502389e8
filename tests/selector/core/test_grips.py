"""Grips: what a press takes hold of, and what a drag makes of a rectangle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from companions.camera import turned_corners
from companions.geometry import Rect, Size, fit_aspect
from selector.core import grips
from selector.core.grips import LEAST_SHARE, SIDES, Grip, Point
from tests.companions import documents

PICTURE = Size(6000, 4000)
OUTPUTS = (Size(1280, 720), Size(720, 1280), Size(1024, 1024))
HD = OUTPUTS[0]
REACH = 50.0
MIDDLE = Rect.of(0.25, 0.25, 0.75, 0.75)
SIZING = st.sampled_from(sorted(SIDES))


def points() -> st.SearchStrategy[Point]:
    """Points on the picture and well outside of it."""
    return st.tuples(st.floats(-4000.0, 10_000.0), st.floats(-3000.0, 7000.0))


def fitted() -> st.SearchStrategy[tuple[Rect, Size]]:
    """Rectangles in a clip's shape, no narrower than a drag makes them."""

    def fit(rect: Rect, output: Size) -> tuple[Rect, Size]:
        return fit_aspect(rect, picture=PICTURE, output=output), output

    sizes = documents.rects(smallest=3 * LEAST_SHARE)
    return st.builds(fit, sizes, st.sampled_from(OUTPUTS))


def drag(
    rect: Rect,
    grip: Grip,
    to: Point,
    *,
    degrees: float = 0.0,
    output: Size | None = None,
    from_centre: bool = False,
) -> Rect:
    return grips.resized(
        rect, degrees, grip, to, picture=PICTURE, output=output, from_centre=from_centre
    )


def fixed_points(rect: Rect, grip: Grip) -> list[float]:
    """The coordinates that a drag of ``grip`` leaves alone."""
    side_x, side_y = SIDES[grip]
    found = []
    if side_x:
        found.append(rect.x1 if side_x > 0 else rect.x2)
    if side_y:
        found.append(rect.y1 if side_y > 0 else rect.y2)
    return found


# -- taking hold ----------------------------------------------------------------------------------


@given(rect=documents.rects(smallest=0.2), degrees=st.floats(-180.0, 180.0))
def test_a_press_on_a_grip_takes_hold_of_that_grip(rect: Rect, degrees: float) -> None:
    places = grips.grip_points(rect, degrees, picture=PICTURE, reach_px=REACH)

    for grip, at in places.items():
        held = grips.grip_at(at, rect, degrees, picture=PICTURE, reach_px=REACH)
        assert held is grip


def test_grips_for_resizing_stand_on_the_corners_and_edges_of_a_turned_rectangle() -> None:
    places = grips.grip_points(MIDDLE, 90.0, picture=PICTURE, reach_px=REACH)

    # Turned by a quarter the top left corner is where the top right was, of a standing rectangle.
    assert places[Grip.NW] == pytest.approx((4000.0, 500.0))
    assert places[Grip.N] == pytest.approx((4000.0, 2000.0))


def test_inside_a_rectangle_all_of_it_is_moved_and_outside_nothing_is_held() -> None:
    def held(x: float, y: float, *, degrees: float = 0.0) -> Grip | None:
        return grips.grip_at((x, y), MIDDLE, degrees, picture=PICTURE, reach_px=REACH)

    assert held(3000.0, 2000.0) is Grip.MOVE
    assert held(1700.0, 1200.0) is Grip.MOVE
    assert held(1400.0, 1500.0) is None
    assert held(3000.0, 700.0, degrees=90.0) is Grip.MOVE
    assert held(1700.0, 1200.0, degrees=90.0) is None


def test_of_grips_that_stand_close_together_the_nearest_is_held() -> None:
    small = Rect.around(0.5, 0.5, 0.01, 0.01)

    for grip, at in grips.grip_points(small, 0.0, picture=PICTURE, reach_px=REACH).items():
        beside = (at[0] + 2.0, at[1] - 2.0)
        assert grips.grip_at(beside, small, 0.0, picture=PICTURE, reach_px=REACH) is grip


def test_the_grip_for_turning_stands_above_the_top_edge_or_beneath_it_at_the_pictures_edge() -> (
    None
):
    def place(rect: Rect) -> Point:
        return grips.grip_points(rect, 0.0, picture=PICTURE, reach_px=REACH)[Grip.ROTATE]

    assert place(MIDDLE) == pytest.approx((3000.0, 1000.0 - 2.5 * REACH))
    assert place(Rect.of(0.0, 0.0, 1.0, 1.0)) == pytest.approx((3000.0, 2.5 * REACH))
    low = Rect.of(0.0, 0.0, 0.5, 0.05)
    assert place(low)[1] < 0.05 * 4000.0 / 2.0


# -- moving ---------------------------------------------------------------------------------------


@given(rect=documents.rects(), by=points())
def test_a_moved_rectangle_keeps_its_size_and_stays_in_the_picture(rect: Rect, by: Point) -> None:
    moved = grips.moved(rect, by, picture=PICTURE)

    assert (moved.width, moved.height) == pytest.approx((rect.width, rect.height), abs=1e-9)


def test_a_move_that_fits_is_a_move_by_those_pixels() -> None:
    moved = grips.moved(MIDDLE, (600.0, -400.0), picture=PICTURE)

    assert moved.root == pytest.approx((0.35, 0.15, 0.85, 0.65))


# -- resizing -------------------------------------------------------------------------------------


@given(case=fitted(), grip=SIZING, to=points(), from_centre=st.booleans())
def test_an_upright_rectangle_resized_in_the_clips_shape_has_that_shape(
    *, case: tuple[Rect, Size], grip: Grip, to: Point, from_centre: bool
) -> None:
    rect, output = case

    after = drag(rect, grip, to, output=output, from_centre=from_centre)

    assert after.width * 6000 == pytest.approx(after.height * 4000 * output.aspect, rel=1e-6)


@given(case=fitted(), grip=SIZING, to=points())
def test_the_opposite_corner_or_edge_stays_where_it_is_also_at_the_pictures_edge(
    case: tuple[Rect, Size], grip: Grip, to: Point
) -> None:
    rect, output = case
    after = drag(rect, grip, to, output=output)
    # Only a corner that is nearer to the picture's edge than the least size is pushed.
    assume(min(after.width, after.height) > LEAST_SHARE * 1.001)

    assert fixed_points(after, grip) == pytest.approx(fixed_points(rect, grip), abs=1e-9)


@given(rect=documents.rects(smallest=3 * LEAST_SHARE), grip=SIZING, to=points())
def test_a_free_rectangle_goes_to_the_pointer_or_to_the_pictures_edge_on_each_axis_by_itself(
    rect: Rect, grip: Grip, to: Point
) -> None:
    after = drag(rect, grip, to)

    side_x, side_y = SIDES[grip]
    x, y = min(max(to[0] / 6000, 0.0), 1.0), min(max(to[1] / 4000, 0.0), 1.0)
    if side_x > 0:
        expected = (rect.x1, max(x, rect.x1 + LEAST_SHARE))
    elif side_x < 0:
        expected = (min(x, rect.x2 - LEAST_SHARE), rect.x2)
    else:
        expected = (rect.x1, rect.x2)
    assert (after.x1, after.x2) == pytest.approx(expected, abs=1e-9)
    if side_y > 0:
        expected = (rect.y1, max(y, rect.y1 + LEAST_SHARE))
    elif side_y < 0:
        expected = (min(y, rect.y2 - LEAST_SHARE), rect.y2)
    else:
        expected = (rect.y1, rect.y2)
    assert (after.y1, after.y2) == pytest.approx(expected, abs=1e-9)


@given(case=fitted(), grip=SIZING, to=points())
def test_resized_from_its_middle_a_rectangle_keeps_its_middle(
    case: tuple[Rect, Size], grip: Grip, to: Point
) -> None:
    rect, output = case

    after = drag(rect, grip, to, output=output, from_centre=True)
    assume(min(after.width, after.height) > LEAST_SHARE * 1.001)

    assert after.centre == pytest.approx(rect.centre, abs=1e-9)


def test_a_corner_of_the_clips_shape_follows_the_pointer_along_the_longer_way() -> None:
    rect = Rect.of(0.1, 0.1, 0.1 + 1600 / 6000, 0.1 + 900 / 4000)

    wide = drag(rect, Grip.SE, (600.0 + 3200.0, 500.0), output=HD)
    high = drag(rect, Grip.SE, (700.0, 400.0 + 1350.0), output=HD)

    assert wide.root == pytest.approx((0.1, 0.1, 0.1 + 3200 / 6000, 0.1 + 1800 / 4000))
    assert high.root == pytest.approx((0.1, 0.1, 0.1 + 2400 / 6000, 0.1 + 1350 / 4000))


def test_an_edge_of_the_clips_shape_grows_both_ways_across_and_slides_along_the_pictures_edge() -> (
    None
):
    rect = Rect.of(0.1, 0.0, 0.1 + 1600 / 6000, 900 / 4000)

    after = drag(rect, Grip.E, (600.0 + 3200.0, 0.0), output=HD)

    assert after.root == pytest.approx((0.1, 0.0, 0.1 + 3200 / 6000, 1800 / 4000))


def test_the_largest_rectangle_a_drag_makes_is_the_largest_window() -> None:
    rect = Rect.of(0.0, 0.1, 1600 / 6000, 0.1 + 900 / 4000)

    after = drag(rect, Grip.E, (99_999.0, 0.0), output=HD)

    assert (after.width, after.height) == pytest.approx((1.0, 6000 / (16 / 9) / 4000))


@given(case=fitted(), grip=SIZING, degrees=st.floats(-170.0, 170.0), grown=st.floats(0.6, 1.1))
def test_a_turned_rectangle_is_resized_along_its_own_axes(
    case: tuple[Rect, Size], grip: Grip, degrees: float, grown: float
) -> None:
    rect, output = case
    side_x, side_y = SIDES[grip]
    nw, ne, se, sw = turned_corners(rect, degrees, picture=PICTURE)
    across, down = ne - nw, sw - nw
    to = rect_middle(rect) + (grown - 0.5) * (side_x * across + side_y * down)
    after = drag(rect, grip, (float(to[0]), float(to[1])), degrees=degrees, output=output)
    inner = Rect.around(0.5, 0.5, 0.98, 0.98)
    assume(inner.x1 < after.x1 and inner.y1 < after.y1 and after.x2 < inner.x2)
    assume(after.y2 < inner.y2 and min(after.width, after.height) > LEAST_SHARE * 1.01)

    assert after.width / rect.width == pytest.approx(grown, rel=1e-6)
    opposite = {Grip.SE: 0, Grip.SW: 1, Grip.NW: 2, Grip.NE: 3}.get(grip)
    if opposite is not None:
        corner = turned_corners(after, degrees, picture=PICTURE)[opposite]
        assert corner == pytest.approx((nw, ne, se, sw)[opposite], abs=1e-3)


def rect_middle(rect: Rect) -> np.ndarray:
    return np.array(rect.centre) * (6000, 4000)


def test_moving_and_turning_resize_nothing() -> None:
    for grip in (Grip.MOVE, Grip.ROTATE):
        assert drag(MIDDLE, grip, (0.0, 0.0), output=HD) is MIDDLE


@given(
    rect=documents.rects(smallest=1e-3),
    grip=SIZING,
    to=points(),
    degrees=st.floats(-180.0, 180.0),
    output=st.none() | st.sampled_from(OUTPUTS),
    from_centre=st.booleans(),
)
def test_whatever_is_dragged_where_the_result_is_a_rectangle_of_some_size_in_the_picture(
    *, rect: Rect, grip: Grip, to: Point, degrees: float, output: Size | None, from_centre: bool
) -> None:
    after = drag(rect, grip, to, degrees=degrees, output=output, from_centre=from_centre)

    assert min(after.width, after.height) >= LEAST_SHARE * (1.0 - 1e-9)


# -- scaling, turning, drawing --------------------------------------------------------------------


@given(case=fitted(), factor=st.floats(0.0, 40.0))
def test_a_scaled_rectangle_keeps_its_shape_and_its_middle_as_nearly_as_it_fits(
    case: tuple[Rect, Size], factor: float
) -> None:
    rect, output = case

    after = grips.scaled(rect, factor, picture=PICTURE, output=output)

    assert after.width / rect.width == pytest.approx(after.height / rect.height, rel=1e-6)
    nearest = Rect.around(*rect.centre, after.width, after.height)
    assert after.root == pytest.approx(nearest.root, abs=1e-9)
    if min(rect.width, rect.height) * factor > LEAST_SHARE and (
        max(rect.width, rect.height) * factor < 1.0
    ):
        assert after.width == pytest.approx(rect.width * factor, rel=1e-6)


def test_a_free_rectangle_is_scaled_in_its_own_shape_up_to_the_picture() -> None:
    after = grips.scaled(Rect.of(0.4, 0.4, 0.6, 0.8), 10.0, picture=PICTURE, output=None)

    assert (after.width, after.height) == pytest.approx((0.5, 1.0))


def test_scaled_for_a_clip_a_rectangle_takes_the_clips_shape() -> None:
    after = grips.scaled(Rect.of(0.4, 0.4, 0.6, 0.8), 1.0, picture=PICTURE, output=HD)

    grown = fit_aspect(Rect.of(0.4, 0.4, 0.6, 0.8), picture=PICTURE, output=HD)
    assert after.root == pytest.approx(grown.root)


@pytest.mark.parametrize(
    ("to", "degrees"),
    [
        ((3000.0, 0.0), 0.0),
        ((6000.0, 2000.0), 90.0),
        ((0.0, 2000.0), -90.0),
        ((3000.0, 4000.0), 180.0),
    ],
)
def test_a_window_turns_to_look_at_the_pointer(to: Point, degrees: float) -> None:
    angle = grips.angle_to(to, MIDDLE, picture=PICTURE)

    assert angle == pytest.approx(degrees)
    nw, ne, _, _ = turned_corners(MIDDLE, angle, picture=PICTURE)
    up = (nw + ne) / 2.0 - rect_middle(MIDDLE)
    towards = np.array(to) - rect_middle(MIDDLE)
    assert math.isclose(float(np.cross(up, towards)), 0.0, abs_tol=1e-3)
    assert float(up @ towards) > 0.0


@given(
    x=st.floats(0.0, 6000.0),
    y=st.floats(0.0, 4000.0),
    to=points(),
    output=st.none() | st.sampled_from(OUTPUTS),
)
def test_a_new_rectangle_has_one_corner_where_the_drag_began(
    x: float, y: float, to: Point, output: Size | None
) -> None:
    drawn = grips.drawn_from((x, y), to, picture=PICTURE, output=output)

    if drawn is None:
        return
    assert (drawn.x1 if to[0] >= x else drawn.x2) == pytest.approx(x / 6000, abs=1e-9)
    assert (drawn.y1 if to[1] >= y else drawn.y2) == pytest.approx(y / 4000, abs=1e-9)
    if output is not None:
        assert drawn.width * 6000 == pytest.approx(drawn.height * 4000 * output.aspect, rel=1e-6)


def test_a_new_rectangle_is_none_before_the_drag_has_gone_somewhere() -> None:
    for output in (None, HD):
        here = (3000.0, 2000.0)
        assert grips.drawn_from(here, here, picture=PICTURE, output=output) is None
        assert grips.drawn_from(here, (3030.0, 2020.0), picture=PICTURE, output=output) is None
        assert grips.drawn_from(here, (3900.0, 2600.0), picture=PICTURE, output=output) is not None


def test_a_new_free_rectangle_ends_at_the_pointer() -> None:
    drawn = grips.drawn_from((600.0, 400.0), (3000.0, 1200.0), picture=PICTURE, output=None)

    assert drawn is not None
    assert drawn.root == pytest.approx((0.1, 0.1, 0.5, 0.3))
