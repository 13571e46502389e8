"""Training: steps of Adam on the samples, the same for the same seed, threads and torch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from fleet.interpolate.refine.candidates import SOURCES
from fleet.training.network import Chooser
from fleet.training.samples import ARRAYS, CROP

_FLOOR: Final = 2e-5
"""Squared error (of 1) below which no more is gained: 47 dB."""
_WARM: Final = 100


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: steps of the optimiser.
        batch: samples in a step.
        crop: side of what is taken of each, in pixels, a multiple of 8.
        rate: highest learning rate; it rises over 100 steps and falls along a cosine.
        seed: of everything that is drawn.
        tell_every: steps between two words.
    """

    steps: int = 8000
    batch: int = 12
    crop: int = 96
    rate: float = 2e-3
    seed: int = 7
    tell_every: int = 100


def train(
    samples: Path, *, width: int, schedule: Schedule, tell: Callable[[int, float, float], None]
) -> Chooser:
    """A network trained on the samples in a folder.

    ``tell`` hears now and then the step, the mean gain since the last time over what is believed
    without learning (dB), and the seconds a step took.
    """
    torch.manual_seed(schedule.seed)
    chance = np.random.default_rng(schedule.seed)
    arrays = {name: np.load(samples / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
    network = Chooser(width)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=1e-4)
    gains: list[float] = []
    begun = time.monotonic()
    for step in range(schedule.steps):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate * _pace(step, schedule.steps)
        told, believed, looks, truth = _batch(arrays, chance, schedule)
        shown = mixed(believed + network(told), looks)
        error = _error(shown, truth)
        loss = torch.log(error + _FLOOR).mean() + 2.0 * (shown - truth).abs().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            before = _error(mixed(believed, looks), truth)
            gains.append(float(10.0 * torch.log10((before + 1e-7) / (error + 1e-7)).mean()))
        if (step + 1) % schedule.tell_every == 0:
            tell(step + 1, float(np.mean(gains)), (time.monotonic() - begun) / schedule.tell_every)
            gains, begun = [], time.monotonic()
    return network


def save(network: Chooser, path: Path, *, card: dict[str, str]) -> None:
    """Write the weights in half precision, which is what is bundled."""
    state = {name: values.half().contiguous() for name, values in network.state_dict().items()}
    save_file(state, path, metadata=card)


def mixed(weights: Tensor, looks: Tensor) -> Tensor:
    """Candidates (n, SOURCES, 3, h, w) by the logarithms of their weights (n, SOURCES, h, w)."""
    shares = torch.softmax(weights, dim=1)
    return (shares.unsqueeze(2) * looks).sum(dim=1)


def _error(shown: Tensor, truth: Tensor) -> Tensor:
    return ((shown - truth) ** 2).mean(dim=(1, 2, 3))


def _pace(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / _WARM)
    return warm * (0.02 + 0.98 * 0.5 * (1.0 + float(np.cos(np.pi * step / steps))))


def _batch(
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]],
    chance: np.random.Generator,
    schedule: Schedule,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    parts: dict[str, list[Tensor]] = {name: [] for name in arrays}
    for index in chance.integers(0, len(arrays["truth"]), schedule.batch):
        y, x = chance.integers(0, CROP - schedule.crop + 1, 2)
        flips = [axis for axis in (1, 2) if chance.random() < 0.5]
        turned = chance.random() < 0.5
        for name, values in arrays.items():
            part = np.asarray(values[index, :, y : y + schedule.crop, x : x + schedule.crop])
            part = np.flip(part, tuple(flips))
            part = part.transpose(0, 2, 1) if turned else part
            parts[name].append(torch.from_numpy(np.ascontiguousarray(part, dtype=np.float32)))
    told, believed = torch.stack(parts["told"]), torch.stack(parts["believed"])
    looks, truth = torch.stack(parts["looks"]) / 255.0, torch.stack(parts["truth"]) / 255.0
    shape = (len(looks), SOURCES, 3, schedule.crop, schedule.crop)
    return told, believed, looks.reshape(shape), truth
