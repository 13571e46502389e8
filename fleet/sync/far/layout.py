"""The tables of the receiving side's index, and which layout of them a file has."""

from __future__ import annotations

import sqlite3
from typing import Final

LAYOUT: Final = 1

_TABLES: Final = (
    """CREATE TABLE sets (
        number INTEGER PRIMARY KEY,
        inbox TEXT NOT NULL,
        label TEXT NOT NULL,
        set_id TEXT NOT NULL,
        manifest_name TEXT NOT NULL,
        received_at REAL NOT NULL,
        UNIQUE (inbox, label, set_id)
    ) STRICT""",
    """CREATE TABLE files (
        number INTEGER NOT NULL REFERENCES sets (number) ON DELETE CASCADE,
        path TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        altered INTEGER NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        device INTEGER NOT NULL,
        PRIMARY KEY (number, path)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX files_by_content ON files (sha256)",
    # Apart from the sets: what was submitted stays so, whatever becomes of the set's files.
    """CREATE TABLE submissions (
        inbox TEXT NOT NULL,
        label TEXT NOT NULL,
        set_id TEXT NOT NULL,
        submitted_at REAL NOT NULL,
        PRIMARY KEY (inbox, label, set_id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE arrived (
        inbox TEXT NOT NULL,
        set_id TEXT NOT NULL,
        path TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        device INTEGER NOT NULL,
        changed_ns INTEGER NOT NULL,
        PRIMARY KEY (inbox, set_id, path)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE metas (
        folder TEXT NOT NULL,
        path TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        clip_sha256 TEXT NOT NULL,
        clip_size INTEGER NOT NULL,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        device INTEGER NOT NULL,
        PRIMARY KEY (folder, path)
    ) STRICT, WITHOUT ROWID""",
)


def lay_tables(connection: sqlite3.Connection) -> int:
    """Lay the tables of a new file; which layout the file has now.

    Raises:
        sqlite3.Error: it is no such file, or the disk refuses.
    """
    connection.execute("BEGIN IMMEDIATE")
    layout = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if layout == 0:
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {LAYOUT}")
        layout = LAYOUT
    connection.execute("COMMIT")
    return layout
