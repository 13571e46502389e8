"""Frames found on their picture: to a fraction of a pixel, or not at all."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import Rotation
from companions.registration import (
    MIN_INLIERS,
    SAMPLES,
    Grey,
    Registration,
    corners_of,
    planned_corners,
    sampled_frames,
)
from companions.rendition import rendered, size_of
from tests.contracts.photographs import NAMES, photograph

OUTPUT = Size(480, 270)


def grey(pixels: npt.NDArray[np.uint8]) -> Grey:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


@pytest.mark.parametrize("degrees", [0.0, 20.0])
@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "motorcycle_left.png"])
def test_a_frame_is_found_where_the_camera_looked(name: str, degrees: float) -> None:
    picture = photograph(name)
    size = size_of(picture)
    window = fit_aspect(Rect.of(0.3, 0.25, 0.8, 0.7), picture=size, output=OUTPUT)
    turned = Rotation(start_deg=degrees, end_deg=degrees)
    path = CameraPath(window, window, EasingName.LINEAR, rotation=turned)
    (frame,) = rendered(picture, path, [0.0], output=OUTPUT)

    placed = Registration(grey(picture)).place(grey(frame))

    assert placed is not None
    assert placed.inliers > 5 * MIN_INLIERS
    planned = planned_corners(path.output_to_picture(0.0, picture=size, output=OUTPUT), OUTPUT)
    assert np.abs(placed.corners(OUTPUT) - planned).max() < 0.5


def test_a_frame_that_was_bent_by_its_maker_is_found_as_bent() -> None:
    picture = photograph("coffee.png")
    bent = np.array([[40, 30], [560, 60], [540, 350], [60, 330]], dtype=np.float32)
    there = cv2.getPerspectiveTransform(corners_of(OUTPUT).astype(np.float32), bent)
    frame = cv2.warpPerspective(
        grey(picture),
        there,
        (OUTPUT.width, OUTPUT.height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )

    placed = Registration(grey(picture)).place(np.asarray(frame, dtype=np.uint8))

    assert placed is not None
    assert np.abs(placed.corners(OUTPUT) - bent).max() < 1.5


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_of_another_picture_is_found_nowhere(name: str) -> None:
    there = Registration(grey(photograph(name)))

    found = [other for other in NAMES if there.place(grey(photograph(other))) is not None]

    assert found == [name]


def test_nothing_is_found_in_a_blank_frame_nor_on_a_blank_picture() -> None:
    blank = np.full((270, 480), 90, dtype=np.uint8)

    assert Registration(grey(photograph("coffee.png"))).place(blank) is None
    assert Registration(blank).place(grey(photograph("coffee.png"))) is None


@pytest.mark.parametrize("frames", [1, 2, 8, 9, 10, 24, 97, 5000])
def test_samples_are_few_spread_evenly_and_hold_both_ends(frames: int) -> None:
    chosen = sampled_frames(frames)

    assert (chosen[0], chosen[-1]) == (0, frames - 1)
    assert list(chosen) == sorted(set(chosen))
    assert len(chosen) == min(frames, SAMPLES)
    steps = {b - a for a, b in pairwise(chosen)}
    assert max(steps, default=0) - min(steps, default=0) <= 1
