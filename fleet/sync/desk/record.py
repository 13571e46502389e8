"""The desk's record of one host: what it has read, delivered and put in place.  SQLite.

Lost, nothing is lost with it but time and trust: manifests are read again, and files that sync
put in place earlier are a stranger's until their bytes are found to be what the host has.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import TypeAdapter, ValidationError

from fleet.home import Home
from fleet.settings import HostName
from fleet.sync.errors import HostUnknown, SyncRecordUnusable

LAYOUT: Final = 1
_IS_NAME: Final[TypeAdapter[str]] = TypeAdapter(HostName)
_BUSY_S: Final = 30.0

_TABLES: Final = (
    """CREATE TABLE manifests (
        path TEXT PRIMARY KEY, stamp TEXT NOT NULL, contents TEXT NOT NULL
    ) WITHOUT ROWID""",
    # Every hash that sync ever put under that name: such a file may be replaced by a newer result.
    """CREATE TABLE written (
        label TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL,
        PRIMARY KEY (label, path, sha256)
    ) WITHOUT ROWID""",
    # What a local file hashes to, for as long as its stamp is the same.
    """CREATE TABLE local (
        label TEXT NOT NULL, path TEXT NOT NULL, stamp TEXT NOT NULL, sha256 TEXT NOT NULL,
        PRIMARY KEY (label, path)
    ) WITHOUT ROWID""",
    """CREATE TABLE delivered (
        label TEXT NOT NULL, set_id TEXT NOT NULL, manifest_sha256 TEXT NOT NULL,
        PRIMARY KEY (label, set_id)
    ) WITHOUT ROWID""",
    # Metas that were fetched and left out, so that they are not fetched again every night.
    """CREATE TABLE passed_over (
        label TEXT NOT NULL, path TEXT NOT NULL, meta_sha256 TEXT NOT NULL, asked TEXT NOT NULL,
        PRIMARY KEY (label, path)
    ) WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class Known:
    """A local file's hash, valid while its stamp is the same."""

    stamp: str
    sha256: str


def stamp_of(facts: os.stat_result) -> str:
    """What changes when a file is written: size, time of the last write, and which file it is."""
    return f"{facts.st_size}:{facts.st_mtime_ns}:{facts.st_ino}"


def open_record(home: Home, host: str) -> Record:
    """The record of ``host``.

    Raises:
        HostUnknown: no host can be called so, and no file either.
        SyncRecordUnusable: it cannot be opened.
    """
    try:
        _IS_NAME.validate_python(host)
    except ValidationError:
        raise HostUnknown(name=host, what="no host can have such a name") from None
    return Record(home.sync / f"{host}.sqlite3")


def has_record(home: Home, host: str) -> bool:
    """Whether anything was ever synced with ``host`` from here."""
    return (home.sync / f"{host}.sqlite3").is_file()


