"""Kept frames come back bit for bit, or are refused; either way in bounded memory."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from companions.geometry import Size
from fleet.checkpoint.folder import SUFFIX
from fleet.checkpoint.frames import CheckpointFacts, Chunk, read_checkpoint, write_checkpoint
from fleet.errors import BackendFailed, CheckpointUnusable
from tests.fleet.checkpoint.making import in_chunks, lopsided, motion, noise

SMALL = Size(66, 50)


def back(facts: CheckpointFacts) -> list[Chunk]:
    return list(read_checkpoint(facts.path, sha256=facts.sha256, frames=facts.frames))


def keep(folder: Path, frames: Chunk, *, of: int = 24) -> CheckpointFacts:
    return write_checkpoint(folder / f"a{SUFFIX}", in_chunks(frames, of=of))


# -- what is read back is what was written ----------------------------------------------------


@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png", "rocket.jpg"])
def test_frames_of_real_motion_come_back_bit_for_bit(tmp_path: Path, name: str) -> None:
    frames = motion(30, size=Size(640, 360), name=name)

    facts = keep(tmp_path, frames)

    assert np.array_equal(np.concatenate(back(facts)), frames)
    assert (facts.frames, facts.width, facts.height) == (30, 640, 360)
    assert facts.size_bytes < 0.7 * frames.nbytes, "and are smaller meanwhile"


@pytest.mark.parametrize(
    "size",
    [Size(1920, 1080), Size(66, 50), Size(33, 17), Size(7, 3), Size(1, 9), Size(9, 1), Size(1, 1)],
    ids=lambda size: f"{size.width}x{size.height}",
)
@pytest.mark.parametrize("make", [noise, motion])
def test_no_size_is_too_odd(tmp_path: Path, size: Size, make: Callable[..., Chunk]) -> None:
    frames = make(2, size=size)

    assert np.array_equal(np.concatenate(back(keep(tmp_path, frames))), frames)


@pytest.mark.parametrize("size", [Size(127, 90), Size(1, 2)], ids=["large", "tiny"])
def test_a_size_that_overruns_the_encoder_comes_back(tmp_path: Path, size: Size) -> None:
    # Encoded as they are, two frames in three of the first size cannot be decoded.
    frames = noise(30, size=size)

    assert np.array_equal(np.concatenate(back(keep(tmp_path, frames))), frames)


@pytest.mark.parametrize("level", [(0, 0, 0), (255, 255, 255), (1, 200, 77)])
def test_frames_without_any_detail_come_back(tmp_path: Path, level: tuple[int, ...]) -> None:
    frames = np.empty((3, 90, 160, 3), dtype=np.uint8)
    frames[:] = level
    frames[1, 5, 5] = 9  # and one with a single speck

    assert np.array_equal(np.concatenate(back(keep(tmp_path, frames))), frames)


@pytest.mark.parametrize("differences", [False, True])
def test_the_most_lopsided_frame_there_can_be_comes_back(
    tmp_path: Path, *, differences: bool
) -> None:
    frames = lopsided(size=Size(1920, 1080), differences=differences)

    assert np.array_equal(back(keep(tmp_path, frames))[0], frames)


@settings(max_examples=40)
@given(data=st.data(), count=st.integers(1, 5), width=st.integers(1, 40), height=st.integers(1, 40))
def test_whatever_the_frames_they_come_back(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    count: int,
    width: int,
    height: int,
) -> None:
    frames = data.draw(arrays(np.uint8, (count, height, width, 3)))

    facts = keep(tmp_path_factory.mktemp("kept"), frames, of=data.draw(st.integers(1, count)))

    assert np.array_equal(np.concatenate(back(facts)), frames)


def test_chunks_come_back_as_they_were_cut(tmp_path: Path) -> None:
    chunks = back(keep(tmp_path, motion(20, size=SMALL), of=8))

    assert [len(chunk) for chunk in chunks] == [8, 8, 4]


def test_frames_that_lie_in_memory_in_another_order_come_back(tmp_path: Path) -> None:
    frames = motion(4, size=SMALL)[::-1, ::2, ::-1, ::-1]
    frames.setflags(write=False)  # and read-only, as they come out of Ray

    assert np.array_equal(np.concatenate(back(keep(tmp_path, frames))), frames)


def test_the_facts_are_those_of_the_file(tmp_path: Path) -> None:
    facts = keep(tmp_path / "new folder", motion(5, size=SMALL))

    data = facts.path.read_bytes()
    assert facts.path == tmp_path / "new folder" / f"a{SUFFIX}"
    assert (facts.sha256, facts.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))


def test_another_program_can_look_at_them(tmp_path: Path) -> None:
    frames = motion(5, size=SMALL)
    facts = keep(tmp_path, frames)

    with av.open(str(facts.path)) as container:
        seen = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]

    # Below each frame is a row for its check sum, and the width is a multiple of four.
    assert np.array_equal(np.stack(seen)[:, :50, :66], frames)


# -- memory -----------------------------------------------------------------------------------


def test_a_chunk_is_let_go_before_the_next_is_asked_for(tmp_path: Path) -> None:
    given: list[weakref.ref[Chunk]] = []

    def chunks() -> Iterator[Chunk]:
        for seed in range(4):
            assert all(chunk() is None for chunk in given)
            chunk = noise(3, size=SMALL, seed=seed)
            given.append(weakref.ref(chunk))
            yield chunk
            del chunk

    facts = write_checkpoint(tmp_path / f"a{SUFFIX}", chunks())

    assert len(given) == 4
    read: list[weakref.ref[Chunk]] = []
    for chunk in read_checkpoint(facts.path, sha256=facts.sha256, frames=facts.frames):
        assert all(earlier() is None for earlier in read)
        read.append(weakref.ref(chunk))
        del chunk
    assert len(read) == 4


PEAK = """
import sys
from pathlib import Path
from companions.geometry import Size
from fleet.checkpoint.frames import read_checkpoint, write_checkpoint
from tests.fleet.checkpoint.making import motion

