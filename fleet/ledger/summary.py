"""What the ledger holds in a few lines, however much it is: counts by manifest, the newest shots.

Reads tallies and stretches of indexes, never all shots or jobs, and makes no documents of them:
``fleet status`` is asked again and again while a million jobs are under way.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fleet.jobs.model import JobState, Stage
from fleet.ledger.database import Database
from fleet.ledger.lanes import pauses
from fleet.ledger.layout import OPEN, SHOT_STAGE

HELD: Final = "held"
PHASES: Final[Mapping[tuple[str, str], str]] = {
    (Stage.GENERATE, JobState.QUEUED): "queued",
    (Stage.GENERATE, JobState.LEASED): "generating",
    (Stage.FINISH, JobState.QUEUED): "generated",
    (Stage.FINISH, JobState.LEASED): "finishing",
    (Stage.PUBLISH, JobState.QUEUED): "finished",
    (Stage.PUBLISH, JobState.LEASED): "publishing",
}
"""In one word, what a shot waits for or what is done to it: exactly one of its jobs says."""

_LATELY_S: Final = 3600.0
_SAMPLE: Final = 200
"""The pace is that of so many clips, if they are not older than an hour."""


@dataclass(frozen=True, slots=True)
class ManifestSummary:
    """One manifest in counts.

    Attributes:
        counts: shots by phase while they are under way, by verdict when they have ended.
        paused: which pause holds it: ``all``, ``project``, ``manifest`` or nothing.
    """

    id: str
    project_id: str
    batch_id: str
    path: str
    submitted_at: float
    counts: Mapping[str, int]
    paused: str

    @property
    def open(self) -> int:
        """Shots that have not ended."""
        return sum(self.counts.get(word, 0) for word in (HELD, *PHASES.values()))

    @property
    def total(self) -> int:
        """All its shots."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Summary:
    """The ledger in counts.

    Attributes:
        manifests: those with work left first, then the newest; as many as were asked for.
        others: how many more there are.
        counts: shots of all manifests, as in ``ManifestSummary``.
        pauses: what is paused, as scope and name.
        clips_per_hour: the pace of the last hour, or None where nothing ended in it.
    """

    manifests: Sequence[ManifestSummary]
    others: int
    counts: Mapping[str, int]
    pauses: Sequence[tuple[str, str]]
    clips_per_hour: float | None

    @property
    def open(self) -> int:
        """Shots that have not ended."""
        return sum(self.counts.get(word, 0) for word in (HELD, *PHASES.values()))


@dataclass(frozen=True, slots=True)
class ShotLine:
    """One shot, in short.

    Attributes:
        state: its verdict, or its phase, or ``held``.
        reasons: as code and message.
        at: when it was submitted, or ended; seconds since the epoch.
    """

    id: str
    image_path: str
    target: str
    project_id: str
    manifest: str
    priority: int
    state: str
    verdict: str | None
    reasons: Sequence[Mapping[str, str]]
    submitted_at: float
    finished_at: float | None

    @property
    def clip(self) -> str | None:
        """Where its clip lies, if it has one."""
        return self.target if self.verdict in {"pass", "flagged"} else None

    @property
    def outcome(self) -> str:
        """Where its clip lies, or why there is none."""
        why = " ".join(reason["message"] for reason in self.reasons)
        if self.clip is None:
            return why
        return f"{self.clip} ({why})" if why else self.clip


def summarise(database: Database, *, limit: int, now: float) -> Summary:
    """The ledger in counts, with the ``limit`` manifests that matter most now."""
    paused = pauses(database)
    held = _held(database)
    rows = database.rows(
        "SELECT m.*, EXISTS (SELECT 1 FROM tallies t WHERE t.manifest_id = m.id AND t.stage = ?"
        " AND t.state = ? AND t.count > 0) AS is_open"
        " FROM manifests m WHERE EXISTS (SELECT 1 FROM tallies t WHERE t.manifest_id = m.id)"
        " ORDER BY is_open DESC, m.submitted_at DESC LIMIT ?",
        (SHOT_STAGE, OPEN, limit),
    )
    manifests = []
    for row in rows:
        tallies = database.rows(
            "SELECT stage, state, count FROM tallies WHERE manifest_id = ?", (row["id"],)
        )
        manifests.append(
            ManifestSummary(
                id=row["id"],
                project_id=row["project_id"],
                batch_id=row["batch_id"],
                path=row["path"],
                submitted_at=row["submitted_at"],
                counts=_counts(tallies, held.get(row["id"], {})),
                paused=_pause_of(row, paused),
            )
        )
    every = database.rows("SELECT stage, state, sum(count) AS count FROM tallies GROUP BY 1, 2")
    known = database.rows("SELECT count(DISTINCT manifest_id) FROM tallies")[0][0]
    return Summary(
        manifests=manifests,
        others=int(known) - len(manifests),
        counts=_counts(every, _sum(held.values())),
        pauses=sorted(paused),
        clips_per_hour=_pace(database, now=now),
    )


def shot_lines(
    database: Database,
    *,
    limit: int,
    unfinished: bool = False,
    manifests: Sequence[str] | None = None,
) -> list[ShotLine]:
    """The newest ``limit`` shots, in the order submitted; all, or those of some manifests."""
    if manifests is not None:
        chosen = _UNFINISHED_OF if unfinished else _ALL_OF
    else:
        chosen = _UNFINISHED if unfinished else _ALL
    return _lines(database, chosen, json.dumps(list(manifests or ())), limit=limit)


