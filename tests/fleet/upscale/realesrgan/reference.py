"""The networks once more, in numpy and written out: what the torch ones are held against.

From the papers' figures and formulas; float64, (channels, height, width).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fleet.upscale.realesrgan.tables import Compact, Dense

Array = npt.NDArray[np.float64]
State = Mapping[str, npt.NDArray[Any]]


def convolved(x: Array, state: State, key: str) -> Array:
    """3 x 3, zeros around: for each of nine shifts, a matrix over the channels."""
    weight = state[f"{key}.weight"].astype(np.float64)
    height, width = x.shape[1:]
    around = np.zeros((x.shape[0], height + 2, width + 2))
    around[:, 1:-1, 1:-1] = x
    made = np.zeros((weight.shape[0], height, width))
    for down in range(3):
        for right in range(3):
            seen = around[:, down : down + height, right : right + width]
            made += np.tensordot(weight[:, :, down, right], seen, axes=1)
    return made + state[f"{key}.bias"].astype(np.float64)[:, None, None]


def leaky(x: Array) -> Array:
    return np.where(x > 0.0, x, 0.2 * x)


def doubled(x: Array) -> Array:
    return x.repeat(2, axis=1).repeat(2, axis=2)


def unshuffled(x: Array, factor: int) -> Array:
    """Channel c, then row offset, then column offset of each block of pixels."""
    layers = [
        channel[row::factor, column::factor]
        for channel in x
        for row in range(factor)
        for column in range(factor)
    ]
    return np.stack(layers)


def shuffled(x: Array, factor: int) -> Array:
    """The way back."""
    channels = x.shape[0] // factor**2
    made = np.zeros((channels, x.shape[1] * factor, x.shape[2] * factor))
    for index, layer in enumerate(x):
        channel, offset = divmod(index, factor**2)
        row, column = divmod(offset, factor)
        made[channel, row::factor, column::factor] = layer
    return made


def dense(x: Array, state: State, structure: Dense) -> Array:
    """RRDBNet."""
    first = convolved(unshuffled(x, 2) if structure.factor == 2 else x, state, "conv_first")
    body = first
    for block in range(structure.blocks):
        inner = body
        for name in ("rdb1", "rdb2", "rdb3"):
            known = [inner]
            for step in range(1, 5):
                key = f"body.{block}.{name}.conv{step}"
                known.append(leaky(convolved(np.concatenate(known), state, key)))
            last = convolved(np.concatenate(known), state, f"body.{block}.{name}.conv5")
            inner = inner + 0.2 * last
        body = body + 0.2 * inner
    found = first + convolved(body, state, "conv_body")
    for key in ("conv_up1", "conv_up2"):
        found = leaky(convolved(doubled(found), state, key))
    return convolved(leaky(convolved(found, state, "conv_hr")), state, "conv_last")


def compact(x: Array, state: State, structure: Compact) -> Array:
    """SRVGGNetCompact."""
    found = x
    for step in range(structure.convolutions + 1):
        found = convolved(found, state, f"body.{2 * step}")
        slope = state[f"body.{2 * step + 1}.weight"].astype(np.float64)[:, None, None]
        found = np.where(found > 0.0, found, slope * found)
    found = convolved(found, state, f"body.{2 * structure.convolutions + 2}")
    base = x.repeat(structure.factor, axis=1).repeat(structure.factor, axis=2)
    return shuffled(found, structure.factor) + base
