"""Every write is whole or absent, every read is bounded, and no path leads out of its folder."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from companions import files
from companions.errors import FileUnwritable

HOUR_S = 3600.0

WRITER = """
import sys
from pathlib import Path
from companions import files

path, size = Path(sys.argv[1]), int(sys.argv[2])
turn = 0
while True:
    turn += 1
    files.write_atomic(path, bytes([turn % 256]) * size)
    if turn == 1:
        print("writing", flush=True)
"""


def entries(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_a_write_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "a.motion.json"
    target.write_bytes(b"old and longer")

    files.write_atomic(target, b"new")

    assert target.read_bytes() == b"new"
    assert entries(tmp_path) == {"a.motion.json"}


def test_no_reader_sees_half_a_file_while_its_writer_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    target, size = tmp_path / "a.video_meta.json", 400_000
    for _ in range(10):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(target), str(size)], stdout=subprocess.PIPE
        )
        with writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"writing\n"
            seen = {whole(target.read_bytes(), size=size) for _ in range(60)}
            writer.send_signal(signal.SIGKILL)
        assert writer.returncode == -signal.SIGKILL
        assert seen
        whole(target.read_bytes(), size=size)

    orphans = entries(tmp_path) - {target.name}
    assert files.sweep_temporaries(tmp_path, now=time.time() + 2 * HOUR_S) == len(orphans)
    assert entries(tmp_path) == {target.name}


def whole(data: bytes, *, size: int) -> int:
    assert len(data) == size
    assert data.count(data[:1]) == size
    return data[0]


def test_a_disk_that_takes_no_more_leaves_the_old_file_and_no_temporary(tmp_path: Path) -> None:
    target = tmp_path / "a.motion.json"
    target.write_bytes(b"old")
    # A limit on file size makes the kernel refuse the write half-way, for root as well.
    script = f"""
import resource
from pathlib import Path
from companions import files
from companions.errors import FileUnwritable
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    files.write_atomic(Path({str(target)!r}), b"n" * 5000)
except FileUnwritable as error:
    print(error.errno_name)
"""

    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert said.stdout == "EFBIG\n"
    assert target.read_bytes() == b"old"
    assert entries(tmp_path) == {"a.motion.json"}


def test_a_folder_that_cannot_be_written_is_named_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for path, name in (
        (tmp_path / "missing" / "a.json", "ENOENT"),
        (tmp_path / "file" / "a.json", "ENOTDIR"),
        (tmp_path / "folder", "EISDIR"),
        (tmp_path / ("n" * 300), "ENAMETOOLONG"),
    ):
        with pytest.raises(FileUnwritable, match="nothing was left half-written") as caught:
            files.write_atomic(path, b"new")
        assert caught.value.errno_name == name
        assert caught.value.path == str(path)
        assert caught.value.retryable
    assert entries(tmp_path) == {"file", "folder"}


def test_removing_is_for_good_and_may_be_repeated(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"clip")

    files.remove_durably(target)
    files.remove_durably(target)

    assert entries(tmp_path) == set()
    with pytest.raises(FileUnwritable):
        files.remove_durably(tmp_path)


def test_reading_stops_at_the_limit(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_bytes(b"12345")

    assert files.read_limited(target, limit=5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes") as caught:
        files.read_limited(target, limit=4)
    assert caught.value.errno == errno.EFBIG


def test_a_small_file_takes_little_memory_whatever_the_limit(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_bytes(b"12345")

    tracemalloc.start()
    try:
        assert files.read_limited(target, limit=2**31) == b"12345"
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 1_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="such files are Linux's")
def test_a_file_that_holds_more_than_it_said_is_read_to_its_end_or_refused() -> None:
    growing = Path("/proc/self/environ")  # regular, and 0 bytes long, it says

    assert growing.stat().st_size == 0
    assert files.read_limited(growing, limit=2**20) == growing.read_bytes() != b""
    with pytest.raises(OSError, match="larger than 10 bytes"):
        files.read_limited(growing, limit=10)


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    before = open_files()

    for path in (fifo, tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            files.read_limited(path, limit=10)
        with pytest.raises(OSError, match="not a regular file"):
            files.sha256_of(path)

    assert open_files() == before


def test_the_hash_of_a_large_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    data = os.urandom(3 * 1024 * 1024 + 17)
    (tmp_path / "a.mp4").write_bytes(data)

    assert files.sha256_of(tmp_path / "a.mp4") == hashlib.sha256(data).hexdigest()


def test_only_our_own_old_temporaries_are_swept(tmp_path: Path) -> None:
    now = time.time()
    for name, age_s in (
        (".motionfleet-0011223344556677.tmp", 2 * HOUR_S),
        (".motionfleet-8899aabbccddeeff.tmp", 60.0),  # its writer may be alive
        (".other-0011.tmp", 2 * HOUR_S),
        ("a.tmp", 2 * HOUR_S),
    ):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (now - age_s, now - age_s))

    assert files.sweep_temporaries(tmp_path, now=now) == 1

    assert entries(tmp_path) == {".motionfleet-8899aabbccddeeff.tmp", ".other-0011.tmp", "a.tmp"}
    assert files.sweep_temporaries(tmp_path / "missing") == 0


def test_a_path_is_followed_through_links_and_must_end_inside(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "root-of-another"
    for folder in (root / "sub", outside):
        folder.mkdir(parents=True)
    (root / "sub" / "a.png").write_bytes(b"")
    (outside / "secret.png").write_bytes(b"")
    (root / "inside").symlink_to(root / "sub")
    (root / "outside").symlink_to(outside)
    (root / "secret.png").symlink_to(outside / "secret.png")
    (root / "climbing.png").symlink_to("../root-of-another/secret.png")
    (root / "broken.png").symlink_to(outside / "nothing.png")
    (root / "loop.png").symlink_to("loop.png")
    (tmp_path / "door").symlink_to(root)

    assert files.resolve_inside(root, "sub/a.png") == root / "sub" / "a.png"
    assert files.resolve_inside(root, "inside/a.png") == root / "sub" / "a.png"
    assert files.resolve_inside(root, "not/yet/there.png") == root / "not" / "yet" / "there.png"
    assert files.resolve_inside(tmp_path / "door", "sub/a.png") == root / "sub" / "a.png"
    for leaving in (
        "outside/secret.png",
        "secret.png",
        "climbing.png",
        "broken.png",
        "../root-of-another/secret.png",
        "..",
        "/etc/passwd",
    ):
        assert files.resolve_inside(root, leaving) is None, leaving


def test_a_link_that_leads_to_itself_is_for_the_reader_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "loop.png").symlink_to("loop.png")

    resolved = files.resolve_inside(tmp_path, "loop.png")

    assert resolved is not None
    with pytest.raises(OSError, match="symbolic links"):
        files.read_limited(resolved, limit=10)