class Record:
    """One connection to the record's file; a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._explained():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                self._lay_tables()
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; harmless to repeat."""
        self._connection.close()

    def manifest(self, path: Path, *, stamp: str) -> Mapping[str, object] | None:
        """What was kept of the manifest at ``path``, if it is the one of that stamp.

        Raises:
            SyncRecordUnusable: the record cannot be read.
        """
        rows = self._rows("SELECT stamp, contents FROM manifests WHERE path = ?", (str(path),))
        if not rows or rows[0][0] != stamp:
            return None
        try:
            found = json.loads(str(rows[0][1]))
        except ValueError:
            return None  # to be read again, like one that was never read
        return found if isinstance(found, dict) else None

    def keep_manifest(self, path: Path, *, stamp: str, contents: Mapping[str, object]) -> None:
        """Keep ``contents`` for the manifest at ``path`` as long as it has that stamp.

        Raises:
            SyncRecordUnusable: the record cannot be written.
        """
        with self._transaction() as write:
            write.execute(
                "INSERT OR REPLACE INTO manifests VALUES (?, ?, ?)",
                (str(path), stamp, json.dumps(contents)),
            )

    def written(self, label: str) -> dict[str, set[str]]:
        """Every hash that sync put in place for the label, by path.

        Raises:
            SyncRecordUnusable: the record cannot be read.
        """
        found: dict[str, set[str]] = {}
        for path, sha256 in self._rows(
            "SELECT path, sha256 FROM written WHERE label = ?", (label,)
        ):
            found.setdefault(str(path), set()).add(str(sha256))
        return found

    def will_write(self, label: str, files: Iterable[tuple[str, str]]) -> None:
        """Own (path, hash) pairs that are about to be put in place.

        Raises:
            SyncRecordUnusable: the record cannot be written.
        """
        with self._transaction() as write:
            write.executemany(
                "INSERT OR IGNORE INTO written VALUES (?, ?, ?)",
                [(label, path, sha256) for path, sha256 in files],
            )

    def local(self, label: str) -> dict[str, Known]:
        """Hashes of local files, by path.

        Raises:
            SyncRecordUnusable: the record cannot be read.
        """
        rows = self._rows("SELECT path, stamp, sha256 FROM local WHERE label = ?", (label,))
        return {str(path): Known(str(stamp), str(sha256)) for path, stamp, sha256 in rows}

    def keep_local(self, label: str, files: Mapping[str, Known]) -> None:
        """Keep hashes of local files.

        Raises:
            SyncRecordUnusable: the record cannot be written.
        """
        if not files:
            return
        with self._transaction() as write:
            write.executemany(
                "INSERT OR REPLACE INTO local VALUES (?, ?, ?, ?)",
                [(label, path, known.stamp, known.sha256) for path, known in files.items()],
            )

    def delivered(self, label: str) -> set[str]:
        """Hashes of manifests that were delivered for the label, ever.

        Raises:
            SyncRecordUnusable: the record cannot be read.
        """
        rows = self._rows("SELECT manifest_sha256 FROM delivered WHERE label = ?", (label,))
        return {str(sha256) for (sha256,) in rows}

    def keep_delivered(self, label: str, *, set_id: str, manifest_sha256: str) -> None:
        """Remember that the host has the set.

        Raises:
            SyncRecordUnusable: the record cannot be written.
        """
        with self._transaction() as write:
            write.execute(
                "INSERT OR REPLACE INTO delivered VALUES (?, ?, ?)",
                (label, set_id, manifest_sha256),
            )

    def passed_over(self, label: str) -> dict[str, tuple[str, str]]:
        """Metas that were left out, by path: their hash, and what was asked for then.

        Raises:
            SyncRecordUnusable: the record cannot be read.
        """
        rows = self._rows(
            "SELECT path, meta_sha256, asked FROM passed_over WHERE label = ?", (label,)
        )
        return {str(path): (str(meta), str(asked)) for path, meta, asked in rows}

    def pass_over(self, label: str, *, path: str, meta_sha256: str, asked: str) -> None:
        """Remember that this meta was left out while ``asked`` was asked for.

        Raises:
            SyncRecordUnusable: the record cannot be written.
        """
        with self._transaction() as write:
            write.execute(
                "INSERT OR REPLACE INTO passed_over VALUES (?, ?, ?, ?)",
                (label, path, meta_sha256, asked),
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _rows(self, statement: str, values: Sequence[str]) -> list[tuple[object, ...]]:
        with self._explained():
            return self._connection.execute(statement, values).fetchall()

    def _lay_tables(self) -> None:
        if self._layout() == 0:
            self._connection.execute("BEGIN IMMEDIATE")
            if self._layout() == 0:  # else another process was first
                for statement in _TABLES:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {LAYOUT}")
            self._connection.execute("COMMIT")
        if self._layout() != LAYOUT:
            what = f"it has layout {self._layout()}, this motionfleet {LAYOUT}"
            raise SyncRecordUnusable(path=self.path, what=what)

    def _layout(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise SyncRecordUnusable(path=self.path, what=str(error)) from error
