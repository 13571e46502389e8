"""Small real things for tests: pictures on disk, recipes, manifests."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image

from companions import codec
from companions.generation_params import GenerationParams
from companions.geometry import Rect
from companions.motion import Move
from companions.timing import parse_rate
from companions.video_manifest import (
    EncodeParams,
    InterpolationParams,
    Recipe,
    Shot,
    UpscalingParams,
    VideoManifest,
)

PHOTOS = ("astronaut.png", "coffee.png", "chelsea.png", "motorcycle_left.png", "rocket.jpg")
MOVE = Move(
    start_rect=Rect.of(0.0, 0.0, 0.9, 0.9), end_rect=Rect.of(0.15, 0.15, 0.9, 0.9), duration_sec=0.5
)


def photo(name: str, folder: Path, *, as_name: str | None = None) -> Path:
    """A real photograph out of scikit-image, copied into ``folder``."""
    path = folder / (as_name or name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((resources.files("skimage") / "data" / name).read_bytes())
    return path


def small_picture(path: Path, *, shade: int = 100, size: tuple[int, int] = (96, 64)) -> Path:
    """A small textured picture, different for each ``shade``."""
    noise = np.random.default_rng(shade).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise).resize((size[0] * 4, size[1] * 4), Image.Resampling.BICUBIC).save(path)
    return path


def sha256(path: Path) -> str:
    """The hash a manifest would name."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def recipe(
    *,
    image_sha256: str = "0" * 64,
    width: int = 128,
    height: int = 72,
    fps: float = 12,
    target_fps: float = 24,
    duration_s: float = 0.5,
    seed: int = 0,
    interpolator: str | None = None,
    upscaling: UpscalingParams | None = None,
    encode: EncodeParams | None = None,
) -> Recipe:
    """A recipe for a small clip."""
    return Recipe(
        image_sha256=image_sha256,
        motion=MOVE.model_copy(update={"duration_sec": duration_s}),
        generation_params=GenerationParams(
            width=width, height=height, fps=parse_rate(fps), seed=seed
        ),
        interpolation=InterpolationParams(backend=interpolator, target_fps=parse_rate(target_fps)),
        upscaling=upscaling,
        encode=encode or EncodeParams(),
    )


def shot(
    picture: Path,
    root: Path,
    *,
    move: Move = MOVE,
    interpolator: str | None = "flow",
    **generation: object,
) -> Shot:
    """A shot of ``picture`` for a manifest in ``root``; by an interpolator that is soon done."""
    return Shot(
        image_path=picture.relative_to(root).as_posix(),
        sha256=sha256(picture),
        motion=move,
        generation_params=GenerationParams.model_validate(
            {"width": 128, "height": 72, "fps": parse_rate(12)} | generation
        ),
        interpolation=InterpolationParams(backend=interpolator, target_fps=parse_rate(24)),
        encode=EncodeParams(),
    )


def write_manifest(path: Path, shots: Sequence[Shot], *, batch_id: str = "batch-1") -> Path:
    """Write a manifest of ``shots``."""
    manifest = VideoManifest(
        project_id="tests",
        batch_id=batch_id,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        shots=tuple(shots),
    )
    codec.write(path, manifest)
    return path
