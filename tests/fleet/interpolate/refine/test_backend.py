"""``flow-refine``: the contract, and that it is better than the flow it starts from."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks.triples import Kind, sequence
from companions.geometry import Size
from fleet.interpolate.base import Interpolator
from fleet.interpolate.blend import Blend
from fleet.interpolate.flow import Flow
from fleet.interpolate.refine.backend import FlowRefine
from tests.contracts.interpolator_contract import MovingInterpolatorContract, pair
from tests.contracts.photographs import psnr

SMALL, LARGE = Size(192, 160), Size(1000, 560)


class TestFlowRefine(MovingInterpolatorContract):
    name = "flow-refine"

    @pytest.fixture
    def interpolator(self) -> Interpolator:
        return FlowRefine()


@cache
def gain(kind: Kind, px: float, size: Size = SMALL, seeds: tuple[int, ...] = (0, 1, 2)) -> float:
    """Mean gain over the flow alone, in dB, over held-out sequences."""
    refine, gains = FlowRefine(), []
    for seed in seeds:
        triple = sequence(kind, size=size, px=px, seed=seed)
        flow, made = (
            backend.between(triple.before, triple.after, [0.5])[0] for backend in (Flow(), refine)
        )
        gains.append(psnr(made, triple.truth) - psnr(flow, triple.truth))
    return float(np.mean(gains))


@pytest.mark.parametrize("px", [8.0, 16.0])
def test_it_is_a_decibel_better_than_the_flow_on_made_up_motion(px: float) -> None:
    assert gain("synthetic", px) > 1.0


@pytest.mark.parametrize("px", [8.0, 16.0])
def test_it_is_a_decibel_better_than_the_flow_on_camera_moves(px: float) -> None:
    assert gain("camera", px) > 1.0


def test_it_is_no_worse_than_the_flow_on_slow_camera_moves() -> None:
    assert gain("camera", 4.0) > 0.3


@pytest.mark.parametrize("px", [8.0, 16.0])
def test_it_is_better_than_the_flow_on_things_that_move(px: float) -> None:
    assert gain("object", px) > 0.5


@pytest.mark.parametrize("kind", ["synthetic", "camera", "object"])
def test_what_is_chosen_on_a_coarser_grid_holds_for_large_frames(kind: Kind) -> None:
    assert gain(kind, 16.0, LARGE, (0,)) > 0.3


def test_it_reaches_every_instant_and_not_only_the_middle() -> None:
    before, after = pair(dx=8.0)
    truths = [pair(dx=8.0 * at)[1] for at in (0.2, 0.75)]

    made = FlowRefine().between(before, after, [0.2, 0.75])

    # Truth itself is resampled; what is compared is that the place is right.
    assert min(psnr(a, b, border=4) for a, b in zip(made, truths, strict=True)) > 36.0


def test_frames_that_differ_by_noise_alone_are_blended_and_load_no_network() -> None:
    before, _ = pair()
    noise = np.random.default_rng(1).integers(0, 3, before.shape)
    after = np.clip(before.astype(int) + noise, 0, 255).astype(np.uint8)
    refine = FlowRefine()

    made = refine.between(before, after, [0.4])[0]

    assert np.array_equal(made, Blend().between(before, after, [0.4])[0])
    assert "_chooser" not in vars(refine)


def test_it_says_which_weights_it_used() -> None:
    hashes = FlowRefine().weights_sha256

    assert [len(each) for each in hashes.values()] == [64]
    assert list(hashes) == ["refiner.safetensors"]
