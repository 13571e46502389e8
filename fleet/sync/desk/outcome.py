"""What a push, a pull or a sync came to, in figures and names: for people, machines and reports."""

from __future__ import annotations

from pydantic import JsonValue

from companions.base import Closed
from fleet.sync.desk.folder import Synced
from fleet.sync.desk.push import Delivery


class Outcome(Closed):
    """A sync in figures."""

    sets_sent: int = 0
    sets_there: int = 0
    sets_refused: int = 0
    files_sent: int = 0
    bytes_sent: int = 0
    sets_submitted: int = 0
    shots_new: int = 0
    shots_known: int = 0
    clips_placed: int = 0
    metas_placed: int = 0
    bytes_fetched: int = 0
    results_outdated: int = 0
    conflicts: int = 0


class Conflict(Closed):
    """A file that was left as it is, because sync did not write it as it is now."""

    where: str
    """``here``, or the host's name."""
    path: str
    why: str


def conflicts_of(done: Synced) -> list[Conflict]:
    """What was kept on either side, though the other has something else."""
    return [
        *(
            Conflict(where="here", path=str(each.root / kept.path),
                     why=f"it is not what sync wrote; {done.host} has another")
            for each in done.pulled
            for kept in each.conflicts
        ),
        *(
            Conflict(where=done.host, path=f"{each.label}/{each.wanted.set_id}/{path}",
                     why="it was changed there after it arrived")
            for each in done.pushed
            for path in each.altered
        ),
    ]  # fmt: skip


def outcome_of(done: Synced) -> Outcome:
    """``done`` in figures."""
    states = [each.state for each in done.pushed]
    answers = [each.answer for each in done.queued]
    return Outcome(
        sets_sent=states.count(Delivery.SENT),
        sets_there=states.count(Delivery.THERE),
        sets_refused=states.count(Delivery.REFUSED),
        files_sent=sum(each.files for each in done.pushed),
        bytes_sent=sum(each.size_bytes for each in done.pushed),
        sets_submitted=len(answers),
        shots_new=sum(each.new + each.reopened for each in answers),
        shots_known=sum(each.known + each.adopted for each in answers),
        clips_placed=sum(len(each.clips) for each in done.pulled),
        metas_placed=sum(len(each.metas) for each in done.pulled),
        bytes_fetched=sum(each.size_bytes for each in done.pulled),
        results_outdated=sum(len(each.outdated) for each in done.pulled),
        conflicts=len(conflicts_of(done)),
    )


def as_json(done: Synced) -> dict[str, JsonValue]:
    """``done`` for machines."""
    return {
        "host": done.host,
        "transport": done.said,
        "outcome": outcome_of(done).model_dump(mode="json"),
        "sets": [
            {"manifest": str(each.wanted.manifest), "label": each.label,
             "set": each.wanted.set_id, "state": each.state.value, "files": each.files,
             "size_bytes": each.size_bytes, "error": each.error.reason if each.error else None}
            for each in done.pushed
        ],
        "submitted": [
            {"manifest": str(each.pushed.wanted.manifest), "set": each.pushed.wanted.set_id,
             "new": each.answer.new, "known": each.answer.known}
            for each in done.queued
        ],
        "folders": [
            {"folder": str(each.root), "label": each.label, "results": each.results,
             "clips": list(each.clips), "metas": list(each.metas),
             "size_bytes": each.size_bytes, "outdated": list(each.outdated)}
            for each in done.pulled
        ],
        "conflicts": [each.model_dump(mode="json") for each in conflicts_of(done)],
        "problems": [
            {"about": each.about, "error": each.error.reason, "message": str(each.error)}
            for each in done.problems
        ],
        "notes": list(done.notes),
    }  # fmt: skip
