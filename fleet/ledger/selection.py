"""What a name on the command line means: a shot, a manifest, a project, or everything.

Read from the ledger alone, by its indexes.  A name that fits nothing, or more than one thing, is
refused with what it may have meant: a command that acts on a guess acts on the wrong shots.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from fleet.errors import NothingMatches
from fleet.ledger.database import Database

NEAR: Final = 5
"""How many names are suggested where one is unknown."""

_OPEN: Final = (
    "SELECT id FROM shots WHERE manifest_id = ?1 AND verdict IS NULL AND ?2 = '' ORDER BY seq"
)
_ENDED: Final = "SELECT id FROM shots WHERE manifest_id = ?1 AND verdict = ?2 ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a command is to act on.

    Attributes:
        everything: all that is in the ledger, and all that will be.
        projects: names of projects meant as a whole.
        manifests: ids of manifests meant as a whole.
        shots: ids of single shots.
    """

    everything: bool = False
    projects: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    shots: tuple[str, ...] = ()


def select(
    database: Database,
    names: Sequence[str] = (),
    *,
    everything: bool = False,
    projects: Sequence[str] = (),
    manifests: Sequence[str] = (),
) -> Selection:
    """What ``names`` mean together; ``projects`` and ``manifests`` are of that kind for certain.

    Raises:
        NothingMatches: a name fits nothing, or more than one thing.
    """
    parts = [Selection(everything=everything)]
    for name in projects:
        if not _is_project(database, name):
            raise NothingMatches(name=name, near=_near(database, name))
        parts.append(Selection(projects=(name,)))
    for name in manifests:
        found = _manifests(database, name)
        if not found:
            raise NothingMatches(name=name, near=_near(database, name))
        parts.append(_one_file(database, name, found))
    parts += [_meaning(database, name) for name in names]
    return Selection(
        everything=everything,
        projects=tuple(dict.fromkeys(each for part in parts for each in part.projects)),
        manifests=tuple(dict.fromkeys(each for part in parts for each in part.manifests)),
        shots=tuple(dict.fromkeys(each for part in parts for each in part.shots)),
    )


def manifests_of(database: Database, selection: Selection) -> Sequence[str]:
    """The ids of all manifests that are meant as a whole, those of whole projects included."""
    if selection.everything:
        return [row["id"] for row in database.rows("SELECT id FROM manifests")]
    ids = dict.fromkeys(selection.manifests)
    for project in selection.projects:
        rows = database.rows("SELECT id FROM manifests WHERE project_id = ?", (project,))
        ids |= dict.fromkeys(row["id"] for row in rows)
    return list(ids)


def shot_ids(
    database: Database, selection: Selection, *, verdicts: Sequence[str | None]
) -> Iterator[str]:
    """The ids of the selected shots that ended with one of ``verdicts``; None is unfinished."""
    given: dict[str, None] = {}
    for shot_id in selection.shots:
        row = database.rows("SELECT verdict FROM shots WHERE id = ?", (shot_id,))
        if row and row[0]["verdict"] in verdicts:
            given[shot_id] = None
            yield shot_id
    for manifest in manifests_of(database, selection):
        for verdict in verdicts:
            rows = database.rows(_OPEN if verdict is None else _ENDED, [manifest, verdict or ""])
            yield from (row["id"] for row in rows if row["id"] not in given)


def id_beginning(stem: str) -> str:
    """What the id of a shot begins with, for people: the stem of its picture's name."""
    plain = "".join(ch if ch.isalnum() or ch in "._-" else "_" for ch in stem)
    # File names in staging are made of it: bytes count, and some letters take four.
    return plain.encode()[:80].decode(errors="ignore")


def _shot_by_id(database: Database, name: str) -> str | None:
    rows = database.rows("SELECT id FROM shots WHERE id = ?", (name,))
    return rows[0]["id"] if rows else None


def _manifests(database: Database, name: str) -> list[str]:
    """Ids of the manifests with that id, or that lie there, or that are of that batch."""
    rows = database.rows("SELECT id FROM manifests WHERE id = ?", (name,))
    # A file that was changed and submitted again is there more than once: all of it is meant.
    rows = rows or database.rows("SELECT id FROM manifests WHERE path = ?", (_absolute(name),))
    rows = rows or database.rows("SELECT id FROM manifests WHERE batch_id = ?", (name,))
    return [row["id"] for row in rows]


