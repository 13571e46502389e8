"""The interpolators: what each promises beyond the contract."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from companions.geometry import Size
from companions.picture import Pixels
from fleet.interpolate.base import Interpolator
from fleet.interpolate.blend import Blend
from fleet.interpolate.flow import Flow
from fleet.interpolate.none import Hold
from tests.contracts.interpolator_contract import (
    InterpolatorContract,
    MovingInterpolatorContract,
    pair,
)
from tests.contracts.photographs import NAMES, photograph, psnr, shifted

SIZE = Size(320, 200)


class TestBlend(MovingInterpolatorContract):
    name = "blend"

    @pytest.fixture
    def interpolator(self) -> Interpolator:
        return Blend()


class TestFlow(MovingInterpolatorContract):
    name = "flow"

    @pytest.fixture
    def interpolator(self) -> Interpolator:
        return Flow()


class TestHold(InterpolatorContract):
    name = "none"

    @pytest.fixture
    def interpolator(self) -> Interpolator:
        return Hold()


def pan(name: str, *, dx: float, at: float) -> Pixels:
    """The frame at the instant ``at`` (0..1) of a pan of ``dx`` pixels over an enlarged photo."""
    picture = cv2.resize(photograph(name), (960, 640), interpolation=cv2.INTER_CUBIC)
    return shifted(
        np.asarray(picture, dtype=np.uint8), dx=300.0 + dx * at, dy=200.0 + dx * at / 3, size=SIZE
    )


@pytest.mark.parametrize("name", NAMES)
def test_flow_beats_blending_by_far_on_a_camera_move(name: str) -> None:
    before, truth, after = (pan(name, dx=8.0, at=at) for at in (0.0, 0.5, 1.0))

    along_flow = psnr(Flow().between(before, after, [0.5])[0], truth, border=10)
    blended = psnr(Blend().between(before, after, [0.5])[0], truth, border=10)

    assert along_flow > 36.0
    assert along_flow > blended + 8.0


@pytest.mark.parametrize("at", [0.1, 0.35, 0.8])
def test_flow_reaches_every_instant_and_not_only_the_middle(at: float) -> None:
    before, truth, after = (pan("chelsea.png", dx=10.0, at=t) for t in (0.0, at, 1.0))

    assert psnr(Flow().between(before, after, [at])[0], truth, border=12) > 38.0


def scene(x: float) -> Pixels:
    """A cup's photograph moving over a still one, its corner at ``x``."""
    ground = photograph("astronaut.png")[:240, :400].copy()
    cup = np.ascontiguousarray(photograph("coffee.png")[100:220, 200:330])
    matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, 60.0]])
    size = (400, 240)
    mask = np.full(cup.shape[:2], 255, dtype=np.uint8)
    there = cv2.warpAffine(mask, matrix, size)[..., None] > 127
    return np.where(there, cv2.warpAffine(cup, matrix, size), ground).astype(np.uint8)


def test_flow_follows_a_thing_that_moves_over_a_still_ground() -> None:
    before, truth, after = scene(120.0), scene(126.0), scene(132.0)

    along_flow = psnr(Flow().between(before, after, [0.5])[0], truth)

    assert along_flow > psnr(Blend().between(before, after, [0.5])[0], truth) + 6.0


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png"])
def test_what_enters_the_view_is_taken_from_the_frame_that_sees_it(name: str) -> None:
    before, truth, after = (pan(name, dx=12.0, at=at) for at in (0.0, 0.5, 1.0))
    entering, leaving = (slice(20, -20), slice(-6, None)), (slice(20, -20), slice(0, 6))

    middle = Flow().between(before, after, [0.5])[0]

    assert psnr(middle[entering], truth[entering]) > 30.0
    assert psnr(middle[leaving], truth[leaving]) > 28.5


def test_a_still_background_stays_untouched_beside_a_moving_thing() -> None:
    before, after = scene(120.0), scene(144.0)

    middle = Flow().between(before, after, [0.5])[0]

    assert psnr(middle[:, 320:], before[:, 320:]) > 45.0


def test_frames_that_differ_by_noise_alone_are_blended() -> None:
    before, _ = pair()
    noise = np.random.default_rng(1).integers(0, 3, before.shape)
    after = np.clip(before.astype(int) + noise, 0, 255).astype(np.uint8)

    assert np.array_equal(
        Flow().between(before, after, [0.4])[0], Blend().between(before, after, [0.4])[0]
    )


def test_interpolated_frames_are_as_sharp_as_their_neighbours() -> None:
    before, truth, after = (pan("motorcycle_left.png", dx=3.0, at=at) for at in (0.0, 0.5, 1.0))

    def detail(frame: Pixels) -> float:
        return float(np.mean(np.diff(frame[10:-10, 10:-10].astype(float), axis=1) ** 2))

    assert 0.93 < detail(Flow().between(before, after, [0.5])[0]) / detail(truth) < 1.07


def test_blend_mixes_in_proportion() -> None:
    before, after = (np.full((4, 4, 3), value, dtype=np.uint8) for value in (100, 200))

    assert [int(f[0, 0, 0]) for f in Blend().between(before, after, [0.25, 0.9])] == [125, 190]


def test_hold_gives_the_earlier_frame_itself() -> None:
    before, after = pair()

    assert all(frame is before for frame in Hold().between(before, after, [0.1, 0.99]))
