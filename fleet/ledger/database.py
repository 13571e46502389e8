"""The SQLite file: its tables, its durability, and how its failures are told.

WAL with ``synchronous=NORMAL`` for what can be redone (a lease, a failed attempt): after a power
cut the newest of those may be missing, but the file is whole.  ``FULL`` for what is promised: a
submission, a finished clip, a published one.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from fleet.errors import LedgerUnusable
from fleet.ledger.layout import LAYOUT, TABLES, UPGRADES

_BUSY_MS: Final = 30_000


Value = str | int | float
"""What a statement is given."""


class Database:
    """One connection to the ledger's file; every statement goes through it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._durable = True
        self._version = -1
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

    def rows(
        self, statement: str, values: Sequence[Value] | Mapping[str, Value] = ()
    ) -> list[sqlite3.Row]:
        """The rows of one reading statement."""
        with self._explained():
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, values: Mapping[str, Value]) -> sqlite3.Row | None:
        """The first row of one reading statement."""
        with self._explained():
            found: sqlite3.Row | None = self._connection.execute(statement, values).fetchone()
            return found

    def changed(self) -> bool:
        """Whether another connection has written since the last call; costs microseconds."""
        with self._explained():
            version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        changed, self._version = version != self._version, version
        return changed

    def _lay_tables(self) -> None:
        if self._layout() in {0, *UPGRADES}:
            self._connection.execute("BEGIN IMMEDIATE")
            found = self._layout()  # another process may have been first
            for statement in TABLES if found == 0 else ():
                self._connection.execute(statement)
            while found in UPGRADES:
                for statement in UPGRADES[found]:
                    self._connection.execute(statement)
                found += 1
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
