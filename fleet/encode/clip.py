"""One clip, written frame by frame: H.264, HEVC or AV1 in MP4, whole or not at all.

Called by the finish stage, which streams the clip's frames through it.  Promises: exactly one
picture per frame interval from zero (constant frame rate, to the tick, also at 24000/1001);
BT.709 tags and conversion; index in front of the data, so that playback starts before the file
has arrived; the same frames and thread count give the same bytes.  The clip appears under its
name only when it is finished and on the disk.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

import av
import av.error
import cv2
from av.container import OutputContainer
from av.video.stream import VideoStream

from companions import files
from companions.geometry import Size
from companions.picture import Pixels
from companions.video_manifest import Codec, EncodeParams
from fleet.encode.colour import BT709, LIMITED, to_video
from fleet.errors import BackendFailed

DEFAULT_THREADS: Final = 4
"""Threads of an encoder unless said otherwise: a constant and not the machine's core count,
because x264's bytes depend on it."""

_KEYFRAME_EVERY_S: Final = 2
"""Longest distance between intra pictures: a reviewer's scrub lands within two seconds."""

_CPU_AVX2: Final = 11
"""OpenCV's number for the AVX2 instructions; it has no name in Python."""
_CODING_TREE_PX: Final = 64


@dataclass(frozen=True, slots=True)
class Encoder:
    """How one codec is made.

    Attributes:
        name: FFmpeg's name of the encoder.
        crf: constant quality used when a shot gives neither crf nor bit rate.  The three were
            chosen to look alike and to be hard to tell from the frames: x264 18, x265 20,
            SVT-AV1 28 (its scale ends at 63).
        preset: speed setting of the encoder.
        tag: four-character code in the file; QuickTime and Safari play HEVC only as ``hvc1``.
    """

    name: str
    crf: int
    preset: str
    tag: str


ENCODERS: Final[Mapping[Codec, Encoder]] = {
    Codec.H264: Encoder(name="libx264", crf=18, preset="medium", tag="avc1"),
    Codec.HEVC: Encoder(name="libx265", crf=20, preset="medium", tag="hvc1"),
    Codec.AV1: Encoder(name="libsvtav1", crf=28, preset="8", tag="av01"),
}


