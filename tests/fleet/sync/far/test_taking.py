"""Sets come in whole or not at all: the conversation with a real ``fleet receive``."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.sync.wire.sets import (
    Arriving,
    AskSets,
    Given,
    Let,
    Offer,
    Sent,
    SetsHeld,
    SetState,
    Verified,
    Wanted,
)
from tests.fleet.sync.far.talk import (
    LABEL,
    MANIFEST_NAME,
    Talk,
    land,
    offer_of,
    published,
    sha256,
    tree_of,
    wait_for,
)

FILES = {"a/one.jpg": b"one" * 1000, "a/b/two.png": b"two" * 5000, "three.tif": b""}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The far side's home."""
    return tmp_path / "home"


@pytest.fixture
def far(home: Path) -> Iterator[Talk]:
    """A conversation that was greeted."""
    with Talk(home) as talk:
        talk.greet()
        yield talk


def state(far: Talk, offer: Offer) -> SetState | None:
    """How the set stands, as the desk is told."""
    held = far.ask(AskSets(label=offer.label, sets=(offer.set_id,)), SetsHeld)
    return held.sets[0] if held.sets else None


def whole(offer: Offer, files: dict[str, bytes]) -> dict[str, bytes]:
    """What a published set holds."""
    return {**files, offer.manifest_name: offer.manifest.encode()}


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


def test_a_file_that_changes_after_it_was_read_is_read_again(far: Talk) -> None:
    offer = offer_of(FILES)
    wanted = far.ask(offer, Wanted)
    land(wanted, FILES)
    while not (far.told and far.told[-1].files == len(FILES)):  # all was read once
        answer = far.hear()
        far.told.append(answer)  # type: ignore[arg-type]
    Path(wanted.into, "a/one.jpg").write_bytes(b"ENO" * 1000)

    assert far.ask(Sent(set_id=offer.set_id), Verified).wrong == ("a/one.jpg",)


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


def test_a_change_whose_time_and_size_were_put_back_is_noticed(far: Talk) -> None:
    offer = offer_of(FILES)
    wanted = far.ask(offer, Wanted)
    land(wanted, FILES)
    while not (far.told and far.told[-1].files == len(FILES)):
        far.told.append(far.hear())  # type: ignore[arg-type]
    place = Path(wanted.into, "a/one.jpg")
    before = place.stat()
    place.write_bytes(b"ENO" * 1000)
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert far.ask(Sent(set_id=offer.set_id), Verified).wrong == ("a/one.jpg",)


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


def test_while_an_rsync_still_writes_nothing_is_published(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    wanted = far.ask(offer, Wanted)
    land(wanted, FILES)
    descriptor = os.open(wanted.into, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # as rrsync does
    far.say(Sent(set_id=offer.set_id))
    said = far.hear()
    while isinstance(said, Arriving) and wait_for(far.process, seconds=0.5):
        said = far.hear()

    assert isinstance(said, Arriving), "no answer yet"
    assert not published(home, offer).exists()
    os.close(descriptor)
    assert far.hear() == Verified(published=True)


def test_after_a_wrong_file_the_next_rsync_is_let_in(far: Talk) -> None:
    offer = offer_of(FILES)
    wanted = far.ask(offer, Wanted)
    assert not far.ask(Sent(set_id=offer.set_id), Verified).published

    descriptor = os.open(wanted.into, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


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


def test_someone_elses_files_never_come_into_a_set(far: Talk, home: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    offer = offer_of(FILES)
    into = Path(far.ask(offer, Wanted).into)
    land(Wanted(published=False, missing=(), into=str(into)), FILES)
    (into / "surplus").mkdir()
    (into / "surplus/more.txt").write_text("more")
    (into / "a/extra.jpg").write_bytes(b"extra")
    (into / "a/link").symlink_to(secret)
    (into / "way").symlink_to(tmp_path)
    (into / MANIFEST_NAME).symlink_to(secret)
    os.mkfifo(into / "pipe")

    assert far.ask(Sent(set_id=offer.set_id), Verified).published

    assert tree_of(published(home, offer)) == whole(offer, FILES)
    assert not [path for path in published(home, offer).rglob("*") if path.is_symlink()]
    assert secret.read_bytes() == b"secret"


@pytest.mark.parametrize("planted", ["a", "a/b"])
def test_a_link_in_place_of_a_folder_is_not_followed(
    far: Talk, home: Path, tmp_path: Path, planted: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "b").mkdir(parents=True)
    for name in ("one.jpg", "two.png", "b/two.png"):
        (elsewhere / name).write_bytes(FILES["a/one.jpg" if "one" in name else "a/b/two.png"])
    offer = offer_of(FILES)
    into = Path(far.ask(offer, Wanted).into)
    (into / "a/b").rmdir()
    if planted == "a":
        (into / "a").rmdir()
    (into / planted).symlink_to(elsewhere)
    (into / "three.tif").touch()

    verified = far.ask(Sent(set_id=offer.set_id), Verified)

    assert not verified.published
    assert "a/b/two.png" in verified.wrong
    assert len(list(elsewhere.rglob("*"))) == 4, "what lies behind the link is untouched"
    # The next offer of the same set makes the folders anew, and all goes well.
    assert far.send(offer, FILES).published
    assert tree_of(published(home, offer)) == whole(offer, FILES)


def test_a_pipe_in_place_of_a_file_holds_nothing_up(far: Talk) -> None:
    offer = offer_of(FILES)
    into = Path(far.ask(offer, Wanted).into)
    os.mkfifo(into / "a/one.jpg")
    land(Wanted(published=False, missing=(), into=str(into)), {"three.tif": b""})

    assert far.ask(Sent(set_id=offer.set_id), Verified).wrong == ("a/one.jpg", "a/b/two.png")


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
    old, young, held = (offer_of({f"{name}.jpg": b"x"}) for name in ("old", "young", "held"))
    with Talk(home) as holder:
        for offer in (old, young, held):
            with Talk(home) as far:
                far.ask(offer, Wanted)
        holder.ask(held, Wanted)
        arriving = home / "inbox/.arriving"
        for offer in (old, held):
            os.utime(arriving / offer.set_id, (1, 1))

        with Talk(home) as far:
            far.send(offer_of(FILES), FILES)

        assert {path.name for path in arriving.iterdir()} == {young.set_id, held.set_id}


def test_what_a_killed_rsync_left_is_kept_to_go_on_from(far: Talk) -> None:
    files = {"one.jpg": b"1" * 5000, "two.jpg": b"2" * 5000}
    offer = offer_of(files)
    into = Path(far.ask(offer, Wanted).into)
    (into / ".one.jpg.aB3xY9").write_bytes(b"1" * 3000)
    (into / ".one.jpg.Zz3xY9").write_bytes(b"1" * 1000)
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
