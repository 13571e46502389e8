"""Start-up: make ledger and disk agree after whatever ended the last dispatcher."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from fleet.attempt import sweep_checkpoints
from fleet.jobs.model import Stage
from fleet.ledger import reading, recovery
from fleet.ledger.database import Database
from fleet.settings import Home
from fleet.stages.arrival import has_its_master, masters_of
from fleet.stages.base import FinishReport

_log = logging.getLogger("fleet.dispatcher")


def reconcile(database: Database, home: Home) -> None:
    """Give back the leases of a dead dispatcher, and let go of files that nobody knows.

    Only the holder of the dispatcher's lock may call this.

    Raises:
        LedgerUnusable: the ledger cannot be read or written.
    """
    now = time.time()
    for shot_id, artifact in reading.staged(database):
        if not _is_whole(database, shot_id, Path(artifact.path)):
            recovery.restage(database, shot_id, now=now)
            _log.warning("shot=%s its finished clip left staging; made again", shot_id)
    found = recovery.recover(database, now=now)
    clips = [Path(artifact.path) for _, artifact in reading.staged(database)]
    wanted = {*clips, *masters_of(clips)}
    if home.staging.is_dir():
        for entry in home.staging.iterdir():
            if entry not in wanted:
                entry.unlink(missing_ok=True)  # a product whose record never came to be
    sweep_checkpoints(home, database)
    _log.info(
        "started: %d leases given back, %d shots to generate again, %d to finish from kept frames",
        len(found.leases_expired),
        len(found.outputs_lost),
        len(found.resumed),
    )


def _is_whole(database: Database, shot_id: str, clip: Path) -> bool:
    """Whether a staged clip is there, and its master if it has one."""
    if not clip.is_file():
        return False
    report = reading.history(database, shot_id).jobs[Stage.FINISH].report
    return not report or has_its_master(clip, FinishReport.model_validate_json(report))
