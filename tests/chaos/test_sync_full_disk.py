"""A disk that fills up while a sync writes to it, on either end.

The disk is a tmpfs of some megabytes, for which one has to be root.  The stand-in, which runs
always, is a limit on the size of files: not the same error, but a write that fails amid a file.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.cli import command, environment, fleet
from tests.chaos.transit import (
    desk,
    fault_of_results,
    fault_of_set,
    files_in,
    inbox_of,
    label_of,
    outbox_of,
    results,
    set_id,
    shoot,
    visible_sets,
)
from tests.fleet.sync.sshd import ALIAS, Sshd

MB: Final = 1_000_000
TRANSPORTS: Final = ("rsync", "sftp")
STAND_IN: Final = TRANSPORTS if os.geteuid() else ("rsync",)
"""By all of them where nothing better can be had."""
NO_ROOM: Final = 86
INCOMPLETE: Final = 89
BROKEN: Final = 85
SLOWLY: Final = "bandwidth_mbit_s = 24.0\ntries = 1\n"
"""3 MB/s: there is time to fill the disk while a set arrives."""
IMPATIENT: Final = "tries = 1\n"
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may mount a small disk; the stand-in is tested"
)


@contextlib.contextmanager
def small_disk(folder: Path, *, size_bytes: int) -> Iterator[Path]:
    """A disk of that size at ``folder``, for the length of a block."""
    folder.mkdir(parents=True)
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "tmpfs", str(folder)]
    subprocess.run(mounted, check=True, timeout=20.0)
    try:
        yield folder
    finally:
        # Lazily: whatever still has a file open there is about to end.
        subprocess.run(["umount", "-l", str(folder)], check=True, timeout=20.0)


def fill(disk: Path) -> Path:
    """Write until there is no room; the file that took it."""
    ballast = disk / "someone-elses.bin"
    with ballast.open("wb", buffering=0) as file:
        for block in (64 * 1024, 512):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(block))
    return ballast


@contextlib.contextmanager
def no_file_over(size_bytes: int) -> Iterator[None]:
    """What is started in the block cannot make a file larger than that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@needs_root
def test_a_set_that_does_not_fit_is_refused_before_anything_travels(
    tmp_path: Path, host: Sshd
) -> None:
    with small_disk(tmp_path / "inbox", size_bytes=8 * MB) as inbox:
        here = desk(tmp_path, host, more=f'inbox = "{inbox}"\n')
        shoot(here.folder, pictures=10, size_bytes=MB, seed=1)

        ran = fleet(here.home, "push", ALIAS, here.folder)

        assert ran.code in {NO_ROOM, INCOMPLETE}, ran.err
        assert "no room" in ran.err + ran.out
        assert str(inbox) in _flat(ran.err + ran.out)
        assert visible_sets(inbox) == []
        assert not list(inbox.rglob("*.jpg")), "some of it travelled"


@needs_root
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_disk_that_fills_up_while_a_set_arrives_shows_nothing_and_the_set_goes_on_once_it_is_free(
    transport: str, tmp_path: Path, host: Sshd
) -> None:
    with small_disk(tmp_path / "inbox", size_bytes=24 * MB) as inbox:
        here = desk(tmp_path, host, transport=transport, more=f'inbox = "{inbox}"\n{SLOWLY}')
        manifest = shoot(here.folder, pictures=8, size_bytes=MB, seed=1)
        with _running(here.home, "push", ALIAS, here.folder) as process:
            _until(lambda: any(inbox.rglob("*.jpg")), process)
            ballast = fill(inbox)
            words, _ = process.communicate(timeout=60.0)

        assert process.returncode in {NO_ROOM, INCOMPLETE}, words
        assert "no room" in _flat(words)
        assert "Traceback" not in words
        assert visible_sets(inbox) == []
        arrived = {path.name for path in inbox.rglob("*.jpg")}

        ballast.unlink()
        desk(tmp_path, host, transport=transport, more=f'inbox = "{inbox}"\n')  # no longer slowly
        again = fleet(here.home, "push", ALIAS, here.folder)

        assert again.code == 0, again.err
        (there,) = visible_sets(inbox)
        assert there.name == set_id(manifest)
        assert fault_of_set(there) is None
        assert arrived, "nothing had arrived before the disk was full"


