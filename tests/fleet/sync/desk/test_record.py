"""The desk's record of one host: what it keeps, and that damage is told."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fleet.sync.desk.record import Known, Record
from fleet.sync.errors import SyncRecordUnusable


def test_what_was_kept_is_there_in_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "sync" / "colo.sqlite3"
    with Record(path) as record:
        record.keep_manifest(Path("/m"), stamp="1", contents={"shots": 3})
        record.will_write("l", [("x.mp4", "a" * 64), ("x.mp4", "b" * 64)])
        record.keep_local("l", {"x.mp4": Known("1:2:3", "a" * 64)})
        record.keep_delivered("l", set_id="0" * 16, manifest_sha256="c" * 64)
        record.pass_over("l", path="y", meta_sha256="d" * 64, asked="e")

    with Record(path) as record:
        assert record.manifest(Path("/m"), stamp="1") == {"shots": 3}
        assert record.manifest(Path("/m"), stamp="2") is None
        assert record.manifest(Path("/n"), stamp="1") is None
        assert record.written("l") == {"x.mp4": {"a" * 64, "b" * 64}}
        assert record.local("l") == {"x.mp4": Known("1:2:3", "a" * 64)}
        assert record.delivered("l") == {"c" * 64}
        assert record.passed_over("l") == {"y": ("d" * 64, "e")}
        assert record.written("another") == {}


def test_a_damaged_record_is_told_with_its_file_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "colo.sqlite3"
    path.write_bytes(b"no database at all" * 500)

    with pytest.raises(SyncRecordUnusable) as told:
        Record(path)

    assert str(path) in str(told.value)
    assert "made anew" in str(told.value)


def test_a_record_that_lost_its_tables_is_told(tmp_path: Path) -> None:
    path = tmp_path / "colo.sqlite3"
    Record(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE written")

    with Record(path) as record, pytest.raises(SyncRecordUnusable):
        record.written("l")


def test_a_newer_record_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "colo.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(SyncRecordUnusable, match="layout 99"):
        Record(path)


def test_two_processes_may_have_it_open(tmp_path: Path) -> None:
    path = tmp_path / "colo.sqlite3"
    with Record(path) as one, Record(path) as other:
        one.will_write("l", [("x", "a" * 64)])
        other.will_write("l", [("y", "b" * 64)])

        assert one.written("l") == other.written("l") == {"x": {"a" * 64}, "y": {"b" * 64}}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "sync").write_text("in the way")

    with pytest.raises(SyncRecordUnusable):
        Record(tmp_path / "sync" / "colo.sqlite3")
