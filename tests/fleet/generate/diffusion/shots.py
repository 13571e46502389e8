"""Shots for tiny models: 64 by 64 pixels, nine frames, a few steps."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size
from companions.picture import Pixels
from fleet.generate.base import GenerateRequest

SIZE = Size(64, 64)
WAN = "wan-2.2-i2v-a14b"


def shot(
    name: str = WAN, *, frames: int = 5, steps: int | None = 3, **more: Any
) -> GenerateRequest:
    """A zoom into a picture of colours, of that model; ``more`` are parameters of generation."""
    params = {"model": name, "width": 64, "height": 64, "steps": steps, "seed": 7, **more}
    path = CameraPath(Rect.of(0, 0, 1, 1), Rect.of(0.2, 0.2, 0.8, 0.8), EasingName.LINEAR)
    y, x = np.mgrid[0:80, 0:80]
    picture = np.stack([x * 3, y * 3, (x + y) % 255], axis=2).astype(np.uint8)
    return GenerateRequest(
        picture=picture,
        path=path,
        move_fractions=[i / (frames - 1) for i in range(frames)],
        output=SIZE,
        prompt="a calm sea",
        negative_prompt="",
        params=GenerationParams.model_validate(params, strict=False),
        fps=8.0,
    )


def sha256(frames: Sequence[Pixels]) -> str:
    """One hash over all frames."""
    return hashlib.sha256(b"".join(frame.tobytes() for frame in frames)).hexdigest()
