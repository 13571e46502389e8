"""What a hostile or careless desk puts among the files that arrive."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from fleet.sync.wire.sets import (
    Arriving,
    Sent,
    Verified,
    Wanted,
)
from tests.fleet.sync.far.talk import (
    FILES,
    MANIFEST_NAME,
    Talk,
    land,
    offer_of,
    published,
    tree_of,
    wait_for,
    whole,
)


def test_a_file_that_changes_after_it_was_read_is_read_again(far: Talk) -> None:
    offer = offer_of(FILES)
    wanted = far.ask(offer, Wanted)
    land(wanted, FILES)
    while not (far.told and far.told[-1].files == len(FILES)):  # all was read once
        answer = far.hear()
        far.told.append(answer)  # type: ignore[arg-type]
    Path(wanted.into, "a/one.jpg").write_bytes(b"ENO" * 1000)

    assert far.ask(Sent(set_id=offer.set_id), Verified).wrong == ("a/one.jpg",)


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


def test_a_link_that_an_earlier_try_planted_is_not_followed(far: Talk, home: Path) -> None:
    offer = offer_of(FILES)
    into = Path(far.ask(offer, Wanted).into)
    elsewhere = home / "elsewhere"
    (elsewhere / "b").mkdir(parents=True)
    (elsewhere / "one.jpg").write_bytes(b"not the one")
    (into / "a/b").rmdir()
    (into / "a").rmdir()
    (into / "a").symlink_to(elsewhere)

    assert far.send(offer, FILES).published

    assert tree_of(published(home, offer)) == whole(offer, FILES)
    assert tree_of(elsewhere) == {"one.jpg": b"not the one"}


@pytest.mark.parametrize("planted", ["endless file", "pipe"])
def test_what_would_be_read_for_ever_holds_nothing_up(far: Talk, planted: str) -> None:
    offer = offer_of(FILES)
    wanted = far.ask(offer, Wanted)
    place = Path(wanted.into, "a/one.jpg")
    if planted == "pipe":
        os.mkfifo(place)
    else:
        place.touch()
        os.truncate(place, 1 << 43)  # an hour's reading, and no disk
    said = far.hear()
    while not (isinstance(said, Arriving) and said.size_bytes):  # it was seen
        said = far.hear()
    land(wanted, {path: FILES[path] for path in ("three.tif", "a/b/two.png")})

    far.say(Sent(set_id=offer.set_id))
    while isinstance(said, Arriving):
        assert wait_for(far.process, seconds=20.0)
        said = far.hear()

    assert said == Verified(published=False, wrong=("a/one.jpg",))
