"""Text on pictures: one font, cut or wrapped to a width in pixels."""

from __future__ import annotations

from functools import cache
from typing import Final

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_ELLIPSIS: Final = "..."


@cache
def font(size: float) -> Font:
    """Pillow's own font at ``size`` pixels: the same on every machine, no font to install."""
    return ImageFont.load_default(size=size)


def elided(text: str, *, size: float, width: float) -> str:
    """``text`` with its middle left out where it is wider than ``width`` pixels.

    The middle, because names of one series differ at their ends.
    """
    face = font(size)
    if face.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        kept = (low + high + 1) // 2
        if face.getlength(_without_middle(text, kept)) <= width:
            low = kept
        else:
            high = kept - 1
    return _without_middle(text, low)


def wrapped(text: str, *, size: float, width: float, lines: int) -> list[str]:
    """``text`` in at most ``lines`` lines of at most ``width`` pixels, the last cut if need be."""
    face = font(size)
    done: list[str] = []
    words = text.split()
    while words:
        line = words.pop(0)
        if len(done) == lines - 1:
            rest = " ".join([line, *words])
            done.append(elided(rest, size=size, width=width))
            break
        while words and face.getlength(f"{line} {words[0]}") <= width:
            line = f"{line} {words.pop(0)}"
        done.append(elided(line, size=size, width=width))
    return done


def _without_middle(text: str, kept: int) -> str:
    if kept >= len(text):
        return text
    head = (kept + 1) // 2
    return text[:head] + _ELLIPSIS + text[len(text) - (kept - head) :]
