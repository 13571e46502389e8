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
    told = candidates.told()
    height, width = candidates.looks.shape[1:3]

    assert candidates.looks.shape == (SOURCES, height, width, 3)
    assert told.channels.shape == (CHANNELS, height, width)
    assert told.believed.shape == (SOURCES, height, width)
    assert np.isfinite(told.channels).all()
    assert np.isfinite(told.believed).all()


def test_along_the_cameras_plane_both_frames_show_the_same(candidates: Candidates) -> None:
    earlier, later = candidates.looks[1], candidates.looks[MOTIONS + 1]

    assert psnr(earlier, later, border=12) > 38.0


def test_a_motion_that_was_not_found_is_never_believed(candidates: Candidates) -> None:
    believed = candidates.told().believed
    shares = np.exp(believed - believed.max(axis=0))
    shares /= shares.sum(axis=0)

    assert max(candidates.here[3].max(), candidates.alike[3].max()) == 0.0
    assert float(shares[3].max()) == 0.0


def test_what_a_frame_does_not_see_is_not_believed_of_it(candidates: Candidates) -> None:
    # The camera goes right: what is at the right edge halfway is not in the earlier frame.
    believed = candidates.told().believed

    assert candidates.view[1][:, -1].max() < 0.01
    assert (believed[MOTIONS + 1][:, -1] > believed[1][:, -1]).all()
    assert candidates.view[MOTIONS + 1][:, 0].max() < 0.01


def test_nearness_in_time_is_believed(frames: tuple[Pixels, Pixels]) -> None:
    early = Candidates.of(Motion.of(*frames), *frames, 0.1)
    believed = early.told().believed
    inner = (slice(20, -20), slice(20, -20))

    assert believed[1][inner].mean() > believed[MOTIONS + 1][inner].mean() + 1.0


def test_where_the_frames_agree_nothing_learned_is_heard(candidates: Candidates) -> None:
    doubt = candidates.told().doubt

    assert float(np.median(doubt[20:-20, 20:-20])) == 0.0
    assert doubt[:, -1].min() == 1.0  # only one frame sees what enters the view


def test_what_a_step_needs_beyond_the_frame_repeats_its_edges(candidates: Candidates) -> None:
    height, width = candidates.looks.shape[1:3]

    plain, larger = candidates.told().channels, candidates.told(step=7).channels

    assert larger.shape == (CHANNELS, 161, 245), "the next multiples of 160 and 240"
    assert np.array_equal(larger[:, :height, :width], plain)
    assert np.array_equal(larger[:, height:, :width], plain[:, -1:])
    assert (larger[:, :height, width:] == plain[:, :, -1:]).all()
    assert (larger[:, height:, width:] == plain[:, -1:, -1:]).all()
