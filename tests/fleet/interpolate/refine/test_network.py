"""The bundled network: its size, and that at work it is what was trained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from fleet.interpolate.refine import network
from fleet.interpolate.refine.candidates import CHANNELS, SOURCES
from fleet.interpolate.refine.network import BUNDLED
from fleet.training.network import Chooser as Trained


def told(height: int = 40, width: int = 56) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(5).random((CHANNELS, height, width), dtype=np.float32)


def as_trained(weights: Path) -> Trained:
    state = {name: torch.from_numpy(v.astype(np.float32)) for name, v in load_file(weights).items()}
    trained = Trained(width=state["fine.bias"].numel())
    trained.load_state_dict(state)
    return trained.eval()


def test_the_bundled_weights_take_two_megabytes_at_most() -> None:
    assert BUNDLED.stat().st_size <= 2_000_000


def test_the_bundled_weights_answer_at_work_as_in_torch() -> None:
    with torch.no_grad():
        expected = as_trained(BUNDLED)(torch.from_numpy(told())[None])[0].numpy()

    made = network.Chooser().corrections(told())

    assert np.abs(made).max() > 0.1, "weights that correct nothing would pass here"
    assert np.abs(made - expected).max() < 1e-3


@pytest.mark.parametrize("size", [(40, 56), (8, 8)], ids=["wide", "least"])
def test_it_takes_any_size_of_its_steps(size: tuple[int, int]) -> None:
    assert network.Chooser().corrections(told(*size)).shape == (SOURCES, *size)


def test_weights_of_any_width_become_a_graph(tmp_path: Path) -> None:
    torch.manual_seed(1)
    narrow = Trained(width=8)
    torch.nn.init.normal_(narrow.last.weight, std=0.1)
    path = tmp_path / "narrow.safetensors"
    save_file({name: v.half().numpy() for name, v in narrow.state_dict().items()}, path)

    with torch.no_grad():
        expected = as_trained(path)(torch.from_numpy(told())[None])[0].numpy()

    assert np.abs(network.Chooser(path).corrections(told()) - expected).max() < 1e-3


def test_interpolating_needs_no_torch() -> None:
    code = (
        "import sys, numpy as np\n"
        "from fleet.interpolate.registry import interpolator\n"
        "a, b = (np.full((64, 64, 3), v, np.uint8) for v in (10, 90))\n"
        "interpolator('flow-refine').between(a, b, [0.5])\n"
        "print('torch' in sys.modules, 'onnxruntime' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )

    assert done.stdout.split() == ["False", "True"]
