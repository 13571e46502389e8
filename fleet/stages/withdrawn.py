"""The meta of a shot that a person ended: beside its picture stands why there is no clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from companions.errors import MotionfleetError
from companions.video_meta import Verdict
from fleet.ledger import reading
from fleet.ledger.control import SET_ASIDE, WITHDRAWN
from fleet.ledger.database import Database
from fleet.ledger.rows import History
from fleet.settings import Settings
from fleet.stages.meta import build_meta
from fleet.stages.publish import Target, publish


def write_metas(
    database: Database,
    shot_ids: Sequence[str],
    *,
    settings: Settings,
    now: float,
    advance: Callable[[int], None],
) -> list[str]:
    """Write the metas of those of ``shot_ids`` that a person ended; why some were not written.

    A meta that cannot be written changes nothing about the end: the ledger has it.
    """
    problems = []
    for shot_id in shot_ids:
        history = reading.history(database, shot_id)
        if any(each.code in {SET_ASIDE, WITHDRAWN} for each in history.shot.reasons):
            try:
                write_meta(history, settings=settings, now=now)
            except MotionfleetError as error:
                problems.append(f"{shot_id}: its meta was not written: {error}")
        advance(1)
    return problems


def write_meta(history: History, *, settings: Settings, now: float) -> bool:
    """Write how the shot ended beside its picture; whether there was need.

    A clip that is published already keeps its own meta, as does one of a newer shot.

    Raises:
        SetBusy: another program holds the picture's companions.
        FileUnwritable: the folder is gone or read-only, or the disk is full.
    """
    shot = history.shot
    if shot.verdict is None:
        return False
    target = Target(Path(shot.target))
    meta = target.read_meta()
    if meta is not None and meta.shot_id == shot.id and meta.verdict is shot.verdict:
        return False
    # A clip in staging is not published: this meta must not describe it.
    told = build_meta(replace(history, artifact=None), settings=settings, now=now)
    verdict: Verdict = shot.verdict
    told = told.model_copy(update={"verdict": verdict, "reasons": shot.reasons})
    publish(target, told, staged=None, known_hashes=())
    return True
