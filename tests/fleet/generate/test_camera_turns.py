"""The camera generator on moves with stops and turns."""

from __future__ import annotations

import numpy as np
import pytest

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size, largest_window
from companions.motion import MotionKeyframe, Move, Rotation
from companions.picture import Pixels
from tests.contracts.generator_contract import fractions
from tests.contracts.photographs import large, psnr, seen_through
from tests.fleet.footage import size_of
from tests.fleet.generate.test_camera import HD, detail, render


def turn(picture: Pixels, *, share: float, start_deg: float, end_deg: float) -> CameraPath:
    width, height = largest_window(picture=size_of(picture), output=HD)
    window = Rect.around(0.5, 0.5, width * share, height * share)
    rotation = Rotation(start_deg=start_deg, end_deg=end_deg)
    return CameraPath(window, window, EasingName.LINEAR, rotation=rotation)


@pytest.mark.parametrize(("degrees", "least_db"), [(0.3, 44.0), (5.0, 44.0), (20.0, 40.0)])
def test_a_turned_frame_is_nearly_as_good_as_an_upright_one(
    degrees: float, least_db: float
) -> None:
    picture = large("motorcycle_left.png", width=2400)
    path = turn(picture, share=0.5, start_deg=degrees, end_deg=degrees)

    frame = render(picture, path, [0.0])[0]

    assert psnr(frame, seen_through(picture, path, 0.0, HD), border=8) > least_db


@pytest.mark.parametrize("degrees", [-10.0, 33.0, 90.0, 180.0])
def test_a_turned_frame_is_at_the_planned_place_to_a_fiftieth_of_a_pixel(degrees: float) -> None:
    wave = 16.0 * 3.0
    x, y = np.arange(3000), np.arange(2000)[:, None]
    pattern = 128.0 + 50.0 * np.sin(2 * np.pi * x / wave) + 50.0 * np.sin(2 * np.pi * y / wave)
    picture = np.repeat(np.rint(pattern).astype(np.uint8)[..., None], 3, axis=2)
    path = turn(picture, share=0.5, start_deg=degrees, end_deg=degrees)

    frame = render(picture, path, [0.4])[0][..., 0].astype(np.float64)

    m = path.output_to_picture(0.4, picture=Size(3000, 2000), output=HD)
    columns, rows = np.arange(640), np.arange(360)[:, None]
    px = m[0, 0] * columns + m[0, 1] * rows + m[0, 2]
    py = m[1, 0] * columns + m[1, 1] * rows + m[1, 2]
    planned = 128.0 + 50.0 * (np.sin(2 * np.pi * px / wave) + np.sin(2 * np.pi * py / wave))
    scale = np.sqrt(abs(np.linalg.det(m[:, :2])))
    for at in (px, py):
        slope = 100.0 * np.pi / wave * np.cos(2 * np.pi * at / wave) * scale
        assert abs(np.sum((frame - planned) * slope) / np.sum(slope**2)) < 0.02
    assert np.sqrt(np.mean((frame - planned) ** 2)) < 1.5


def test_a_turning_window_shows_no_dark_corner() -> None:
    picture = np.full((700, 1000, 3), 255, dtype=np.uint8)

    path = turn(picture, share=0.5, start_deg=-45.0, end_deg=120.0)

    assert min(frame.min() for frame in render(picture, path, fractions(7))) >= 254


def test_sharpness_is_right_where_the_move_is_closest_on_its_way() -> None:
    # Both ends are wide: copies of the picture made for them alone would blur the stop between.
    picture = large("coffee.png", width=2400)
    wide, close = Rect.of(0.0, 0.0, 0.9, 0.9), Rect.of(0.4, 0.4, 0.6, 0.6)
    path = CameraPath.of(
        Move(
            start_rect=wide, end_rect=wide, duration_sec=2.0,
            keyframes=(MotionKeyframe(at=0.5, rect=close),),
        ),
        picture=size_of(picture), output=HD,
    )  # fmt: skip

    there = render(picture, path, [0.5])[0]

    stop = path.stops[1].rect
    alone = render(picture, CameraPath(stop, stop, EasingName.LINEAR), [0.0])[0]
    assert psnr(there, alone) > 50.0
    assert detail(there) == pytest.approx(detail(alone), rel=0.01)


def test_detail_turns_grey_where_the_move_is_widest_on_its_way() -> None:
    checks = (np.indices((2000, 3000)).sum(axis=0) % 2 * 255).astype(np.uint8)
    picture = np.repeat(checks[..., None], 3, axis=2)
    close, wide = Rect.of(0.4, 0.4, 0.62, 0.62), Rect.of(0.1, 0.1, 0.9, 0.9)
    path = CameraPath.of(
        Move(
            start_rect=close, end_rect=close, duration_sec=2.0,
            keyframes=(MotionKeyframe(at=0.5, rect=wide),),
        ),
        picture=size_of(picture), output=HD,
    )  # fmt: skip

    frame = render(picture, path, [0.5])[0]

    assert frame[4:-4, 4:-4].std() < 2.0
