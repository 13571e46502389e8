"""The keeper: the process that ``fleet up`` leaves behind, and that keeps the cluster standing.

It starts the head and has the dispatcher put on it.  A GCS that dies is started again over its
tables, and nobody notices but for a second.  A raylet of the head that dies is started again in
the same cluster; the dispatcher comes back on it, and other nodes work on.  What dies again and
again is given up, loudly: the log tells it, and so does ``fleet doctor``.

One keeper for one home, held by a lock.  A keeper that is killed leaves the cluster running; the
next ``fleet up`` adopts it.  SIGTERM takes the cluster down.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from companions.errors import MotionfleetError
from fleet.cluster import processes
from fleet.cluster.head import (
    HeadOptions,
    gcs_folder,
    new_head,
    restart_gcs,
    restart_raylet,
    start_head,
)
from fleet.cluster.processes import Process
from fleet.cluster.record import (
    LOOPBACK,
    ClusterRecord,
    read_record,
    write_record,
)
from fleet.errors import ClusterDown, ClusterFailed
from fleet.jobs.model import Pool
from fleet.ledger.lock import ProcessLock
from fleet.settings import Home, load_settings
from fleet.upkeep.deployment import DISPATCHER, Deployment
from fleet.upkeep.ending import dismiss, standing, take_down

LOOK_S: Final = 0.1
WATCH_S: Final = 1.0
ABSENCE_S: Final = 30.0
"""How long nobody may dispatch before the keeper sees to it itself."""
MOST_SILENCES: Final = 2
"""So many dispatchers in a row may be silent on a head that stands; Ray sometimes loses one."""
MOST_RESTARTS: Final = 5
WINDOW_S: Final = 300.0

GIVEN_UP: Final = "given up"
"""How the last line of the log begins when the keeper took the cluster down by itself."""

_log = logging.getLogger("fleet.keeper")


def keeper_lock(home: Home) -> ProcessLock:
    """Held by the keeper for as long as it lives."""
    return ProcessLock(home.root / "keeper.lock")


def keeper_log(home: Home) -> Path:
    """What the keeper has to say, and the reason if it gave up."""
    return home.root / "cluster.log"


def pause_before_restart(past: Sequence[float], *, now: float) -> float | None:
    """Seconds to wait before what died is started again, or None to give it up.

    ``past`` are the times of earlier restarts; only those of the last five minutes count.
    """
    lately = [at for at in past if now - at < WINDOW_S]
    if len(lately) >= MOST_RESTARTS:
        return None
    return 0.0 if not lately else 0.5 * 2.0 ** (len(lately) - 1)


class Keeper:
    """One cluster, kept standing until ``stop``."""

    def __init__(
        self,
        home: Home,
        options: HeadOptions,
        *,
        dispatcher: Sequence[str] = DISPATCHER,
        absence_s: float = ABSENCE_S,
    ) -> None:
        """Keep nothing yet.

        Args:
            home: the fleet's folder.
            options: what the operator chose for the head.
            dispatcher: the command that puts the dispatcher on a head.
            absence_s: how long nobody may dispatch before it is run again.
        """
        self._home = home
        self._options = options
        self._dispatcher = tuple(dispatcher)
        self._absence_s = absence_s
        self._stopping = threading.Event()
        self._restarts: list[float] = []
        self._children: list[subprocess.Popen[bytes]] = []
        self._deployment: Deployment | None = None
        self._silences = 0
        self._at_work = self._looked = time.monotonic()

    def stop(self) -> None:
        """Take the cluster down; ``run`` returns when it is."""
        self._stopping.set()

    def run(self) -> None:
        """Bring the cluster up, or adopt it, and keep it until ``stop``.

        Raises:
            ClusterFailed: the head does not start, or dies again and again.
            ClusterDown: another keeper has this home.
        """
        lock = keeper_lock(self._home)
        if not lock.acquire():
            raise ClusterDown(
                home=self._home.root, what=f"it is being brought up or down by {lock.holder()}"
            )
        try:
            record = self._adopt() or self._start()
            self._deploy(record)
            while not self._stopping.wait(LOOK_S):
                record = self._look(self._follow(record))
        except MotionfleetError as error:
            _log.error("%s: %s", GIVEN_UP, error)
            raise
        finally:
            if self._deployment is not None:
                self._deployment.give_up()
            take_down(self._home)
            lock.release()

    def _adopt(self) -> ClusterRecord | None:
        record = read_record(self._home)
        if record is None or not record.ours:
            return None
        if standing(record):
            _log.info("adopted the cluster at %s", record.address)
            record = record.model_copy(update={"ready": False})
            write_record(self._home, record)
            return record
        take_down(self._home)  # what a crash of the whole machine, or a kill, left of it
        return None

    def _start(self) -> ClusterRecord:
        # The tables of a cluster that is over.
        shutil.rmtree(gcs_folder(self._home), ignore_errors=True)
        gcs_folder(self._home).mkdir(mode=0o700, parents=True)
        new = new_head(self._options)
        write_record(self._home, new)
        record = start_head(self._home, load_settings(self._home), self._options, new)
        write_record(self._home, record)
        return record

    def _deploy(self, record: ClusterRecord) -> None:
        self._deployment = Deployment(self._home, record, command=self._dispatcher)

    def _follow(self, record: ClusterRecord) -> ClusterRecord:
        """The cluster once a dispatcher answers; another one is put there if it is long gone.

        Ray starts a dispatcher that died again by itself, in a few seconds.
        """
        now = time.monotonic()
        if self._deployment is not None:
            if not self._is_deployed(self._deployment, record):
                return record
            self._deployment = None
            self._silences = 0
            _log.info("the cluster stands at %s", record.address)
            self._at_work = now
            record = record.model_copy(update={"ready": True})
            write_record(self._home, record)
        if now - self._looked < WATCH_S:
            return record
        self._looked = now
        if ProcessLock(self._home.dispatcher_lock).is_held():
            self._at_work = now
        elif now - self._at_work > self._absence_s:
            _log.error("no dispatcher for %.0f s; another is put there", now - self._at_work)
            self._pause()
            dismiss(self._home, record)  # one that is there and does nothing is in the way
            self._deploy(record)
        return record

    def _is_deployed(self, deployment: Deployment, record: ClusterRecord) -> bool:
        """Whether a dispatcher answers; one that is silent is given up for another, twice."""
        try:
            return deployment.is_done()
        except ClusterFailed:
            self._silences += 1
            if not deployment.was_silent or self._silences > MOST_SILENCES:
                raise
        _log.error("the dispatcher does not answer; another is put there")
        dismiss(self._home, record)
        self._deploy(record)
        return False

    def _look(self, record: ClusterRecord) -> ClusterRecord:
        """The cluster as it is after mending what is broken."""
        for child in self._children:
            child.poll()  # reaps it, should it be dead
        changed: dict[str, Process | tuple[str, ...] | None] = {}
        # The GCS first: a raylet that cannot reach it is no use.
        if record.gcs is None or not processes.is_alive(record.gcs):
            _log.error("the GCS died; it is started again over its tables")
            changed["gcs"] = self._again(restart_gcs, record)
        elif record.raylet is None or not processes.is_alive(record.raylet):
            _log.error("the head's raylet died; it is started again")
            changed["raylet"] = self._again(restart_raylet, record)
        if not changed:
            return record
        record = record.model_copy(update={**changed, "restarts": len(self._restarts)})
        write_record(self._home, record)
        return record

    def _again(
        self,
        start: Callable[[Home, ClusterRecord], subprocess.Popen[bytes]],
        record: ClusterRecord,
    ) -> Process | None:
        self._pause()
        child = start(self._home, record)
        self._children = [each for each in self._children if each.returncode is None] + [child]
        return processes.identify(child.pid)

    def _pause(self) -> None:
        """Wait as long as is due before a restart.

        Raises:
            ClusterFailed: there were too many.
        """
        now = time.monotonic()
        pause_s = pause_before_restart(self._restarts, now=now)
        if pause_s is None:
            raise ClusterFailed(
                what=f"the head died {MOST_RESTARTS + 1} times within {WINDOW_S / 60:g} minutes",
                remedy=f"See {keeper_log(self._home)} and {self._home.log}; then: fleet up. What "
                f"was submitted is kept.",
            )
        self._restarts.append(now)
        self._stopping.wait(pause_s)


def keeper_command(home: Home, options: HeadOptions) -> list[str]:
    """The command that keeps a cluster of ``home``, in a process of its own."""
    command = [sys.executable, "-m", "fleet.upkeep.keeper", str(home.root)]
    command += ["--bind", options.bind, "--port", str(options.port)]
    for pool, count in options.slots.items():
        command += [f"--{pool.value}", str(count)]
    return command


def main(arguments: Sequence[str]) -> int:
    """The keeper's process; its exit code."""
    parser = argparse.ArgumentParser(prog="fleet.upkeep.keeper")
    parser.add_argument("home", type=Path)
    parser.add_argument("--bind", default=LOOPBACK)
    parser.add_argument("--port", type=int, default=0)
    for pool in Pool:
        parser.add_argument(f"--{pool.value}", type=int)
    given = parser.parse_args(arguments)
    chosen = {pool: getattr(given, pool.value) for pool in Pool}
    slots = {pool: count for pool, count in chosen.items() if count is not None}
    return keep(Home(given.home), HeadOptions(bind=given.bind, port=given.port, slots=slots))


def keep(home: Home, options: HeadOptions) -> int:
    """Keep a cluster until SIGTERM or Ctrl-C, in this process; the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    keeper = Keeper(home, options)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        keeper.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        keeper.run()
    except MotionfleetError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
