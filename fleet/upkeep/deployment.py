"""The dispatcher, put on the head of a cluster by a process of its own: Ray reads its environment
once, and whoever keeps the cluster must not wait for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Final

from fleet.cluster.environment import wanted_environment
from fleet.cluster.record import ClusterRecord
from fleet.errors import ClusterFailed
from fleet.settings import HOME_VARIABLE, Home

DISPATCHER: Final = (sys.executable, "-m", "fleet.standing")
"""The command that puts the dispatcher on a head, or finds it there.  It is given the head's
address, and ``loopback`` or ``network``."""
PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.05


class Deployment:
    """One run of that command.

    Attributes:
        was_silent: it ended without a word: no dispatcher answered, and none gave a reason.
    """

    def __init__(
        self, home: Home, record: ClusterRecord, *, command: Sequence[str] = DISPATCHER
    ) -> None:
        """Start it."""
        environment = {
            **os.environ,
            **wanted_environment(home, loopback=record.loopback),
            HOME_VARIABLE: str(home.root),
        }
        where = "loopback" if record.loopback else "network"
        self.was_silent = False
        self._log = home.log
        self._deadline = time.monotonic() + PATIENCE_S
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (closed when the process has ended)
        self._process = subprocess.Popen(
            [*command, record.address, where], env=environment,
            stdin=subprocess.DEVNULL, stdout=self._said, stderr=self._said,
        )  # fmt: skip

    def is_done(self) -> bool:
        """Whether a dispatcher answers.

        Raises:
            ClusterFailed: none does, with what the command said.
        """
        if self._process.poll() is None:
            if time.monotonic() <= self._deadline:
                return False
            self._process.kill()
            self._process.wait()
        if self._process.returncode == 0:
            self._said.close()
            return True
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        self._said.close()
        self.was_silent = not lines
        what = lines[-1].rstrip(".") if lines else "the dispatcher does not answer"
        raise ClusterFailed(what=what, remedy=f"See {self._log}.")

    def wait(self) -> None:
        """Wait until it is done.

        Raises:
            ClusterFailed: as ``is_done``.
        """
        while not self.is_done():
            time.sleep(_LOOK_S)

    def give_up(self) -> None:
        """End it, if it runs still."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._said.close()
