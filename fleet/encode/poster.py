"""The clip's cover picture: one of its frames as a JPEG, which players and file managers show.

Kept as MP4's ``covr`` item, where it is not a frame of the film: nothing that counts, seeks or
compares frames sees it.
"""

from __future__ import annotations

from typing import Final

import av
import cv2
from av.container import OutputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from companions.geometry import Size
from companions.picture import Pixels
from companions.video_manifest import Poster
from fleet.errors import BackendFailed

_LONGEST_PX: Final = 1280
"""Longest side: a cover is shown small, and lies in front of the film in the file."""
_QUALITY: Final = 90
_FIELD: Final = "the poster"


def poster_index(poster: Poster, *, frames: int | None) -> int:
    """Number of the frame, from 0, that is the poster of a clip of so many frames.

    Raises:
        ValueError: that depends on ``frames``, and they are not known or none.
    """
    if poster is Poster.FIRST:
        return 0
    if frames is None or frames < 1:
        raise ValueError(f"poster {poster.value!r} needs the number of frames")
    return (frames - 1) // 2 if poster is Poster.MIDDLE else frames - 1


class PosterTaker:
    """Takes the poster from the frames as they pass, and holds nothing but its JPEG."""

    def __init__(self, poster: Poster, *, frames: int | None) -> None:
        """Wait for the frame that ``poster`` names.

        Raises:
            ValueError: see ``poster_index``.
        """
        self._index = poster_index(poster, frames=frames)
        self._jpeg: bytes | None = None
        self._stream: Stream | None = None

    def announce(self, container: OutputContainer, *, size: Size) -> None:
        """Give ``container`` the stream of the poster; before its header is written."""
        shown = shown_size(size)
        stream = container.add_mux_stream("mjpeg", width=shown.width, height=shown.height)
        stream.disposition = Disposition.attached_pic
        self._stream = stream

    def see(self, frame: Pixels, *, index: int) -> None:
        """Keep ``frame``, (height, width, 3) uint8 sRGB, if its number is the poster's."""
        if index == self._index:
            self._jpeg = jpeg(frame)

    def put(self, container: OutputContainer) -> None:
        """Write the poster.

        Raises:
            BackendFailed: its frame never came.
        """
        if self._jpeg is None or self._stream is None:
            raise BackendFailed(backend=_FIELD, what=f"frame {self._index} was never written")
        packet = av.Packet(self._jpeg)
        packet.stream = self._stream
        packet.pts = packet.dts = 0
        container.mux(packet)


def shown_size(size: Size) -> Size:
    """Size of the poster of a clip of ``size``: the same, or its longest side 1280 pixels."""
    longest = max(size.width, size.height)
    if longest <= _LONGEST_PX:
        return size
    return Size(
        width=max(1, round(size.width * _LONGEST_PX / longest)),
        height=max(1, round(size.height * _LONGEST_PX / longest)),
    )


def jpeg(frame: Pixels) -> bytes:
    """``frame``, (height, width, 3) uint8 sRGB, as the JPEG that a poster is."""
    size = shown_size(Size(width=frame.shape[1], height=frame.shape[0]))
    picture = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    if (size.height, size.width) != frame.shape[:2]:
        picture = cv2.resize(picture, (size.width, size.height), interpolation=cv2.INTER_AREA)
    fine, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not fine:
        raise BackendFailed(backend=_FIELD, what="OpenCV could not encode it as JPEG")
    return data.tobytes()


def is_poster(stream: VideoStream) -> bool:
    """Whether a stream of a file that is being read is a cover and not a film."""
    return bool(stream.disposition & Disposition.attached_pic)
