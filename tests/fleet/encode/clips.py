"""Small finished clips: real files of the fleet's own encoder."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from companions.geometry import Size
from companions.video_manifest import Codec, EncodeParams
from fleet.encode.clip import ClipWords, ClipWriter
from tests.fleet.footage import filmed, move, photo

SIZE = Size(96, 64)
FRAMES = 6


@cache
def clip_bytes(codec: Codec = Codec.H264) -> bytes:
    """A clip of six frames."""
    picture = photo("coffee.png")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        with ClipWriter(
            path,
            size=SIZE,
            rate=Fraction(24),
            params=EncodeParams(codec=codec),
            words=ClipWords(title="coffee"),
            frames=FRAMES,
        ) as clip:
            for frame in filmed(picture, move(picture, output=SIZE), frames=FRAMES, output=SIZE):
                clip.write(frame)
        return path.read_bytes()


def clip_at(path: Path, codec: Codec = Codec.H264) -> Path:
    """The same, as a file."""
    path.write_bytes(clip_bytes(codec))
    return path


@contextmanager
def full_disk(*, room: int) -> Iterator[None]:
    """No file can grow beyond ``room`` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
