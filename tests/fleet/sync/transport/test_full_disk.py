"""A disk that is full on either side, by every transport: told as one, and gone on after.

The disk is a tmpfs of a few megabytes, which only root may mount.  Without root a limit on the
size of files stands in for it on this side; that is another fault of the disk, told the same way,
and the other side's full disk cannot be had at all.
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.sync.errors import NoRoom
from fleet.sync.transport.base import Item, Pace, Stop, Transport
from fleet.sync.transport.local import LocalTransport
from fleet.sync.transport.retry import run_with_retries
from tests.contracts.transfers import MEGA, bytes_of, tree, write
from tests.fleet.sync.proxy import Proxy
from tests.fleet.sync.sshd import Sshd
from tests.fleet.sync.transport.client import opened

SIZE = 4 * 1024 * 1024
ROOT = os.geteuid() == 0


@pytest.fixture(params=["rsync", "sftp", "local"])
def transport(request: pytest.FixtureRequest, server: Sshd, proxy: Proxy) -> Iterator[Transport]:
    if request.param == "local":
        yield LocalTransport("nas")
        return
    with opened(request.param, server.config) as transport:
        yield transport


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for four megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    if not ROOT:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE, hard))
        yield folder
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, timeout=20.0)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=20.0)


@pytest.mark.skipif(not ROOT, reason="only root may mount a small disk for the other side")
def test_a_full_disk_there_is_told_and_gone_on_with_when_there_is_room(
    transport: Transport, small_disk: Path, tmp_path: Path
) -> None:
    files = {"a.jpg": bytes_of(MEGA), "b/b.jpg": bytes_of(2 * MEGA, seed=1)}
    items = write(tmp_path / "here", files)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2 * MEGA))

    with pytest.raises(NoRoom, match="what has arrived is kept") as caught:
        # rsync loses the far side's words now and then; trying again, it says them.
        run_with_retries(
            lambda: _send(transport, items, tmp_path, small_disk),
            tries=5,
            sleep=lambda _: False,
            tell=lambda *_: None,
        )
    assert caught.value.host in {"colo", "nas"}
    assert "b/b.jpg" not in tree(small_disk)

    ballast.unlink()
    _send(transport, items, tmp_path, small_disk)
    assert tree(small_disk) == files


def test_a_full_disk_here_is_told_and_gone_on_with_when_there_is_room(
    transport: Transport, small_disk: Path, tmp_path: Path
) -> None:
    files = {"a.mp4": bytes_of(MEGA), "b/b.mp4": bytes_of(5 * MEGA, seed=1)}
    items = write(tmp_path / "there", files)

    with pytest.raises(NoRoom, match="this machine"):
        _fetch(transport, items, tmp_path, small_disk)

    if ROOT:
        bigger = ["mount", "-o", f"remount,size={4 * SIZE}", str(small_disk)]
        subprocess.run(bigger, check=True, timeout=20.0)
    else:
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (4 * SIZE, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
        )
    _fetch(transport, items, tmp_path, small_disk)
    assert tree(small_disk) == files


def _send(transport: Transport, items: list[Item], tmp_path: Path, disk: Path) -> None:
    transport.send(items, source=tmp_path / "here", destination=str(disk), pace=Pace(), stop=Stop())


def _fetch(transport: Transport, items: list[Item], tmp_path: Path, disk: Path) -> None:
    transport.fetch(
        items, source=str(tmp_path / "there"), destination=disk, pace=Pace(), stop=Stop()
    )
