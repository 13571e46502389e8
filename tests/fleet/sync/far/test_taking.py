"""Sets come in whole or not at all: the conversation with a real ``fleet receive``."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from fleet.sync.wire.sets import (
    Given,
    Let,
    Sent,
    SetState,
    Verified,
    Wanted,
)
from tests.fleet.sync.far.talk import (
    FILES,
    LABEL,
    Talk,
    land,
    offer_of,
    published,
    sha256,
    state,
    tree_of,
    whole,
)


def test_a_set_is_published_with_exactly_its_files_and_its_manifest(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)

    verified = far.send(offer, FILES)

    assert verified == Verified(published=True)
    assert tree_of(published(home, offer)) == whole(offer, FILES)
    assert not list((home / "inbox" / ".arriving").iterdir())
    assert not list((home / "inbox" / ".locks").iterdir())
    assert state(far, offer) == SetState(set_id=offer.set_id, intact=True, submitted=False)


def test_nothing_is_visible_before_every_file_is_verified(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    wanted = far.ask(offer, Wanted)
    land(wanted, {"a/one.jpg": FILES["a/one.jpg"], "three.tif": b""})

    verified = far.ask(Sent(set_id=offer.set_id), Verified)

    assert verified == Verified(published=False, wrong=("a/b/two.png",))
    assert not (home / "inbox" / LABEL).exists()
    land(wanted, {"a/b/two.png": FILES["a/b/two.png"]})
    assert far.ask(Sent(set_id=offer.set_id), Verified).published
    assert tree_of(published(home, offer)) == whole(offer, FILES)


def test_a_wrong_file_is_named_and_removed_and_the_others_stay(far: Talk) -> None:
    offer = offer_of(FILES)
    wanted = far.ask(offer, Wanted)
    land(wanted, {**FILES, "a/one.jpg": b"eno" * 1000})

    verified = far.ask(Sent(set_id=offer.set_id), Verified)

    assert verified == Verified(published=False, wrong=("a/one.jpg",))
    assert sorted(tree_of(Path(wanted.into))) == ["a/b/two.png", "three.tif"]


def test_what_has_arrived_before_does_not_travel_again(home: Path) -> None:
    offer = offer_of(FILES)
    with Talk(home) as far:
        land(far.ask(offer, Wanted), {"a/one.jpg": FILES["a/one.jpg"], "a/b/two.png": b"torn"})
        assert far.ask(Given(set_id=offer.set_id), Let)

    with Talk(home) as again:
        wanted = again.ask(offer, Wanted)

        assert wanted.missing == ("a/b/two.png", "three.tif")
        land(wanted, {path: FILES[path] for path in wanted.missing})
        assert again.ask(Sent(set_id=offer.set_id), Verified).published


def test_what_is_known_under_any_name_is_linked_and_does_not_travel(far: Talk, home: Path) -> None:
    first = offer_of(FILES)
    far.send(first, FILES)
    files = {"else/uno.jpg": FILES["a/one.jpg"], "new.png": b"new"}
    second = offer_of(files, label="other-00000000")

    wanted = far.ask(second, Wanted)

    assert wanted.missing == ("new.png",)
    land(wanted, {"new.png": b"new"})
    assert far.ask(Sent(set_id=second.set_id), Verified).published
    assert tree_of(published(home, second)) == whole(second, files)
    assert (published(home, second) / "else/uno.jpg").samefile(published(home, first) / "a/one.jpg")


def test_a_known_file_that_was_changed_since_is_not_taken_for_what_it_was(
    far: Talk, home: Path
) -> None:
    first = offer_of(FILES)
    far.send(first, FILES)
    place = published(home, first) / "a/one.jpg"
    before = place.stat()
    place.write_bytes(b"ONE" * 1000)  # the same size; the time is put back below
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    second = offer_of({"uno.jpg": FILES["a/one.jpg"]}, label="other-00000000")

    wanted = far.ask(second, Wanted)

    assert wanted.missing == ("uno.jpg",)
    assert not list(Path(wanted.into).iterdir())


def test_a_set_that_is_there_wants_nothing(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    far.send(offer, FILES)

    assert far.ask(offer, Wanted) == Wanted(published=True, missing=())


def test_what_lands_is_told_while_it_lands_half_files_included(far: Talk) -> None:
    data = b"x" * 100_000
    files = {"one.jpg": data, "deep/two.jpg": data + b"2", "three.jpg": data + b"3"}
    offer = offer_of(files)
    wanted = far.ask(offer, Wanted)
    into = Path(wanted.into)
    land(wanted, {"one.jpg": data})
    (into / ".three.jpg.Ab3dE6").write_bytes(data[:10_000])
    (into / "deep/.rsync-partial").mkdir()
    (into / "deep/.rsync-partial/two.jpg").write_bytes(data[:500])

    while True:
        told = far.hear()
        if told.files == 1 and told.size_bytes == 110_500:  # type: ignore[union-attr]
            break

    assert far.ask(Given(set_id=offer.set_id), Let)


def test_a_broken_line_does_not_cost_reading_it_all_again(home: Path) -> None:
    offer = offer_of(FILES)
    with Talk(home) as far:
        land(far.ask(offer, Wanted), FILES)
        while not (far.told and far.told[-1].files == len(FILES)):
            far.told.append(far.hear())  # type: ignore[arg-type]
    # What is remembered is trusted: said to be wrong, a file counts as wrong and is not looked at.
    with sqlite3.connect(home / "receiving.sqlite3") as record:
        assert record.execute("SELECT count(*) FROM arrived").fetchone() == (len(FILES),)
        record.execute("UPDATE arrived SET sha256 = 'x' WHERE path = 'a/one.jpg'")
    record.close()

    with Talk(home) as again:
        assert again.ask(offer, Wanted).missing == ("a/one.jpg",)


def test_where_no_link_can_be_made_what_is_known_is_copied(home: Path, small_disk: Path) -> None:
    first, second = offer_of(FILES), offer_of(FILES, label="other-00000000")
    with Talk(home) as far:
        far.send(first, FILES)

    with Talk(home, "--inbox", str(small_disk)) as far:
        assert far.ask(second, Wanted).missing == ()
        assert far.ask(Sent(set_id=second.set_id), Verified).published
        found = state(far, second)

    assert tree_of(small_disk / second.label / second.set_id) == whole(second, FILES)
    assert found is not None
    assert found.intact


def test_a_set_that_another_desk_sends_is_busy_and_says_who_holds_it(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    wanted = far.ask(offer, Wanted)
    with Talk(home) as other:
        refused = other.refused(offer)
        assert refused.code == "sync_busy"
        assert f"process {far.process.pid}" in refused.message
        others = offer_of({"x.jpg": b"x"})
        assert other.send(others, {"x.jpg": b"x"}).published

    land(wanted, FILES)
    assert far.ask(Sent(set_id=offer.set_id), Verified).published


def test_a_set_given_up_is_free_for_the_next(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    far.ask(offer, Wanted)
    assert far.ask(Given(set_id=offer.set_id), Let)

    with Talk(home) as other:
        assert other.send(offer, FILES).published


def test_what_was_not_offered_cannot_be_sent(far: Talk) -> None:
    assert far.refused(Sent(set_id="0" * 16)).code == "not_open"


def test_half_arrived_sets_that_nobody_wants_are_swept_after_a_month(home: Path) -> None:
    names = ("old", "young", "held", "again")
    old, young, held, again = (offer_of({f"{name}.jpg": b"x"}) for name in names)
    arriving = home / "inbox/.arriving"
    with Talk(home) as holder:
        with Talk(home) as far:
            for offer in (old, young, held, again):
                (Path(far.ask(offer, Wanted).into) / ".again.jpg.part").touch()
        holder.ask(held, Wanted)
        for offer in (old, held, again):
            os.utime(arriving / offer.set_id, (1, 1))

        with Talk(home) as far:
            far.ask(again, Wanted)
        with Talk(home) as far:
            far.send(offer_of(FILES), FILES)

        assert {path.name for path in arriving.iterdir()} == {
            offer.set_id for offer in (young, held, again)
        }
        assert (arriving / again.set_id / ".again.jpg.part").exists(), "it is gone on from"


def test_what_a_killed_rsync_left_is_kept_to_go_on_from(far: Talk) -> None:
    files = {"one.jpg": b"1" * 5000, "two.jpg": b"2" * 5000}
    offer = offer_of(files)
    into = Path(far.ask(offer, Wanted).into)
    (into / ".one.jpg.Zz3xY9").write_bytes(b"1" * 3000)
    (into / ".one.jpg.aB3xY9").write_bytes(b"1" * 1000)
    (into / ".two.jpg.part").write_bytes(b"2" * 1000)

    far.ask(offer, Wanted)

    assert tree_of(into) == {
        ".rsync-partial/one.jpg": b"1" * 3000,
        ".two.jpg.part": b"2" * 1000,
    }


def test_a_set_of_nothing_new_is_published_without_sending(far: Talk, home: Path) -> None:
    far.send(offer_of(FILES), FILES)
    copied = offer_of(FILES, label="copy-12345678")

    assert far.ask(copied, Wanted).missing == ()
    assert far.ask(Sent(set_id=copied.set_id), Verified).published
    assert tree_of(published(home, copied)) == whole(copied, FILES)
    assert sha256(copied.manifest.encode()).startswith(copied.set_id)
