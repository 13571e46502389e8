"""What the receiving side remembers: published sets, their files' hashes, metas it has read.

In SQLite, so that several ``fleet receive`` may use it at once.  It only saves work: lost, the
sets on the disk stay valid, and are read again when they are next offered.  Damaged, that is told,
since what was submitted stands here too.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from fleet.sync.errors import SyncRecordUnusable
from fleet.sync.far.layout import LAYOUT, lay_tables
from fleet.sync.far.tree import Mark, Stamp

_BUSY_S: Final = 30.0


class Kept(NamedTuple):
    """One file of a published set, as it was when it was last looked at.

    Attributes:
        sha256: what the manifest says.
        altered: its bytes were others.
    """

    path: str
    sha256: str
    altered: bool
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Place:
    """Where a content lies, if the file still has that stamp."""

    path: Path
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class MetaRead:
    """What a meta said when it was read.

    Attributes:
        clip_sha256: empty for a shot that ended without a clip.
    """

    stamp: Stamp
    sha256: str
    clip_sha256: str
    clip_size: int


class Index:
    """The file at ``path``, opened when it is first needed; a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

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
        """Close it; harmless to repeat."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def places(self, contents: Iterable[str]) -> dict[str, list[Place]]:
        """Where files with these SHA-256 lie.

        Raises:
            SyncRecordUnusable: the file cannot be used; so for all of its methods.
        """
        found: dict[str, list[Place]] = {}
        with self._explained() as connection:
            rows = connection.execute(
                "SELECT sha256, inbox, label, set_id, path, size, mtime_ns, inode, device"
                " FROM files JOIN sets USING (number)"
                " WHERE altered = 0 AND sha256 IN (SELECT value FROM json_each(?))",
                (json.dumps(list(contents)),),
            )
            for sha256, inbox, label, set_id, path, *stamp in rows:
                place = Place(Path(inbox, label, set_id, path), Stamp(*stamp))
                found.setdefault(sha256, []).append(place)
        return found

    def keep(
        self,
        *,
        inbox: Path,
        label: str,
        set_id: str,
        manifest_name: str,
        files: Sequence[Kept],
        now: float,
    ) -> None:
        """Remember a set with all its files; what was known of it before is replaced."""
        with self._transaction() as connection:
            key = (str(inbox), label, set_id)
            connection.execute("DELETE FROM sets WHERE inbox = ? AND label = ? AND set_id = ?", key)
            number = connection.execute(
                "INSERT INTO sets (inbox, label, set_id, manifest_name, received_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (*key, manifest_name, now),
            ).lastrowid
            connection.executemany(
                "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                ((number, file.path, file.sha256, file.altered, *file.stamp) for file in files),
            )

    def refresh(self, *, inbox: Path, label: str, set_id: str, files: Sequence[Kept]) -> None:
        """Remember how these files of a known set look now."""
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE files SET altered = ?, size = ?, mtime_ns = ?, inode = ?, device = ?"
                " WHERE path = ? AND number ="
                " (SELECT number FROM sets WHERE inbox = ? AND label = ? AND set_id = ?)",
                (
                    (file.altered, *file.stamp, file.path, str(inbox), label, set_id)
                    for file in files
                ),
            )

    def sets(self, *, inbox: Path, label: str, set_ids: Sequence[str]) -> dict[str, list[Kept]]:
        """The files of those of these sets that are known."""
        found: dict[str, list[Kept]] = {}
        with self._explained() as connection:
            rows = connection.execute(
                "SELECT set_id, path, sha256, altered, size, mtime_ns, inode, device"
                " FROM files JOIN sets USING (number) WHERE inbox = ? AND label = ?"
                " AND set_id IN (SELECT value FROM json_each(?))",
                (str(inbox), label, json.dumps(list(set_ids))),
            )
            for set_id, path, sha256, altered, *stamp in rows:
                kept = Kept(path, sha256, altered=bool(altered), stamp=Stamp(*stamp))
                found.setdefault(set_id, []).append(kept)
        return found

    def arrived(self, *, inbox: Path, set_id: str) -> dict[str, tuple[str, Mark]]:
        """What was read of a set that is still arriving, when it was last left."""
        with self._explained() as connection:
            rows = connection.execute(
                "SELECT path, sha256, changed_ns, size, mtime_ns, inode, device FROM arrived"
                " WHERE inbox = ? AND set_id = ?",
                (str(inbox), set_id),
            )
            return {
                path: (sha256, Mark(Stamp(*stamp), changed_ns))
                for path, sha256, changed_ns, *stamp in rows
            }

    def keep_arrived(
        self, *, inbox: Path, set_id: str, read: Mapping[str, tuple[str, Mark]]
    ) -> None:
        """Remember what was read of a set that is arriving, in place of what was known."""
        with self._transaction() as connection:
            key = (str(inbox), set_id)
            connection.execute("DELETE FROM arrived WHERE inbox = ? AND set_id = ?", key)
            connection.executemany(
                "INSERT INTO arrived VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (*key, path, sha256, *mark.stamp, mark.changed_ns)
                    for path, (sha256, mark) in read.items()
                ),
            )

    def mark_submitted(self, *, inbox: Path, label: str, set_id: str, now: float) -> None:
        """Remember that the set was submitted; the first time stands."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO submissions VALUES (?, ?, ?, ?)",
                (str(inbox), label, set_id, now),
            )

    def submitted(self, *, inbox: Path, label: str, set_ids: Iterable[str]) -> set[str]:
        """Those of these sets that were ever submitted."""
        with self._explained() as connection:
            rows = connection.execute(
                "SELECT set_id FROM submissions WHERE inbox = ? AND label = ?",
                (str(inbox), label),
            )
            return {set_id for (set_id,) in rows} & set(set_ids)

    def metas(self, folder: Path) -> dict[str, MetaRead]:
        """What was read of the metas in a label's folder, by the picture's path."""
        with self._explained() as connection:
            rows = connection.execute(
                "SELECT path, sha256, clip_sha256, clip_size, size, mtime_ns, inode, device"
                " FROM metas WHERE folder = ?",
                (str(folder),),
            )
            return {
                path: MetaRead(Stamp(*stamp), sha256, clip_sha256, clip_size)
                for path, sha256, clip_sha256, clip_size, *stamp in rows
            }

    def keep_metas(self, folder: Path, read: dict[str, MetaRead]) -> None:
        """Remember what was read of metas."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO metas VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (str(folder), path, meta.sha256, meta.clip_sha256, meta.clip_size, *meta.stamp)
                    for path, meta in read.items()
                ),
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._explained() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._connection is None:
                self._connection = self._opened()
            yield self._connection
        except (sqlite3.Error, OSError) as error:
            raise SyncRecordUnusable(path=self.path, what=str(error)) from error

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=_BUSY_S)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            layout = lay_tables(connection)
        except BaseException:
            connection.close()
            raise
        if layout != LAYOUT:
            connection.close()
            raise SyncRecordUnusable(
                path=self.path, what=f"it has layout {layout}, this motionfleet {LAYOUT}"
            )
        return connection