def at_work(database: Database, *, limit: int) -> list[ShotLine]:
    """Shots that a worker holds now, the nearest to their end first."""
    found: list[ShotLine] = []
    for stage in reversed(Stage):
        if len(found) < limit:
            found += _lines(database, _LEASED, stage.value, limit=limit - len(found))
    return found


def ended_last(database: Database, *, limit: int) -> list[ShotLine]:
    """The shots that ended last, the newest first."""
    lines = _lines(database, _ENDED, "", limit=limit)
    return sorted(lines, key=lambda line: -(line.finished_at or 0.0))


_ALL: Final = "SELECT seq FROM shots WHERE ?1 = ?1 ORDER BY seq DESC LIMIT ?2"
_UNFINISHED: Final = (
    "SELECT seq FROM shots WHERE verdict IS NULL AND ?1 = ?1 ORDER BY seq DESC LIMIT ?2"
)
_ALL_OF: Final = (
    "SELECT seq FROM shots INDEXED BY shots_of_manifest WHERE manifest_id IN"
    " (SELECT value FROM json_each(?1)) ORDER BY seq DESC LIMIT ?2"
)
_UNFINISHED_OF: Final = (
    "SELECT seq FROM shots INDEXED BY shots_of_manifest WHERE manifest_id IN"
    " (SELECT value FROM json_each(?1)) AND verdict IS NULL ORDER BY seq DESC LIMIT ?2"
)
_LEASED: Final = (
    "SELECT shot_seq FROM jobs WHERE stage = ?1 AND state = 'leased'"
    " ORDER BY rank, lane, shot_seq LIMIT ?2"
)
_ENDED: Final = (
    "SELECT seq FROM shots WHERE finished_at IS NOT NULL AND ?1 = ?1"
    " ORDER BY finished_at DESC LIMIT ?2"
)
_LINE: Final = """
SELECT s.id, s.image_path, s.target, s.priority, s.verdict, s.reasons, s.submitted_at,
    s.finished_at, m.project_id, m.path, l.held, j.stage, j.state
FROM shots s JOIN manifests m ON m.id = s.manifest_id
LEFT JOIN jobs j ON j.shot_id = s.id AND s.verdict IS NULL AND j.state IN ('queued', 'leased')
LEFT JOIN lanes l ON l.id = j.lane
WHERE s.seq IN ("""


def _lines(database: Database, chosen: str, value: str, *, limit: int) -> list[ShotLine]:
    rows = database.rows(f"{_LINE}{chosen}) ORDER BY s.seq", (value, limit))
    return [
        ShotLine(
            id=row["id"],
            image_path=row["image_path"],
            target=row["target"],
            project_id=row["project_id"],
            manifest=row["path"],
            priority=row["priority"],
            state=_state(row),
            verdict=row["verdict"],
            reasons=json.loads(row["reasons"]),
            submitted_at=row["submitted_at"],
            finished_at=row["finished_at"],
        )
        for row in rows
    ]


def _state(row: sqlite3.Row) -> str:
    if row["verdict"] is not None:
        return str(row["verdict"])
    if _waits_held(row):
        return HELD
    return PHASES.get((row["stage"], row["state"]), "queued")


def _waits_held(row: sqlite3.Row) -> bool:
    # What is finished is published even if it is held: it waits for no one.
    waits = row["state"] == JobState.QUEUED and row["stage"] != Stage.PUBLISH
    return bool(row["held"]) and waits


_Held = Mapping[str, int]
"""How many shots are held, by the phase they would be in otherwise."""


def _held(database: Database) -> Mapping[str, _Held]:
    """Shots that are held and wait, by manifest."""
    found: dict[str, dict[str, int]] = {}
    for stage in (Stage.GENERATE, Stage.FINISH):
        rows = database.rows(
            "SELECT l.manifest_id, count(*) AS count FROM lanes l CROSS JOIN jobs j"
            " ON j.stage = ? AND j.state = ? AND j.rank = -l.priority AND j.lane = l.id"
            " WHERE l.held = 1 GROUP BY 1",
            (stage, JobState.QUEUED),
        )
        word = PHASES[stage, JobState.QUEUED]
        for row in rows:
            found.setdefault(row["manifest_id"], {})[word] = int(row["count"])
    return found


def _counts(tallies: Sequence[sqlite3.Row], held: _Held) -> dict[str, int]:
    counts = {HELD: sum(held.values())}
    for row in tallies:
        stage, state, count = row["stage"], row["state"], int(row["count"])
        word = state if stage == SHOT_STAGE else PHASES.get((stage, state))
        if word is not None and word != OPEN:
            counts[word] = count - held.get(word, 0)
    order = (HELD, *PHASES.values(), *sorted(counts.keys() - PHASES.values() - {HELD}))
    return {word: counts[word] for word in order if counts.get(word)}


def _sum(held: Iterable[_Held]) -> _Held:
    total: Counter[str] = Counter()
    for each in held:
        total.update(each)
    return total


def _pause_of(row: sqlite3.Row, paused: set[tuple[str, str]]) -> str:
    scopes = (("all", ""), ("project", row["project_id"]), ("manifest", row["id"]))
    return next((scope for scope, name in scopes if (scope, name) in paused), "")


def _pace(database: Database, *, now: float) -> float | None:
    lately = database.rows(
        "SELECT finished_at, verdict FROM shots WHERE finished_at > ? AND finished_at <= ?"
        " ORDER BY finished_at DESC LIMIT ?",
        (now - _LATELY_S, now, _SAMPLE),
    )
    rows = [row for row in lately if row["verdict"] != "cancelled"]
    if not rows:
        return None
    # Up to now, not up to the last clip: a fleet that stopped has no pace that goes on.
    return 3600.0 * len(rows) / max(1.0, now - float(rows[-1]["finished_at"]))
