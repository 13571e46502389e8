"""A camera through space: what a plane at each distance does is what geometry says it does."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from companions.camera import CameraPath
from companions.depth_map import Depth
from companions.easing import EasingName
from companions.geometry import Rect, Size
from companions.picture import Pixels
from companions.preset import DollyZoom, Orbit, Preset
from companions.reference import Reference, ReferenceFrame
from companions.registration import Registration, corners_of, planned_corners
from companions.rendition import Rendition, clip_fractions, size_of
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint
from tests.contracts.photographs import photograph, psnr

PICTURE, OUTPUT = Size(600, 400), Size(384, 256)
COUNT, FAR_OVER_NEAR = 5, 8.0
BOX = (slice(130, 270), slice(210, 390))
"""The near thing of the scenes, in the picture's rows and columns."""
PUSH_IN = CameraPath(
    Rect.of(0.0, 0.0, 1.0, 1.0), Rect.of(0.15, 0.15, 0.85, 0.85), EasingName.LINEAR
)
TRUCK = CameraPath(
    Rect.of(0.05, 0.15, 0.75, 0.85), Rect.of(0.25, 0.15, 0.95, 0.85), EasingName.LINEAR
)
STILL = CameraPath(Rect.of(0.1, 0.1, 0.9, 0.9), Rect.of(0.1, 0.1, 0.9, 0.9), EasingName.LINEAR)


def scene(near: float, far: float) -> tuple[Pixels, npt.NDArray[np.float32]]:
    """A red box before a green wall, and their inverse depth."""
    picture = np.full((PICTURE.height, PICTURE.width, 3), (20, 160, 60), dtype=np.uint8)
    inverse = np.full((PICTURE.height, PICTURE.width), far, dtype=np.float32)
    picture[BOX], inverse[BOX] = (220, 30, 30), near
    return picture, inverse


def seen(
    picture: Pixels,
    inverse: npt.NDArray[np.float32],
    path: CameraPath,
    *,
    focus: float | None = None,
    preset: Preset | None = None,
) -> list[ReferenceFrame]:
    depth = Depth(inverse, FAR_OVER_NEAR, focus)
    made = Reference(
        picture, path, (), output=OUTPUT, at=clip_fractions(COUNT), depth=depth, preset=preset
    )
    return list(made.frames(threads=1))


def distance(value: float) -> float:
    return 1.0 / (1.0 / FAR_OVER_NEAR + (1.0 - 1.0 / FAR_OVER_NEAR) * value)


