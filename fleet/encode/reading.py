"""Opening a film of unknown origin, and measuring its frames' times, within limits.

Shared by the probes of clips and masters.  What lies in a project's folder may have been swapped
or damaged, so nothing here believes a header: packets are counted, sizes are held to the
contract's.
"""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from fleet.encode.poster import is_poster
from fleet.errors import BackendFailed

MOST_FRAMES: Final = 100_000
"""Far more than the longest clip has: a minute at 240 frames per second, and its handles."""
MOST_SIDE_PX: Final = 8192
_PROBE: Final = "the clip's probe"


@dataclass(frozen=True, slots=True)
class Film:
    """The frames of a file, by their packets.

    Attributes:
        frames: how many there are.
        duration_s: seconds from the first one's start to the last one's end, exact.
        even: whether all are shown equally long.
    """

    frames: int
    duration_s: Fraction
    even: bool


@contextlib.contextmanager
def opened(
    film: Path | bytes, *, formats: str = "mov"
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The file, and its film: the first video stream that is not a cover picture.

    Args:
        film: path or bytes.
        formats: FFmpeg's names of the containers it may be.

    Raises:
        BackendFailed: missing, no such container, or without a film of the contract's sizes; also
            for whatever FFmpeg finds wrong within the block.
    """
    source = io.BytesIO(film) if isinstance(film, bytes) else str(film.absolute())
    # The format is not left to be guessed from the bytes: FFmpeg also reads playlists, which
    # name other files and addresses to open.
    options = {"format_whitelist": formats}
    try:
        with av.open(source, "r", options=options) as container:
            films = [stream for stream in container.streams.video if not is_poster(stream)]
            if not films:
                raise unplayable(film, "holds no video")
            stream = films[0]
            width, height = stream.codec_context.width, stream.codec_context.height
            if not (0 < width <= MOST_SIDE_PX and 0 < height <= MOST_SIDE_PX):
                raise unplayable(film, f"is {width} x {height} pixels")
            # A frame's own header may say another size than the container's.
            stream.codec_context.options = {"max_pixels": str(MOST_SIDE_PX**2)}
            stream.thread_type = "AUTO"
            yield container, stream
    except (av.error.FFmpegError, OSError) as error:
        raise unplayable(film, f"cannot be read ({error.strerror or error})") from error


def measured(film: Path | bytes, container: InputContainer, stream: VideoStream) -> Film:
    """How many frames there are and how long they are shown.  Reads to the file's end.

    Raises:
        BackendFailed: no frames, too many of them, without times, or fewer than promised.
    """
    spans = _spans(film, container, stream)
    if stream.frames and len(spans) != stream.frames:
        raise unplayable(film, f"is cut off: {len(spans)} of {stream.frames} frames are there")
    if stream.time_base is None:
        raise unplayable(film, "has no time base")
    start, (last, length) = spans[0][0], spans[-1]
    duration = (last + length - start) * Fraction(stream.time_base)
    if duration <= 0:
        raise unplayable(film, "lasts no time")
    lengths = {later[0] - earlier[0] for earlier, later in itertools.pairwise(spans)} | {length}
    return Film(frames=len(spans), duration_s=duration, even=len(lengths) == 1)


def unplayable(film: Path | bytes, what: str) -> BackendFailed:
    """The error of a file that is not what it should be; ``what`` goes on from its name."""
    name = "the clip" if isinstance(film, bytes) else str(film)
    return BackendFailed(backend=_PROBE, what=f"{name} {what}")


def _spans(
    film: Path | bytes, container: InputContainer, stream: VideoStream
) -> list[tuple[int, int]]:
    """Start and length of every picture, in ticks, in the order shown."""
    spans: list[tuple[int, int]] = []
    for packet in container.demux(stream):
        if packet.size == 0:  # PyAV ends with an empty packet
            continue
        if packet.is_corrupt:
            raise unplayable(film, f"is cut off within frame {len(spans)}")
        if packet.pts is None:
            raise unplayable(film, f"has no time for frame {len(spans)}")
        if len(spans) == MOST_FRAMES:
            raise unplayable(film, f"has more than {MOST_FRAMES} frames")
        spans.append((packet.pts, packet.duration or 0))
    if not spans:
        raise unplayable(film, "holds no frame")
    return sorted(spans)
