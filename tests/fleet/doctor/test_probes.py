"""Facts about the machine, where a defect is really made: a full disk, a damaged ledger."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.check import State
from fleet.doctor import probes
from fleet.doctor.sockets import listeners_of, parse
from fleet.encode.hardware import nvenc_fault
from fleet.ledger.ledger import Ledger

LINES = [
    "  sl  local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode",
    "   0: 0100007F:1F90 00000000:0000 0A 0:0 00:0 0 0 0 11 1",
    "   1: 00000000:18EB 00000000:0000 0A 0:0 00:0 0 0 0 12 1",
    "   2: 0100007F:1F91 0100007F:1F90 01 0:0 00:0 0 0 0 11 1",
    "   3: 0100007F:1F92 00000000:0000 0A 0:0 00:0 0 0 0 99 1",
]
LINES_6 = [
    "head",
    "   0: 0000000000000000FFFF00000100007F:A1B5 0:0 0A 0:0 00:0 0 0 0 11 1",
    "   1: 00000000000000000000000000000000:18EC 0:0 0A 0:0 00:0 0 0 0 12 1",
    "   2: 00000000000000000000000001000000:18ED 0:0 0A 0:0 00:0 0 0 0 12 1",
]


def test_listening_sockets_are_read_as_the_kernel_writes_them() -> None:
    programs = {"11": "raylet", "12": "gcs_server"}

    found = parse(LINES, programs) + parse(LINES_6, programs)

    assert [(each.address, each.port, each.program, each.is_loopback) for each in found] == [
        ("127.0.0.1", 8080, "raylet", True),
        ("0.0.0.0", 6379, "gcs_server", False),  # noqa: S104
        ("::ffff:127.0.0.1", 41397, "raylet", True),
        ("::", 6380, "gcs_server", False),
        ("::1", 6381, "gcs_server", True),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="sockets are listed in /proc")
def test_the_sockets_of_a_process_are_found_and_no_one_elses() -> None:
    with (
        socket.create_server(("", 0)) as wide,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as narrow,
    ):
        wide_port, narrow_port = wide.getsockname()[1], narrow.getsockname()[1]
        found = {each.port: each for each in listeners_of([os.getpid()])}
        others = listeners_of([os.getppid()])

    assert not found[wide_port].is_loopback
    assert found[narrow_port].is_loopback
    assert wide_port not in {each.port for each in others}


def test_a_ledger_that_is_whole_passes_and_one_with_a_torn_page_fails(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    assert probes.ledger_whole(path).state is State.PASS
    ledger = Ledger(path)
    ledger.close()
    assert probes.ledger_whole(path).state is State.PASS

    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(os.urandom(4096))
    torn = probes.ledger_whole(path)

    assert torn.state is State.FAIL
    assert "damaged" in torn.figure


def test_a_ledger_of_a_newer_motionfleet_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    ledger = Ledger(path)
    with ledger.database.transaction(durable=True) as sql:
        sql.execute("PRAGMA user_version = 99")
    ledger.close()

    assert "layout 99" in probes.ledger_whole(path).figure
    assert probes.ledger_whole(path).state is State.FAIL


def test_every_encoder_is_really_opened(tmp_path: Path) -> None:
    found = probes.encoders()

    assert found.state is State.PASS
    for name in ("libx264", "libx265", "libsvtav1", "10 bits"):
        assert name in found.figure
    assert ("h264_nvenc" in found.figure) == (nvenc_fault("h264_nvenc") is None)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts a disk")
def test_a_home_on_a_full_disk_is_found_out_by_writing(tmp_path: Path) -> None:
    root = tmp_path / "home"
    root.mkdir()
    assert probes.home_writable(root).state is State.PASS
    assert list(root.iterdir()) == [], "nothing stays"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(root)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("no right to mount")
    try:
        (root / "filler").write_bytes(b"0" * 60 * 1024)
        full = probes.home_writable(root)
        free = probes.free_bytes(root)
    finally:
        subprocess.run(["umount", str(root)], check=True)

    assert full.state is State.FAIL
    assert "No space left" in full.figure
    assert free is not None
    assert free < 64 * 1024


def test_a_home_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    assert probes.home_writable(tmp_path / "home").state is State.FAIL


def test_models_that_are_named_and_not_there_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "models"))
    assert probes.models().state is State.WARN

    (tmp_path / "models").mkdir()
    assert probes.models().state is State.PASS


def test_a_driver_that_fails_is_told_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'Driver/library version mismatch'\nexit 18\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "version mismatch" in probes.gpus().figure
    assert probes.gpus().state is State.FAIL

    tool.write_text("#!/bin/sh\necho 'NVIDIA H200, 560.35, 143771 MiB'\n")
    assert "NVIDIA H200" in probes.gpus().figure
    assert probes.gpus().state is not State.FAIL
