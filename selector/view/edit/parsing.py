"""What is typed into the inspector's fields, as values; ValueError says why it is none."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Final

from companions.geometry import Size
from companions.motion import MAX_DURATION_S
from companions.timing import MAX_RATE, MIN_RATE, parse_rate

_SIZE = re.compile(r"^(\d{1,5})\s*(?:[x*\u00d7:,]|\s)\s*(\d{1,5})$", re.IGNORECASE)
_LEAST_PX: Final = 64
_MOST_PX: Final = 8192
_MOST_SEED: Final = 2**63 - 1


def parse_number(text: str) -> float:
    """A number, with a point or a comma."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        raise ValueError("a number, such as 1.5") from None
    if not math.isfinite(value):
        raise ValueError("a number, such as 1.5")
    return value


def shown_number(value: float) -> str:
    """A number as it is typed."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def parse_duration(text: str) -> float:
    """Seconds, over 0 and at most 60."""
    value = parse_number(text.removesuffix("s"))
    if not 0.0 < value <= MAX_DURATION_S:
        raise ValueError(f"over 0 and at most {MAX_DURATION_S:g} seconds")
    return value


def parse_size(text: str) -> Size:
    """A clip's size in pixels: "1280 x 720"."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError("width x height in pixels, such as 1280 x 720")
    size = Size(int(match[1]), int(match[2]))
    if not all(_LEAST_PX <= side <= _MOST_PX for side in (size.width, size.height)):
        raise ValueError(f"each side from {_LEAST_PX} to {_MOST_PX} pixels")
    if size.width % 2 or size.height % 2:
        raise ValueError("both sides even: video codecs need it")
    return size


def shown_size(size: Size) -> str:
    """A size as it is typed."""
    return f"{size.width} x {size.height}"


def parse_fps(text: str) -> Fraction | None:
    """Frames per second, "24", "23.976" or "24000/1001"; nothing is None."""
    if not text:
        return None
    try:
        return parse_rate(text if "/" in text else parse_number(text))
    except ValueError:
        raise ValueError(
            f"{MIN_RATE} to {MAX_RATE} frames per second, such as 24, 23.976 or 24000/1001"
        ) from None


def shown_fps(rate: Fraction | None) -> str:
    """A rate as it is typed."""
    if rate is None:
        return ""
    return str(rate) if rate.denominator in {1, 1001} else shown_number(float(rate))


def parse_seed(text: str) -> int | None:
    """A seed; nothing is None."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_SEED):
        raise ValueError("a whole number from 0 to 9223372036854775807")
    return int(text)


def parse_model(text: str) -> str | None:
    """A generator's name; nothing is None."""
    if not text:
        return None
    if not re.fullmatch(r"[A-Za-z0-9_.:/@+-]{1,120}", text):
        raise ValueError("letters, digits and _ . : / @ + -, at most 120")
    return text