def box_of(frame: ReferenceFrame) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what is red, in frame pixels, to a part of one."""
    red = (frame.pixels[..., 0].astype(float) - 20.0) / 200.0
    red[frame.invented > 0] = 0.0
    row, column = red[OUTPUT.height // 2], red[:, OUTPUT.width // 2]
    left, top = np.argmax(row > 0.5), np.argmax(column > 0.5)
    return float(left), float(top), float(left + row.sum()), float(top + column.sum())


def test_a_flat_map_shows_what_the_flat_picture_shows() -> None:
    picture = photograph("coffee.png")
    flat = np.full((40, 60), 0.4, dtype=np.float32)

    made = seen(picture, flat, PUSH_IN)

    bare = Rendition(picture, PUSH_IN, output=OUTPUT, at=clip_fractions(COUNT))
    assert np.array_equal(made[0].pixels, bare.frame(0))
    for index in range(COUNT):
        assert psnr(made[index].pixels, bare.frame(index)) > 42.0
        assert made[index].invented.max() == 0


def test_a_camera_that_comes_nearer_enlarges_each_plane_by_its_own_distance() -> None:
    picture, inverse = scene(near=0.5, far=0.3)

    last = seen(picture, inverse, PUSH_IN, focus=0.3)[-1]

    focal, near = distance(0.3), distance(0.5)
    forward = focal * (1.0 - 0.7)  # the window shrinks to 0.7: so much nearer to the focal plane
    grown = near / (near - forward)
    left, top, right, bottom = box_of(last)
    pixel = OUTPUT.width / PICTURE.width
    assert right - left == pytest.approx(180 * pixel * grown, abs=1.5)
    assert bottom - top == pytest.approx(140 * pixel * grown, abs=1.5)


def test_a_camera_that_goes_sideways_shifts_each_plane_by_its_own_distance() -> None:
    picture, inverse = scene(near=0.2, far=0.1)

    made = seen(picture, inverse, TRUCK, focus=0.1)

    pixel = OUTPUT.width / (0.7 * PICTURE.width)
    way = 0.2 * PICTURE.width * pixel * distance(0.1) / distance(0.2)
    assert box_of(made[0])[2] - box_of(made[-1])[2] == pytest.approx(way, abs=1.5)


def test_what_was_hidden_is_invented_and_nothing_else_is() -> None:
    picture, inverse = scene(near=0.6, far=0.2)
    angle = math.radians(8.0)
    around = Orbit(name="orbit", angle_deg=8.0, subject=(0.5, 0.5))

    last = seen(picture, inverse, STILL, preset=around)[-1]

    # The camera goes to the right: behind the box's right edge the wall comes to light.
    k = math.cos(angle)
    ratio = distance(0.6) / distance(0.2)  # of the wall to the box, which is in focus
    sideways, scale = math.sin(angle) * PICTURE.width, k / (1.0 - (1.0 - k) * ratio)
    wall_from = sideways + scale * (90.0 - sideways * ratio)  # from the picture's middle
    width = (wall_from - 90.0) * OUTPUT.width / (0.8 * PICTURE.width)
    hole = last.invented[OUTPUT.height // 2] > 0
    _, _, right, _ = box_of(last)
    middle = hole[int(right) - 3 : int(right) + round(width) + 8]
    assert width > 20.0
    assert middle.sum() == pytest.approx(width, abs=2.0)
    assert not hole[40 : int(right) - 3].any()
    filled = last.pixels[OUTPUT.height // 2][hole]
    assert (filled[:, 1] > filled[:, 0]).all()  # from the wall, not from the box


def test_what_is_near_covers_what_is_far() -> None:
    picture, inverse = scene(near=0.25, far=0.1)
    picture[:, 165:190] = (30, 30, 230)  # a blue stripe on the wall, left of the box

    made = seen(picture, inverse, TRUCK, focus=0.1)

    blue = [(frame.pixels[OUTPUT.height // 2, :, 2] > 150).sum() for frame in made]
    assert blue[0] > 20
    assert blue[-1] == 0


def test_a_dolly_zoom_keeps_what_is_in_focus_and_shrinks_what_is_behind() -> None:
    picture, inverse = scene(near=0.7, far=0.1)
    picture[:20] = picture[-20:] = (20, 160, 255)
    zoom = DollyZoom(name="dolly_zoom", direction="in", strength=1.4, subject=(0.5, 0.5))

    made = seen(picture, inverse, STILL, preset=zoom)

    assert box_of(made[-1]) == pytest.approx(box_of(made[0]), abs=1.0)
    blue = [(frame.pixels[:, 40, 2] > 150).sum() for frame in made]
    assert blue[0] == 0
    assert blue[-1] > 5


@pytest.mark.parametrize("path", [PUSH_IN, TRUCK])
def test_rectangles_hold_exactly_for_what_is_in_focus(path: CameraPath) -> None:
    picture = photograph("rocket.jpg")
    height, width = picture.shape[:2]
    inverse = np.full((height, width), 0.5, dtype=np.float32)
    inverse[:, : width // 10] = 0.8  # so that not all is flat
    grey = np.asarray(picture.mean(axis=-1), dtype=np.uint8)

    last = seen(picture, inverse, path, focus=0.5)[-1]

    placed = Registration(grey).place(np.asarray(last.pixels.mean(axis=-1), dtype=np.uint8))
    assert placed is not None
    planned = planned_corners(
        path.output_to_picture(1.0, picture=size_of(picture), output=OUTPUT), OUTPUT
    )
    error = np.linalg.norm(placed.corners(OUTPUT) - planned, axis=1).max()
    diagonal = float(np.linalg.norm(planned[2] - planned[0]))
    assert error / diagonal < 0.001
    assert len(corners_of(OUTPUT)) == 4


def test_a_slope_has_no_cracks_however_near_the_camera_comes() -> None:
    picture = photograph("coffee.png")
    slope = np.linspace(0.1, 0.9, 100, dtype=np.float32)[:, None].repeat(150, axis=1)
    close = CameraPath(
        Rect.of(0.0, 0.0, 1.0, 1.0), Rect.of(0.3, 0.3, 0.75, 0.75), EasingName.LINEAR
    )

    for frame in seen(picture, slope, close):
        assert frame.invented.max() == 0


def test_an_object_moves_with_the_distance_it_was_cut_from() -> None:
    picture, inverse = scene(near=0.2, far=0.1)
    corners = ((0.34, 0.31), (0.66, 0.31), (0.66, 0.69), (0.34, 0.69))
    rests = ObjectTrajectory(
        name="box",
        region=PolygonRegion(shape="polygon", points=corners),
        points=tuple(TrajectoryPoint(at=at, position=(0.5, 0.5)) for at in (0.0, 1.0)),
    )
    depth = Depth(inverse, FAR_OVER_NEAR, 0.1)

    made = Reference(
        picture, TRUCK, (rests,), output=OUTPUT, at=clip_fractions(COUNT), depth=depth
    ).frame(COUNT - 1)

    bare = seen(picture, inverse, TRUCK, focus=0.1)[-1]
    assert box_of(made)[2] == pytest.approx(box_of(bare)[2], abs=1.5)
    assert made.moved[OUTPUT.height // 2, int(box_of(bare)[2]) - 20] == 255


def test_equal_requests_give_equal_bytes() -> None:
    picture, inverse = scene(near=0.7, far=0.1)

    once, again = (seen(picture, inverse, PUSH_IN) for _ in range(2))

    for one, other in zip(once, again, strict=True):
        assert np.array_equal(one.pixels, other.pixels)
        assert np.array_equal(one.invented, other.invented)
