"""What a clip really is, read from the file and not from what was asked for.

The publish stage and the count checks believe this and nothing else.  Frames are counted packet
by packet, because a header can promise frames that a cut-off file does not have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

from av.container import InputContainer
from av.video.stream import VideoStream

from companions import files
from companions.picture import Pixels
from companions.video_manifest import Codec
from fleet.encode.colour import to_pixels
from fleet.encode.frame_hash import FrameHash
from fleet.encode.poster import is_poster
from fleet.encode.reading import measured, opened, unplayable

_CODECS: Final = {"h264": Codec.H264, "hevc": Codec.HEVC, "av1": Codec.AV1}
_DEPTHS: Final[Mapping[str, Literal[8, 10]]] = {
    "yuv420p": 8,
    "yuvj420p": 8,
    "yuv420p10le": 10,
}


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
        bit_depth: bits of a sample.
        frames_sha256: SHA-256 over the decoded frames; see ``frame_hash``.
        poster: whether there is a cover picture.
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
    bit_depth: Literal[8, 10]
    frames_sha256: str
    poster: bool
    sha256: str
    size_bytes: int


def probe_clip(clip: Path | bytes) -> ClipProbe:
    """Measure a clip, by path or by its bytes.  Decodes all of it, holding one frame at a time.

    Raises:
        BackendFailed: missing, not a video, another codec, sample or size than the contract's,
            cut off, or damaged so that its decoder notices.
    """
    with opened(clip) as (container, stream):
        codec = _CODECS.get(stream.codec_context.name)
        # Decoders have other names than codecs (libdav1d decodes av1).
        codec = codec or _CODECS.get(stream.codec_context.codec.canonical_name)
        if codec is None:
            raise unplayable(clip, f"holds {stream.codec_context.name} video")
        film = measured(clip, container, stream)
        poster = any(is_poster(other) for other in container.streams.video)
        container.seek(0)
        pictures = _decoded(clip, container, stream, frames=film.frames)
        width, height = stream.codec_context.width, stream.codec_context.height
    if isinstance(clip, bytes):
        sha256, size_bytes = hashlib.sha256(clip).hexdigest(), len(clip)
    else:
        sha256, size_bytes = files.sha256_of(clip), clip.stat().st_size
    return ClipProbe(
        frames=film.frames,
        width=width,
        height=height,
        rate=film.frames / film.duration_s,
        duration_s=film.duration_s,
        even=film.even,
        codec=codec,
        bit_depth=pictures.bit_depth,
        frames_sha256=pictures.sha256,
        poster=poster,
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
    with opened(clip) as (container, stream):
        for index, frame in enumerate(container.decode(stream)):
            if index in wanted:
                found[index] = to_pixels(frame)
                if len(found) == len(wanted):
                    break
    missing = sorted(wanted - set(found))
    if missing:
        raise unplayable(clip, f"has no frame {missing[0]}")
    return found


@dataclass(frozen=True, slots=True)
class _Pictures:
    bit_depth: Literal[8, 10]
    sha256: str


def _decoded(
    clip: Path | bytes, container: InputContainer, stream: VideoStream, *, frames: int
) -> _Pictures:
    """What only decoding tells, of a film that promises ``frames`` frames."""
    digest = FrameHash()
    seen, kinds = 0, set[tuple[str, int, int]]()
    for frame in container.decode(stream):
        kinds.add((frame.format.name, frame.width, frame.height))
        if len(kinds) > 1:
            raise unplayable(clip, f"changes its size or samples at frame {seen}")
        if frame.format.name not in _DEPTHS:
            raise unplayable(clip, f"has samples of the kind {frame.format.name}")
        if frame.is_corrupt:
            raise unplayable(clip, f"is damaged at frame {seen}")
        digest.see(frame)
        seen += 1
    if seen != frames:
        raise unplayable(clip, f"has {frames} frames, of which {seen} can be decoded")
    (pixels, _, _), *_ = kinds
    return _Pictures(bit_depth=_DEPTHS[pixels], sha256=digest.hexdigest())
