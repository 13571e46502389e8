"""A real standing cluster for tests, and what they ask of it from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fleet.cluster import processes
from fleet.cluster.environment import wanted_environment
from fleet.cluster.record import ClusterRecord, read_record
from fleet.ledger.lock import ProcessLock
from fleet.settings import Home
from tests.acceptance.cli import fleet

COUNTER = """
import sys, ray
ray.init(address=sys.argv[1], namespace="tests", log_to_driver=False, logging_level="ERROR")

@ray.remote(num_cpus=0)
class Counter:
    def __init__(self):
        self.count = 0
    def add(self):
        self.count += 1
        return self.count

counter = Counter.options(name="counter", lifetime="detached", get_if_exists=True).remote()
print(ray.get(counter.add.remote(), timeout=30))
"""


def home_with_small_store(folder: Path) -> Home:
    """A home whose clusters take little memory."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.toml").write_text("object_store_mb = 100\n")
    return Home(folder)


def record_of(home: Home) -> ClusterRecord:
    record = read_record(home)
    assert record is not None
    return record


def dispatcher_of(home: Home) -> str:
    """Which process dispatches, in words."""
    return ProcessLock(home.dispatcher_lock).holder()


def count(home: Home) -> int:
    """One more, by an actor that lives on the cluster and only there."""
    record = record_of(home)
    done = subprocess.run(
        [sys.executable, "-c", COUNTER, record.address],
        env=os.environ | wanted_environment(home, loopback=True),
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return int(done.stdout)


def kill(process: processes.Process | None) -> None:
    assert process is not None
    assert processes.is_alive(process)
    os.kill(process.pid, signal.SIGKILL)


def until(true: Callable[[], bool], *, within_s: float, what: str) -> float:
    """Wait for a condition; the seconds it took."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < within_s, f"{what}: not within {within_s:g} s"
        time.sleep(0.02)
    return time.monotonic() - begun


def take_down(home: Home) -> None:
    """The end of every test that brought a cluster up, passed or failed."""
    if home.cluster.exists() or (home.root / "keeper.lock").exists():
        fleet(home.root, "down")
