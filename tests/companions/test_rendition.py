"""A move as frames: in any order the very frames that come in order."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from companions.camera import CameraPath
from companions.geometry import Size
from companions.motion import Move
from companions.rendition import Rendition, clip_fractions, rendered, size_of
from companions.timing import FrameGrid, clip_frames, plan_frames
from tests.companions import moves
from tests.contracts.photographs import photograph, psnr
from tests.fleet.footage import PHOTOS

OUTPUT = Size(320, 180)
COUNT = 24


@pytest.mark.parametrize("move", moves.EVERY.values(), ids=moves.EVERY.keys())
@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "rocket.jpg"])
def test_any_frame_is_bit_for_bit_the_one_of_the_clip_in_order(name: str, move: Move) -> None:
    picture = photograph(name)
    path = CameraPath.of(move, picture=size_of(picture), output=OUTPUT)
    in_order = list(rendered(picture, path, clip_fractions(COUNT), output=OUTPUT))

    rendition = Rendition(picture, path, output=OUTPUT, at=clip_fractions(COUNT))

    for index in np.random.default_rng(4).permutation(COUNT).tolist():
        assert np.array_equal(rendition.frame(index), in_order[index])


def test_a_clips_moments_are_those_that_the_fleet_plans_at_the_clips_own_rate() -> None:
    for fps in (12, 24, 25, 60):
        rate = Fraction(fps)
        for seconds in (0.1, 1.0, 3.7, 10.0):
            plan = plan_frames(
                duration_s=seconds, target_fps=rate,
                generator_fps=rate, grid=FrameGrid(least=1),
            )  # fmt: skip

            count = clip_frames(duration_s=seconds, target_fps=rate)

            assert clip_fractions(count) == [plan.move_fraction(j) for j in range(count)]


def test_a_smaller_clip_shows_what_the_large_one_shows() -> None:
    picture = photograph("coffee.png")
    path = CameraPath.of(moves.PUSH_IN, picture=size_of(picture), output=Size(640, 360))
    large = Rendition(picture, path, output=Size(640, 360), at=clip_fractions(3))

    small = Rendition(picture, path, output=OUTPUT, at=clip_fractions(3))

    for index in range(3):
        halved = large.frame(index).reshape(180, 2, 320, 2, 3).mean(axis=(1, 3))
        assert psnr(small.frame(index), np.rint(halved).astype(np.uint8), border=4) > 30.0


def test_frames_of_a_rendition_are_arrays_of_their_own() -> None:
    picture = photograph(PHOTOS[0])
    path = CameraPath.of(moves.PAN, picture=size_of(picture), output=OUTPUT)
    rendition = Rendition(picture, path, output=OUTPUT, at=clip_fractions(4))

    first = rendition.frame(0)
    kept = first.copy()
    first[:] = 0

    assert np.array_equal(rendition.frame(0), kept)