def _meaning(database: Database, name: str) -> Selection:
    """The one thing that ``name`` means.

    Raises:
        NothingMatches: there is none, or more than one.
    """
    shot = _shot_by_id(database, name)
    if shot is not None:
        return Selection(shots=(shot,))
    manifests, project = _manifests(database, name), _is_project(database, name)
    shots = _newest(_shots_of_picture(database, name))
    if not (manifests or project or shots):
        # Last, or a batch could not be named as its pictures begin.
        shots = _newest(_stretch(database, name))
    match bool(manifests), project, len(shots):
        case True, False, 0:
            return _one_file(database, name, manifests)
        case False, True, 0:
            return Selection(projects=(name,))
        case False, False, 1:
            return Selection(shots=tuple(shots))
    near = [*([f"--project {name}"] if project else []),
            *(f"--manifest {each}" for each in manifests), *shots]  # fmt: skip
    raise NothingMatches(name=name, near=near[:NEAR] or _near(database, name))


def _one_file(database: Database, name: str, ids: Sequence[str]) -> Selection:
    """Those manifests, which are one file's in all its versions.

    Raises:
        NothingMatches: the batch's name was used by more than one file.
    """
    paths = {
        row["path"]
        for each in ids
        for row in database.rows("SELECT path FROM manifests WHERE id = ?", (each,))
    }
    if len(paths) > 1:
        raise NothingMatches(name=name, near=sorted(paths)[:NEAR])
    return Selection(manifests=tuple(ids))


def _is_project(database: Database, name: str) -> bool:
    return bool(database.rows("SELECT 1 FROM manifests WHERE project_id = ? LIMIT 1", (name,)))


def _shots_of_picture(database: Database, name: str) -> list[sqlite3.Row]:
    """The shots of pictures of that path or name, or of a clip of that path."""
    columns = "id, target, seq FROM shots WHERE"
    return (
        database.rows(f"SELECT {columns} picture = ?", (_absolute(name),))
        or database.rows(f"SELECT {columns} target = ?", (_absolute(name),))
        or database.rows(f"SELECT {columns} image_path = ?", (PurePath(name).as_posix(),))
        # In whatever folder: an id begins with its picture's name, so it is a stretch of theirs.
        or [
            row
            for row in _stretch(database, id_beginning(PurePath(name).stem))
            if PurePath(row["image_path"]).name == name
        ]
    )


def _newest(rows: Iterable[sqlite3.Row]) -> list[str]:
    """The newest shot of each clip, by id."""
    newest: dict[str, sqlite3.Row] = {}
    for row in rows:
        known = newest.get(row["target"])
        if known is None or row["seq"] > known["seq"]:
            newest[row["target"]] = row
    return [row["id"] for row in sorted(newest.values(), key=lambda row: int(row["seq"]))]


def _stretch(database: Database, beginning: str) -> list[sqlite3.Row]:
    if not beginning:
        return []
    return database.rows(
        "SELECT id, target, seq, image_path FROM shots WHERE id >= ? AND id < ? LIMIT 1000",
        (beginning, beginning + "\U0010ffff"),
    )


def _near(database: Database, name: str) -> list[str]:
    """Names that hold ``name``, or begin as it does: projects, batches, shots."""
    word = Path(name).name.lower()
    near: list[str] = []
    for statement in (
        "SELECT DISTINCT project_id FROM manifests WHERE instr(lower(project_id), ?) > 0",
        "SELECT DISTINCT batch_id FROM manifests WHERE instr(lower(batch_id), ?) > 0",
        "SELECT id FROM shots WHERE instr(lower(id), ?) > 0",
    ):
        rows = database.rows(f"{statement} LIMIT {NEAR}", (word,)) if word else []
        near += [row[0] for row in rows]
    if not near and word[:3]:
        rows = _stretch(database, word[:3])
        near = [row["id"] for row in rows]
    return near[:NEAR]


def _absolute(name: str) -> str:
    """As the ledger has it: absolute, links followed; nothing need be there any more."""
    return os.path.realpath(name)