def peak_kib():
    said = Path("/proc/self/status").read_text()
    return int(said.split("VmHWM:")[1].split()[0])

path, count = Path(sys.argv[1]), int(sys.argv[2])
chunk = motion(15, size=Size(1280, 720))
facts = write_checkpoint(path, (chunk.copy() for _ in range(count // 15)))
written = peak_kib()
read = sum(len(chunk) for chunk in read_checkpoint(path, sha256=facts.sha256, frames=count))
assert read == count
path.unlink()
print(written, peak_kib())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads a process's own peak from /proc")
def test_ten_times_as_many_frames_take_no_more_memory(tmp_path: Path) -> None:
    peaks = {}
    for count in (30, 300):
        said = subprocess.run(
            [sys.executable, "-c", PEAK, str(tmp_path / f"a{SUFFIX}"), str(count)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        peaks[count] = [int(word) for word in said.split()]

    # 270 more frames are 729,000 KiB; one chunk is 40,500 KiB.
    for few, many in zip(peaks[30], peaks[300], strict=True):
        assert many - few < 25_000, peaks


# -- what cannot be used is refused -----------------------------------------------------------


@pytest.fixture
def facts(tmp_path: Path) -> CheckpointFacts:
    return keep(tmp_path, motion(30, size=SMALL), of=8)


def refused(facts: CheckpointFacts, *, frames: int | None = None) -> tuple[int, str]:
    """How many frames were given out before the refusal, and its words."""
    given: list[int] = []
    count = facts.frames if frames is None else frames
    chunks = read_checkpoint(facts.path, sha256=facts.sha256, frames=count)
    with pytest.raises(CheckpointUnusable) as caught:
        given.extend(len(chunk) for chunk in chunks)
    assert str(facts.path) in str(caught.value)
    return sum(given), caught.value.what


def test_no_frame_of_a_file_cut_off_anywhere_is_given_out(facts: CheckpointFacts) -> None:
    data = facts.path.read_bytes()
    for length in (0, 1, 100, len(data) // 2, len(data) - 1):
        facts.path.write_bytes(data[:length])

        assert refused(facts) == (0, "it is not the file that was written")


def test_no_frame_of_a_file_with_one_flipped_bit_is_given_out(facts: CheckpointFacts) -> None:
    data = facts.path.read_bytes()
    for place in np.linspace(0, len(data) - 1, 40, dtype=int):
        damaged = bytearray(data)
        damaged[place] ^= 1 << (place % 8)
        facts.path.write_bytes(damaged)

        assert refused(facts) == (0, "it is not the file that was written")


def test_a_missing_file_is_refused(facts: CheckpointFacts) -> None:
    facts.path.unlink()

    given, what = refused(facts)

    assert (given, what) == (0, "it cannot be read: No such file or directory")


def test_a_folder_in_its_place_is_refused(facts: CheckpointFacts) -> None:
    facts.path.unlink()
    facts.path.mkdir()

    assert refused(facts)[0] == 0


@pytest.mark.parametrize(
    ("frames", "given", "what"),
    [(31, 24, "it holds 30 frames and not 31"), (29, 24, "it holds more than 29 frames"),
     (24, 16, "it holds more than 24 frames"), (0, 0, "it holds more than 0 frames")],
)  # fmt: skip
def test_another_count_than_the_ledger_knows_is_refused_before_the_last_chunk(
    facts: CheckpointFacts, frames: int, given: int, what: str
) -> None:
    assert refused(facts, frames=frames) == (given, what)


@pytest.mark.parametrize("data", [b"", b"frames", b"\0" * 100_000])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / f"a{SUFFIX}"
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()

    with pytest.raises(CheckpointUnusable):
        list(read_checkpoint(path, sha256=digest, frames=1))


def test_a_video_of_someone_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / f"a{SUFFIX}"
    with av.open(str(path), "w", format="nut") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 66, 50, "bgr0"
        for pixels in motion(2, size=SMALL):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    with pytest.raises(CheckpointUnusable, match="it is no checkpoint"):
        list(read_checkpoint(path, sha256=digest, frames=2))


def altered(path: Path, *, frame: int, row: int) -> str:
    """Write the same video again, sound in every way but for one level of one frame; its hash."""
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        seen = [picture.to_ndarray(format="rgb24") for picture in source.decode(stream)]
        size, layout = (stream.width, stream.height), dict(source.metadata)
    seen[frame][row, 0, 1] ^= 1
    with av.open(str(path), "w", format="nut") as target:
        target.metadata.update(layout)
        written = target.add_stream("utvideo", rate=24)
        assert isinstance(written, av.VideoStream)
        (written.width, written.height), written.pix_fmt = size, "gbrp"
        for picture in seen:
            target.mux(written.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(written.encode(None))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("row", [0, 49, 50], ids=["its top", "its bottom", "its check sum"])
def test_a_frame_that_its_codec_did_not_keep_is_not_given_out(
    facts: CheckpointFacts, row: int
) -> None:
    sha256 = altered(facts.path, frame=19, row=row)

    assert refused(replace(facts, sha256=sha256)) == (16, "frame 19 is not what was written")


# -- what cannot be written -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ([], "no frame was written"),
        ([noise(0, size=SMALL)], "no frame was written"),
        ([noise(2, size=SMALL), noise(2, size=Size(50, 66))], "frame 2 is 50x66 where .* 66x50"),
        ([noise(2, size=SMALL)[0]], r"uint8\[50, 66, 3\], not 8-bit RGB"),
        ([noise(2, size=SMALL)[..., :1]], r"uint8\[2, 50, 66, 1\], not 8-bit RGB"),
        ([noise(2, size=SMALL).astype(np.float32)], r"float32\[2, 50, 66, 3\], not 8-bit RGB"),
    ],
)
def test_what_are_no_frames_of_one_clip_are_refused_and_leave_nothing(
    tmp_path: Path, chunks: list[Chunk], words: str
) -> None:
    with pytest.raises(BackendFailed, match=words):
        write_checkpoint(tmp_path / f"a{SUFFIX}", chunks)

    assert list(tmp_path.iterdir()) == []


def test_an_empty_chunk_in_between_is_nothing(tmp_path: Path) -> None:
    frames = motion(4, size=SMALL)
    chunks = [frames[:0], frames[:2], frames[:0], frames[2:]]

    facts = write_checkpoint(tmp_path / f"a{SUFFIX}", chunks)

    assert np.array_equal(np.concatenate(back(facts)), frames)


def test_a_name_that_no_sweep_would_find_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in \.frames\.nut"):
        write_checkpoint(tmp_path / "a.mkv", [motion(1, size=SMALL)])
