"""The measured path: frames are found on their picture to a thousandth, in its fractions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import Rotation
from companions.registration import Grey
from companions.rendition import clip_fractions, rendered, size_of
from selector.core.tracking import Tracker
from tests.selector.stills import photograph

OUTPUT = Size(480, 270)


def grey(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Grey:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


@pytest.mark.parametrize("turn", [0.0, 8.0])
@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png", "motorcycle_left.png"])
def test_a_clip_that_follows_its_plan_is_measured_on_it(name: str, turn: float) -> None:
    picture = photograph(name)
    size = size_of(picture)
    path = CameraPath(
        fit_aspect(Rect.of(0.1, 0.1, 0.9, 0.9), picture=size, output=OUTPUT),
        fit_aspect(Rect.of(0.3, 0.2, 0.7, 0.6), picture=size, output=OUTPUT),
        EasingName.LINEAR,
        rotation=Rotation(start_deg=0.0, end_deg=turn),
    )
    tracker = Tracker(grey(picture))

    for number, frame in enumerate(rendered(picture, path, clip_fractions(5), output=OUTPUT)):
        placed = tracker.place(grey(frame), number=number)

        assert placed is not None
        there = path.corners(number / 4, picture=size) / (size.width, size.height)
        assert np.abs(np.array(placed.corners) - there).max() < 0.004
        assert placed.centre == pytest.approx(path.window(number / 4).centre, abs=0.002)


def test_what_cannot_be_told_is_left_out() -> None:
    tracker = Tracker(grey(photograph("coffee.png")))

    assert tracker.place(np.full((270, 480), 90, dtype=np.uint8), number=0) is None
