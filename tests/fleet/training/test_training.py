"""Training: scenes with exact truth, samples, and that learning lowers the error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.triples import HELD_OUT
from fleet.interpolate.refine.candidates import CHANNELS
from fleet.interpolate.refine.network import Chooser
from fleet.training.samples import ARRAYS, KEPT, draw, samples_of
from fleet.training.scenes import PHOTOGRAPHS, SIDE, scene
from fleet.training.train import Schedule, save, train


def test_nothing_that_is_measured_with_is_trained_on() -> None:
    assert not set(PHOTOGRAPHS) & {*HELD_OUT, "motorcycle_right.png"}


def test_a_scene_is_a_pure_function_of_its_number() -> None:
    first, again, other = scene(3), scene(3), scene(4)

    assert np.array_equal(first.truth, again.truth)
    assert not np.array_equal(first.truth, other.truth)
    assert first.before.shape == (SIDE, SIDE, 3)
    assert 0.0 < first.at < 1.0


def test_a_sample_holds_what_the_network_is_told_and_what_is_true() -> None:
    samples = samples_of(1)

    assert len(samples) == KEPT
    for name, (shape, _) in ARRAYS.items():
        assert samples[0][name].shape == shape, name
    assert samples[0]["told"].shape[0] == CHANNELS


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    draw(folder, scenes=3, first=20, processes=1)
    return folder


def test_training_lowers_the_error_and_writes_weights_that_work_takes(
    drawn: Path, tmp_path: Path
) -> None:
    told: list[float] = []
    schedule = Schedule(steps=60, batch=4, crop=64, rate=5e-3, tell_every=20)

    network = train(
        drawn, width=8, schedule=schedule, tell=lambda _step, gain, _s: told.append(gain)
    )
    save(network, tmp_path / "w.safetensors", card={"seed": "7"})
    corrections = Chooser(tmp_path / "w.safetensors").corrections(
        np.load(drawn / "told.npy")[0].astype(np.float32)
    )

    assert told[-1] > told[0] + 0.015
    assert np.abs(corrections).max() > 0.05
