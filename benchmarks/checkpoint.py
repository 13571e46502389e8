"""What keeping generated frames costs: ``python -m benchmarks.checkpoint``.

81 frames of a camera's move over a photograph, as a generator hands them on, end durably on the
disk and come back; all ways take turns on the same machine.  Beside ``fleet.checkpoint``: the
bare copy (the least any way can cost), PNG by OpenCV, FFV1, and Ut Video with other settings.
The processor's time counts, not only the wall's: one head keeps the frames of every GPU there is.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from benchmarks.moves.photographs import mosaic
from benchmarks.report import FOLDER, Figure, tell
from companions import files
from companions.camera import CameraPath
from companions.easing import EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size
from companions.picture import Pixels
from fleet.checkpoint.folder import SUFFIX
from fleet.checkpoint.frames import Chunk, read_checkpoint, write_checkpoint
from fleet.generate.base import GenerateRequest
from fleet.generate.camera import Camera

PICTURE: Final = Size(6000, 4000)
OUTPUT: Final = Size(1280, 720)
FRAMES: Final = 81
CHUNK: Final = 19
"""Frames in a chunk of about 50 MB, as the generate stage cuts them."""
STAGE_S: Final = 10.0
"""A stage of that length is what keeping is held against."""
TURNS: Final = 3

Write = Callable[[Path, Chunk], None]
Read = Callable[[Path, int], Iterator[Pixels]]


@dataclass
class Way:
    """One way of keeping frames, and its times in seconds."""

    name: str
    write: Write
    read: Read
    size_bytes: int = 0
    wrote_s: list[float] = field(default_factory=list)
    wrote_cpu_s: list[float] = field(default_factory=list)
    read_s: list[float] = field(default_factory=list)
    read_cpu_s: list[float] = field(default_factory=list)


def main() -> None:
    """Measure all ways in turns, and tell."""
    frames = np.stack(list(_moving()))
    ours = _Ours()
    ways = [
        Way("fleet.checkpoint", ours.write, ours.read),
        Way("bare copy", _copy, _copied),
        Way("PNG, OpenCV level 1", _png, _pngs),
        _video("FFV1, 2 threads", "ffv1", "bgr0", _FFV1),
        _video("Ut Video median, 1 thread", "utvideo", "gbrp", {"pred": "median"}, threads=1),
        _video("Ut Video median, 4 threads", "utvideo", "gbrp", {"pred": "median"}, threads=4),
        _video("Ut Video left, 2 threads", "utvideo", "gbrp", {"pred": "left"}),
    ]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        for turn in range(TURNS + 1):
            # In turns, so that whatever else the machine does meets all of them alike.
            for way in ways:
                _measure(way, frames, Path(folder) / f"a{SUFFIX}", counts=turn > 0)
    figures = [figure for way in ways for figure in _told(way, frames.nbytes)]
    kept = ways[0]
    write_s, cpu_s = statistics.median(kept.wrote_s), statistics.median(kept.wrote_cpu_s)
    figures += [
        Figure("kept in, of a 10 s stage", write_s / STAGE_S * 100, "%", target=10, runs=TURNS),
        Figure("shots per second one core can keep", 1 / cpu_s, "shots/s", better="more"),
        Figure("one shot's checkpoint", kept.size_bytes / 1e6, "MB"),
    ]
    tell(
        "checkpoint",
        figures,
        what=f"{FRAMES} frames of {OUTPUT.width}x{OUTPUT.height}, {frames.nbytes / 1e6:.0f} MB "
        f"raw, flushed to the disk",
    )


def _moving() -> Iterator[Pixels]:
    path = CameraPath(
        Rect.of(0.05, 0.05, 0.95, 0.95), Rect.of(0.262, 0.331, 0.712, 0.781), EasingName.EASE_IN_OUT
    )
    at = [i / (FRAMES - 1) for i in range(FRAMES)]
    request = GenerateRequest(mosaic(PICTURE), path, at, OUTPUT, "", "", GenerationParams())
    return Camera().frames(request)


def _measure(way: Way, frames: Chunk, path: Path, *, counts: bool) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    way.write(path, frames)
    wrote_s, wrote_cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    way.size_bytes = path.stat().st_size
    wall, cpu = time.perf_counter(), time.process_time()
    count = sum(1 for _ in way.read(path, FRAMES))
    read_s, read_cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    if not counts:  # the first is for the caches, and to see that nothing is lost
        assert count == FRAMES
        for was, now in zip(frames, way.read(path, FRAMES), strict=True):
            assert np.array_equal(was, now), way.name
        return
    way.wrote_s.append(wrote_s)
    way.wrote_cpu_s.append(wrote_cpu_s)
    way.read_s.append(read_s)
    way.read_cpu_s.append(read_cpu_s)


def _told(way: Way, raw_bytes: int) -> list[Figure]:
    write_s, read_s = statistics.median(way.wrote_s), statistics.median(way.read_s)
    return [
        Figure(f"{way.name}: write", FRAMES / write_s, "frames/s", better="more", runs=TURNS),
        Figure(f"{way.name}: write", raw_bytes / write_s / 1e6, "MB/s of pixels", better="more"),
        Figure(
            f"{way.name}: write", statistics.median(way.wrote_cpu_s) / FRAMES * 1e3, "CPU ms/frame"
        ),
        Figure(f"{way.name}: read", FRAMES / read_s, "frames/s", better="more", runs=TURNS),
        Figure(
            f"{way.name}: read", statistics.median(way.read_cpu_s) / FRAMES * 1e3, "CPU ms/frame"
        ),
        Figure(f"{way.name}: size of raw", way.size_bytes / raw_bytes * 100, "%"),
    ]


# -- the ways ---------------------------------------------------------------------------------


class _Ours:
    """As the fleet does it; the hash, which the ledger holds there, is held here."""

    def __init__(self) -> None:
        self._sha256 = ""

    def write(self, path: Path, frames: Chunk) -> None:
        chunks = (frames[i : i + CHUNK] for i in range(0, len(frames), CHUNK))
        self._sha256 = write_checkpoint(path, chunks).sha256

    def read(self, path: Path, frames: int) -> Iterator[Pixels]:
        for chunk in read_checkpoint(path, sha256=self._sha256, frames=frames):
            yield from chunk


def _copy(path: Path, frames: Chunk) -> None:
    with path.open("wb", buffering=0) as stream:
        stream.write(frames.data)
        files.flush_to_disk(stream.fileno())


def _copied(path: Path, frames: int) -> Iterator[Pixels]:
    shape = (OUTPUT.height, OUTPUT.width, 3)
    with path.open("rb") as stream:
        for _ in range(frames):
            pixels = np.empty(shape, dtype=np.uint8)
            stream.readinto(pixels.data)
            yield pixels


def _png(path: Path, frames: Chunk) -> None:
    # In one file, each after its length: a file for each would cost a flush for each.
    with path.open("wb") as stream:
        for pixels in frames:
            bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
            data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
            stream.write(len(data).to_bytes(8, "big") + data)
        stream.flush()
        files.flush_to_disk(stream.fileno())


def _pngs(path: Path, frames: int) -> Iterator[Pixels]:
    with path.open("rb") as stream:
        for _ in range(frames):
            data = stream.read(int.from_bytes(stream.read(8), "big"))
            bgr = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
            assert bgr is not None
            yield np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


# What FFV1 is fastest with, at no loss of size: the range coder takes half as long again.
_FFV1: Final = {"g": "1", "slicecrc": "1", "slices": "4", "coder": "0", "context": "0"}


def _video(
    name: str, codec: str, pixel_format: str, options: dict[str, str], *, threads: int = 2
) -> Way:
    write = partial(
        _encode, codec=codec, pixel_format=pixel_format, options=options, threads=threads
    )
    return Way(name, write, partial(_decode, threads=threads))


def _encode(
    path: Path,
    frames: Chunk,
    *,
    codec: str,
    pixel_format: str,
    options: dict[str, str],
    threads: int,
) -> None:
    with av.open(str(path), "w", format="nut") as container:
        stream = container.add_stream(codec, rate=24, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = OUTPUT.width, OUTPUT.height, pixel_format
        stream.codec_context.thread_count = threads
        stream.codec_context.thread_type = "AUTO"
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame = frame.reformat(format=pixel_format)
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with path.open("rb") as written:
        files.flush_to_disk(written.fileno())


def _decode(path: Path, _frames: int, *, threads: int) -> Iterator[Pixels]:
    with av.open(str(path), "r", format="nut") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = threads
        stream.codec_context.thread_type = "AUTO"
        for frame in container.decode(stream):
            yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


if __name__ == "__main__":
    main()
