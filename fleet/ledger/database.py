"""The SQLite file: its tables, its durability, and how its failures are told.

WAL with ``synchronous=NORMAL`` for what can be redone (a lease, a failed attempt): after a power
cut the newest of those may be missing, but the file is whole.  ``FULL`` for what is promised: a
submission, a finished clip, a published one.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from fleet.errors import LedgerUnusable

LAYOUT: Final = 1
_BUSY_MS: Final = 30_000

_TABLES: Final = """
CREATE TABLE manifests (
    id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, project_id TEXT NOT NULL, batch_id TEXT NOT NULL,
    path TEXT NOT NULL, submitted_at REAL NOT NULL
) STRICT;
CREATE TABLE shots (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    manifest_id TEXT NOT NULL REFERENCES manifests(id), picture TEXT NOT NULL,
    image_path TEXT NOT NULL, target TEXT NOT NULL, fingerprint TEXT NOT NULL,
    recipe TEXT NOT NULL, priority INTEGER NOT NULL, submitted_at REAL NOT NULL,
    finished_at REAL, verdict TEXT, reasons TEXT NOT NULL DEFAULT '[]',
    curable INTEGER NOT NULL DEFAULT 0,
    UNIQUE (fingerprint, target)
) STRICT;
CREATE INDEX shots_by_target ON shots (target);
CREATE INDEX shots_unfinished ON shots (seq) WHERE verdict IS NULL;
CREATE TABLE jobs (
    shot_id TEXT NOT NULL REFERENCES shots(id), stage TEXT NOT NULL, state TEXT NOT NULL,
    rank INTEGER NOT NULL, shot_seq INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0, lease_token TEXT, report TEXT,
    failure_code TEXT, failure_message TEXT, failure_curable INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (shot_id, stage)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_in_order ON jobs (stage, state, rank, shot_seq);
CREATE INDEX jobs_by_time ON jobs (state, not_before);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, shot_id TEXT NOT NULL REFERENCES shots(id), stage TEXT NOT NULL,
    number INTEGER NOT NULL, token TEXT NOT NULL UNIQUE, started_at REAL NOT NULL,
    ended_at REAL, outcome TEXT NOT NULL DEFAULT 'running', message TEXT NOT NULL DEFAULT '',
    node TEXT NOT NULL DEFAULT '', peak_memory_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX attempts_of_shot ON attempts (shot_id, stage);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, shot_id TEXT NOT NULL,
    stage TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX events_of_shot ON events (shot_id, seq);
CREATE TABLE artifacts (
    shot_id TEXT PRIMARY KEY REFERENCES shots(id), path TEXT NOT NULL, sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL
) STRICT;
CREATE TABLE published (
    target TEXT NOT NULL, sha256 TEXT NOT NULL, shot_id TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (target, sha256)
) STRICT;
"""


class Database:
    """One connection to the ledger's file; every statement goes through it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._durable = True
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, isolation_level=None, timeout=_BUSY_MS / 1000, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._lay_tables()

    def close(self) -> None:
        """Close the connection; further use raises ``LedgerUnusable``."""
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """All of the block's writes, or none; on the disk before it returns if ``durable``.

        Raises:
            LedgerUnusable: the disk is full, read-only or broken.
        """
        with self._explained():
            if durable != self._durable:
                level = "FULL" if durable else "NORMAL"
                self._connection.execute(f"PRAGMA synchronous = {level}")
                self._durable = durable
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, statement: str, values: Sequence[str | int | float] = ()) -> list[sqlite3.Row]:
        """The rows of one reading statement."""
        with self._explained():
            return self._connection.execute(statement, tuple(values)).fetchall()

    def _lay_tables(self) -> None:
        if self._layout() == 0:
            self._connection.execute("BEGIN IMMEDIATE")
            if self._layout() == 0:  # another process may have been first
                for statement in _TABLES.split(";\n"):
                    if statement.strip():
                        self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {LAYOUT}")
            self._connection.execute("COMMIT")
        if self._layout() != LAYOUT:
            raise LedgerUnusable(
                path=self.path, what=f"it has layout {self._layout()}, this motionfleet {LAYOUT}"
            )

    def _layout(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise LedgerUnusable(path=self.path, what=str(error)) from error
