"""Submissions that wait for a host that is away."""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from companions.errors import FileUnwritable
from fleet.home import Home
from fleet.sync.desk.waiting import (
    Waiting,
    delivered,
    drop,
    fault_of,
    wait_for,
    waiting,
)
from fleet.sync.errors import SyncRecordUnusable


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def written(path: Path, text: str = "{}") -> Path:
    path.write_text(text)
    return path


MINUTES = itertools.count()


def later(home: Home, manifest: Path, host: str = "colo") -> Waiting:
    """Submitted a minute after the one before."""
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()
    now = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=next(MINUTES))
    return wait_for(host, manifest, sha256=digest, by="ann", now=now, home=home)


def test_what_waits_is_read_back_as_it_was_written_in_the_order_submitted(
    home: Home, tmp_path: Path
) -> None:
    entries = [later(home, written(tmp_path / f"{n}.json", str(n))) for n in (3, 1, 2)]

    queue = waiting(home, "colo")

    assert list(queue.entries) == entries
    assert [each.path.name for each in queue.entries] == ["3.json", "1.json", "2.json"]
    assert (queue.entries[0].by, queue.problems) == ("ann", [])


def test_each_host_has_what_waits_for_it_alone(home: Home, tmp_path: Path) -> None:
    later(home, written(tmp_path / "a.json"), "colo")

    assert waiting(home, "other").entries == []


def test_a_manifest_that_is_submitted_twice_waits_once_as_it_was_the_last_time(
    home: Home, tmp_path: Path
) -> None:
    manifest = written(tmp_path / "a.json", "first")
    later(home, manifest)
    second = later(home, written(manifest, "second"))

    assert list(waiting(home, "colo").entries) == [second]


def test_only_its_owner_can_read_what_waits(home: Home, tmp_path: Path) -> None:
    later(home, written(tmp_path / "a.json"))

    folder = home.sync / "waiting" / "colo"
    (place,) = folder.iterdir()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_was_delivered_waits_no_longer_and_the_rest_does(home: Home, tmp_path: Path) -> None:
    first, second = (later(home, written(tmp_path / f"{n}.json", str(n))) for n in (1, 2))

    delivered(first, host="colo", home=home)
    delivered(first, host="colo", home=home)  # harmless to repeat

    assert list(waiting(home, "colo").entries) == [second]


def test_a_submission_that_was_renewed_while_it_was_delivered_goes_on_waiting(
    home: Home, tmp_path: Path
) -> None:
    manifest = written(tmp_path / "a.json", "old")
    old = later(home, manifest)
    new = later(home, written(manifest, "new"))

    delivered(old, host="colo", home=home)

    assert list(waiting(home, "colo").entries) == [new]


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"schema_version": 2}',
        b'{"schema_version": 1, "manifest": "relative.json", "sha256": "' + b"0" * 64
        + b'", "at": "2026-01-01T00:00:00Z", "by": "ann"}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_document_is_told_once_kept_and_harms_no_other(
    home: Home, tmp_path: Path, damage: bytes
) -> None:
    good = later(home, written(tmp_path / "good.json"))
    later(home, written(tmp_path / "bad.json", "bad"))
    folder = home.sync / "waiting" / "colo"
    (place,) = [each for each in folder.iterdir() if b"bad.json" in each.read_bytes()]
    place.write_bytes(damage)

    queue = waiting(home, "colo")

    assert list(queue.entries) == [good]
    (problem,) = queue.problems
    aside = place.with_name(place.name + ".damaged")
    assert str(aside) in problem
    assert "Submit that manifest again" in problem
    assert aside.read_bytes() == damage
    assert waiting(home, "colo").problems == []


def test_a_link_among_what_waits_is_not_followed(home: Home, tmp_path: Path) -> None:
    later(home, written(tmp_path / "a.json"))
    folder = home.sync / "waiting" / "colo"
    (place,) = folder.iterdir()
    elsewhere = place.rename(tmp_path / "elsewhere")
    place.symlink_to(elsewhere)

    queue = waiting(home, "colo")

    assert queue.entries == []
    assert "symbolic link" in queue.problems[0]


@pytest.mark.parametrize(("change", "told"), [("gone", "cannot be read"), ("changed", "changed")])
def test_a_manifest_that_is_not_what_was_submitted_is_not_delivered(
    home: Home, tmp_path: Path, change: str, told: str
) -> None:
    manifest = written(tmp_path / "a.json")
    entry = later(home, manifest)
    assert fault_of(entry) is None

    if change == "gone":
        manifest.unlink()
    else:
        manifest.write_text("changed")

    assert told in (fault_of(entry) or "")
    assert list(waiting(home, "colo").entries) == [entry]


def test_dropping_takes_what_is_named_even_where_the_file_is_gone(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (later(home, written(tmp_path / f"{n}.json", str(n))) for n in (1, 2))
    first.path.unlink()
    monkeypatch.chdir(tmp_path)

    assert drop(home, "colo", [Path("1.json")]) == [first]
    assert list(waiting(home, "colo").entries) == [second]
    assert drop(home, "colo", None) == [second]
    assert waiting(home, "colo").entries == []


def test_a_path_that_no_document_can_hold_is_refused_in_words(home: Home, tmp_path: Path) -> None:
    manifest = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json"))
    manifest.write_text("{}")

    with pytest.raises(SyncRecordUnusable, match="cannot stand in it"):
        later(home, manifest)


def test_a_home_that_cannot_be_written_is_told(home: Home, tmp_path: Path) -> None:
    home.root.mkdir()
    home.sync.write_text("a file where a folder belongs")

    with pytest.raises(FileUnwritable):
        later(home, written(tmp_path / "a.json"))
