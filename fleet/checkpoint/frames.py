"""One shot's generated frames in one file, bit for bit: written and read as a stream.

Kept on the head while a shot is finished, so that no crash repeats GPU time.  Promises: a file
is whole under its name or not there; what is read back is what was written, or
``CheckpointUnusable``, never other pixels; one chunk is held at a time, however long the shot.

The file is Ut Video (median prediction; planes of green, blue and red) in NUT, which FFmpeg
plays.  It was chosen by measurement (``python -m benchmarks.checkpoint``), because one head keeps
the frames of every GPU there is: FFV1 with its fastest settings is a tenth smaller and costs six
times the CPU time; PNG is larger and costs more; prediction from the left costs as much to write
and is a tenth larger.

Two things guard it.  The whole file's SHA-256 is compared before the first frame is given out.
And each picture in it carries the check sum of its frame (see ``picture``).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import av
import av.error
import numpy as np
import numpy.typing as npt

from companions import files
from fleet.checkpoint.folder import SUFFIX, UnnamedFile
from fleet.checkpoint.picture import pack, picture_for, unpacked
from fleet.errors import BackendFailed, CheckpointUnusable

Chunk = npt.NDArray[np.uint8]
"""Consecutive frames, (frames, height, width, 3) uint8 sRGB."""

THREADS: Final = 2
"""Threads of one encoder or decoder.  More gain little, each holds a frame, and a head keeps
several shots at once."""

_CODEC: Final = "utvideo"
_CODEC_OPTIONS: Final = {"pred": "median"}
_PIXEL_FORMAT: Final = "gbrp"
_CONTAINER: Final = "nut"
_LAYOUT: Final = "motionfleet_layout"
_LAYOUT_WORDS: Final = re.compile(r"(\d{1,6}) frames of (\d{1,6})x(\d{1,6})", re.ASCII)
"""The first chunk's frames, and the width and height of each."""
_BACKEND: Final = "the encoder of kept frames"
# A clip's rate is its recipe's and not said here; a container wants one all the same.
_RATE: Final = Fraction(24)
_BUFFER_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CheckpointFacts:
    """What is known of a checkpoint that was written.

    Attributes:
        path: where it lies.
        sha256: SHA-256 of the file's bytes.
        size_bytes: size of the file.
        frames: frames in it.
        width, height: size of every frame, in pixels.
    """

    path: Path
    sha256: str
    size_bytes: int
    frames: int
    width: int
    height: int


def write_checkpoint(path: Path, chunks: Iterable[Chunk]) -> CheckpointFacts:
    """Write all frames of ``chunks`` to ``path`` (which ends in ``SUFFIX``), durably.

    The folder is made if it is missing.  A chunk is let go before the next is asked for.  If
    ``chunks`` raises, its error passes through and nothing is left; a checkpoint that had the
    name before is then untouched.

    Raises:
        FileUnwritable: the folder cannot be made or written, or the disk is full.
        BackendFailed: no frames, frames of different sizes, or the encoder failed.
    """
    if not path.name.endswith(SUFFIX):
        raise ValueError(f"a checkpoint's name ends in {SUFFIX}: {path}")
    with _Writing(path.absolute()) as writing:
        for chunk in chunks:
            writing.write(chunk)
            del chunk  # or it would be held while the next one is fetched
        return writing.finish()


def read_checkpoint(path: Path, *, sha256: str, frames: int) -> Iterator[Chunk]:
    """The frames of a checkpoint, in chunks as large as the first one written.

    The file is compared with ``sha256`` before the first chunk is given out.

    Raises:
        CheckpointUnusable: missing, unreadable, not the file that was written, or it does not
            hold exactly ``frames`` frames.  Raised while iterating.
    """
    try:
        # One open file for both passes: what is decoded is what was compared.
        with files.open_regular(path) as stream:
            if _sha256(stream) != sha256:
                raise CheckpointUnusable(path=path, what="it is not the file that was written")
            stream.seek(0)
            yield from _decoded(stream, path=path, frames=frames)
    except (av.error.FFmpegError, OSError) as error:
        what = f"it cannot be read: {error.strerror or error}"
        raise CheckpointUnusable(path=path, what=what) from error


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BUFFER_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _decoded(source: BinaryIO, *, path: Path, frames: int) -> Iterator[Chunk]:
    with av.open(source, "r", format=_CONTAINER, buffer_size=_BUFFER_BYTES) as container:
        said = _LAYOUT_WORDS.fullmatch(container.metadata.get(_LAYOUT, ""))
        if said is None or len(container.streams.video) != 1:
            raise CheckpointUnusable(path=path, what="it is no checkpoint")
        at_once, width, height = map(int, said.groups())
        stream = container.streams.video[0]
        # By frames: Ut Video has no slices that threads could share.
        stream.codec_context.thread_type = "FRAME"
        stream.codec_context.thread_count = THREADS
        done = filled = 0
        chunk: Chunk | None = None
        for picture in container.decode(stream):
            if done == frames:
                raise CheckpointUnusable(path=path, what=f"it holds more than {frames} frames")
            if chunk is None:
                chunk = np.empty((min(at_once, frames - done), height, width, 3), dtype=np.uint8)
            pixels = np.asarray(picture.to_ndarray(format="rgb24"), dtype=np.uint8)
            if not unpacked(pixels, into=chunk[filled]):
                raise CheckpointUnusable(path=path, what=f"frame {done} is not what was written")
            filled, done = filled + 1, done + 1
            if filled == len(chunk) and done < frames:
                yield chunk
                chunk, filled = None, 0
        if done != frames:
            raise CheckpointUnusable(path=path, what=f"it holds {done} frames and not {frames}")
        # The last one waits until it is certain that nothing comes after it.
        if chunk is not None:
            yield chunk


