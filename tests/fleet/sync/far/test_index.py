"""What the receiving side remembers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.sync.errors import SyncRecordUnusable
from fleet.sync.far.index import Index, Kept, MetaRead, Place
from fleet.sync.far.tree import Stamp

INBOX = Path("/inbox")
ONE, TWO = "1" * 64, "2" * 64
STAMP = Stamp(1, 2, -3, -(1 << 63))
NOON = 1_800_000_000.0


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index."""
    with Index(tmp_path / "home/receiving.sqlite3") as opened:
        yield opened


def kept(path: str, sha256: str = ONE, *, altered: bool = False) -> Kept:
    """One file."""
    return Kept(path, sha256, altered=altered, stamp=STAMP)


def keep(index: Index, *files: Kept, label: str = "a", set_id: str = "0") -> None:
    """Remember a set."""
    index.keep(
        inbox=INBOX, label=label, set_id=set_id, manifest_name="m", files=files, now=NOON
    )  # fmt: skip


def known(index: Index, *set_ids: str, label: str = "a") -> dict[str, list[Kept]]:
    """What is known of sets."""
    return index.sets(inbox=INBOX, label=label, set_ids=set_ids or ("0",))


def test_a_set_is_remembered_with_its_files(index: Index) -> None:
    keep(index, kept("x/1.jpg"), kept("ü '2'.jpg", TWO, altered=True))

    assert sorted(known(index)["0"], key=lambda file: file.path) == [
        kept("x/1.jpg"),
        kept("ü '2'.jpg", TWO, altered=True),
    ]
    assert known(index, "1") == {}
    assert known(index, label="b") == {}


def test_a_set_kept_again_is_replaced(index: Index) -> None:
    keep(index, kept("1.jpg"), kept("2.jpg", TWO))
    keep(index, kept("2.jpg", TWO))

    assert known(index) == {"0": [kept("2.jpg", TWO)]}
    assert index.places([ONE]) == {}


def test_a_content_is_found_wherever_it_lies_unless_it_was_altered(index: Index) -> None:
    keep(index, kept("1.jpg"), kept("2.jpg", TWO))
    keep(index, kept("x/uno.jpg"), kept("due.jpg", TWO, altered=True), label="b")

    found = index.places([ONE, TWO, "3" * 64])

    assert set(found[ONE]) == {
        Place(INBOX / "a/0/1.jpg", STAMP),
        Place(INBOX / "b/0/x/uno.jpg", STAMP),
    }
    assert found[TWO] == [Place(INBOX / "a/0/2.jpg", STAMP)]
    assert "3" * 64 not in found


def test_a_file_seen_anew_is_remembered_so(index: Index) -> None:
    keep(index, kept("1.jpg"), kept("2.jpg", TWO))
    now = Kept("1.jpg", ONE, altered=True, stamp=Stamp(9, 9, 9, 9))

    index.refresh(inbox=INBOX, label="a", set_id="0", files=[now])

    assert set(known(index)["0"]) == {now, kept("2.jpg", TWO)}


def test_what_was_submitted_stays_so(index: Index) -> None:
    keep(index, kept("1.jpg"))
    for now in (NOON, NOON + 1):
        index.mark_submitted(inbox=INBOX, label="a", set_id="0", now=now)
    keep(index, kept("1.jpg"))

    told = index.submitted(inbox=INBOX, label="a", set_ids=["0", "1"])

    assert told == {"0"}
    assert index.submitted(inbox=INBOX, label="b", set_ids=["0"]) == set()


def test_metas_are_remembered_by_their_folder(index: Index) -> None:
    meta = MetaRead(STAMP, ONE, TWO, 7)
    index.keep_metas(Path("/out/a"), {"1.jpg": meta})

    assert index.metas(Path("/out/a")) == {"1.jpg": meta}
    assert index.metas(Path("/out/b")) == {}


def test_it_is_there_for_the_next_process(index: Index) -> None:
    keep(index, kept("1.jpg"))

    with Index(index.path) as another:
        assert known(another) == {"0": [kept("1.jpg")]}


def test_two_may_use_it_at_once(index: Index) -> None:
    with Index(index.path) as another:
        keep(index, kept("1.jpg"))
        keep(another, kept("2.jpg", TWO), set_id="1")

        assert set(known(index, "0", "1")) == {"0", "1"}


def test_the_index_of_a_newer_motionfleet_is_left_alone(index: Index) -> None:
    keep(index, kept("1.jpg"))
    index.close()
    with sqlite3.connect(index.path) as newer:
        newer.execute("PRAGMA user_version = 2")
    newer.close()

    with pytest.raises(SyncRecordUnusable, match="layout 2"):
        known(index)


def test_a_damaged_page_is_told(index: Index) -> None:
    keep(index, *(kept(f"{number}.jpg") for number in range(5000)))
    index.close()
    data = bytearray(index.path.read_bytes())
    data[8192 : len(data) - 4096] = b"\xff" * (len(data) - 12288)
    index.path.write_bytes(data)

    with pytest.raises(SyncRecordUnusable, match="receiving"):
        known(index)


def test_what_could_not_be_written_is_not_half_there(index: Index) -> None:
    keep(index, kept("1.jpg"))

    with pytest.raises(SyncRecordUnusable):
        keep(index, kept("2.jpg", TWO), kept("2.jpg", TWO))

    assert known(index) == {"0": [kept("1.jpg")]}
