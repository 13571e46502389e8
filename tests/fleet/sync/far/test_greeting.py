"""The first words of the far side."""

from __future__ import annotations

import shutil
import socket
import time
from pathlib import Path

import pytest

from fleet.cluster.record import ClusterRecord, write_record
from fleet.home import Home
from fleet.ledger.lock import ProcessLock
from fleet.sync.far.greeting import greet
from fleet.sync.wire.base import PROTOCOL
from fleet.sync.wire.greeting import Hello, Welcome
from tests.fleet.sync.far.talk import Talk

HEAVY = ("ray", "cv2", "torch", "PySide6", "numpy", "av", "paramiko", "sh")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A fleet's home."""
    return Home(tmp_path / "home")


def greeted(home: Home, *, gated: bool = False) -> Welcome:
    """The first words."""
    return greet(home, inbox=home.inbox, outbox=home.outbox, gated=gated)


def test_it_tells_where_things_are_and_how_much_room_there_is(home: Home) -> None:
    before = time.time()

    welcome = greeted(home)

    assert before <= welcome.now <= time.time()
    assert (welcome.inbox, welcome.outbox) == (str(home.inbox), str(home.outbox))
    assert (welcome.inbox_root, welcome.outbox_root) == (welcome.inbox, welcome.outbox)
    assert welcome.inbox_free > 0
    assert welcome.rsync.startswith("rsync ")
    assert (welcome.restricted, welcome.at_work, welcome.cluster) == (False, False, "")
    assert welcome.authenticated is None


def test_behind_the_gate_folders_have_no_names(home: Home) -> None:
    welcome = greeted(home, gated=True)

    assert welcome.restricted
    assert (welcome.inbox_root, welcome.outbox_root) == ("", "")


def test_without_rsync_there_is_none(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home.root))

    assert greeted(home).rsync == ""


def test_behind_the_gate_there_is_no_rsync_without_rrsync(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = shutil.which("rsync")
    assert real is not None, "rsync is missing: apt-get install rsync"
    (tmp_path / "rsync").symlink_to(real)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert greeted(home).rsync.startswith("rsync ")
    assert greeted(home, gated=True).rsync == ""


def test_an_rsync_that_is_broken_counts_as_none(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "rsync"
    fake.write_text("#!/no/such/interpreter\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert greeted(home).rsync == ""


def test_a_dispatcher_at_work_is_told(home: Home) -> None:
    lock = ProcessLock(home.dispatcher_lock)
    assert lock.acquire()
    try:
        assert greeted(home).at_work
    finally:
        lock.release()
    assert not greeted(home).at_work


def test_of_a_cluster_that_answers_it_tells_what_is_on_record(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        told = []
        for authenticated in (True, False):
            write_record(home, ClusterRecord(address=address, authenticated=authenticated))
            welcome = greeted(home)
            told.append((welcome.cluster, welcome.authenticated))
    assert told == [(address, True), (address, False)]
    silent = greeted(home)
    assert (silent.cluster, silent.authenticated) == (address, None)


def test_a_conversation_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, os, sys\n"
        "atexit.register(lambda: os.write(2, ' '.join(sys.modules).encode()))\n"
    )
    with Talk(tmp_path / "home", environment={"PYTHONPATH": str(tmp_path)}) as far:
        far.greet()
        assert far.process.stdin is not None
        assert far.process.stderr is not None
        far.process.stdin.close()
        assert far.end() == 0
        modules = far.process.stderr.read().decode().split()

    assert "fleet.sync.far.serve" in modules
    assert not [name for name in HEAVY if name in modules]


def test_it_speaks_with_folders_of_its_own_as_they_were_given(tmp_path: Path) -> None:
    with Talk(tmp_path / "home", "--inbox", str(tmp_path / "in"), "--outbox", "~/out",
              environment={"HOME": str(tmp_path)}) as far:  # fmt: skip
        welcome = far.greet()

    assert (welcome.inbox, welcome.outbox) == (str(tmp_path / "in"), str(tmp_path / "out"))
    assert (tmp_path / "out").is_dir()


def test_a_file_in_the_inboxs_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "in").touch()
    with Talk(tmp_path / "home", "--inbox", str(tmp_path / "in")) as far:
        refused = far.refused(Hello(protocol=PROTOCOL, version="1"))

    assert refused.code == "file_unwritable"
    assert str(tmp_path / "in") in refused.message
