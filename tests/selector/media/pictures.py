"""Picture files for the tests of what is shown: of every kind, in every condition."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from companions.picture import Pixels
from tests.selector import stills

RED = (200, 30, 40)
GREEN = (40, 180, 60)
BLUE = (30, 60, 200)


def plain(path: Path, colour: tuple[int, int, int], *, size: tuple[int, int] = (640, 400)) -> Path:
    """A picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def many(folder: Path, count: int, *, size: tuple[int, int] = (1920, 1280)) -> list[Path]:
    """Pictures of different colours; quick to decode, large once decoded."""
    return [
        plain(folder / f"{i:03d}.jpg", (i % 256, 7 * i % 256, 40), size=size) for i in range(count)
    ]


def slow(path: Path, *, seed: int = 0) -> Path:
    """Twelve megapixels of noise as PNG: nothing that the selector shows takes longer per byte."""
    noise = np.random.default_rng(seed).integers(0, 256, (3000, 4000, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, compress_level=1)
    return path


def photograph(path: Path, *, scale: float = 1.0, **options: object) -> Path:
    """The astronaut, as the suffix of ``path`` says."""
    image = Image.fromarray(stills.photograph("astronaut.png")[:400])
    size = (round(image.width * scale), round(image.height * scale))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.resize(size, Image.Resampling.LANCZOS).save(path, **options)  # type: ignore[arg-type]
    return path


def wide_gamut() -> bytes:
    """A colour profile unlike sRGB: its red and green are swapped, which no one can overlook."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # The tags "rXYZ" and "gXYZ" of a profile point at its primaries.
    return profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


def with_header(jpeg: bytes, *, kind: int, body: bytes) -> bytes:
    """The JPEG with one more segment in its header."""
    return jpeg[:2] + bytes((0xFF, kind)) + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


def coded(pixels: Pixels, form: str, **options: object) -> bytes:
    """A picture's bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()
