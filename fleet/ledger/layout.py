"""The ledger's tables, and the steps from every older layout to this one.

Statements only; ``database`` carries them out in one transaction.  What is counted is counted by
triggers, so that a summary of a million jobs reads a handful of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

LAYOUT: Final = 2

_MANIFESTS: Final = """
CREATE TABLE manifests (
    id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, project_id TEXT NOT NULL, batch_id TEXT NOT NULL,
    path TEXT NOT NULL, submitted_at REAL NOT NULL
) STRICT"""
_SHOTS: Final = """
CREATE TABLE shots (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    manifest_id TEXT NOT NULL REFERENCES manifests(id), picture TEXT NOT NULL,
    image_path TEXT NOT NULL, target TEXT NOT NULL, fingerprint TEXT NOT NULL,
    recipe TEXT NOT NULL, priority INTEGER NOT NULL, submitted_at REAL NOT NULL,
    finished_at REAL, verdict TEXT, reasons TEXT NOT NULL DEFAULT '[]',
    curable INTEGER NOT NULL DEFAULT 0,
    UNIQUE (fingerprint, target)
) STRICT"""
_JOBS: Final = """
CREATE TABLE jobs (
    shot_id TEXT NOT NULL REFERENCES shots(id), stage TEXT NOT NULL, state TEXT NOT NULL,
    rank INTEGER NOT NULL, lane INTEGER NOT NULL REFERENCES lanes(id), shot_seq INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, losses INTEGER NOT NULL DEFAULT 0,
    memory_plan INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0,
    avoid TEXT NOT NULL DEFAULT '', lease_token TEXT, report TEXT,
    failure_code TEXT, failure_message TEXT, failure_curable INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (shot_id, stage)
) STRICT, WITHOUT ROWID"""
_ATTEMPTS: Final = """
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, shot_id TEXT NOT NULL REFERENCES shots(id), stage TEXT NOT NULL,
    number INTEGER NOT NULL, token TEXT NOT NULL UNIQUE, started_at REAL NOT NULL,
    ended_at REAL, seconds REAL, outcome TEXT NOT NULL DEFAULT 'running',
    message TEXT NOT NULL DEFAULT '', node TEXT NOT NULL DEFAULT '',
    worker TEXT NOT NULL DEFAULT '', gpu TEXT NOT NULL DEFAULT '',
    peak_memory_bytes INTEGER NOT NULL DEFAULT 0
) STRICT"""
_UNCHANGED: Final = (
    "CREATE INDEX shots_by_target ON shots (target)",
    "CREATE INDEX shots_unfinished ON shots (seq) WHERE verdict IS NULL",
    "CREATE INDEX attempts_of_shot ON attempts (shot_id, stage)",
    """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, shot_id TEXT NOT NULL,
    stage TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL DEFAULT '{}'
) STRICT""",
    "CREATE INDEX events_of_shot ON events (shot_id, seq)",
    """
CREATE TABLE artifacts (
    shot_id TEXT PRIMARY KEY REFERENCES shots(id), path TEXT NOT NULL, sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL
) STRICT""",
    """
CREATE TABLE published (
    target TEXT NOT NULL, sha256 TEXT NOT NULL, shot_id TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (target, sha256)
) STRICT""",
)
_NEW_IN_2: Final = (
    # What the scheduling policy cannot tell apart: it chooses among lanes, not among jobs.
    """
CREATE TABLE lanes (
    id INTEGER PRIMARY KEY, manifest_id TEXT NOT NULL REFERENCES manifests(id),
    priority INTEGER NOT NULL, generator TEXT NOT NULL, interpolator TEXT NOT NULL,
    held INTEGER NOT NULL DEFAULT 0,
    UNIQUE (manifest_id, priority, generator, interpolator, held)
) STRICT""",
    """
CREATE TABLE pauses (
    scope TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (scope, name)
) STRICT""",
    """
CREATE TABLE checkpoints (
    shot_id TEXT PRIMARY KEY REFERENCES shots(id), path TEXT NOT NULL, sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, frames INTEGER NOT NULL
) STRICT""",
    """
CREATE TABLE nodes (
    name TEXT PRIMARY KEY, node_id TEXT NOT NULL, address TEXT NOT NULL, alive INTEGER NOT NULL,
    draining INTEGER NOT NULL DEFAULT 0, blocked TEXT NOT NULL DEFAULT '',
    generation INTEGER NOT NULL, interpolation INTEGER NOT NULL, gpus REAL NOT NULL,
    workers INTEGER NOT NULL DEFAULT 0, busy INTEGER NOT NULL DEFAULT 0,
    joined_at REAL NOT NULL, seen_at REAL NOT NULL
) STRICT""",
    "CREATE TABLE fleet_state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """
