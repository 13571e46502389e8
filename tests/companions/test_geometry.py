"""Rectangles stay inside the picture, and growing one to an aspect loses nothing it framed."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from companions.geometry import MIN_EXTENT, Rect, Size, fit_aspect, largest_window
from tests.companions import documents

ASPECTS = [Size(1280, 720), Size(720, 1280), Size(1024, 1024), Size(2048, 858)]
PICTURES = [Size(6000, 4000), Size(3000, 4000), Size(1920, 1080), Size(5000, 1000)]

pictures = st.sampled_from(PICTURES)
outputs = st.sampled_from(ASPECTS)


def assert_inside(rect: Rect) -> None:
    assert 0.0 <= rect.x1 < rect.x2 <= 1.0
    assert 0.0 <= rect.y1 < rect.y2 <= 1.0


@given(st.tuples(*[st.floats(-2, 3)] * 4))
def test_a_rectangle_built_from_any_numbers_is_inside_or_refused(
    values: tuple[float, float, float, float],
) -> None:
    try:
        rect = Rect.of(*values)
    except ValidationError:
        clamped = [min(1.0, max(0.0, v)) for v in values]
        assert clamped[2] - clamped[0] < MIN_EXTENT or clamped[3] - clamped[1] < MIN_EXTENT
        return
    assert_inside(rect)


@given(
    width_px=st.integers(100, 9000),
    height_px=st.integers(100, 9000),
    x=st.integers(0, 8990),
    y=st.integers(0, 8990),
)
def test_a_rectangle_drawn_to_the_last_pixel_never_leaves_the_picture(
    width_px: int, height_px: int, x: int, y: int
) -> None:
    assume(x < width_px - 10 and y < height_px - 10)

    assert_inside(Rect.of(x / width_px, y / height_px, width_px / width_px, 1.0 + 1e-16))


@given(
    cx=st.floats(-1, 2), cy=st.floats(-1, 2), width=st.floats(0.01, 2), height=st.floats(0.01, 2)
)
def test_a_rectangle_around_a_centre_is_moved_and_not_shrunk(
    cx: float, cy: float, width: float, height: float
) -> None:
    rect = Rect.around(cx, cy, width, height)

    assert_inside(rect)
    assert rect.width == pytest.approx(min(width, 1.0))
    assert rect.height == pytest.approx(min(height, 1.0))


def test_the_smallest_rectangle_can_stand_anywhere() -> None:
    for step in range(1000):
        assert_inside(Rect.around(step / 1000, 1 - step / 1000, MIN_EXTENT, MIN_EXTENT))


@given(rect=documents.rects(), picture=pictures, output=outputs)
def test_a_fitted_rectangle_has_the_aspect_and_stays_inside(
    rect: Rect, picture: Size, output: Size
) -> None:
    fitted = fit_aspect(rect, picture=picture, output=output)

    assert_inside(fitted)
    width_px, height_px = fitted.width * picture.width, fitted.height * picture.height
    assert abs(width_px - height_px * output.aspect) < 0.1 + 1e-6


@given(rect=documents.rects(), picture=pictures, output=outputs)
def test_a_fitted_rectangle_keeps_all_that_was_framed_where_the_picture_allows(
    rect: Rect, picture: Size, output: Size
) -> None:
    fitted = fit_aspect(rect, picture=picture, output=output)
    most_width, most_height = largest_window(picture=picture, output=output)

    if rect.width <= most_width and rect.height <= most_height:
        assert fitted.x1 <= rect.x1 + 1e-9
        assert fitted.y1 <= rect.y1 + 1e-9
        assert fitted.x2 >= rect.x2 - 1e-9
        assert fitted.y2 >= rect.y2 - 1e-9
    else:
        assert fitted.width == pytest.approx(most_width)
        assert fitted.height == pytest.approx(most_height)


@given(rect=documents.rects(), picture=pictures, output=outputs)
def test_fitting_twice_changes_nothing(rect: Rect, picture: Size, output: Size) -> None:
    once = fit_aspect(rect, picture=picture, output=output)

    assert fit_aspect(once, picture=picture, output=output) == once


def test_a_rectangle_grows_around_its_own_centre() -> None:
    square = Rect.of(0.4, 0.4, 0.6, 0.6)

    fitted = fit_aspect(square, picture=Size(1000, 1000), output=Size(1600, 800))

    assert fitted.root == pytest.approx((0.3, 0.4, 0.7, 0.6))


def test_a_grown_rectangle_at_the_edge_is_moved_inside() -> None:
    corner = Rect.of(0.0, 0.8, 0.2, 1.0)

    fitted = fit_aspect(corner, picture=Size(1000, 1000), output=Size(1600, 800))

    assert fitted.root == pytest.approx((0.0, 0.8, 0.4, 1.0))


def test_a_rectangle_of_the_right_aspect_is_returned_untouched() -> None:
    drawn = Rect.of(0.1, 0.1, 0.9, 0.9)

    assert fit_aspect(drawn, picture=Size(1920, 1080), output=Size(1280, 720)) is drawn


def test_an_impossible_pair_of_aspects_is_refused_rather_than_rounded() -> None:
    strip = Rect.of(0.0, 0.0, 1.0, 1.0)

    with pytest.raises(ValueError, match="rectangle is empty"):
        fit_aspect(strip, picture=Size(20_000, 1000), output=Size(64, 8192))
