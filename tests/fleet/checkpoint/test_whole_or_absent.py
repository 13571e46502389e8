"""A checkpoint is whole under its name or not there, and what is left behind can be swept."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from companions.errors import FileUnwritable
from companions.geometry import Size
from fleet.checkpoint.folder import SUFFIX, sweep
from fleet.checkpoint.frames import Chunk, read_checkpoint, write_checkpoint
from tests.fleet.checkpoint.making import in_chunks, motion, noise

SIZE = Size(320, 180)
DEADLINE_S = 60.0

WRITER = """
import sys
from pathlib import Path
from fleet.checkpoint.frames import write_checkpoint
from tests.fleet.checkpoint.making import in_chunks, noise
from companions.geometry import Size

path, size, count = Path(sys.argv[1]), Size(320, 180), int(sys.argv[2])
frames = noise(count, size=size)
print("writing", flush=True)
while True:
    print(write_checkpoint(path, in_chunks(frames, of=8)).sha256, flush=True)
"""


class Lost(Exception):
    """Frames that will not come."""


def temporaries(folder: Path) -> list[Path]:
    return sorted(folder.glob(".motionfleet-*.tmp"))


def temporary_of(folder: Path) -> Path:
    """The file under way in ``folder``, once there is something in it."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        for path in temporaries(folder):
            try:
                if path.stat().st_size:
                    return path
            except FileNotFoundError:  # it took its name meanwhile
                continue
        time.sleep(0.001)
    raise AssertionError("nothing was written")


def writer(path: Path, *, frames: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(frames)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def test_a_writer_killed_at_any_moment_leaves_a_whole_file_or_none(tmp_path: Path) -> None:
    path, count = tmp_path / f"a{SUFFIX}", 40
    expected = write_checkpoint(
        tmp_path / "b" / path.name, in_chunks(noise(count, size=SIZE), of=8)
    )
    moments = random.Random(20260801)
    half_written = 0
    for _ in range(8):
        path.unlink(missing_ok=True)
        with writer(path, frames=count) as process:
            temporary_of(tmp_path)
            time.sleep(moments.uniform(0.0, 0.15))  # not waiting for anything: a random moment
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL

        if path.exists():
            chunks = read_checkpoint(path, sha256=expected.sha256, frames=count)
            assert sum(len(chunk) for chunk in chunks) == count
        left = temporaries(tmp_path)
        half_written += len(left)
        assert {p.name for p in tmp_path.iterdir()} <= {path.name, "b", *(p.name for p in left)}
        assert sweep(tmp_path, wanted=[path]) == tuple(left)
        assert temporaries(tmp_path) == []
    assert half_written, "no writer was killed while it wrote"


def test_a_sweep_leaves_alone_what_is_being_written(tmp_path: Path) -> None:
    swept: list[tuple[Path, ...]] = []
    frames = motion(9, size=SIZE)

    def chunks() -> Iterator[Chunk]:
        for chunk in in_chunks(frames, of=3):
            yield chunk
            swept.append(sweep(tmp_path, wanted=[]))

    facts = write_checkpoint(tmp_path / f"a{SUFFIX}", chunks())

    assert swept == [(), (), ()]
    read = read_checkpoint(facts.path, sha256=facts.sha256, frames=9)
    assert np.array_equal(np.concatenate(list(read)), frames)


def test_a_sweep_leaves_alone_what_another_process_is_writing(tmp_path: Path) -> None:
    path = tmp_path / f"a{SUFFIX}"
    with writer(path, frames=400) as process:
        try:
            under_way = temporary_of(tmp_path)
            assert under_way not in sweep(tmp_path, wanted=[path])
            assert process.stdout is not None
            assert len(process.stdout.readline().strip()) == 64, "and it goes on to the end"
        finally:
            process.kill()
    assert path.exists()


def test_a_sweep_removes_what_nobody_knows_and_nothing_else(tmp_path: Path) -> None:
    chunk = motion(2, size=SIZE)
    known = write_checkpoint(tmp_path / f"known{SUFFIX}", [chunk]).path
    unknown = write_checkpoint(tmp_path / f"unknown{SUFFIX}", [chunk]).path
    foreign = tmp_path / "holiday.nut"
    foreign.write_bytes(b"someone else's")

    assert sweep(tmp_path, wanted=[known, tmp_path / f"never{SUFFIX}"]) == (unknown,)
    assert sorted(tmp_path.iterdir()) == sorted([known, foreign])


def test_a_sweep_of_a_folder_that_never_was_finds_nothing(tmp_path: Path) -> None:
    assert sweep(tmp_path / "checkpoints", wanted=[]) == ()


@pytest.mark.parametrize("error", [Lost("gone"), TimeoutError("late"), KeyboardInterrupt()])
@pytest.mark.parametrize("after", [0, 2])
def test_frames_that_stop_coming_leave_nothing_and_the_error_is_theirs(
    tmp_path: Path, error: BaseException, after: int
) -> None:
    def chunks() -> Iterator[Chunk]:
        for _ in range(after):
            yield motion(3, size=SIZE)
        raise error

    with pytest.raises(type(error)) as caught:
        write_checkpoint(tmp_path / f"a{SUFFIX}", chunks())

    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


def test_a_failed_second_try_leaves_the_first_ones_file(tmp_path: Path) -> None:
    frames = motion(3, size=SIZE)
    first = write_checkpoint(tmp_path / f"a{SUFFIX}", [frames])

    def chunks() -> Iterator[Chunk]:
        yield noise(3, size=SIZE)
        raise Lost

    with pytest.raises(Lost):
        write_checkpoint(first.path, chunks())

    read = read_checkpoint(first.path, sha256=first.sha256, frames=3)
    assert np.array_equal(np.concatenate(list(read)), frames)


def test_no_file_stays_open_whatever_happens(tmp_path: Path) -> None:
    def open_files() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    def broken() -> Iterator[Chunk]:
        yield motion(3, size=SIZE)
        raise Lost

    path = tmp_path / f"a{SUFFIX}"
    before = open_files()
    for _ in range(3):
        facts = write_checkpoint(path, in_chunks(motion(9, size=SIZE), of=3))
        with pytest.raises(Lost):
            write_checkpoint(path, broken())
        reading = read_checkpoint(path, sha256=facts.sha256, frames=9)
        next(reading)
        del reading  # a reader that loses interest

    assert open_files() == before


def test_a_folder_that_cannot_be_made_is_for_the_operator_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"in the way")

    with pytest.raises(FileUnwritable, match="EEXIST"):
        write_checkpoint(tmp_path / "file" / f"a{SUFFIX}", [motion(1, size=SIZE)])


