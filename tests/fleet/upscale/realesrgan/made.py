"""Files of weights for small networks of the published structures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file

from fleet.upscale.realesrgan.tables import Compact, Dense, Structure

State = dict[str, npt.NDArray[np.float32]]

DENSE_X4 = Dense(blocks=2, factor=4, features=6, growth=3)
DENSE_X2 = Dense(blocks=1, factor=2, features=5, growth=4)
COMPACT_X4 = Compact(convolutions=3, factor=4, features=6)
COMPACT_X2 = Compact(convolutions=2, factor=2, features=4)


def random_state(structure: Structure, *, seed: int = 7) -> State:
    """Weights with which every layer matters and results stay near the middle of 0 to 1."""
    rng = np.random.default_rng(seed)
    state: State = {}
    for key, shape in structure.table().items():
        if len(shape) == 4:
            values = rng.standard_normal(shape) * np.sqrt(1.5 / (shape[1] * 9))
        elif key.endswith("weight"):
            values = rng.uniform(0.05, 0.4, shape)
        else:
            values = rng.uniform(-0.1, 0.1, shape)
        state[key] = values.astype(np.float32)
    last = "conv_last" if isinstance(structure, Dense) else max_body(state)
    state[f"{last}.weight"] *= 0.15
    if isinstance(structure, Dense):
        state[f"{last}.bias"] += 0.5
    return state


def repeating_state(structure: Compact) -> State:
    """Weights with which a compact network repeats each pixel and adds nothing."""
    state = random_state(structure)
    last = max_body(state)
    for kind in ("weight", "bias"):
        state[f"{last}.{kind}"][:] = 0.0
    return state


def max_body(state: Mapping[str, object]) -> str:
    """The last layer of a compact network."""
    return f"body.{max(int(key.split('.')[1]) for key in state)}"


def as_safetensors(state: State, path: Path) -> Path:
    """``state`` in the file ``path``."""
    save_file(state, path)
    return path


def as_published(state: State, path: Path, *, under: str = "params_ema") -> Path:
    """``state`` as its authors publish theirs, in a dictionary of a pickle."""
    tensors = {key: torch.from_numpy(value) for key, value in state.items()}
    torch.save({under: tensors}, path)
    return path
