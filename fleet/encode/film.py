"""A file of frames written through FFmpeg: whole under its name, or not there at all.

What clips and masters share: the temporary file, the exact time of every frame, the flush to the
disk, and errors that say whose they are.
"""

from __future__ import annotations

import abc
import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

import av
import av.error
from av.container import OutputContainer
from av.video.stream import VideoStream

from companions import files
from companions.geometry import Size
from companions.picture import Pixels
from fleet.errors import BackendFailed

DEFAULT_THREADS: Final = 4
"""Threads of an encoder unless said otherwise: a constant and not the machine's core count,
because x264's bytes depend on it."""


class FilmWriter(abc.ABC):
    """Writes one file of frames; a context manager.

    On a clean exit the file lies at ``path``, flushed to the disk; on an exception nothing does,
    and a file that was there before is untouched.

    Attributes:
        path: where the file will lie.
        encoder: FFmpeg's name of the encoder, such as ``libx264``.
        frames: frames written so far.
    """

    def __init__(
        self, path: Path, *, size: Size, rate: Fraction, encoder: str, threads: int | None
    ) -> None:
        """Prepare a file of ``size`` at ``rate`` frames per second, made by ``encoder``."""
        self.path, self.encoder = path, encoder
        self.frames = 0
        self._size, self._rate = size, rate
        self._threads = DEFAULT_THREADS if threads is None else max(1, threads)
        # Our own constant: PyAV rewrites stream.time_base once the header is written, and frames
        # stamped with that one end in EINVAL in the middle of the clip.
        self._tick = 1 / rate
        self._decode_lead: int | None = None
        self._packets = 0
        self._temporary: Path | None = None
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    @abc.abstractmethod
    def _open_container(self, path: str) -> OutputContainer:
        """The empty file with its words, before it has a stream."""

    @abc.abstractmethod
    def _set_up(self, stream: VideoStream) -> None:
        """Give the film's stream its pixel format, colour and whatever else is the encoder's."""

    @abc.abstractmethod
    def _codec_options(self) -> Mapping[str, str]:
        """The encoder's options."""

    @abc.abstractmethod
    def _picture(self, frame: Pixels) -> av.VideoFrame:
        """``frame`` in the encoder's pixel format."""

    def _before_end(self, container: OutputContainer) -> None:  # noqa: B027  (most need nothing)
        """Whatever a file needs besides its film; called once, after the last frame.

        Raises:
            BackendFailed: it cannot be had.
        """

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
                self._container = self._open_container(str(temporary))
                self._stream = self._add_film(self._container)
        except BaseException:
            self._discard()
            raise
        return self

    def write(self, frame: Pixels) -> None:
        """Append one frame, (height, width, 3) uint8 sRGB; it may be changed afterwards.

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
            video = self._picture(frame)
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
        """Finish the file, or remove what there is of it.

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

    def _add_film(self, container: OutputContainer) -> VideoStream:
        options = dict(self._codec_options())
        stream = cast(
            "VideoStream", container.add_stream(self.encoder, rate=self._rate, options=options)
        )
        stream.width, stream.height = self._size.width, self._size.height
        stream.time_base = self._tick
        context = stream.codec_context
        context.time_base = self._tick
        context.thread_count = self._threads
        self._set_up(stream)
        context.open()
        return stream

    def _mux(self, video: av.VideoFrame | None) -> None:
        if self._stream is None or self._container is None:
            raise ValueError(f"a {type(self).__name__} is used inside its `with` block")
        for packet in self._stream.encode(video):
            # Where an encoder leaves it open, the muxer guesses the last frame's length.
            packet.duration = 1
            if self._decode_lead is not None:
                packet.dts = self._packets - self._decode_lead
            self._packets += 1
            self._container.mux(packet)

    def _finish(self) -> None:
        if self.frames == 0:
            raise BackendFailed(backend=self.encoder, what="no frame was written")
        self._mux(None)
        container, temporary = self._container, self._temporary
        if container is None or temporary is None:
            raise ValueError(f"a {type(self).__name__} is used inside its `with` block")
        self._before_end(container)
        self._container = self._stream = None
        container.close()
        with temporary.open("rb") as stream:
            files.flush_to_disk(stream.fileno())
        temporary.replace(self.path)
        self._temporary = None
        files.flush_folder(self.path.absolute().parent)

    def _discard(self) -> None:
        container, self._container = self._container, None
        self._stream = None
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
