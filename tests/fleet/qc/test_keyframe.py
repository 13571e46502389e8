from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size
from companions.picture import Pixels
from fleet.qc.keyframe import LONGEST_PX, PlannedShot
from tests.fleet.footage import flat, move, photo, size_of

OUTPUT = Size(480, 270)


def ramp(size: Size) -> Pixels:
    """Brightness is the place: red grows from left to right, green from top to bottom."""
    x = np.linspace(0, 255, size.width)[None, :]
    y = np.linspace(0, 255, size.height)[:, None]
    both = np.broadcast_arrays(x, y, np.zeros((1, 1)))
    return np.asarray(np.rint(np.stack(both, axis=2)), dtype=np.uint8)


@given(
    x=st.floats(0.0, 0.6), y=st.floats(0.0, 0.6), w=st.floats(0.05, 0.4),
    width=st.integers(64, 9000), height=st.integers(64, 9000), u=st.floats(0.0, 1.0),
)  # fmt: skip
def test_the_reduced_keyframe_keeps_every_point_where_it_was(
    x: float, y: float, w: float, width: int, height: int, u: float
) -> None:
    picture = np.broadcast_to(np.zeros((1, 1, 3), dtype=np.uint8), (height, width, 3))
    path = CameraPath(Rect.of(x, y, x + w, y + w), Rect.of(y, x, y + w, x + w), EasingName.LINEAR)

    shot = PlannedShot.of(picture, path)

    assert max(shot.pixels.shape[:2]) <= LONGEST_PX
    whole = path.output_to_picture(u, picture=Size(width, height), output=OUTPUT)
    reduced = shot.map_at(u, output=OUTPUT)
    for corner in ((0, 0), (479, 0), (0, 269), (479, 269)):
        there = whole[:, :2] @ corner + whole[:, 2]
        # Edges and not centres: half a pixel of the one is not half a pixel of the other.
        here = reduced[:, :2] @ corner + reduced[:, 2] + 0.5
        back = here / (shot.scale_x, shot.scale_y) + (shot.left, shot.top) - 0.5
        assert back == pytest.approx(there, abs=1e-6)
        assert np.all(here > -1)
        assert here[0] < shot.pixels.shape[1] + 1


@pytest.mark.parametrize("size", [Size(600, 400), Size(4000, 3000)], ids=str)
@pytest.mark.parametrize("u", [0.0, 0.37, 1.0])
def test_a_view_shows_the_planned_window(size: Size, u: float) -> None:
    picture = ramp(size)
    path = move(picture, Rect.of(0.1, 0.1, 0.9, 0.9), Rect.of(0.4, 0.5, 0.7, 0.8), output=OUTPUT)

    view = PlannedShot.of(picture, path).view(u, output=OUTPUT).astype(float)

    window = path.window(u)
    assert view[:, 0, 0].mean() == pytest.approx(255 * window.x1, abs=1.0)
    assert view[:, -1, 0].mean() == pytest.approx(255 * window.x2, abs=1.0)
    assert view[0, :, 1].mean() == pytest.approx(255 * window.y1, abs=1.0)
    assert view[-1, :, 1].mean() == pytest.approx(255 * window.y2, abs=1.0)


def test_detail_finer_than_the_view_is_averaged_and_not_picked() -> None:
    stripes = flat(0, output=Size(1400, 900))
    stripes[:, ::2] = 255
    path = move(stripes, Rect.of(0.0, 0.0, 1.0, 1.0), Rect.of(0.0, 0.0, 1.0, 1.0), output=OUTPUT)

    view = PlannedShot.of(stripes, path).view(0.0, output=OUTPUT)

    assert view.std() < 40
    assert view.mean() == pytest.approx(127.5, abs=3)


def test_the_shift_is_that_of_the_fastest_corner_in_frame_pixels() -> None:
    picture = photo("astronaut.png")
    whole = size_of(picture)
    path = CameraPath(Rect.of(0.0, 0.0, 0.5, 0.5), Rect.of(0.1, 0.0, 0.6, 0.5), EasingName.LINEAR)

    shift = PlannedShot.of(picture, path).shift_px(0.0, 0.5, output=Size(400, 400))

    assert whole.width == whole.height
    assert shift == pytest.approx(0.05 / 0.5 * 400)
