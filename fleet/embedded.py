"""One machine, no set-up: a cluster and a dispatcher for as long as there is work.

If another process works on the same ledger already, this one does not start a second cluster:
it follows along, and takes over should the other end first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fleet.jobs.model import Pool
from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.lock import ProcessLock
from fleet.settings import Home, Settings
from fleet.stages.base import Stages

_TICK_S: Final = 0.2

Tick = Callable[[str, Mapping[tuple[str, str], int]], None]
"""Called about five times a second: what is going on, in a few words, and the frames that are
done of each shot and stage under way."""


def work_until_done(
    shot_ids: Sequence[str], *, home: Home, settings: Settings, stages: Stages, tick: Tick
) -> None:
    """Return when every shot of ``shot_ids`` has ended, whoever does the work.

    Raises:
        ClusterFailed, LedgerUnusable, FleetBusy: the work cannot go on; nothing is lost.
    """
    lock = ProcessLock(home.submitter_lock)
    database = Database(home.ledger)
    try:
        while reading.unfinished(database, shot_ids):
            if lock.acquire():
                _work(home, settings, stages, tick)
                return
            tick(f"another submission is at work ({lock.holder()}); following it", {})
            time.sleep(_TICK_S)
    finally:
        lock.release()
        database.close()


def _work(home: Home, settings: Settings, stages: Stages, tick: Tick) -> None:
    from fleet.cluster import environment

    environment.prepare(home)
    # Ray takes a third of a second to import and seconds to start: only when there is work.
    from fleet.cluster.embedded import RemoteDispatcher, embedded_cluster
    from fleet.cluster.pools import (
        frames_budget_bytes,
        object_store_bytes,
        pool_sizes,
        this_machine,
    )
    from fleet.dispatcher import Dispatcher

    machine = this_machine()
    sizes = pool_sizes(machine, settings)
    tick("starting the cluster", {})
    with embedded_cluster(settings=settings, machine=machine):
        dispatcher = RemoteDispatcher(
            Dispatcher,
            {
                "home": home.root,
                "settings": settings,
                "stages": stages,
                "frames_budget": frames_budget_bytes(object_store_bytes(machine, settings)),
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
