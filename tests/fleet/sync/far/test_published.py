"""Published sets are never changed; what others did to them is told, what is gone comes back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fleet.sync.wire.sets import (
    AskSets,
    Sent,
    SetState,
    Verified,
    Wanted,
)
from tests.fleet.sync.far.talk import (
    FILES,
    LABEL,
    MANIFEST_NAME,
    Talk,
    land,
    offer_of,
    published,
    state,
    tree_of,
    whole,
)


def test_what_comes_back_is_never_put_over_what_someone_put_there_meanwhile(
    far: Talk, home: Path
) -> None:
    offer = offer_of(FILES)
    far.send(offer, FILES)
    place = published(home, offer) / "a/one.jpg"
    place.rename(home / "away")
    (home / "away").write_bytes(b"changed, so that it must travel")
    wanted = far.ask(offer, Wanted)
    land(wanted, {"a/one.jpg": FILES["a/one.jpg"]})
    place.write_bytes(b"mine")

    assert far.ask(Sent(set_id=offer.set_id), Verified).published

    assert place.read_bytes() == b"mine"
    found = state(far, offer)
    assert found is not None
    assert found.altered == ("a/one.jpg",)


def test_members_that_an_older_desk_did_not_send_are_brought_later(far: Talk, home: Path) -> None:
    older = offer_of({"three.tif": b""}, text="the same manifest")
    newer = offer_of(FILES, text="the same manifest")
    far.send(older, {"three.tif": b""})

    assert far.send(newer, FILES).published

    assert tree_of(published(home, newer)) == whole(newer, FILES)
    found = state(far, newer)
    assert found is not None
    assert found.intact
    (published(home, newer) / "a/one.jpg").unlink()
    again = state(far, newer)
    assert again is not None
    assert again.gone == ("a/one.jpg",), "what came later is on record as well"


def test_what_someone_changed_or_removed_there_is_told_by_name(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    far.send(offer, FILES)
    (published(home, offer) / "a/one.jpg").write_bytes(b"mine")
    (published(home, offer) / "three.tif").unlink()

    assert state(far, offer) == SetState(
        set_id=offer.set_id,
        intact=False,
        submitted=False,
        altered=("a/one.jpg",),
        gone=("three.tif",),
    )


def test_a_file_that_was_only_touched_there_counts_as_unchanged(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    far.send(offer, FILES)
    os.utime(published(home, offer) / "a/one.jpg", (1, 1))

    found = state(far, offer)

    assert found is not None
    assert found.intact


def test_a_file_whose_stamp_is_on_record_is_not_read_again(far: Talk, home: Path) -> None:
    """Ten thousand files are looked at, not read: so a change that hides itself is not seen."""
    offer = offer_of(FILES)
    far.send(offer, FILES)
    one, two = (published(home, offer) / path for path in ("a/one.jpg", "a/b/two.png"))
    before = one.stat()
    one.write_bytes(b"ENO" * 1000)
    os.utime(one, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.utime(two, ns=(7, 7))  # read now, and on record again
    assert state(far, offer) == SetState(set_id=offer.set_id, intact=True, submitted=False)
    two.write_bytes(b"TWO" * 5000)
    os.utime(two, ns=(7, 7))

    assert state(far, offer) == SetState(set_id=offer.set_id, intact=True, submitted=False)


def test_what_is_gone_comes_back_and_what_was_changed_stays(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    far.send(offer, FILES)
    folder = published(home, offer)
    (folder / "a/one.jpg").write_bytes(b"mine")
    (folder / "a/b/two.png").unlink()
    (folder / "a/b").rmdir()
    (folder / MANIFEST_NAME).unlink()

    wanted = far.ask(offer, Wanted)

    assert (wanted.published, wanted.missing) == (False, ("a/b/two.png",))
    land(wanted, {"a/b/two.png": FILES["a/b/two.png"]})
    assert far.ask(Sent(set_id=offer.set_id), Verified).published
    assert tree_of(folder) == {**whole(offer, FILES), "a/one.jpg": b"mine"}
    assert state(far, offer) == SetState(
        set_id=offer.set_id, intact=False, submitted=False, altered=("a/one.jpg",)
    )
    assert not list((home / "inbox/.arriving").iterdir())


def test_a_file_that_someone_put_in_a_folders_way_is_left_alone(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    far.send(offer, FILES)
    folder = published(home, offer)
    (folder / "a/b/two.png").unlink()
    (folder / "a/b").rmdir()
    (folder / "a/b").write_text("mine")
    wanted = far.ask(offer, Wanted)
    land(wanted, {"a/b/two.png": FILES["a/b/two.png"]})

    refused = far.refused(Sent(set_id=offer.set_id))

    assert refused.code == "file_unwritable"
    assert str(folder) in refused.message
    assert (folder / "a/b").read_text() == "mine"


def test_a_folder_that_someone_put_in_a_files_way_is_left_alone(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    far.send(offer, FILES)
    folder = published(home, offer)
    (folder / "a/one.jpg").unlink()
    (folder / "a/one.jpg").mkdir()
    (folder / "a/one.jpg/notes.txt").write_text("mine")

    found = state(far, offer)

    assert found is not None
    assert (found.altered, found.gone) == (("a/one.jpg",), ())
    assert far.ask(offer, Wanted) == Wanted(published=True, missing=())
    assert (folder / "a/one.jpg/notes.txt").read_text() == "mine"


def test_without_its_index_a_published_set_is_read_and_taken_as_it_is(home: Path) -> None:
    offer = offer_of(FILES)
    with Talk(home) as far:
        far.send(offer, FILES)
    for file in home.glob("receiving.sqlite3*"):
        file.unlink()
    (published(home, offer) / "a/one.jpg").write_bytes(b"mine")

    with Talk(home) as far:
        assert state(far, offer) is None
        assert far.ask(offer, Wanted) == Wanted(published=True, missing=())
        found = state(far, offer)

    assert found is not None
    assert (found.altered, found.gone) == (("a/one.jpg",), ())


@pytest.mark.parametrize("damage", [b"no database at all", b""])
def test_a_damaged_index_is_told_and_the_conversation_goes_on(home: Path, damage: bytes) -> None:
    home.mkdir()
    (home / "receiving.sqlite3").write_bytes(damage * 100)
    if not damage:
        (home / "receiving.sqlite3").unlink()
        (home / "receiving.sqlite3").mkdir()

    with Talk(home) as far:
        refused = far.refused(AskSets(label=LABEL, sets=("0" * 16,)))
        far.greet()

    assert refused.code == "sync_record_unusable"
    assert "receiving.sqlite3" in refused.message
