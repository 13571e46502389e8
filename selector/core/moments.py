"""When pictures were taken, by their headers alone.

What the camera wrote counts (EXIF, with fractions of a second), else the time of the file.  Both
are seconds on the clock of the wall where they were taken, zones left out: moments are for telling
how far apart two pictures of one camera are, and for nothing else.
"""

from __future__ import annotations

import calendar
import contextlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from PIL import Image

from companions.picture import DAMAGE, enable_heif, quiet_pillow
from selector.core.groups import GroupRule, default_rule

SAMPLE: Final = 24
"""Pictures that are looked at to find out whether a folder's pictures are dated."""
MOST_AT_ONCE: Final = 2000
"""Pictures whose headers are read before a folder is shown: 0.15 s on a warm disk."""

_FORMATS: Final = ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF")
_EXIF_BLOCK: Final = 0x8769
_ORIGINAL, _ORIGINAL_FRACTION = 0x9003, 0x9291
_MOMENT: Final = re.compile(r"(\d{4})\D(\d\d)\D(\d\d)\D(\d\d)\D(\d\d)\D(\d\d)")


def taken_at(picture: Path) -> float | None:
    """When ``picture`` was taken, in seconds; None if there is no such file."""
    moment = camera_moment(picture)
    if moment is not None:
        return moment
    try:
        changed_s = picture.stat().st_mtime
        return calendar.timegm(time.localtime(changed_s)) + changed_s % 1.0
    except (OSError, ValueError, OverflowError):
        return None


def camera_moment(picture: Path) -> float | None:
    """What the camera wrote down, in seconds; None where it wrote nothing that can be read."""
    # A picture of over 178 megapixels, which Pillow does not even open, is as good as damaged.
    damage = (*DAMAGE, Image.DecompressionBombError)
    with contextlib.suppress(*damage), quiet_pillow():
        return _read(picture)
    return None


def dated_share(pictures: Sequence[Path]) -> float:
    """Which share (0 to 1) of ``pictures`` has a camera's moment, by a sample of them."""
    size = min(SAMPLE, len(pictures))
    sample = [pictures[index * len(pictures) // size] for index in range(size)]
    dated = sum(camera_moment(picture) is not None for picture in sample)
    return dated / len(sample) if sample else 0.0


def opening_rule(
    names: Sequence[str], *, picture: Callable[[str], Path]
) -> tuple[GroupRule, Mapping[str, float]]:
    """How to group a folder that is opened, and the moments that takes, none for most rules.

    Headers are read only where folders and names tell nothing, and of at most 2000 pictures: the
    window waits for this.  In a larger folder the operator has to ask for moments.
    """
    rule = default_rule(names)
    if rule is not GroupRule.EACH or not 1 < len(names) <= MOST_AT_ONCE:
        return rule, {}
    rule = default_rule(names, dated_share=dated_share([picture(name) for name in names]))
    if rule is not GroupRule.TIME:
        return rule, {}
    moments = ((name, taken_at(picture(name))) for name in names)
    return rule, {name: moment for name, moment in moments if moment is not None}


def _read(picture: Path) -> float | None:
    enable_heif()
    Image.init()
    # Opening reads the header and decodes nothing.
    with Image.open(picture, formats=[f for f in _FORMATS if f in Image.OPEN]) as image:
        block = _exif_of(image)
    said = _MOMENT.match(str(block.get(_ORIGINAL, "")))
    if said is None:
        return None
    # A clock that was never set says 0000:00:00, which is no moment and raises.
    year, month, day, hour, minute, second = map(int, said.groups())
    whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    fraction = str(block.get(_ORIGINAL_FRACTION, "")).strip(" \0")
    return whole + (float(f"0.{fraction}") if fraction.isdecimal() else 0.0)


def _exif_of(image: Image.Image) -> dict[int, object]:
    raw = image.info.get("exif")
    if isinstance(raw, bytes):
        exif = Image.Exif()
        exif.load(raw)
    elif image.format == "TIFF":
        exif = image.getexif()
    else:
        return {}  # asking a PNG for more would decode all of it
    return dict(exif.get_ifd(_EXIF_BLOCK))
