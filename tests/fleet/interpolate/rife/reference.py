"""IFNet in plain numpy and float64, written from the published description by other means than the
network under test: explicit sums, no torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
State = Mapping[str, Array]


def lrelu(x: Array) -> Array:
    return np.where(x >= 0.0, x, 0.2 * x)


def sigmoid(x: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))


def conv(x: Array, state: State, name: str, *, stride: int = 1) -> Array:
    """(channels, height, width), kernel 3, one pixel of zeros around."""
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    height, width = x.shape[1:]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    made = np.zeros((weight.shape[0], -(-height // stride), -(-width // stride)))
    for i in range(3):
        for j in range(3):
            seen = padded[:, i : i + height : stride, j : j + width : stride]
            made += np.tensordot(weight[:, :, i, j], seen, axes=1)
    return made + bias[:, None, None]


def conv_transposed(x: Array, state: State, name: str) -> Array:
    """Kernel 4, stride 2: every pixel is spread over 4 x 4; one pixel is cut off around."""
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    height, width = x.shape[1:]
    spread = np.zeros((weight.shape[1], 2 * height + 2, 2 * width + 2))
    for i in range(4):
        for j in range(4):
            part = np.tensordot(weight[:, :, i, j].T, x, axes=1)
            spread[:, i : i + 2 * height : 2, j : j + 2 * width : 2] += part
    return spread[:, 1:-1, 1:-1] + bias[:, None, None]


def shuffled(x: Array) -> Array:
    """Four channels to one of twice the size: channel 4c + 2i + j goes to the pixels (i, j)."""
    channels, height, width = x.shape
    made = np.zeros((channels // 4, 2 * height, 2 * width))
    for i in range(2):
        for j in range(2):
            made[:, i::2, j::2] = x[2 * i + j :: 4]
    return made


def resized(x: Array, height: int, width: int) -> Array:
    """Bilinear, pixels taken at their centres."""
    rows = _line(x.shape[1], height)
    columns = _line(x.shape[2], width)
    return np.asarray(rows @ x @ columns.T)


def _line(old: int, new: int) -> Array:
    matrix = np.zeros((new, old))
    for index in range(new):
        place = max((index + 0.5) * old / new - 0.5, 0.0)
        low = min(int(place), old - 1)
        high = min(low + 1, old - 1)
        matrix[index, low] += 1.0 - (place - low)
        matrix[index, high] += place - low
    return matrix


def warped(x: Array, flow: Array) -> Array:
    """``x`` at each pixel plus ``flow`` (x, y), bilinear, the edge beyond it."""
    height, width = x.shape[1:]
    down, across = np.mgrid[0:height, 0:width].astype(np.float64)
    across = np.clip(across + flow[0], 0.0, width - 1.0)
    down = np.clip(down + flow[1], 0.0, height - 1.0)
    left, top = np.floor(across).astype(int), np.floor(down).astype(int)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    u, v = across - left, down - top
    upper = x[:, top, left] * (1.0 - u) + x[:, top, right] * u
    lower = x[:, below, left] * (1.0 - u) + x[:, below, right] * u
    return np.asarray(upper * (1.0 - v) + lower * v)


def block(x: Array, flow: Array | None, state: State, name: str, *, scale: int) -> Array:
    """All that comes out, the flow in pixels of the frame."""
    height, width = x.shape[1:]
    x = resized(x, height // scale, width // scale)
    if flow is not None:
        x = np.concatenate([x, resized(flow, height // scale, width // scale) / scale])
    x = lrelu(conv(x, state, f"{name}.conv0.0.0", stride=2))
    x = lrelu(conv(x, state, f"{name}.conv0.1.0", stride=2))
    for index in range(8):
        step = conv(x, state, f"{name}.convblock.{index}.conv")
        x = lrelu(step * state[f"{name}.convblock.{index}.beta"][0] + x)
    made = shuffled(conv_transposed(x, state, f"{name}.lastconv.0"))
    made = resized(made, height, width)
    made[:4] *= scale
    return made


def head(frame: Array, state: State) -> Array:
    x = lrelu(conv(frame, state, "encode.cnn0", stride=2))
    x = lrelu(conv(x, state, "encode.cnn1"))
    x = lrelu(conv(x, state, "encode.cnn2"))
    return conv_transposed(x, state, "encode.cnn3")


def v4_6(before: Array, after: Array, t: float, state: State) -> tuple[Array, Array, Array]:
    """The frame, its flow and its mask, by version 4.6."""
    instant = np.full((1, *before.shape[1:]), t)
    made = block(np.concatenate([before, after, instant]), None, state, "block0", scale=8)
    flow, mask = made[:4], made[4:5]
    for name, scale in (("block1", 4), ("block2", 2), ("block3", 1)):
        seen = [warped(before, flow[:2]), warped(after, flow[2:]), instant, mask]
        made = block(np.concatenate(seen), flow, state, name, scale=scale)
        flow, mask = flow + made[:4], mask + made[4:5]
    return _mixed(before, after, flow, mask)


def v4_25(before: Array, after: Array, t: float, state: State) -> tuple[Array, Array, Array]:
    """The frame, its flow and its mask, by versions 4.25 and 4.26."""
    instant = np.full((1, *before.shape[1:]), t)
    told = head(before, state), head(after, state)
    x = np.concatenate([before, after, *told, instant])
    made = block(x, None, state, "block0", scale=16)
    flow, rest = made[:4], made[4:]
    for name, scale in (("block1", 8), ("block2", 4), ("block3", 2), ("block4", 1)):
        seen = [
            warped(before, flow[:2]), warped(after, flow[2:]),
            warped(told[0], flow[:2]), warped(told[1], flow[2:]), instant, rest,
        ]  # fmt: skip
        made = block(np.concatenate(seen), flow, state, name, scale=scale)
        flow, rest = flow + made[:4], made[4:]
    return _mixed(before, after, flow, rest[:1])


def _mixed(before: Array, after: Array, flow: Array, mask: Array) -> tuple[Array, Array, Array]:
    share = sigmoid(mask)
    frame = warped(before, flow[:2]) * share + warped(after, flow[2:]) * (1.0 - share)
    return frame, flow, share
