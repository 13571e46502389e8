"""Whether a file is a clip as far as its outside tells: an MP4 whose boxes fill it exactly.

Nothing is decoded: what a decoder would do with a hostile file is not asked for here.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, Final

_HEADER: Final = struct.Struct(">I4s")
_LONG: Final = struct.Struct(">Q")
_MOST_BOXES: Final = 10_000
_NEEDED: Final = ("moov", "mdat")


def clip_fault(stream: BinaryIO) -> str | None:
    """Why the file is no clip, or None if it looks like one.

    It starts with an ``ftyp`` box, has ``moov`` and ``mdat``, and its boxes end where it ends.

    Raises:
        OSError: it cannot be read.
    """
    size = os.fstat(stream.fileno()).st_size
    seen: set[str] = set()
    place = boxes = 0
    while place < size:
        boxes += 1
        if boxes > _MOST_BOXES:
            return f"has more than {_MOST_BOXES} boxes"
        stream.seek(place)
        header = stream.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return "ends within a box's header"
        length, name = _HEADER.unpack(header)
        least = _HEADER.size
        if place == 0 and name != b"ftyp":
            return "does not start as an MP4 does"
        if length == 1:
            wide = stream.read(_LONG.size)
            if len(wide) < _LONG.size:
                return "ends within a box's header"
            (length,) = _LONG.unpack(wide)
            least += _LONG.size
        elif length == 0:
            length = size - place  # to the end of the file
        if length < least or place + length > size:
            return f"has a box of {length} bytes where {size - place} are left"
        seen.add(name.decode("latin-1"))
        place += length
    missing = [name for name in _NEEDED if name not in seen]
    return f"has no {' and no '.join(missing)} box" if missing else None
