"""One clip file, opened: its packets listed, its frames decoded one after the other.

Called from threads only; ``video`` and ``measuring`` have one each.  A clip's packets are listed
once when it is opened, so every frame has a number and is found exactly, whatever its file says
about rates.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtGui import QImage

from companions.geometry import Size

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

LONG_SIDE: Final = 1920
"""Frames are made no larger than this."""
_UNTAGGED_RATE: Final = Fraction(24)


class ClipBroken(Exception):
    """A clip cannot be read; says why.  Told as words by ``ClipReader.failed``."""


@dataclass(frozen=True, slots=True)
class ClipIndex:
    """What a clip holds, by its packets.

    Attributes:
        size: of its frames in pixels.
        rate: frames per second.
        stamps: presentation time of every frame, rising, in the stream's ticks.
        keys: numbers of the frames that decoding can start at.
    """

    size: Size
    rate: Fraction
    stamps: tuple[int, ...]
    keys: tuple[int, ...]

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.stamps)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.frames / self.rate)

    def key_before(self, frame: int) -> int:
        """The last frame at or before ``frame`` that decoding can start at."""
        return max((key for key in self.keys if key <= frame), default=0)


class ClipSource:
    """One opened clip and how far its decoder is.

    Attributes:
        path: its file.
        turn: whoever opened it may number it.
        index: what it holds.
    """

    def __init__(self, path: Path, *, turn: int = 0) -> None:
        """Open the clip at ``path``.

        Raises:
            ClipBroken: it cannot be read, or holds no picture.
        """
        self.path, self.turn = path, turn
        self._container = _opened(path)
        try:
            self.index = _listed(self._container, path=path)
        except BaseException:
            self._container.close()
            raise
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._numbers = {stamp: number for number, stamp in enumerate(self.index.stamps)}
        self._decoding: Iterator[av.VideoFrame] | None = None
        self._spare: tuple[int, av.VideoFrame] | None = None
        self._next = 0
        share = min(1.0, LONG_SIDE / max(self.index.size.width, self.index.size.height))
        self._shown_as = Size(
            max(1, round(self.index.size.width * share)),
            max(1, round(self.index.size.height * share)),
        )

    @property
    def frame_bytes(self) -> int:
        """What one frame takes as an image."""
        return self._shown_as.pixels * 4

    def towards(self, wanted: int) -> tuple[int, av.VideoFrame] | None:
        """Decode one frame on the way to ``wanted``, or itself; None if it cannot be decoded.

        Raises:
            ClipBroken: the file cannot be searched.
        """
        key = self.index.key_before(wanted)
        if self._decoding is None or not key <= self._next <= wanted:
            self._seek(key)
        found = self._spare or self._following()
        self._spare = None
        if found is None or found[0] <= wanted:
            return found
        self._spare, self._next = found, found[0]
        return None

    def _following(self) -> tuple[int, av.VideoFrame] | None:
        """The next frame that the decoder gives; None at the end of the clip."""
        for video in self._decoding or ():
            number = self._numbers.get(video.pts) if video.pts is not None else None
            if number is not None:
                self._next = number + 1
                return number, video
        self._decoding = None
        return None

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """The frames from here to the end; what is damaged on the way is passed over."""
        import av.error

        with contextlib.suppress(av.error.FFmpegError, OSError):  # the file ends too early
            for packet in self._container.demux(self._stream):
                # Packet by packet: a decoder that is asked for all ends with the first damage.
                with contextlib.suppress(av.error.FFmpegError, ValueError):
                    yield from packet.decode()

    def image(self, video: av.VideoFrame) -> QImage:
        """A decoded frame as an image for the screen, by the matrix and range it is tagged with.

        Raises:
            ClipBroken: it cannot be shown: a damaged frame of another kind than the clip's.
        """
        import av.error
        from av.video.reformatter import ColorRange, Colorspace, Interpolation

        # Untagged video is BT.709 in limited range, as the fleet writes it and players assume.
        matrix = {
            5: Colorspace.ITU601,
            6: Colorspace.ITU601,
            7: Colorspace.SMPTE240M,
        }.get(int(video.colorspace), Colorspace.ITU709)
        full = int(video.color_range) == int(ColorRange.JPEG)
        width, height = self._shown_as.width, self._shown_as.height
        try:
            shown = video.reformat(
                width=width,
                height=height,
                format="bgra",
                src_colorspace=int(matrix),
                src_color_range=int(ColorRange.JPEG if full else ColorRange.MPEG),
                dst_color_range=int(ColorRange.JPEG),
                interpolation=int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND),
            )
            pixels = np.ascontiguousarray(shown.to_ndarray())
        except (av.error.FFmpegError, ValueError, MemoryError) as error:
            raise ClipBroken(f"a frame of {self.path.name} cannot be shown ({error})") from None
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        return image.copy()

    def close(self) -> None:
        """Close the file."""
        self._decoding = None
        self._container.close()

    def _seek(self, key: int) -> None:
        import av.error

        try:
            self._container.seek(self.index.stamps[key], stream=self._stream, backward=True)
        except (av.error.FFmpegError, OSError) as error:
            what = getattr(error, "strerror", None) or str(error)
            raise ClipBroken(f"{self.path.name} cannot be searched ({what})") from None
        self._decoding, self._spare = self._decoded(), None
        self._next = key


def frames_of(path: Path, choose: Callable[[int], Sequence[int]]) -> Iterator[tuple[int, QImage]]:
    """Some of a clip's frames: those that ``choose`` names, given how many there are, in order.

    A frame that cannot be decoded is left out.

    Raises:
        ClipBroken: the clip cannot be opened.
    """
    source = ClipSource(path)
    try:
        for wanted in choose(source.index.frames):
            with contextlib.suppress(ClipBroken):
                found = source.towards(wanted)
                while found is not None and found[0] != wanted:
                    found = source.towards(wanted)
                if found is not None:
                    yield wanted, source.image(found[1])
    finally:
        source.close()


def _opened(path: Path) -> InputContainer:
    import av
    import av.error

    try:
        # Absolute, because FFmpeg takes what stands before a name's colon for a protocol.
        container = av.open(str(path.absolute()), "r")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise ClipBroken(f"{path.name} cannot be played ({what})") from None
    if not container.streams.video:
        container.close()
        raise ClipBroken(f"{path.name} holds no pictures")
    return container


def _listed(container: InputContainer, *, path: Path) -> ClipIndex:
    import av.error

    stream: VideoStream = container.streams.video[0]
    context = stream.codec_context
    if context is None or min(context.width, context.height) < 1:
        raise ClipBroken(f"{path.name} is in a codec that is not known here, or is damaged")
    stamps: list[int] = []
    keys: set[int] = set()
    try:
        for packet in container.demux(stream):
            if packet.pts is not None and packet.size:
                stamps.append(packet.pts)
                if packet.is_keyframe:
                    keys.add(packet.pts)
    except (av.error.FFmpegError, OSError, ValueError):
        pass  # what was read so far can be shown; how many frames are missing is told by the meta
    rising = tuple(sorted(set(stamps)))
    if not rising:
        raise ClipBroken(f"{path.name} holds no pictures")
    rate = stream.average_rate or stream.guessed_rate or _UNTAGGED_RATE
    return ClipIndex(
        size=Size(context.width, context.height),
        rate=Fraction(rate),
        stamps=rising,
        keys=tuple(number for number, stamp in enumerate(rising) if stamp in keys),
    )
