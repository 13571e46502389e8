"""What a clip really is, read from the file and not from what was asked for.

The publish stage and the count checks believe this and nothing else.  Frames are counted packet
by packet, because a header can promise frames that a cut-off file does not have.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from companions import files
from companions.picture import Pixels
from companions.video_manifest import Codec
from fleet.encode.colour import to_pixels
from fleet.errors import BackendFailed

_CODECS: Final = {"h264": Codec.H264, "hevc": Codec.HEVC, "av1": Codec.AV1}
_BACKEND: Final = "the clip's probe"


@dataclass(frozen=True, slots=True)
class ClipProbe:
    """One playable clip, as measured.

    Attributes:
        frames: pictures in the file, counted.
        width, height: picture size in pixels.
        rate: frames per second, exact: ``frames / duration_s``.
        duration_s: seconds from the first frame's start to the last one's end, exact.
        even: whether every frame is shown equally long (constant frame rate).
        codec: video codec.
        sha256: SHA-256 of the file's bytes.
        size_bytes: size of the file.
    """

    frames: int
    width: int
    height: int
    rate: Fraction
    duration_s: Fraction
    even: bool
    codec: Codec
    sha256: str
    size_bytes: int


def probe_clip(clip: Path | bytes) -> ClipProbe:
    """Measure a clip, by path or by its bytes.

    Raises:
        BackendFailed: missing, not a video, another codec than the contract's, cut off, or its
            first frame cannot be decoded.
    """
    with _opened(clip) as (container, stream):
        codec = _CODECS.get(stream.codec_context.name)
        # Decoders have other names than codecs (libdav1d decodes av1).
        codec = codec or _CODECS.get(stream.codec_context.codec.canonical_name)
        if codec is None:
            raise _unplayable(clip, f"holds {stream.codec_context.name} video")
        spans = _spans(clip, container, stream)
        frames = len(spans)
        if frames != stream.frames and stream.frames:
            raise _unplayable(clip, f"is cut off: {frames} of {stream.frames} frames are there")
        start, (last, length) = spans[0][0], spans[-1]
        duration = (last + length - start) * _tick(clip, stream)
        if duration <= 0:
            raise _unplayable(clip, "lasts no time")
        container.seek(0)
        if next(iter(container.decode(stream)), None) is None:
            raise _unplayable(clip, "has no frame that can be decoded")
        width, height = stream.codec_context.width, stream.codec_context.height
    lengths = {later[0] - earlier[0] for earlier, later in itertools.pairwise(spans)}
    lengths.add(length)
    if isinstance(clip, bytes):
        sha256, size_bytes = hashlib.sha256(clip).hexdigest(), len(clip)
    else:
        sha256, size_bytes = files.sha256_of(clip), clip.stat().st_size
    return ClipProbe(
        frames=frames,
        width=width,
        height=height,
        rate=frames / duration,
        duration_s=duration,
        even=len(lengths) == 1,
        codec=codec,
        sha256=sha256,
        size_bytes=size_bytes,
    )


def read_frames(clip: Path | bytes, indices: Iterable[int]) -> dict[int, Pixels]:
    """Decode the frames with these indices (0 is the first) to (height, width, 3) uint8 sRGB.

    Memory is bounded by the number of indices, not by the clip's length.

    Raises:
        BackendFailed: not a playable clip, or it has no frame of such an index.
    """
    wanted = set(indices)
    found: dict[int, Pixels] = {}
    if not wanted:
        return found
    with _opened(clip) as (container, stream):
        for index, frame in enumerate(container.decode(stream)):
            if index in wanted:
                found[index] = to_pixels(frame)
                if len(found) == len(wanted):
                    break
    missing = sorted(wanted - set(found))
    if missing:
        raise _unplayable(clip, f"has no frame {missing[0]}")
    return found


def _spans(
    clip: Path | bytes, container: InputContainer, stream: VideoStream
) -> list[tuple[int, int]]:
    """Start and length of every picture, in ticks, in the order shown."""
    spans: list[tuple[int, int]] = []
    for packet in container.demux(stream):
        if packet.size == 0:  # PyAV ends with an empty packet
            continue
        if packet.is_corrupt:
            raise _unplayable(clip, f"is cut off within frame {len(spans)}")
        if packet.pts is None:
            raise _unplayable(clip, f"has no time for frame {len(spans)}")
        spans.append((packet.pts, packet.duration or 0))
    if not spans:
        raise _unplayable(clip, "holds no frame")
    return sorted(spans)


def _tick(clip: Path | bytes, stream: VideoStream) -> Fraction:
    if stream.time_base is None:
        raise _unplayable(clip, "has no time base")
    return Fraction(stream.time_base)


@contextlib.contextmanager
def _opened(clip: Path | bytes) -> Iterator[tuple[InputContainer, VideoStream]]:
    source = io.BytesIO(clip) if isinstance(clip, bytes) else str(clip.absolute())
    try:
        with av.open(source, "r", format="mp4") as container:
            if not container.streams.video:
                raise _unplayable(clip, "holds no video")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            yield container, stream
    except (av.error.FFmpegError, OSError) as error:
        raise _unplayable(clip, f"cannot be read ({error.strerror or error})") from error


def _unplayable(clip: Path | bytes, what: str) -> BackendFailed:
    name = "the clip" if isinstance(clip, bytes) else str(clip)
    return BackendFailed(backend=_BACKEND, what=f"{name} {what}")
