"""Work until done: on the cluster that is up, or on one of this process's own.

With a cluster (``fleet up``) a submission only follows the ledger, because the cluster's
dispatcher does.  Without one there is no set-up: a cluster and a dispatcher on this machine, for
as long as there is work.  If another process works on the same ledger already, this one does not
start a second cluster: it follows along, and takes over should the other end first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fleet.errors import ClusterDown
from fleet.jobs.model import Pool
from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.lanes import pauses
from fleet.ledger.lock import ProcessLock
from fleet.settings import Home, Settings
from fleet.stages.base import Stages

_TICK_S: Final = 0.2
AGENTS_S: Final = 1.0
PAUSED: Final = "something is paused; fleet status says what, fleet resume lets it go on"
SILENCE_S: Final = 60.0
"""How long a cluster may be without a dispatcher before that is an error: a head that is started
anew takes half a minute."""

Tick = Callable[[str, Mapping[tuple[str, str], int]], None]
"""Called about five times a second: what is going on, in a few words, and the frames that are
done of each shot and stage under way."""


def work_until_done(
    shot_ids: Sequence[str], *, home: Home, settings: Settings, stages: Stages, tick: Tick
) -> None:
    """Return when every shot of ``shot_ids`` has ended, whoever does the work.

    Raises:
        ClusterFailed, LedgerUnusable, FleetBusy: the work cannot go on; nothing is lost.
        ClusterDown: a cluster was brought up for this home, and nothing dispatches on it.
    """
    lock = ProcessLock(home.submitter_lock)
    database = Database(home.ledger)
    try:
        silent_since = time.monotonic()
        while reading.unfinished(database, shot_ids):
            if home.cluster.exists():
                # Its dispatcher needs a few seconds to come back from whatever befell it.
                if ProcessLock(home.dispatcher_lock).is_held():
                    silent_since = time.monotonic()
                elif time.monotonic() - silent_since > SILENCE_S:
                    raise ClusterDown(home=home.root, what="no dispatcher is at work")
                tick(PAUSED if pauses(database) else "", {})
                time.sleep(_TICK_S)
                continue
            if lock.acquire():
                _work(home, settings, stages, tick)
                return
            tick(f"another submission is at work ({lock.holder()}); following it", {})
            time.sleep(_TICK_S)
    finally:
        lock.release()
        database.close()


def _work(home: Home, settings: Settings, stages: Stages, tick: Tick) -> None:
    from fleet.cluster import environment, processes

    environment.prepare(home)
    processes.end(processes.bereaved(home.root), grace_s=AGENTS_S)
    # Ray takes a third of a second to import and seconds to start: only when there is work.
    from fleet.cluster.embedded import embedded_cluster
    from fleet.cluster.pools import pool_sizes, this_machine
    from fleet.cluster.remote import RemoteDispatcher
    from fleet.dispatcher import Dispatcher

    machine = this_machine()
    sizes = pool_sizes(machine, settings)
    tick("starting the cluster", {})
    try:
        with embedded_cluster(settings=settings, machine=machine):
            dispatcher = RemoteDispatcher(
                Dispatcher,
                {
                    "home": home.root,
                    "settings": settings,
                    "stages": stages,
                },
            )
            try:
                tick(f"starting {sizes[Pool.GENERATION]} + {sizes[Pool.INTERPOLATION]} workers", {})
                while not dispatcher.wait_ready(timeout_s=_TICK_S):
                    tick("starting the workers", {})
                while not dispatcher.wait_done(timeout_s=_TICK_S):
                    tick("", {(r.shot_id, r.stage.value): r.frames for r in dispatcher.running()})
            except KeyboardInterrupt:
                dispatcher.stop(timeout_s=3.0)
                raise
    finally:
        # Interrupted or not.  By now the raylet of a killed command is gone for certain, too.
        processes.end(processes.bereaved(home.root), grace_s=AGENTS_S)
        _sweep_kept_frames(home)


def _sweep_kept_frames(home: Home) -> None:
    """Remove kept frames that no shot counts on: a keeper that was slow, or killed and started
    again, may have ended a file after its shot was over."""
    from fleet.attempt import sweep_checkpoints

    database = Database(home.ledger)
    try:
        sweep_checkpoints(home, database)
    finally:
        database.close()
