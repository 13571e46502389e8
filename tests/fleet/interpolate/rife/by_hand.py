"""Networks whose weights are set by hand, so that what they make is known; and random ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from fleet.interpolate.rife.structure import FLOW, Structure

SMALL = Structure(
    "small", widths=(8, 8), scales=(2, 1), features=4, carried=8, unused=0, adds_masks=False
)
"""A network of the same parts that takes no time."""
SWITCH = 200.0
"""How steeply the mask goes from the earlier frame to the later one."""


def empty(structure: Structure) -> dict[str, torch.Tensor]:
    """Nothing: no flow, both frames by half."""
    return {name: torch.zeros(shape) for name, shape in structure.table().items()}


def panning(structure: Structure, *, dx: float, dy: float) -> dict[str, torch.Tensor]:
    """A pan by (``dx``, ``dy``) pixels from frame to frame, the nearer frame shown.

    The last block leads the instant through all its layers and makes flow and mask of it alone.
    """
    state = empty(structure)
    name = f"block{len(structure.widths) - 1}"
    instant = 2 * (3 + structure.features)
    state[f"{name}.conv0.0.0.weight"][0, instant, 1, 1] = 1.0
    state[f"{name}.conv0.1.0.weight"][0, 0, 1, 1] = 1.0
    weight, bias = state[f"{name}.lastconv.0.weight"], state[f"{name}.lastconv.0.bias"]
    rises = [dx, dy, dx, dy, -SWITCH]
    begins = [0.0, 0.0, -dx, -dy, SWITCH / 2.0]
    assert len(rises) == FLOW + 1
    for channel, (rise, begin) in enumerate(zip(rises, begins, strict=True)):
        four = slice(4 * channel, 4 * channel + 4)  # one channel is four before the shuffle
        weight[0, four, 1:3, 1:3] = rise
        bias[four] = begin
    return state


def random(structure: Structure, *, seed: int) -> dict[str, torch.Tensor]:
    """Weights that lead to flows of some pixels and to masks of all values."""
    rng = np.random.default_rng(seed)
    state = {}
    for name, shape in structure.table().items():
        if name.endswith("beta"):
            values = rng.uniform(0.2, 0.6, shape)
        elif name.endswith("bias"):
            values = rng.normal(0.0, 0.1, shape)
        else:
            fan_in = shape[0] * 4 if "lastconv" in name or "cnn3" in name else np.prod(shape[1:])
            values = rng.normal(0.0, 1.0 / np.sqrt(float(fan_in)), shape)
        state[name] = torch.from_numpy(values.astype(np.float32))
    return state


def saved(state: dict[str, torch.Tensor], path: Path) -> Path:
    """``state`` in a file of safetensors."""
    safetensors.torch.save_file(state, path)
    return path
