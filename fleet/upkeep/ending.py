"""The end of a cluster: its dispatcher asked first, then every process, and its files."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from fleet.cluster import processes
from fleet.cluster.environment import wanted_environment
from fleet.cluster.head import GRACE_S, SHORT_GRACE_S, end_cluster, gcs_folder
from fleet.cluster.record import ClusterRecord, boot, read_record, remove_record
from fleet.settings import Home

DISMISSAL: Final = (sys.executable, "-m", "fleet.cluster.dismissal")
DISMISSAL_S: Final = 5.0
"""Longest to wait for the dispatcher to give its work back before the cluster is ended."""
FOREIGN_DISMISSAL_S: Final = 60.0
"""As long on a cluster of somebody else, where nothing ends the workers otherwise."""

_log = logging.getLogger("fleet.keeper")


def standing(record: ClusterRecord) -> bool:
    """Whether the head's raylet lives, or for a cluster that is not ours, whatever is recorded."""
    if not record.ours:
        return True
    here = record.raylet is not None and record.boot == boot()
    return here and record.raylet is not None and processes.is_alive(record.raylet)


def take_down(home: Home) -> None:
    """End the cluster of ``home``: its dispatcher asked first, then every process; and its files.

    Of a cluster that is not ours only the dispatcher and its workers are ended.  Harmless if there
    is no cluster.
    """
    record = read_record(home)
    if record is None:
        return
    answers = (not record.ours or standing(record)) and dismiss(home, record)
    if record.folder:
        end_cluster(Path(record.folder), grace_s=GRACE_S if answers else SHORT_GRACE_S)
        shutil.rmtree(gcs_folder(home), ignore_errors=True)
    remove_record(home)


def dismiss(home: Home, record: ClusterRecord) -> bool:
    """Have the dispatcher give its work back; whether the cluster answered in time."""
    environment = {**os.environ, **wanted_environment(home, loopback=record.loopback)}
    try:
        done = subprocess.run(
            [*DISMISSAL, record.address], env=environment, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=DISMISSAL_S if record.ours else FOREIGN_DISMISSAL_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        _log.warning("the dispatcher does not answer; the next one gives its work back")
        return False
    return done.returncode == 0
