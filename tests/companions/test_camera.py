"""The camera's window: exact at both ends, even in zoom speed, never outside the picture."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.camera import CameraPath, progress_on_line
from companions.easing import Easing, EasingName
from companions.geometry import MIN_EXTENT, Rect, Size, fit_aspect
from tests.companions import documents

PICTURE = Size(6000, 4000)
OUTPUTS = [Size(1280, 720), Size(720, 1280), Size(1024, 1024), Size(2048, 858)]


@st.composite
def paths(draw: st.DrawFn) -> CameraPath:
    output = draw(st.sampled_from(OUTPUTS))
    start, end = (
        fit_aspect(draw(documents.rects()), picture=PICTURE, output=output) for _ in range(2)
    )
    return CameraPath(start=start, end=end, easing=draw(documents.easings()))


@given(path=paths(), u=documents.unit())
def test_the_window_stays_inside_the_picture_and_between_both_rectangles(
    path: CameraPath, u: float
) -> None:
    window = path.window(u)

    assert 0.0 <= window.x1 < window.x2 <= 1.0
    assert 0.0 <= window.y1 < window.y2 <= 1.0
    for a, b, corner in zip(path.start.root, path.end.root, window.root, strict=True):
        assert min(a, b) - 1e-12 <= corner <= max(a, b) + 1e-12


@given(path=paths())
def test_the_window_is_exactly_the_operators_rectangle_at_both_ends(path: CameraPath) -> None:
    assert path.window(0.0) == path.start
    assert path.window(1.0) == path.end


@given(path=paths(), u=documents.unit())
def test_the_window_keeps_the_aspect_all_the_way(path: CameraPath, u: float) -> None:
    window = path.window(u)

    def aspect(rect: Rect) -> float:
        return (rect.width * PICTURE.width) / (rect.height * PICTURE.height)

    low, high = sorted((aspect(path.start), aspect(path.end)))
    assert low * (1 - 1e-9) <= aspect(window) <= high * (1 + 1e-9)


@pytest.mark.parametrize("zoom", [1 / 4, 1 / 3, 0.9, 1.5, 3.0, 4.0])
def test_the_zoom_speed_is_constant_under_linear_easing(zoom: float) -> None:
    start = Rect.around(0.4, 0.6, min(0.2, 0.2 / zoom) * zoom, 0.2)
    end = Rect.around(0.5, 0.5, start.width / zoom, start.height / zoom)
    path = CameraPath(start=start, end=end, easing=EasingName.LINEAR)

    widths = [path.window(i / 40).width for i in range(41)]

    ratios = [after / before for before, after in itertools.pairwise(widths)]
    assert ratios == pytest.approx([(1 / zoom) ** (1 / 40)] * 40, rel=1e-9)


def test_every_corner_travels_on_its_straight_line() -> None:
    path = CameraPath(
        start=Rect.of(0.0, 0.1, 0.9, 1.0),
        end=Rect.of(0.5, 0.3, 0.8, 0.6),
        easing=EasingName.EASE_IN_OUT,
    )
    for step in range(1, 20):
        window = path.window(step / 20)
        along = [
            (corner - a) / (b - a)
            for a, b, corner in zip(path.start.root, path.end.root, window.root, strict=True)
        ]
        assert along == pytest.approx([along[0]] * 4)
        assert 0.0 < along[0] < 1.0


def test_a_push_in_reaches_half_its_zoom_at_half_its_time() -> None:
    path = CameraPath(
        start=Rect.of(0.0, 0.0, 1.0, 1.0),
        end=Rect.of(0.375, 0.375, 0.625, 0.625),
        easing=EasingName.LINEAR,
    )

    assert path.window(0.5).width == pytest.approx(0.5)


@pytest.mark.parametrize("k", [1.0, 1.0 + 1e-7, 1.0 - 1e-7, 1.0 + 2e-6, 1.0 - 2e-6])
def test_a_pan_without_zoom_is_even_and_the_formula_has_no_step_near_it(k: float) -> None:
    assert progress_on_line(k, 0.25) == pytest.approx(0.25, abs=1e-6)


@given(
    corners=st.tuples(*[st.floats(0.0, 1.0 - MIN_EXTENT)] * 4),
    u=documents.unit(),
    easing=documents.easings(),
)
def test_a_move_between_two_smallest_rectangles_can_be_rendered(
    corners: tuple[float, float, float, float], u: float, easing: Easing
) -> None:
    ax, ay, bx, by = corners
    start = Rect.around(ax, ay, MIN_EXTENT, MIN_EXTENT)
    end = Rect.around(bx, by, MIN_EXTENT, MIN_EXTENT)

    assert CameraPath(start=start, end=end, easing=easing).window(u).width > MIN_EXTENT / 2


@given(path=paths(), u=documents.unit())
def test_the_affine_maps_the_outputs_corners_to_the_windows_corners(
    path: CameraPath, u: float
) -> None:
    output = Size(1280, 720)

    matrix = path.output_to_picture(u, picture=PICTURE, output=output)

    window = path.window(u)
    # A picture's edge is half a pixel outside the centre of its outermost pixels.
    corners = np.array(
        [[-0.5, -0.5, 1.0], [output.width - 0.5, output.height - 0.5, 1.0]], dtype=np.float64
    )
    expected = [
        [window.x1 * PICTURE.width - 0.5, window.y1 * PICTURE.height - 0.5],
        [window.x2 * PICTURE.width - 0.5, window.y2 * PICTURE.height - 0.5],
    ]
    assert np.allclose(corners @ matrix.T, expected, atol=1e-6)


def test_the_whole_picture_at_its_own_size_is_the_identity() -> None:
    whole = Rect.of(0.0, 0.0, 1.0, 1.0)
    path = CameraPath(start=whole, end=whole, easing=EasingName.LINEAR)

    matrix = path.output_to_picture(0.5, picture=PICTURE, output=PICTURE)

    assert np.allclose(matrix, [[1, 0, 0], [0, 1, 0]], atol=1e-12)


def test_progress_is_the_integral_of_the_zoom() -> None:
    # s(t) = integral of k**t over 0..t, divided by that over 0..1, taken here by the midpoint rule.
    k, t, steps = 0.25, 0.3, 20_000
    part = sum(k ** (t * (i + 0.5) / steps) for i in range(steps)) * t / steps
    whole = sum(k ** ((i + 0.5) / steps) for i in range(steps)) / steps

    assert progress_on_line(k, t) == pytest.approx(part / whole, rel=1e-6)
    assert math.isclose(progress_on_line(k, 1.0), 1.0)