# -- a disk of its own ------------------------------------------------------------------------

_IN_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")


def _namespaces_work() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return (
        subprocess.run([*_IN_NAMESPACE, "true"], check=False, capture_output=True).returncode == 0
    )


needs_namespaces = pytest.mark.skipif(
    not _namespaces_work(), reason="a disk small enough to fill needs Linux mount namespaces"
)

FILLING = """
import sys
from pathlib import Path
from companions.errors import FileUnwritable
from companions.geometry import Size
from fleet.checkpoint.frames import write_checkpoint
from tests.fleet.checkpoint.making import in_chunks, noise

path, count = Path(sys.argv[1]), int(sys.argv[2])
try:
    facts = write_checkpoint(path, in_chunks(noise(count, size=Size(320, 180)), of=4))
except FileUnwritable as error:
    print(error.errno_name, sorted(p.name for p in path.parent.iterdir()))
else:
    print("kept", facts.frames)
"""


@needs_namespaces
def test_a_full_disk_is_named_leaves_nothing_and_smaller_frames_still_fit(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    path = disk / f"a{SUFFIX}"
    writing = " ".join([sys.executable, "-c", '"$FILLING"', str(path)])
    # A frame of noise is about 173 kB: of 40, the disk is full half-way; of 7, at the very end,
    # because the last megabyte waits in a buffer; 3 fit.
    script = f"""
        mount -t tmpfs -o size=1m none {disk}
        {writing} 40; {writing} 7; {writing} 3
    """

    done = subprocess.run(
        [*_IN_NAMESPACE, "env", f"FILLING={FILLING}", "sh", "-ec", script],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip

    assert done.stdout.splitlines() == ["ENOSPC []", "ENOSPC []", "kept 3"]


@needs_namespaces
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    writing = " ".join([sys.executable, "-c", '"$FILLING"', str(disk / f"a{SUFFIX}")])

    done = subprocess.run(
        [*_IN_NAMESPACE, "env", f"FILLING={FILLING}", "sh", "-ec",
         f"mount -t tmpfs -o ro none {disk}; {writing} 1"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip

    assert done.stdout == "EROFS []\n"
