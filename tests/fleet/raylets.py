"""A real Ray cluster of several machines, for tests that break it: ``Raylets``.

Every node is a ``ray start`` on a machine of its own (``tests.fleet.netns``), as an operator would
join it, with token authentication on.  Nothing of it is left when the block ends.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.fleet.netns import Machine, Network

ROOT: Final = Path(__file__).parents[2]
PORT: Final = 6379
STORE_BYTES: Final = 100_000_000
RAY: Final = str(Path(sys.executable).with_name("ray"))
HASTY: Final = {
    # A node that does not answer for about two seconds is dead; Ray's own default is half a minute.
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "500",
    "RAY_health_check_failure_threshold": "3",
}
"""What lets a test see a partition soon."""


def until(true: Callable[[], bool], *, within_s: float, what: str) -> None:
    """Wait for a condition.

    Raises:
        AssertionError: ``what`` did not come true in time.
    """
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {within_s:g} s"
        time.sleep(0.05)


class Raylets:
    """A head, and nodes by name; for the length of a ``with`` block.

    Attributes:
        head: the machine with the GCS and no slots.
        nodes: the others.
        env: what every process of the cluster has in its environment.
        folder: for temporary files; removed at the end.
    """

    def __init__(self, *, token: Path, path: str = "") -> None:
        """``path``: a folder whose modules come before all others in the cluster's processes."""
        self.env: Final = {
            **os.environ,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
            # On a machine, the working folder is the root of its disk.
            "PYTHONPATH": os.pathsep.join(filter(None, [path, str(ROOT)])),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
            **HASTY,
        }
        self._network = Network()
        # Not pytest's folder: a socket's path may have 107 letters, and Ray needs most of them.
        self.folder = Path(tempfile.mkdtemp(prefix="raylets-"))
        self._starting: list[tuple[str, subprocess.Popen[bytes]]] = []
        self.nodes: dict[str, Machine] = {}

    def __enter__(self) -> Self:
        self._network.__enter__()
        self.head = self._network.machine()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._network.__exit__(kind, error, trace)
        for _, process in self._starting:
            process.wait(30.0)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def address(self) -> str:
        """Where the cluster is joined."""
        return f"{self.head.address}:{PORT}"

    def start_head(self) -> None:
        """Begin to start the head; ``ready`` waits for it."""
        self._start(
            self.head, "head", {},
            "--head", "--port", str(PORT), "--include-dashboard", "false",
        )  # fmt: skip

    def start_node(self, name: str, resources: Mapping[str, float]) -> Machine:
        """Begin to start a node on a machine of its own; ``ready`` waits for it."""
        machine = self._network.machine()
        self.nodes[name] = machine
        self.restart_raylet(name, resources)
        return machine

    def restart_raylet(self, name: str, resources: Mapping[str, float]) -> None:
        """Begin to start a raylet on a node's machine, where none runs."""
        self._start(self.nodes[name], name, resources, "--address", self.address)

    def ready(self) -> None:
        """Wait for every start that has begun."""
        for name, process in self._starting:
            code = process.wait(60.0)
            log = (self.folder / f"{name}.log").read_text("utf-8", "replace")
            assert code == 0, f"{name} did not start: {log}"
        self._starting.clear()

    def _start(
        self, machine: Machine, name: str, resources: Mapping[str, float], *words: str
    ) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                machine.command(
                    [RAY, "start", *words, "--node-name", name,
                     "--node-ip-address", machine.address, "--num-cpus", "1",
                     "--resources", json.dumps(dict(resources)),
                     "--object-store-memory", str(STORE_BYTES),
                     "--include-log-monitor", "false",
                     "--temp-dir", str(self.folder / name)]
                ),
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._starting.append((name, process))
