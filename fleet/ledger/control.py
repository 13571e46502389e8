"""What an operator does to work that was submitted: withdraw, repeat, pause, put first, set aside.

Every act is a write to the ledger and nothing else: a dispatcher, if one is at work, sees that
the file has changed and follows.  An attempt under way whose shot was withdrawn has lost its
lease, so that its result, should it still come, is dropped.

Acts on many shots go in transactions of ``AT_ONCE`` shots, each durable, so that the dispatcher
never waits long for the file.  Stopped half way, the same act goes on where it stopped.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from companions.video_meta import Reason, Verdict
from fleet.jobs.model import Cancelled, JobState, Stage
from fleet.ledger.database import Database
from fleet.ledger.lanes import move_shots
from fleet.ledger.selection import Selection, manifests_of, shot_ids
from fleet.ledger.steps import cancel_shot, close_attempts, end_shot, note, step
from fleet.ledger.submission import reopen

AT_ONCE: Final = 500
"""Shots of one transaction."""

SET_ASIDE: Final = "set_aside"
"""Reason code of a shot that a person quarantined."""
WITHDRAWN: Final = "cancelled"
"""Reason code of a shot that a person cancelled."""
UNSUCCESSFUL: Final = (Verdict.FAILED, Verdict.QUARANTINED, Verdict.CANCELLED)
"""How shots end that have no clip."""

Advance = Callable[[int], None]
"""Is told how many more shots were looked at."""


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of the shots an act was meant for, by id.

    Attributes:
        changed: those it was done to.
        publishing: left alone, because their clip takes its place at this moment.
        superseded: left alone, because a newer request for the same clip counts.
    """

    changed: Sequence[str]
    publishing: Sequence[str] = ()
    superseded: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Paused:
    """What a pause or its end changed, and what is paused now.

    Attributes:
        scopes: pauses that were made or ended, as scope and name.
        shots: single shots that were held or let go, by id.
        still: pauses, as scope and name, that go on holding what was to be resumed.
    """

    scopes: Sequence[tuple[str, str]]
    shots: Sequence[str]
    still: Sequence[tuple[str, str]] = ()


def cancel(
    database: Database,
    selection: Selection,
    *,
    who: str,
    spare_publishing: bool,
    now: float,
    advance: Advance | None = None,
) -> Acted:
    """Withdraw every selected shot that has not ended; only ``retry`` brings it back.

    With ``spare_publishing``, which is right while a dispatcher is at work, a shot whose clip is
    being put in its place is left to end.
    """
    reason = Reason(code=WITHDRAWN, message=f"Withdrawn by {who}. Brought back by: fleet retry")

    def withdraw(sql: sqlite3.Connection, shot_id: str) -> None:
        note(sql, shot_id, None, "withdrawn", now=now, data={"by": who})
        cancel_shot(sql, shot_id, reason, curable=False, now=now)

    return _end_open(database, selection, withdraw, spare=spare_publishing, advance=advance)


def quarantine(
    database: Database,
    selection: Selection,
    *,
    who: str,
    spare_publishing: bool,
    now: float,
    advance: Advance | None = None,
) -> Acted:
    """Take every selected shot that has not ended aside; ``retry`` brings it back.

    What was made of it stays, so that a retry pays for nothing twice.
    """
    reason = Reason(code=SET_ASIDE, message=f"Set aside by {who}. Brought back by: fleet retry")

    def take_aside(sql: sqlite3.Connection, shot_id: str) -> None:
        note(sql, shot_id, None, SET_ASIDE, now=now, data={"by": who})
        for stage, state in _states(sql, shot_id):
            if state is not JobState.SUCCEEDED:
                close_attempts(sql, shot_id, stage, outcome="cancelled", now=now)
                step(sql, shot_id, stage, Cancelled(), now=now)
        end_shot(sql, shot_id, Verdict.QUARANTINED, (reason,), curable=False, now=now)

    return _end_open(database, selection, take_aside, spare=spare_publishing, advance=advance)