@needs_root
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_desk_whose_disk_fills_up_keeps_the_clips_that_came_whole_and_fetches_the_rest_later(
    transport: str, tmp_path: Path, host: Sshd
) -> None:
    with small_disk(tmp_path / "shoot", size_bytes=12 * MB) as folder:
        here = desk(tmp_path, host, transport=transport, more=IMPATIENT)
        assert here.folder == folder
        manifest = shoot(here.folder, pictures=6, size_bytes=1000, seed=1)
        assert fleet(here.home, "push", ALIAS, here.folder).code == 0
        published = results(outbox_of(host) / label_of(inbox_of(host)), manifest, size_bytes=3 * MB)

        ran = fleet(here.home, "pull", ALIAS, here.folder)

        assert ran.code in {NO_ROOM, INCOMPLETE}, ran.err
        assert "no room" in _flat(ran.err + ran.out)
        assert fault_of_results(here.folder, [published]) is None

        grown = ["mount", "-o", f"remount,size={40 * MB}", str(folder)]
        subprocess.run(grown, check=True, timeout=20.0)
        again = fleet(here.home, "pull", ALIAS, here.folder)

        assert again.code == 0, again.err
        assert fault_of_results(here.folder, [published]) is None
        assert set(published) <= set(files_in(here.folder))


@pytest.mark.parametrize("transport", STAND_IN)
def test_a_set_whose_picture_cannot_be_written_there_in_full_appears_only_when_it_can(
    transport: str, tmp_path: Path
) -> None:
    with no_file_over(2 * MB):
        host = Sshd(tmp_path / "sshd")
        host.start()
    here = desk(tmp_path, host, transport=transport, more=IMPATIENT)
    shoot(here.folder, pictures=2, size_bytes=3 * MB, seed=1)
    inbox = inbox_of(host)
    try:
        ran = fleet(here.home, "push", ALIAS, here.folder)
        assert ran.code in {NO_ROOM, INCOMPLETE, BROKEN}, ran.err
        assert visible_sets(inbox) == []

        host.stop()
        host.start()
        again = fleet(here.home, "push", ALIAS, here.folder)
        assert again.code == 0, again.err
        (there,) = visible_sets(inbox)
        assert fault_of_set(there) is None
    finally:
        host.stop()


@pytest.mark.parametrize("transport", STAND_IN)
def test_a_clip_that_cannot_be_written_here_in_full_appears_only_when_it_can(
    transport: str, tmp_path: Path, host: Sshd
) -> None:
    here = desk(tmp_path, host, transport=transport, more=IMPATIENT)
    manifest = shoot(here.folder, pictures=2, size_bytes=1000, seed=1)
    assert fleet(here.home, "push", ALIAS, here.folder).code == 0
    published = results(outbox_of(host) / label_of(inbox_of(host)), manifest, size_bytes=3 * MB)

    with no_file_over(2 * MB):
        ran = fleet(here.home, "pull", ALIAS, here.folder)

    assert ran.code in {NO_ROOM, INCOMPLETE, BROKEN}, ran.err
    assert not set(published) & set(files_in(here.folder))
    again = fleet(here.home, "pull", ALIAS, here.folder)
    assert again.code == 0, again.err
    assert fault_of_results(here.folder, [published]) is None
    assert set(published) <= set(files_in(here.folder))


@contextlib.contextmanager
def _running(home: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command(*arguments), env=environment(home), stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def _until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60.0
    while not true():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _flat(words: str) -> str:
    return " ".join(words.split())
