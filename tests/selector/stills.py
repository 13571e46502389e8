"""Pictures for the selector's tests: real photographs, and drawn ones where size matters."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import skimage
from PIL import Image, ImageDraw

from companions import codec
from companions.geometry import Rect
from companions.motion import MotionCompanion, MotionOrigin, Provenance
from companions.names import MOTION_SUFFIX, companion_path
from companions.picture import Pixels

PHOTOGRAPHS = Path(skimage.__file__).parent / "data"
FIVE = ("astronaut.png", "coffee.png", "chelsea.png", "motorcycle_left.png", "rocket.jpg")
NOON = datetime(2025, 7, 4, 12, 0, tzinfo=UTC)


def photograph(name: str) -> Pixels:
    """A photograph's pixels."""
    with Image.open(PHOTOGRAPHS / name) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def copied(name: str, folder: Path, *, to: str | None = None) -> Path:
    """A photograph's file in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(PHOTOGRAPHS / name, folder / (to or name)))


def drawn(
    width: int, height: int, *, subject: tuple[float, float] = (0.5, 0.5), seed: int = 0
) -> Pixels:
    """A bright textured disc on a dull ground, its centre at fractions of the picture."""
    random = np.random.default_rng(seed)
    ground = Image.new("RGB", (width, height), (70, 80, 90))
    x, y = subject[0] * width, subject[1] * height
    radius = 0.12 * min(width, height)
    pen = ImageDraw.Draw(ground)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(230, 120, 40))
    for _ in range(12):
        dx, dy = random.uniform(-0.6, 0.6, 2) * radius
        pen.line((x, y, x + dx, y + dy), fill=(20, 20, 60), width=2)
    return np.asarray(ground, dtype=np.uint8)


def saved(pixels: npt.NDArray[Any], path: Path, **options: Any) -> Path:
    """``pixels`` as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def motion_of(picture: Path) -> MotionCompanion:
    """The motion beside a picture."""
    return codec.read(companion_path(picture, MOTION_SUFFIX), MotionCompanion)


def edited(picture: Path, **changes: object) -> MotionCompanion:
    """Change the motion beside ``picture`` as a person would, and write it."""
    motion = motion_of(picture)
    provenance = Provenance(
        tool="selector", version="1", origin=MotionOrigin.EDITED, at=NOON, why=()
    )
    changed = motion.model_copy(update={"provenance": provenance, **changes})
    codec.write(companion_path(picture, MOTION_SUFFIX), changed)
    return changed


def holds(outer: Rect, inner: Rect, *, slack: float = 1e-6) -> bool:
    """Whether ``inner`` lies within ``outer``."""
    return (
        inner.x1 >= outer.x1 - slack
        and inner.y1 >= outer.y1 - slack
        and inner.x2 <= outer.x2 + slack
        and inner.y2 <= outer.y2 + slack
    )


def apart(a: Rect, b: Rect, *, slack: float = 1e-6) -> bool:
    """Whether two rectangles share nothing."""
    return (
        a.x2 <= b.x1 + slack or b.x2 <= a.x1 + slack or a.y2 <= b.y1 + slack or b.y2 <= a.y1 + slack
    )
