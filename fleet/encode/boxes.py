"""The top-level boxes of an MP4 file: found without believing what a file says of itself.

Marking and credentials live in boxes beside the film.  A file is untrusted: every size is held
against the bytes that are there, the number of boxes is bounded, and nothing is read but headers
and what a caller asks for.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from companions import files

XMP: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""UUID of the box with an XMP packet (ISO 16684-1, part 3: storage in MPEG-4 files)."""
CREDENTIALS: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""UUID of the box with a C2PA manifest (C2PA specification, embedding in BMFF files)."""

MOST_BOXES: Final = 20_000
"""More than any clip has, of one film and no fragments, and few enough to read at once."""
_HEADER: Final = 8
_LONG_HEADER: Final = 16
_UUID: Final = 16


class NotBoxes(ValueError):
    """A file is no sequence of whole boxes; the text says where it stops being one."""


@dataclass(frozen=True, slots=True)
class Box:
    """One top-level box.

    Attributes:
        kind: four-character type, such as ``b"moov"``.
        uuid: the extended type of a ``uuid`` box, else empty.
        start: where its header begins, in bytes from the file's start.
        body: where what it holds begins, behind header and UUID.
        end: where the next box begins.
        open: whether its size was given as "to the end of the file".
    """

    kind: bytes
    uuid: bytes
    start: int
    body: int
    end: int
    open: bool


def opened(clip: Path | bytes) -> BinaryIO:
    """A clip, by path or by its bytes, to read boxes from.

    Raises:
        OSError: the path cannot be read, or is no regular file.
    """
    return io.BytesIO(clip) if isinstance(clip, bytes) else files.open_regular(clip)


def top_level(stream: BinaryIO) -> Iterator[Box]:
    """The boxes of a file in order, as far as they are whole.

    Raises:
        NotBoxes: a size leaves the file or is no size, or there are more than ``MOST_BOXES``.
    """
    length = stream.seek(0, io.SEEK_END)
    start = 0
    for _ in range(MOST_BOXES):
        if start == length:
            return
        box = _box(stream, start, length)
        yield box
        start = box.end
    if start != length:
        raise NotBoxes(f"has more than {MOST_BOXES} boxes")


def read_body(stream: BinaryIO, box: Box, *, limit: int) -> bytes | None:
    """What ``box`` holds, or None where that is more than ``limit`` bytes."""
    if box.end - box.body > limit:
        return None
    stream.seek(box.body)
    return stream.read(box.end - box.body)


def uuid_box(uuid: bytes, body: bytes) -> bytes:
    """A ``uuid`` box that holds ``body``."""
    size = _HEADER + len(uuid) + len(body)
    return size.to_bytes(4, "big") + b"uuid" + uuid + body


def _box(stream: BinaryIO, start: int, length: int) -> Box:
    stream.seek(start)
    head = stream.read(_LONG_HEADER)
    if len(head) < _HEADER:
        raise NotBoxes(f"ends within the box header at byte {start}")
    size, kind, body = int.from_bytes(head[:4], "big"), head[4:8], start + _HEADER
    to_the_end = size == 0
    if to_the_end:
        size = length - start
    elif size == 1:
        size, body = int.from_bytes(head[8:16], "big"), start + _LONG_HEADER
    end = start + size
    if end < body or end > length:
        raise NotBoxes(f"has a box at byte {start} whose size {size} cannot be")
    uuid = b""
    if kind == b"uuid":
        stream.seek(body)
        uuid = stream.read(min(_UUID, end - body))
        body += len(uuid)
    return Box(kind, uuid, start, body, end, open=to_the_end)