CREATE TABLE tallies (
    manifest_id TEXT NOT NULL, stage TEXT NOT NULL, state TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (manifest_id, stage, state)
) STRICT, WITHOUT ROWID""",
)
_INDEXES_OF_2: Final = (
    "CREATE INDEX jobs_in_order ON jobs (stage, state, rank, lane, shot_seq)",
    "CREATE INDEX jobs_by_time ON jobs (state, not_before) WHERE not_before > 0",
    "CREATE INDEX shots_of_manifest ON shots (manifest_id, verdict)",
    "CREATE INDEX manifests_by_path ON manifests (path)",
    "CREATE INDEX shots_by_picture ON shots (picture)",
    "CREATE INDEX shots_by_image ON shots (image_path)",
    "CREATE INDEX shots_by_end ON shots (finished_at) WHERE finished_at IS NOT NULL",
)

SHOT_STAGE: Final = "shot"
"""Stage of the tallies that count shots by verdict."""
OPEN: Final = "open"
"""State, in those, of a shot that has not ended."""


def _tally(name: str, when: str, table: str, row: str, amount: int) -> str:
    manifest = f"(SELECT manifest_id FROM lanes WHERE id = {row}.lane)"
    stage, state = f"{row}.stage", f"{row}.state"
    if table == "shots":
        manifest, stage, state = (
            f"{row}.manifest_id", f"'{SHOT_STAGE}'", f"coalesce({row}.verdict, '{OPEN}')"
        )  # fmt: skip
    return (
        f"CREATE TRIGGER {name} AFTER {when} ON {table} BEGIN"
        f" INSERT INTO tallies VALUES ({manifest}, {stage}, {state}, {amount})"
        f" ON CONFLICT DO UPDATE SET count = count + {amount}; END"
    )


_TRIGGERS: Final = (
    _tally("job_added", "INSERT", "jobs", "NEW", 1),
    _tally("job_removed", "DELETE", "jobs", "OLD", -1),
    _tally("job_left", "UPDATE OF state", "jobs", "OLD", -1),
    _tally("job_entered", "UPDATE OF state", "jobs", "NEW", 1),
    _tally("shot_added", "INSERT", "shots", "NEW", 1),
    _tally("shot_removed", "DELETE", "shots", "OLD", -1),
    _tally("shot_left", "UPDATE OF verdict", "shots", "OLD", -1),
    _tally("shot_entered", "UPDATE OF verdict", "shots", "NEW", 1),
)

COUNT_ALL: Final = (
    "DELETE FROM tallies",
    (
        "INSERT INTO tallies SELECT l.manifest_id, j.stage, j.state, count(*)"
        " FROM jobs j JOIN lanes l ON l.id = j.lane GROUP BY 1, 2, 3"
    ),
    (
        f"INSERT INTO tallies SELECT manifest_id, '{SHOT_STAGE}', coalesce(verdict, '{OPEN}'),"
        " count(*) FROM shots GROUP BY 1, 2, 3"
    ),
)
"""Statements that count the tallies anew."""

TABLES: Final[Sequence[str]] = (
    _MANIFESTS, _SHOTS, *_NEW_IN_2, _JOBS, _ATTEMPTS, *_UNCHANGED, *_INDEXES_OF_2, *_TRIGGERS,
)  # fmt: skip
"""An empty ledger."""

_GENERATOR: Final = "coalesce(json_extract(s.recipe, '$.generation_params.model'), 'camera')"
_INTERPOLATOR: Final = "coalesce(json_extract(s.recipe, '$.interpolation.backend'), 'flow')"

UPGRADES: Final[Mapping[int, Sequence[str]]] = {
    1: (
        *_NEW_IN_2,
        (
            "INSERT INTO lanes (manifest_id, priority, generator, interpolator)"
            f" SELECT DISTINCT s.manifest_id, s.priority, {_GENERATOR}, {_INTERPOLATOR}"
            " FROM shots s"
        ),
        "DROP INDEX jobs_in_order",
        "DROP INDEX jobs_by_time",
        "ALTER TABLE jobs RENAME TO jobs_of_1",
        _JOBS,
        (
            "INSERT INTO jobs (shot_id, stage, state, rank, lane, shot_seq, tries, not_before,"
            " lease_token, report, failure_code, failure_message, failure_curable)"
            " SELECT j.shot_id, j.stage, j.state, j.rank, l.id, j.shot_seq, j.tries, j.not_before,"
            " j.lease_token, j.report, j.failure_code, j.failure_message, j.failure_curable"
            " FROM jobs_of_1 j JOIN shots s ON s.id = j.shot_id"
            " JOIN lanes l ON l.manifest_id = s.manifest_id AND l.priority = s.priority"
            f" AND l.generator = {_GENERATOR} AND l.interpolator = {_INTERPOLATOR}"
        ),
        "DROP TABLE jobs_of_1",
        "ALTER TABLE attempts ADD COLUMN seconds REAL",
        "ALTER TABLE attempts ADD COLUMN worker TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE attempts ADD COLUMN gpu TEXT NOT NULL DEFAULT ''",
        *_INDEXES_OF_2,
        *COUNT_ALL,
        *_TRIGGERS,
    ),
}
"""Statements from each older layout to the next."""