class _Writing:
    """A checkpoint under way; a context manager that leaves nothing unless it was finished."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: UnnamedFile | None = None
        self._encoding: _Encoding | None = None

    def __enter__(self) -> Self:
        with files.reporting_unwritable(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = UnnamedFile(self._path.parent)
        return self

    def write(self, chunk: Chunk) -> None:
        if chunk.ndim != 4 or chunk.shape[3] != 3 or chunk.dtype.name != "uint8":
            raise _failed(f"frames are {chunk.dtype.name}{list(chunk.shape)}, not 8-bit RGB")
        if not len(chunk):
            return
        with self._reporting():
            if self._encoding is None:
                self._encoding = _Encoding(self._open(), first=chunk)
            self._encoding.write(chunk)

    def finish(self) -> CheckpointFacts:
        """End the file, make it durable, and let it take its name."""
        file, encoding = self._open(), self._encoding
        if encoding is None:
            raise _failed("no frame was written")
        with self._reporting():
            encoding.finish()
            file.take_name(self._path)
        self._file = None
        return CheckpointFacts(
            path=self._path,
            sha256=file.digest.hexdigest(),
            size_bytes=file.size_bytes,
            frames=encoding.frames,
            width=encoding.width,
            height=encoding.height,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.discard()

    def _open(self) -> UnnamedFile:
        if self._file is None:
            raise ValueError("frames are written inside the `with` block")
        return self._file

    @contextlib.contextmanager
    def _reporting(self) -> Iterator[None]:
        # Not around the caller's iterable: its time-outs and broken connections are OSErrors too.
        try:
            with files.reporting_unwritable(self._path):
                yield
        except av.error.FFmpegError as error:
            raise _failed(error.strerror or str(error)) from error


class _Encoding:
    """Frames on their way into a file."""

    def __init__(self, output: UnnamedFile, *, first: Chunk) -> None:
        self.frames = 0
        self.height, self.width = first.shape[1:3]
        self._container = av.open(output, "w", format=_CONTAINER, buffer_size=_BUFFER_BYTES)
        words = f"{len(first)} frames of {self.width}x{self.height}"
        self._container.metadata[_LAYOUT] = words
        self._picture = picture_for(width=self.width, height=self.height)
        self._packed = av.VideoFrame.from_numpy_buffer(self._picture, format="rgb24")
        self._stream = self._container.add_stream(_CODEC, rate=_RATE, options=_CODEC_OPTIONS)
        self._stream.height, self._stream.width = self._picture.shape[:2]
        self._stream.pix_fmt = _PIXEL_FORMAT
        self._stream.codec_context.thread_type = "FRAME"
        self._stream.codec_context.thread_count = THREADS

    def write(self, chunk: Chunk) -> None:
        if chunk.shape[1:3] != (self.height, self.width):
            raise _failed(
                f"frame {self.frames} is {chunk.shape[2]}x{chunk.shape[1]} where the others are "
                f"{self.width}x{self.height}"
            )
        for pixels in chunk:
            pack(pixels, into=self._picture)
            # A copy, because threads go on encoding it when the next one is packed.
            frame = self._packed.reformat(format=_PIXEL_FORMAT)
            frame.pts, frame.time_base = self.frames, 1 / _RATE
            self._container.mux(self._stream.encode(frame))
            self.frames += 1

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


def _failed(what: str) -> BackendFailed:
    return BackendFailed(backend=_BACKEND, what=what)