class ClipWriter:
    """Writes one clip; a context manager.

    On a clean exit the clip lies at ``path``, flushed to the disk; on an exception nothing does,
    and a clip that was there before is untouched.

    Attributes:
        path: where the clip will lie.
        encoder: FFmpeg's name of the encoder, such as ``libx264``, for the meta.
        frames: frames written so far.
    """

    def __init__(
        self,
        path: Path,
        *,
        size: Size,
        rate: Fraction,
        params: EncodeParams,
        title: str,
        threads: int | None = None,
    ) -> None:
        """Prepare a clip of ``size`` (even sides) at ``rate`` frames per second.

        Args:
            path: where the clip will lie; its folder exists.
            size: width and height of every frame, in pixels.
            rate: exact frames per second.
            params: codec and quality.
            title: what players show as the clip's title.
            threads: encoder threads, ``DEFAULT_THREADS`` if None.  The bytes depend on it.
        """
        self.path = path
        self._encoder = ENCODERS[params.codec]
        self.encoder = self._encoder.name
        self.frames = 0
        self._size, self._rate, self._params, self._title = size, rate, params, title
        self._threads = DEFAULT_THREADS if threads is None else max(1, threads)
        # Our own constant: PyAV rewrites stream.time_base once the header is written, and frames
        # stamped with that one end in EINVAL in the middle of the clip.
        self._tick = 1 / rate
        self._temporary: Path | None = None
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            FileUnwritable: the folder is missing, read-only or full.
            BackendFailed: the encoder refuses the settings.
        """
        name = f"{files.TEMPORARY_PREFIX}{secrets.token_hex(8)}{files.TEMPORARY_SUFFIX}"
        temporary = self.path.absolute().with_name(name)
        try:
            with self._reporting():
                os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
                self._temporary = temporary
                # Absolute, because FFmpeg takes what stands before a name's colon for a protocol.
                self._container = av.open(
                    str(temporary), "w", format="mp4", options={"movflags": "+faststart"}
                )
                self._container.metadata["title"] = self._title
                self._stream = self._add_stream(self._container)
        except BaseException:
            self._discard()
            raise
        return self

    def write(self, frame: Pixels) -> None:
        """Append one frame, (height, width, 3) uint8 sRGB.

        Raises:
            FileUnwritable: the disk is full or gone.
            BackendFailed: the frame has another size, or the encoder failed.
        """
        expected = (self._size.height, self._size.width, 3)
        if frame.shape != expected or frame.dtype.name != "uint8":
            raise BackendFailed(
                backend=self.encoder,
                what=f"frame {self.frames} is {frame.dtype.name}{list(frame.shape)} where the clip "
                f"needs uint8{list(expected)}",
            )
        with self._reporting():
            video = to_video(frame)
            video.pts = self.frames
            video.time_base = self._tick
            self._mux(video)
        self.frames += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the clip, or remove what there is of it.

        Raises:
            FileUnwritable: the disk is full or gone.
            BackendFailed: the encoder failed, or no frame was written.
        """
        if kind is not None:
            self._discard()
            return
        try:
            with self._reporting():
                self._finish()
        except BaseException:
            self._discard()
            raise

    def _add_stream(self, container: OutputContainer) -> VideoStream:
        options = self._codec_options()
        stream = cast(
            "VideoStream", container.add_stream(self.encoder, rate=self._rate, options=options)
        )
        stream.width, stream.height, stream.pix_fmt = self._size.width, self._size.height, "yuv420p"
        stream.time_base = self._tick
        context = stream.codec_context
        context.time_base = self._tick
        context.codec_tag = self._encoder.tag
        context.thread_count = self._threads
        context.gop_size = max(1, round(_KEYFRAME_EVERY_S * self._rate))
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        if self._params.bitrate_kbps is not None:
            stream.bit_rate = self._params.bitrate_kbps * 1000
        context.open()
        return stream

    def _codec_options(self) -> dict[str, str]:
        options = {"preset": self._encoder.preset}
        if self._params.bitrate_kbps is None:
            crf = self._encoder.crf if self._params.crf is None else self._params.crf
            options["crf"] = str(crf)
        if self._params.codec is Codec.H264 and cv2.checkHardwareSupport(_CPU_AVX2):
            # x264's AVX-512 code reads memory it never wrote (macroblock tree, at many frame
            # widths such as 320 and 854): the same frames then give other bytes every time.
            # AVX2 costs 7 % of the speed and gives the same bytes on every machine that has it.
            options["x264-params"] = "asm=AVX2"
        elif self._params.codec is Codec.HEVC:
            # x265 writes its banner to stderr by itself, and takes every core for its pools.  Of
            # several frames at once it sometimes waits for ever for one that never comes, at the
            # clip's end (its rate control misses the word that there are no more); rows of one
            # frame keep the threads as busy.
            options["x265-params"] = f"log-level=none:pools={self._threads}:frame-threads=1"
            if max(self._size.width, self._size.height) <= _CODING_TREE_PX:
                # A frame of one single coding-tree unit comes out differently every time.
                options["x265-params"] += ":ctu=32"
        elif self._params.codec is Codec.AV1:
            # SVT-AV1 has no option for its banner, only this variable (1: errors).
            os.environ.setdefault("SVT_LOG", "1")
            options["svtav1-params"] = f"lp={min(self._threads, 6)}"
        return options

    def _mux(self, video: av.VideoFrame | None) -> None:
        if self._stream is None or self._container is None:
            raise ValueError("a ClipWriter is used inside its `with` block")
        for packet in self._stream.encode(video):
            # Where an encoder leaves it open, the muxer guesses the last frame's length.
            packet.duration = 1
            self._container.mux(packet)

    def _finish(self) -> None:
        if self.frames == 0:
            raise BackendFailed(backend=self.encoder, what="no frame was written")
        self._mux(None)
        container, self._container = self._container, None
        temporary = self._temporary
        if container is None or temporary is None:
            raise ValueError("a ClipWriter is used inside its `with` block")
        container.close()
        with temporary.open("rb") as stream:
            files.flush_to_disk(stream.fileno())
        temporary.replace(self.path)
        self._temporary = None
        files.flush_folder(self.path.absolute().parent)

    def _discard(self) -> None:
        container, self._container = self._container, None
        if container is not None:
            with contextlib.suppress(av.error.FFmpegError, OSError):
                container.close()
        if self._temporary is not None:
            with contextlib.suppress(OSError):
                self._temporary.unlink(missing_ok=True)
            self._temporary = None

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            with files.reporting_unwritable(self.path):
                yield
        except av.error.FFmpegError as error:
            what = error.strerror or str(error)
            raise BackendFailed(backend=self.encoder, what=what) from error
