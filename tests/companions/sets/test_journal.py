"""A journal says what is under way, and names nothing but plain files of its two folders."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.errors import MoveUnfinished
from companions.sets import draft, journal
from companions.sets.carry import sealed
from companions.sets.journal import Journal, spelled, unspelled
from tests.companions.sets.making import make_set

ANY_NAME = st.binary(min_size=1, max_size=12).map(
    lambda raw: raw.decode("utf-8", "surrogateescape")
)


@given(ANY_NAME | st.text(alphabet="%:2F5Cé\udcff", max_size=8))
def test_any_name_a_disk_can_hold_comes_back_from_its_spelling(name: str) -> None:
    spelling = spelled(name)

    assert unspelled(spelling) == name
    spelling.encode("utf-8")


@pytest.fixture
def found(tmp_path: Path) -> Journal:
    (tmp_path / "there").mkdir()
    picture = make_set(tmp_path / "here", "no utf-8 \udcff %41")
    return sealed(draft.move([picture], into=tmp_path / "there"))


def test_a_journal_comes_back_as_it_was_written(found: Journal) -> None:
    for path in found.paths:
        path.write_bytes(journal.encode(found))

        assert journal.read(path) == found


def test_a_journal_that_is_gone_is_none(tmp_path: Path) -> None:
    assert journal.read(tmp_path / ".motionfleet-journal-0123456789abcdef.json") is None


def first(document: dict[str, Any]) -> dict[str, Any]:
    file: dict[str, Any] = document["files"][0]
    return file


Edit = Callable[[dict[str, Any]], object]
HOSTILE: dict[str, Edit] = {
    "a source with a separator": lambda d: first(d).update(source="../passwd"),
    "a target with a separator": lambda d: first(d).update(target="/etc/passwd"),
    "an escaped separator": lambda d: first(d).update(target="%:..%2Fpasswd"),
    "a name of dots": lambda d: first(d).update(source=".."),
    "a hidden name": lambda d: first(d).update(source=".ssh"),
    "an empty name": lambda d: first(d).update(target=""),
    "a NUL": lambda d: first(d).update(target="a\0b"),
    "a name too long": lambda d: first(d).update(target="a" * 256),
    "a stem with a separator": lambda d: d.update(source_stems=["../x"]),
    "a source twice": lambda d: d["files"].append({**first(d), "target": "other"}),
    "a target twice": lambda d: d["files"].append({**first(d), "source": "other"}),
    "no files": lambda d: d.update(files=[]),
    "other folders": lambda d: d.update(source="/etc", target="/usr"),
    "a relative folder": lambda d: d.update(target="there"),
    "a folder with dots": lambda d: d.update(target=d["target"] + "/../there"),
    "another operation's id": lambda d: d.update(operation_id="0" * 16),
    "an unknown operation": lambda d: d.update(operation="shred"),
    "an unknown field": lambda d: d.update(command="rm -rf"),
    "a hash that is none": lambda d: first(d).update(sha256="x"),
    "a size as text": lambda d: first(d).update(size_bytes="1"),
    "another kind": lambda d: d.update(kind="motion"),
    "a newer version": lambda d: d.update(schema_version=2),
    "nowhere to go": lambda d: d.update(target=d["source"]),
}


@pytest.mark.parametrize("edit", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_journal_that_says_anything_else_is_refused(found: Journal, edit: Edit) -> None:
    document = json.loads(journal.encode(found))
    edit(document)
    found.paths[0].write_text(json.dumps(document))

    with pytest.raises(MoveUnfinished, match=r"Nothing was changed") as refused:
        journal.read(found.paths[0])

    assert str(found.paths[0]) in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"a": 1, "a": 2}', b"[" * 100_000, b"\xff"])
def test_bytes_that_are_no_journal_are_refused(found: Journal, data: bytes) -> None:
    found.paths[0].write_bytes(data)

    with pytest.raises(MoveUnfinished, match="is no journal"):
        journal.read(found.paths[0])


def test_a_pipe_in_place_of_a_journal_blocks_nobody(found: Journal) -> None:
    os.mkfifo(found.paths[0])

    with pytest.raises(MoveUnfinished, match="cannot be read"):
        journal.read(found.paths[0])


def test_a_journal_copied_to_another_folder_is_refused_there(
    found: Journal, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / found.name
    path.write_bytes(journal.encode(found))

    with pytest.raises(MoveUnfinished, match="lies in neither"):
        journal.read(path)
