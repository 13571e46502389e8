"""A node went away: nothing that was on it is waited for, neither attempts nor frames."""

from __future__ import annotations

import time

from fleet.attempt import Attempts
from fleet.dispatcher.frame import Frame, Lost
from fleet.jobs.model import Stage
from fleet.ledger import reading, recovery
from fleet.ledger.database import Database


async def lose_node(node_id: str, *, frame: Frame, attempts: Attempts, database: Database) -> None:
    """End the attempts on that node, and have the shots made again whose frames went with it.

    Raises:
        LedgerUnusable: it cannot be written down.
    """
    for each in frame.under_way.values():
        if each.hand is not None and each.hand.node.id == node_id:
            each.call_off(Lost.NODE)
    for shot_id in attempts.held_on(node_id):
        if shot_id in frame.of_stage(Stage.GENERATE) or not await attempts.are_lost(shot_id):
            continue
        finishing = frame.of_stage(Stage.FINISH).get(shot_id)
        if finishing is not None:
            finishing.call_off(Lost.FRAMES)
            continue
        attempts.forget(shot_id)
        if reading.checkpoint(database, shot_id) is None:
            recovery.lose_output(database, shot_id, now=time.time())
