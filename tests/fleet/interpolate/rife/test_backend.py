"""The interpolators ``rife``, on networks whose weights are set by hand to pan."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from companions.geometry import Size
from fleet.interpolate.base import Interpolator
from fleet.interpolate.registry import INTERPOLATORS, interpolator
from fleet.interpolate.rife.backend import Limits, Rife
from fleet.interpolate.rife.structure import V4_6, V4_25, Structure
from fleet.weights.errors import WeightsMissing, WeightsRefused
from fleet.weights.shelf import Shelf
from tests.contracts.interpolator_contract import MovingInterpolatorContract, pair
from tests.contracts.photographs import photograph, psnr, shifted
from tests.fleet.interpolate.rife.by_hand import empty, panning, saved

DX, DY = 4.0, 1.0


@cache
def panning_file(structure: Structure, folder: Path) -> Path:
    """What makes the contract's pan of 4 pixels; written once, read by many."""
    return saved(panning(structure, dx=DX, dy=DY), folder / f"{structure.version}.safetensors")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


class TestTheContractHoldsForVersion46(MovingInterpolatorContract):
    name = "rife-4.6"

    @pytest.fixture(scope="class")
    def interpolator(self, folder: Path) -> Interpolator:
        return Rife(panning_file(V4_6, folder), name=self.name, device="cpu")


class TestTheContractHoldsForVersion425(MovingInterpolatorContract):
    name = "rife-4.25"

    @pytest.fixture(scope="class")
    def interpolator(self, folder: Path) -> Interpolator:
        return Rife(panning_file(V4_25, folder), name=self.name, device="cpu")


@pytest.fixture(scope="module")
def rife(folder: Path) -> Rife:
    return Rife(panning_file(V4_6, folder), device="cpu")


@pytest.mark.parametrize("t", [0.25, 0.6])
def test_things_are_where_they_are_at_that_instant(rife: Rife, t: float) -> None:
    before, after = pair(dx=DX, size=Size(128, 96))

    made = rife.between(before, after, [t])[0]

    picture = photograph("coffee.png")
    truth = shifted(picture, dx=40.0 + DX * t, dy=30.0 + DY * t, size=Size(128, 96))
    assert psnr(made, truth, border=8) > 36.0
    assert psnr(made, truth, border=8) > psnr(before, truth, border=8) + 6.0


def test_a_frame_in_pieces_is_the_frame_in_one(rife: Rife, folder: Path) -> None:
    before, after = pair(dx=DX)
    cut = Limits(tile=100, overlap=40)

    whole = rife.between(before, after, [0.25, 0.75])
    pieces = Rife(panning_file(V4_6, folder), device="cpu", limits=cut).between(
        before, after, [0.25, 0.75]
    )

    for one, other in zip(whole, pieces, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_fractions_in_a_batch_are_those_made_one_by_one(rife: Rife, folder: Path) -> None:
    before, after = pair(dx=DX, size=Size(96, 64))
    fractions = [0.1, 0.3, 1 / 3, 0.75, 0.9]
    batched = Rife(panning_file(V4_6, folder), device="cpu", limits=Limits(batch=2))

    together = batched.between(before, after, fractions)

    for one, other in zip(rife.between(before, after, fractions), together, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_frames_that_are_almost_equal_need_no_network(tmp_path: Path) -> None:
    before, _ = pair(size=Size(32, 32))
    after = np.clip(before.astype(int) + 2, 0, 255).astype(np.uint8)

    made = Rife(tmp_path / "not there.safetensors", device="cpu").between(before, after, [0.5])

    assert np.abs(made[0].astype(int) - before).max() <= 1


def test_what_it_will_hold_is_known_before_it_is_loaded(folder: Path) -> None:
    path = panning_file(V4_25, folder)
    fresh = Rife(path, device="cpu")

    before = fresh.memory_bytes, fresh.weights_sha256
    fresh.between(*pair(size=Size(16, 16)), [0.5])

    assert before[0] == fresh.memory_bytes == path.stat().st_size
    assert 4 * 5_664_776 <= before[0] < 4 * 5_664_776 + 65536
    assert before[1] == fresh.weights_sha256
    assert before[1] == {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}


def test_the_authors_checkpoint_makes_the_same_frames(rife: Rife, tmp_path: Path) -> None:
    path = tmp_path / "flownet.pkl"
    state = {f"module.{name}": tensor for name, tensor in panning(V4_6, dx=DX, dy=DY).items()}
    torch.save(state | {"epoch.weight": torch.zeros(3)}, path)
    frames = pair(size=Size(64, 48))

    made = Rife(path, device="cpu").between(*frames, [0.4])

    assert np.array_equal(made[0], rife.between(*frames, [0.4])[0])


def test_the_version_is_told_by_the_file(folder: Path) -> None:
    frames = pair(size=Size(64, 48))

    made = [
        interpolator("rife", Shelf(folder, {"rife": panning_file(structure, folder)}))
        for structure in (V4_6, V4_25)
    ]

    assert all(psnr(*(each.between(*frames, [0.4])[0] for each in made)) > 60.0 for _ in "1")


@pytest.mark.parametrize("name", ["rife-4.25", "rife-4.26"])
def test_weights_of_another_version_are_refused(name: str, folder: Path) -> None:
    chosen = interpolator(name, Shelf(folder, {name: panning_file(V4_6, folder)}))

    with pytest.raises(WeightsRefused) as refusal:
        chosen.between(*pair(size=Size(16, 16)), [0.5])

    told = str(refusal.value)
    assert name in told
    assert "lacks block4" in told
    assert "block0.conv0.0.0.weight [96, 7, 3, 3] instead of [96, 15, 3, 3]" in told


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    state = empty(V4_6)
    state["block2.lastconv.0.bias"][5] = float("nan")
    path = saved(state, tmp_path / "damaged.safetensors")

    with pytest.raises(WeightsRefused, match=r"NaN or infinity in block2\.lastconv\.0\.bias"):
        Rife(path, device="cpu").between(*pair(size=Size(16, 16)), [0.5])


@pytest.mark.parametrize("name", ["rife", "rife-4.6", "rife-4.25", "rife-4.26"])
def test_without_weights_it_says_how_to_get_them(name: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=f"fleet models fetch {name}"):
        interpolator(name, Shelf(tmp_path))

    assert INTERPOLATORS[name].extra == "gpu"


def test_without_torch_it_names_the_extra_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "rife.safetensors").touch()
    script = """
import sys
from pathlib import Path
sys.modules["torch"] = None  # as where it is not installed
from fleet.errors import ExtraMissing
from fleet.interpolate.registry import interpolator
from fleet.weights.shelf import Shelf
try:
    interpolator("rife", Shelf(Path(sys.argv[1])))
except ExtraMissing as missing:
    print(missing)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert "needs the package 'torch'" in done.stdout
    assert "motionfleet[gpu]" in done.stdout


@pytest.mark.skipif(not torch.cuda.is_available(), reason="half precision needs a CUDA device")
def test_on_a_gpu_in_half_precision_frames_are_almost_those_of_the_cpu(
    rife: Rife, folder: Path
) -> None:
    before, after = pair(dx=DX)
    fractions = [0.2, 0.4, 0.6, 0.8]

    made = Rife(panning_file(V4_6, folder), device="cuda").between(before, after, fractions)

    for one, other in zip(rife.between(before, after, fractions), made, strict=True):
        assert psnr(one, other) > 50.0