def retry(
    database: Database,
    selection: Selection,
    *,
    verdicts: Sequence[Verdict],
    who: str,
    now: float,
    advance: Advance | None = None,
) -> Acted:
    """Make every selected shot again that ended with one of ``verdicts``.

    A clip that waits in staging is only published, frames that were kept are only finished.  A
    shot whose place belongs to a newer request is left as it is.
    """
    changed, superseded = [], []
    for ids in _chunks(shot_ids(database, selection, verdicts=verdicts)):
        with database.transaction(durable=True) as sql:
            for shot_id in ids:
                row = sql.execute(
                    "SELECT verdict, target, finished_at FROM shots WHERE id = ?", (shot_id,)
                ).fetchone()
                if row is None or row["verdict"] not in verdicts:
                    continue
                if _superseded(sql, shot_id, row):
                    superseded.append(shot_id)
                    continue
                note(sql, shot_id, None, "retried", now=now, data={"by": who})
                reopen(sql, shot_id, now=now)
                changed.append(shot_id)
        if advance is not None:
            advance(len(ids))
    return Acted(changed=changed, superseded=superseded)


def set_priority(
    database: Database, selection: Selection, *, priority: int, who: str, now: float
) -> Acted:
    """Give every selected shot that has not ended that priority; larger goes first."""
    changed: list[str] = []
    for ids in _chunks(shot_ids(database, selection, verdicts=(None,)), size=10 * AT_ONCE):
        with database.transaction(durable=True) as sql:
            moved = move_shots(sql, ids, priority=priority)
            _note_all(sql, moved, "priority", now=now, data={"by": who, "priority": str(priority)})
        changed += moved
    return Acted(changed=changed)


def pause(database: Database, selection: Selection, *, who: str, now: float) -> Paused:
    """Start nothing more of what is selected; what runs ends, and what is finished is published.

    A pause of everything, a project or a manifest holds for what is submitted to it later too.
    """
    scopes = []
    held: list[str] = []
    for scope, name in _scopes(selection):
        with database.transaction(durable=True) as sql:
            added = sql.execute("INSERT OR IGNORE INTO pauses VALUES (?, ?, ?)", (scope, name, now))
            if added.rowcount:
                scopes.append((scope, name))
                data = {"by": who, "scope": scope, "name": name}
                note(sql, "", None, "paused", now=now, data=data)
    single = Selection(shots=selection.shots)
    for ids in _chunks(shot_ids(database, single, verdicts=(None,))):
        with database.transaction(durable=True) as sql:
            moved = move_shots(sql, ids, held=True)
            _note_all(sql, moved, "paused", now=now, data={"by": who})
        held += moved
    return Paused(scopes=scopes, shots=held)


def resume(database: Database, selection: Selection, *, who: str, now: float) -> Paused:
    """End the pauses of what is selected, and of all that belongs to it."""
    wanted = set(_scopes(selection))
    whole = manifests_of(database, selection)
    wanted |= {("manifest", manifest) for manifest in whole}
    released: list[str] = list(selection.shots)
    with database.transaction(durable=True) as sql:
        rows = sql.execute("SELECT scope, name FROM pauses").fetchall()
        before = {(row["scope"], row["name"]) for row in rows}
        scopes = sorted(before if selection.everything else before & wanted)
        for scope, name in scopes:
            sql.execute("DELETE FROM pauses WHERE scope = ? AND name = ?", (scope, name))
            data = {"by": who, "scope": scope, "name": name}
            note(sql, "", None, "resumed", now=now, data=data)
        for manifest in whole:
            released += _held(sql, manifest)
    freed: list[str] = []
    for ids in _chunks(dict.fromkeys(released)):
        with database.transaction(durable=True) as sql:
            moved = move_shots(sql, ids, held=False)
            _note_all(sql, moved, "resumed", now=now, data={"by": who})
        freed += moved
    still = before - set(scopes)
    return Paused(scopes=scopes, shots=freed, still=_holding(database, selection, whole, still))


