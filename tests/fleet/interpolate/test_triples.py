"""The sequences that interpolators are measured with: their middle is the truth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.triples import KINDS, Kind, sequence
from companions.geometry import Size
from companions.picture import Pixels
from tests.contracts.photographs import psnr, shifted

SIZE = Size(96, 64)


def moved(a: Pixels, b: Pixels) -> tuple[float, float]:
    """By how many pixels the middle of ``b`` lies beside that of ``a``."""
    greys = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float32) for each in (a, b)]
    window = cv2.createHanningWindow((SIZE.width, SIZE.height), cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(greys[0], greys[1], window)
    return dx, dy


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_bytes_again_and_another_gives_others(kind: Kind) -> None:
    one, again, other = (sequence(kind, size=SIZE, px=6.0, seed=seed) for seed in (3, 3, 4))

    for name in ("before", "truth", "after"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).shape == (64, 96, 3)


@pytest.mark.parametrize("seed", range(4))
def test_the_camera_moves_by_what_was_asked_and_the_middle_lies_halfway(seed: int) -> None:
    triple = sequence("camera", size=SIZE, px=8.0, seed=seed)

    half, whole = moved(triple.before, triple.truth), moved(triple.before, triple.after)

    assert np.hypot(*half) == pytest.approx(4.0, abs=0.5)
    assert np.hypot(*whole) == pytest.approx(8.0, abs=0.7)


@pytest.mark.parametrize("kind", KINDS)
def test_without_motion_all_three_are_nearly_one_picture(kind: Kind) -> None:
    triple = sequence(kind, size=SIZE, px=0.0, seed=2)

    assert psnr(triple.before, triple.truth) > 20.0
    assert psnr(triple.before, triple.after) > psnr(
        triple.before, shifted(triple.before, dx=6.0, dy=6.0, size=SIZE)
    )
