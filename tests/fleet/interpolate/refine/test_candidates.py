"""Candidates: both frames carried along each motion, and what tells which to believe."""

from __future__ import annotations

import numpy as np
import pytest

from companions.picture import Pixels
from fleet.interpolate.refine.candidates import CHANNELS, MOTIONS, SOURCES, Candidates, Motion
from tests.contracts.interpolator_contract import pair
from tests.contracts.photographs import psnr


@pytest.fixture(scope="module")
def frames() -> tuple[Pixels, Pixels]:
    return pair(dx=8.0)


@pytest.fixture(scope="module")
def candidates(frames: tuple[Pixels, Pixels]) -> Candidates:
    return Candidates.of(Motion.of(*frames), *frames, 0.5)


def test_there_are_as_many_as_promised_whatever_was_found(candidates: Candidates) -> None:
    told, believed = candidates.told()
    height, width = candidates.looks.shape[1:3]

    assert candidates.looks.shape == (SOURCES, height, width, 3)
    assert told.shape == (CHANNELS, height, width)
    assert believed.shape == (SOURCES, height, width)
    assert np.isfinite(told).all()
    assert np.isfinite(believed).all()


def test_along_the_cameras_plane_both_frames_show_the_same(candidates: Candidates) -> None:
    earlier, later = candidates.looks[1], candidates.looks[MOTIONS + 1]

    assert psnr(earlier, later, border=12) > 38.0


def test_a_motion_that_was_not_found_is_never_believed(candidates: Candidates) -> None:
    _, believed = candidates.told()
    shares = np.exp(believed - believed.max(axis=0))
    shares /= shares.sum(axis=0)

    assert max(candidates.here[3].max(), candidates.alike[3].max()) == 0.0
    assert float(shares[3].max()) < 0.01


def test_what_a_frame_does_not_see_is_not_believed_of_it(candidates: Candidates) -> None:
    # The camera goes right: what is at the right edge halfway is not in the earlier frame.
    _, believed = candidates.told()

    assert candidates.view[1][:, -1].max() < 0.01
    assert (believed[MOTIONS + 1][:, -1] > believed[1][:, -1]).all()
    assert candidates.view[MOTIONS + 1][:, 0].max() < 0.01


def test_nearness_in_time_is_believed(frames: tuple[Pixels, Pixels]) -> None:
    early = Candidates.of(Motion.of(*frames), *frames, 0.1)
    _, believed = early.told()
    inner = (slice(20, -20), slice(20, -20))

    assert believed[1][inner].mean() > believed[MOTIONS + 1][inner].mean() + 1.0
