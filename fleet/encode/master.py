"""The clip's frames again, for further work: ProRes 422 HQ in QuickTime, or FFV1 in Matroska.

Called by the finish stage where a shot asks for a master.  FFV1 is lossless: what comes back is
the frames, sample for sample.  ProRes is what editing programs take; it keeps 10 bits and halves
colour sideways.  The same frames give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from companions import files
from companions.geometry import Size
from companions.picture import Pixels
from companions.video_manifest import Master
from fleet.encode.colour import BT709, FULL, LIMITED, RGB, SRGB, ToVideo
from fleet.encode.film import FilmWriter
from fleet.encode.reading import measured, opened, unplayable


@dataclass(frozen=True, slots=True)
class _Kind:
    encoder: str
    container: str
    codec: str
    pixels: str
    options: Mapping[str, str]


_KINDS: Final[Mapping[Master, _Kind]] = {
    Master.PRORES: _Kind(
        encoder="prores_ks",
        container="mov",
        codec="prores",
        pixels="yuv422p10le",
        # Apple's own vendor code: some editing programs recompress what has another.
        options={"profile": "hq", "vendor": "apl0"},
    ),
    Master.FFV1: _Kind(
        encoder="ffv1",
        container="matroska",
        codec="ffv1",
        # Lossless also because FFV1 takes 8-bit RGB as it is, in this one order of its samples.
        pixels="bgr0",
        # Version 3, intra only and with a checksum for every slice, as archives ask for it; the
        # number of slices is said, because the encoder's own choice follows the threads.
        options={"level": "3", "coder": "1", "context": "0", "slices": "16", "slicecrc": "1"},
    ),
}


class MasterWriter(FilmWriter):
    """Writes one master; a context manager.

    On a clean exit the file lies at ``path``, flushed to the disk; on an exception nothing does,
    and a file that was there before is untouched.

    Attributes:
        path: where the master will lie.
        encoder: FFmpeg's name of the encoder, ``prores_ks`` or ``ffv1``.
        frames: frames written so far.
    """

    def __init__(
        self,
        path: Path,
        *,
        size: Size,
        rate: Fraction,
        master: Master,
        threads: int | None = None,
    ) -> None:
        """Prepare a master of ``size`` (even sides) at ``rate`` frames per second.

        Args:
            path: where it will lie; its folder exists.
            size: width and height of every frame, in pixels.
            rate: exact frames per second.
            master: which kind.
            threads: encoder threads, ``film.DEFAULT_THREADS`` if None.
        """
        self._kind = _KINDS[master]
        super().__init__(path, size=size, rate=rate, encoder=self._kind.encoder, threads=threads)
        self._convert = ToVideo(self._kind.pixels)

    def _open_container(self, path: str) -> OutputContainer:
        # Bit-exact: Matroska would otherwise get a random id for every file.
        options = {"fflags": "+bitexact"}
        return av.open(path, "w", format=self._kind.container, options=options)

    def _codec_options(self) -> Mapping[str, str]:
        return self._kind.options

    def _set_up(self, stream: VideoStream) -> None:
        context = stream.codec_context
        stream.pix_fmt = self._kind.pixels
        context.gop_size = 1
        rgb = av.VideoFormat(self._kind.pixels).is_rgb
        context.colorspace, context.color_primaries = RGB if rgb else BT709, BT709
        context.color_trc = SRGB if rgb else BT709
        context.color_range = FULL if rgb else LIMITED

    def _picture(self, frame: Pixels) -> av.VideoFrame:
        return self._convert(frame)


@dataclass(frozen=True, slots=True)
class MasterProbe:
    """One readable master, as measured.

    Attributes:
        master: which kind it is.
        frames: pictures in the file, counted.
        width, height: picture size in pixels.
        sha256: SHA-256 of the file's bytes.
        size_bytes: size of the file.
    """

    master: Master
    frames: int
    width: int
    height: int
    sha256: str
    size_bytes: int


def probe_master(path: Path) -> MasterProbe:
    """Measure a master.  Counts every frame and decodes the first.

    Raises:
        BackendFailed: missing, neither kind, cut off, or its first frame cannot be decoded.
    """
    with opened(path, formats="mov,matroska") as (container, stream):
        codec = stream.codec_context.codec.canonical_name
        master = next((kind for kind, how in _KINDS.items() if how.codec == codec), None)
        if master is None:
            raise unplayable(path, f"holds {codec} video")
        film = measured(path, container, stream)
        container.seek(0)
        if next(iter(container.decode(stream)), None) is None:
            raise unplayable(path, "has no frame that can be decoded")
        width, height = stream.codec_context.width, stream.codec_context.height
    return MasterProbe(
        master=master,
        frames=film.frames,
        width=width,
        height=height,
        sha256=files.sha256_of(path),
        size_bytes=path.stat().st_size,
    )
