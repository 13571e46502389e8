"""The ledger at one instant, read for an examination: rows become facts, a few shots at a time.

One reading transaction, so that a fleet at work changes nothing under the examination's hands,
and is not held up by it.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from fleet.errors import LedgerUnusable
from fleet.invariants.places import Comer, Record
from fleet.invariants.shots import AttemptFacts, JobFacts, ShotFacts
from fleet.jobs.model import Stage
from fleet.ledger.layout import OPEN, SHOT_STAGE
from fleet.ledger.rows import Artifact, Checkpoint

_BATCH: Final = 500
"""Shots, or places, that are in memory at once."""
_BUSY_S: Final = 30.0

_FOUND: Final = (
    "SELECT j.*, (l.id IS NOT NULL AND l.manifest_id = s.manifest_id AND l.priority = s.priority"
    " AND j.rank = -s.priority AND j.shot_seq = s.seq) AS found"
    " FROM jobs j LEFT JOIN shots s ON s.id = j.shot_id LEFT JOIN lanes l ON l.id = j.lane"
    " WHERE j.shot_id BETWEEN ? AND ?"
)
_COMERS: Final = (
    "SELECT s.id, s.target, s.picture, s.verdict, s.finished_at, s.reasons,"
    " p.state AS publish, f.report FROM shots s"
    " LEFT JOIN jobs p ON p.shot_id = s.id AND p.stage = ?"
    " LEFT JOIN jobs f ON f.shot_id = s.id AND f.stage = ?"
    " WHERE s.target BETWEEN ? AND ? ORDER BY s.target, s.seq"
)
_RECORDS: Final = (
    # By rowid: it rises with every publishing, whatever the clock does.
    "SELECT p.*, (s.target IS NOT NULL AND s.target <> p.target) AS elsewhere FROM published p"
    " LEFT JOIN shots s ON s.id = p.shot_id WHERE p.target BETWEEN ? AND ? ORDER BY p.rowid"
)
_COUNT_JOBS: Final = (
    "SELECT l.manifest_id, j.stage, j.state, count(*) AS count"
    " FROM jobs j JOIN lanes l ON l.id = j.lane GROUP BY 1, 2, 3"
)
_COUNT_SHOTS: Final = (
    "SELECT manifest_id, ? AS stage, coalesce(verdict, ?) AS state, count(*) AS count"
    " FROM shots GROUP BY 1, 2, 3"
)
_NO_SHOT: Final = (
    # Of the fleet as a whole, and of no shot, are events of its nodes.
    "SELECT DISTINCT shot_id FROM events WHERE shot_id <> ''"
    " AND shot_id NOT IN (SELECT id FROM shots)"
)


class Snapshot:
    """What one ledger holds at one instant; a context manager."""

    def __init__(self, path: Path) -> None:
        """Open the ledger at ``path``, which must exist, for reading only.

        Raises:
            LedgerUnusable: it cannot be opened or read.
        """
        self._path = path
        with self._explained():
            self._sql = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, timeout=_BUSY_S
            )
            self._sql.row_factory = sqlite3.Row
            self._sql.execute("BEGIN")
            self.last_event = self._number("SELECT coalesce(max(seq), 0) FROM events")
            self.shots = self._number("SELECT count(*) FROM shots")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sql.close()

    def damage(self, *, quick: bool) -> Iterator[tuple[str, str]]:
        """What SQLite finds wrong with the file, as (what it is about, what is wrong)."""
        check = "quick_check" if quick else "integrity_check"
        try:
            for row in self._sql.execute(f"PRAGMA {check}(100)"):
                if row[0] != "ok":
                    yield str(self._path), str(row[0])
        except sqlite3.DatabaseError as error:
            yield str(self._path), f"it cannot be read to its end ({error})"

    def dangling(self) -> Iterator[tuple[str, str]]:
        """References that lead nowhere, as (table, what is wrong)."""
        for row in self._rows("PRAGMA foreign_key_check"):
            yield row["table"], f"a row refers to one of {row['parent']} that is not there"
        for row in self._rows(_NO_SHOT):
            yield "events", f"there are rows of {row['shot_id']!r}, which is no shot"

    def shot_facts(self) -> Iterator[ShotFacts]:
        """Every shot, by id."""
        last = ""
        while True:
            shots = self._rows(
                "SELECT id, verdict, reasons, finished_at FROM shots WHERE id > ?"
                " ORDER BY id LIMIT ?",
                last,
                _BATCH,
            )
            if not shots:
                return
            first, last = shots[0]["id"], shots[-1]["id"]
            jobs, attempts = self._jobs(first, last), self._attempts(first, last)
            events = self._events(first, last)
            for row in shots:
                yield ShotFacts(
                    id=row["id"],
                    verdict=row["verdict"],
                    reasons=len(_codes(row["reasons"])),
                    finished=row["finished_at"] is not None,
                    jobs=jobs[row["id"]],
                    attempts=attempts[row["id"]],
                    events=events[row["id"]],
                )

    def places(self) -> Iterator[tuple[Path, Sequence[Comer], Sequence[Record]]]:
        """Every place that clips are published in, with its shots and what is on record."""
        last = ""
        while True:
            targets = [
                row["target"]
                for row in self._rows(
                    "SELECT DISTINCT target FROM shots WHERE target > ? ORDER BY target LIMIT ?",
                    last,
                    _BATCH,
                )
            ]
            if not targets:
                return
            first, last = targets[0], targets[-1]
            comers: dict[str, list[Comer]] = defaultdict(list)
            for row in self._rows(_COMERS, Stage.PUBLISH, Stage.FINISH, first, last):
                comers[row["target"]].append(_comer(row))
            records: dict[str, list[Record]] = defaultdict(list)
            for row in self._rows(_RECORDS, first, last):
                records[row["target"]].append(
                    Record(row["sha256"], row["shot_id"], bool(row["elsewhere"]))
                )
            for target in targets:
                yield Path(target), comers[target], records[target]

    def tallies(self) -> tuple[dict[tuple[str, str, str], int], dict[tuple[str, str, str], int]]:
        """The counts as kept, and as counted; by manifest, stage and state."""
        kept = {_key(row): int(row["count"]) for row in self._rows("SELECT * FROM tallies")}
        rows = self._rows(_COUNT_JOBS) + self._rows(_COUNT_SHOTS, SHOT_STAGE, OPEN)
        true = {_key(row): int(row["count"]) for row in rows}
        return {key: count for key, count in kept.items() if count}, true

    def staged(self) -> dict[str, Artifact]:
        """The clips that wait to be published, by shot."""
        return {
            row["shot_id"]: Artifact(row["path"], row["sha256"], row["size_bytes"])
            for row in self._rows("SELECT * FROM artifacts")
        }

    def kept(self) -> dict[str, Checkpoint]:
        """The frames that are kept, by shot."""
        return {
            row["shot_id"]: Checkpoint(row["path"], row["sha256"], row["size_bytes"], row["frames"])
            for row in self._rows("SELECT * FROM checkpoints")
        }

    def unmade(self) -> frozenset[str]:
        """The shots that have not ended and whose frames are not kept as a whole."""
        rows = self._rows(
            "SELECT id FROM shots WHERE verdict IS NULL"
            " AND id NOT IN (SELECT shot_id FROM checkpoints)"
        )
        return frozenset(row["id"] for row in rows)

    def folders(self) -> list[Path]:
        """Where clips are published."""
        targets = self._rows("SELECT DISTINCT target FROM shots")
        return sorted({Path(row["target"]).parent for row in targets})

    def shot_ids(self) -> frozenset[str]:
        """Every shot's id."""
        return frozenset(row["id"] for row in self._rows("SELECT id FROM shots"))

    def touched_since(self, event: int) -> frozenset[str]:
        """The places of shots to which something happened after that event."""
        rows = self._rows(
            "SELECT DISTINCT s.target FROM events e JOIN shots s ON s.id = e.shot_id"
            " WHERE e.seq > ?",
            event,
        )
        return frozenset(row["target"] for row in rows)

    def _jobs(self, first: str, last: str) -> dict[str, list[JobFacts]]:
        found: dict[str, list[JobFacts]] = defaultdict(list)
        for row in self._rows(_FOUND, first, last):
            found[row["shot_id"]].append(
                JobFacts(row["stage"], row["state"], row["lease_token"], bool(row["found"]))
            )
        return found

    def _attempts(self, first: str, last: str) -> dict[str, list[AttemptFacts]]:
        found: dict[str, list[AttemptFacts]] = defaultdict(list)
        for row in self._rows(
            "SELECT * FROM attempts WHERE shot_id BETWEEN ? AND ? ORDER BY id", first, last
        ):
            found[row["shot_id"]].append(
                AttemptFacts(
                    stage=row["stage"],
                    number=row["number"],
                    token=row["token"],
                    outcome=row["outcome"],
                    ended=row["ended_at"] is not None,
                )
            )
        return found

    def _events(self, first: str, last: str) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in self._rows(
            "SELECT shot_id, stage, kind FROM events WHERE shot_id BETWEEN ? AND ?"
            " ORDER BY shot_id, seq",
            first,
            last,
        ):
            found[row["shot_id"]].append((row["stage"], row["kind"]))
        return found

    def _number(self, query: str) -> int:
        return int(self._sql.execute(query).fetchone()[0])

    def _rows(self, query: str, *values: str | int) -> list[sqlite3.Row]:
        with self._explained():
            return self._sql.execute(query, values).fetchall()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerUnusable(path=self._path, what=str(error)) from error


def _comer(row: sqlite3.Row) -> Comer:
    clip = _clip(row["report"])
    sha256, size = clip.get("sha256"), clip.get("size_bytes")
    return Comer(
        id=row["id"],
        picture=row["picture"],
        verdict=row["verdict"],
        finished_at=row["finished_at"] or 0.0,
        publish=row["publish"] or "missing",
        reason_codes=_codes(row["reasons"]),
        clip_sha256=sha256 if isinstance(sha256, str) else None,
        clip_bytes=size if isinstance(size, int) else None,
    )


def _clip(report: str | None) -> dict[str, object]:
    """What the finish report says of the clip; nothing if it is not readable."""
    try:
        clip = json.loads(report or "{}").get("clip")
    except (ValueError, AttributeError):
        return {}
    return clip if isinstance(clip, dict) else {}


def _codes(reasons: str) -> list[str]:
    try:
        return [str(reason["code"]) for reason in json.loads(reasons)]
    except (ValueError, TypeError, KeyError):
        return []


def _key(row: sqlite3.Row) -> tuple[str, str, str]:
    return row["manifest_id"], row["stage"], row["state"]
