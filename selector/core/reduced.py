"""A picture decoded once at about a thousand pixels, for everything that only looks.

A 24-megapixel JPEG costs a quarter of a second to decode fully and a fifth of that at a quarter
of its size.  What comes out has passed the same reader as the fleet's picture: upright, sRGB.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Final

from PIL import Image

from companions.geometry import Size
from companions.picture import DAMAGE, Pixels, decode_picture, inspect_picture, quiet_pillow

LONG_SIDE: Final = 1024
"""Longest side of a reduced picture in pixels; smaller pictures stay as they are."""

_SHRINKABLE: Final = frozenset({"JPEG", "MPO"})


@dataclass(frozen=True, slots=True)
class ReducedPicture:
    """Upright sRGB pixels with the long side at most ``LONG_SIDE``, and the full size."""

    pixels: Pixels
    size: Size
    """Size of the picture itself, upright."""


def reduce_picture(data: bytes, *, file: str) -> ReducedPicture:
    """Decode the picture in ``data`` at reduced size; ``file`` names it in messages.

    Raises:
        PictureRefused: as ``companions.picture.decode_picture``.
    """
    facts = inspect_picture(data, file=file)
    if max(facts.size.width, facts.size.height) <= LONG_SIDE:
        return ReducedPicture(pixels=decode_picture(data, file=file), size=facts.size)
    smaller = _shrunk_jpeg(data) if facts.format in _SHRINKABLE else None
    pixels = decode_picture(smaller if smaller is not None else data, file=file)
    return ReducedPicture(pixels=_at_most_long_side(pixels), size=facts.size)


def _shrunk_jpeg(data: bytes) -> bytes | None:
    """The same picture, shrunk while decoding, with its profile and orientation; None if not.

    It is handed on as a file and not as pixels so that one reader alone knows about profiles,
    orientation and channels.  A JPEG that fails here goes to that reader whole, which says why.
    """
    with contextlib.suppress(*DAMAGE), quiet_pillow():
        image = Image.open(io.BytesIO(data))
        # ``draft`` rounds down to a power of two, and only if both sides allow it.
        image.draft(None, _scaled(image.size))
        image.load()
        small = image.resize(_scaled(image.size), Image.Resampling.BOX)
        buffer = io.BytesIO()
        small.save(
            buffer,
            "TIFF",
            icc_profile=image.info.get("icc_profile"),
            exif=_orientation_alone(image),
        )
        return buffer.getvalue()
    return None


def _orientation_alone(image: Image.Image) -> Image.Exif:
    tag = 0x0112
    kept = Image.Exif()
    kept[tag] = image.getexif().get(tag, 1)
    return kept


def _scaled(size: tuple[int, int]) -> tuple[int, int]:
    share = min(1.0, LONG_SIDE / max(size))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def _at_most_long_side(pixels: Pixels) -> Pixels:
    import cv2

    height, width = pixels.shape[:2]
    if max(width, height) <= LONG_SIDE:
        return pixels
    small = cv2.resize(pixels, _scaled((width, height)), interpolation=cv2.INTER_AREA)
    return small.astype("uint8", copy=False)