def _end_open(
    database: Database,
    selection: Selection,
    end: Callable[[sqlite3.Connection, str], None],
    *,
    spare: bool,
    advance: Advance | None,
) -> Acted:
    changed, publishing = [], []
    for ids in _chunks(shot_ids(database, selection, verdicts=(None,))):
        with database.transaction(durable=True) as sql:
            for shot_id in ids:
                row = sql.execute(
                    "SELECT s.verdict, j.state FROM shots s JOIN jobs j ON j.shot_id = s.id"
                    " AND j.stage = ? WHERE s.id = ?",
                    (Stage.PUBLISH, shot_id),
                ).fetchone()
                if row is None or row["verdict"] is not None:
                    continue  # it ended, or was archived, since it was looked up
                if spare and row["state"] == JobState.LEASED:
                    publishing.append(shot_id)
                    continue
                end(sql, shot_id)
                changed.append(shot_id)
        if advance is not None:
            advance(len(ids))
    return Acted(changed=changed, publishing=publishing)


def _states(sql: sqlite3.Connection, shot_id: str) -> list[tuple[Stage, JobState]]:
    rows = sql.execute("SELECT stage, state FROM jobs WHERE shot_id = ?", (shot_id,)).fetchall()
    return [(Stage(row["stage"]), JobState(row["state"])) for row in rows]


def _superseded(sql: sqlite3.Connection, shot_id: str, row: sqlite3.Row) -> bool:
    """Whether another shot for the same clip is under way, or ended later on its own account."""
    other = sql.execute(
        "SELECT 1 FROM shots WHERE target = ? AND id <> ? AND (verdict IS NULL"
        " OR (verdict <> ? AND finished_at > ?)) LIMIT 1",
        (row["target"], shot_id, Verdict.CANCELLED, row["finished_at"]),
    ).fetchone()
    return other is not None


def _scopes(selection: Selection) -> list[tuple[str, str]]:
    return [
        *([("all", "")] if selection.everything else []),
        *(("project", name) for name in selection.projects),
        *(("manifest", manifest) for manifest in selection.manifests),
    ]


def _held(sql: sqlite3.Connection, manifest: str) -> list[str]:
    """Ids of the single shots of a manifest that are held and have not ended."""
    lanes = "SELECT id, priority FROM lanes WHERE manifest_id = ? AND held = 1"
    found: list[str] = []
    for lane in sql.execute(lanes, (manifest,)).fetchall():
        rows = sql.execute(
            "SELECT shot_id FROM jobs WHERE stage = ? AND rank = ? AND lane = ? AND state IN"
            " (SELECT value FROM json_each(?))",
            (Stage.PUBLISH, -lane["priority"], lane["id"], _ALL_STATES),
        ).fetchall()
        found += [row["shot_id"] for row in rows]
    return found


_ALL_STATES: Final = "[" + ",".join(f'"{state.value}"' for state in JobState) + "]"


def _holding(
    database: Database,
    selection: Selection,
    whole: Iterable[str],
    pauses: set[tuple[str, str]],
) -> list[tuple[str, str]]:
    """Those of ``pauses`` that hold any of what is selected."""
    if not pauses or selection.everything:
        return []
    concerned = {("all", "")}
    manifests = set(whole)
    for shot_id in selection.shots:
        rows = database.rows("SELECT manifest_id FROM shots WHERE id = ?", (shot_id,))
        manifests |= {row["manifest_id"] for row in rows}
    for manifest in manifests:
        rows = database.rows("SELECT project_id FROM manifests WHERE id = ?", (manifest,))
        concerned |= {("manifest", manifest), *(("project", row["project_id"]) for row in rows)}
    return sorted(pauses & concerned)


def _note_all(
    sql: sqlite3.Connection, ids: Sequence[str], kind: str, *, now: float, data: dict[str, str]
) -> None:
    for shot_id in ids:
        note(sql, shot_id, None, kind, now=now, data=data)


def _chunks(ids: Iterable[str], *, size: int = AT_ONCE) -> Iterator[list[str]]:
    every = list(ids)  # looked up before anything is changed: what changes would move under it
    rest = iter(every)
    while chunk := list(islice(rest, size)):
        yield chunk
