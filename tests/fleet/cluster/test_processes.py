"""A cluster's processes are found, told apart and ended; no other process ever is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.cluster import processes
from fleet.cluster.processes import Process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are listed in /proc")

SLEEP = "import signal, sys; {before}; print('up', flush=True); signal.pause()"


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    children: list[subprocess.Popen[str]] = []
    yield children
    for child in children:
        child.kill()
        child.communicate()


def start(
    children: list[subprocess.Popen[str]], *words: str, before: str = "pass", **options: object
) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", SLEEP.format(before=before), *words],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    children.append(child)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    return child


def test_a_process_is_alive_until_it_has_ended_though_nobody_has_reaped_it(
    started: list[subprocess.Popen[str]],
) -> None:
    child = start(started)
    process = processes.identify(child.pid)
    assert process is not None
    assert processes.is_alive(process)

    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert not processes.is_alive(process)
    assert processes.identify(child.pid) is None


HALF_DEAD = """
import ctypes, platform, socket, sys, threading
libc = ctypes.CDLL(None)
held = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=libc.sleep, args=(60,)).start()
print(held.getsockname()[1], flush=True)
libc.syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)  # exit, of this thread alone
"""


def test_a_process_whose_first_thread_alone_has_ended_holds_its_port_and_is_alive(
    started: list[subprocess.Popen[str]],
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HALF_DEAD], stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    started.append(child)
    assert child.stdout is not None
    port = int(child.stdout.readline())
    process = processes.identify(child.pid)
    assert process is not None
    state = Path(f"/proc/{child.pid}/stat")
    deadline = time.monotonic() + 10.0
    while state.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, "its first thread ends"
        time.sleep(0.01)

    with pytest.raises(OSError, match="in use"):
        socket.create_server(("127.0.0.1", port)).close()
    assert processes.is_alive(process)

    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.is_alive(process)


def test_a_later_process_with_the_same_number_is_another() -> None:
    now = processes.identify(os.getpid())
    assert now is not None

    assert not processes.is_alive(Process(pid=now.pid, started=now.started - 1))


def test_only_ray_processes_that_keep_files_in_the_folder_and_their_children_are_members(
    started: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    log = folder / "raylet.log"
    log.touch()
    writes = f"log = open({str(log)!r}, 'a')"
    told = start(started, "/ray/", f"--temp-dir={folder}/session")
    writing = start(started, "/ray/", before=writes)
    parent = start(
        started, "/ray/", f"{folder}/x",
        before="import subprocess; subprocess.Popen(['sleep', '60'])",
    )  # fmt: skip
    reader = start(started, before=f"log = open({str(log)!r})")  # a person looks at a log
    elsewhere = start(started, "/ray/", f"--temp-dir={folder}s/session")

    found = processes.members(folder)

    assert {told.pid, writing.pid, parent.pid} <= found
    assert not {reader.pid, elsewhere.pid, os.getpid()} & found
    assert len(found) == 4, "the child of the one is among them"
    processes.end(found, grace_s=1.0)
    assert processes.members(folder) == frozenset()
    assert (reader.poll(), elsewhere.poll()) == (None, None)


def test_who_does_not_end_when_asked_is_made_to(started: list[subprocess.Popen[str]]) -> None:
    deaf = start(started, before="signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    begun = time.monotonic()

    processes.end([deaf.pid], grace_s=0.3)

    assert time.monotonic() - begun < 10.0
    assert deaf.wait(1.0) == -signal.SIGKILL
