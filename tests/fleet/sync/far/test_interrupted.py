"""``fleet receive`` is killed, cut off or out of room, at any moment: the next one goes on."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from pathlib import Path

import pytest

from fleet.sync.far.conversation import SILENCE_S
from fleet.sync.wire.sets import AskSets, Offer, Sent, SetsHeld, Verified, Wanted
from tests.fleet.sync.far.talk import ANSWER_S, Talk, land, offer_of, published, tree_of

FILES = {f"f{number % 7}/{number}.jpg": bytes([number]) * 20_000 for number in range(120)}
KILLS = 8
OFFERED_S, SENT_S = 0.03, 0.06
"""About so long an offer takes, and the verifying and publishing."""


def test_killed_at_any_moment_the_next_goes_on_and_the_set_is_whole(tmp_path: Path) -> None:
    home = tmp_path / "home"
    chance = random.Random(20260101)
    unseen = 0
    for number in range(KILLS):
        # Others each time: what is known already would not have to land.
        files = {path: data + bytes([number]) for path, data in FILES.items()}
        offer = offer_of(files)
        with Talk(home) as far:
            far.greet()
            _killed(far, offer, files, phase=number % 3, chance=chance)

        place = published(home, offer)
        unseen += not place.exists()
        if place.exists():  # seen at all, it is whole
            assert tree_of(place) == {**files, offer.manifest_name: offer.manifest.encode()}
        with Talk(home) as again:
            if not again.ask(offer, Wanted).published:
                assert again.send(offer, files).published
            held = again.ask(AskSets(label=offer.label, sets=(offer.set_id,)), SetsHeld)
        assert [state.intact for state in held.sets] == [True]
        assert tree_of(place) == {**files, offer.manifest_name: offer.manifest.encode()}
    assert unseen >= 2, "kills that came too late prove nothing"


def _killed(
    far: Talk, offer: Offer, files: dict[str, bytes], *, phase: int, chance: random.Random
) -> None:
    """Kill it while it takes the offer (0), while files land (1), while it publishes (2)."""
    with contextlib.suppress(BrokenPipeError):
        killer = threading.Timer(chance.uniform(0.0, OFFERED_S), far.process.kill)
        far.say(offer)
        if phase == 0:
            killer.start()
        wanted = far.hear()
        if isinstance(wanted, Wanted):
            landing = chance.sample(wanted.missing, k=chance.randrange(len(FILES)))
            land(wanted, {path: files[path] for path in landing})
            if phase == 1:
                far.kill()
            land(wanted, files)
            far.say(Sent(set_id=offer.set_id))
            killer = threading.Timer(chance.uniform(0.0, SENT_S), far.process.kill)
            killer.start()
            while far.hear() is not None:
                pass
    if killer.is_alive():
        killer.join(ANSWER_S)
    far.kill()


def test_a_writer_that_outlives_its_line_writes_nothing_into_the_published_set(
    tmp_path: Path,
) -> None:
    offer = offer_of(FILES)
    with Talk(tmp_path / "home") as far:
        wanted = far.ask(offer, Wanted)
        # As an rsync does whose line broke in silence: the folder is its working folder.
        late = os.open(wanted.into, os.O_RDONLY | os.O_DIRECTORY)
        assert far.send(offer, FILES).published

    with pytest.raises(FileNotFoundError):
        os.close(os.open("0.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=late))
    os.close(late)
    place = published(tmp_path / "home", offer)
    assert tree_of(place) == {**FILES, offer.manifest_name: offer.manifest.encode()}


def test_killed_between_setting_a_set_apart_and_publishing_it_nothing_travels_again(
    tmp_path: Path,
) -> None:
    offer = offer_of(FILES)
    with Talk(tmp_path / "home") as far:
        wanted = far.ask(offer, Wanted)
        land(wanted, FILES)
    folder = Path(wanted.into)
    apart = folder.with_name(f"{offer.set_id}.whole")
    apart.mkdir()
    for half in ("f0", "f1", "f2"):  # it was killed in the middle of moving
        (folder / half).rename(apart / half)

    with Talk(tmp_path / "home") as again:
        assert again.ask(offer, Wanted).missing == ()
        assert again.ask(Sent(set_id=offer.set_id), Verified).published
    assert not apart.exists()
    place = published(tmp_path / "home", offer)
    assert tree_of(place) == {**FILES, offer.manifest_name: offer.manifest.encode()}


def test_a_desk_that_hangs_up_frees_its_set_and_ends_it(tmp_path: Path) -> None:
    offer = offer_of(FILES)
    with Talk(tmp_path / "home") as far:
        far.ask(offer, Wanted)
        assert far.process.stdin is not None
        far.process.stdin.close()

        assert far.end() == 0
        with Talk(tmp_path / "home") as again:
            assert again.send(offer, FILES).published


def test_told_to_end_it_ends_cleanly_and_says_nothing(tmp_path: Path) -> None:
    offer = offer_of(FILES)
    with Talk(tmp_path / "home") as far:
        far.ask(offer, Wanted)
        far.process.send_signal(signal.SIGTERM)

        assert far.end() == 128 + signal.SIGTERM
        assert far.process.stderr is not None
        assert far.process.stderr.read() == b""


def test_a_desk_that_reads_no_longer_ends_it(tmp_path: Path) -> None:
    with Talk(tmp_path / "home") as far:
        far.greet()
        assert far.process.stdout is not None
        assert far.process.stderr is not None
        far.process.stdout.close()
        far.say(AskSets(label="x", sets=()))

        assert far.end() == 0
        assert far.process.stderr.read() == b""


def test_nothing_but_messages_comes_out_whatever_is_printed(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, os\natexit.register(lambda: (print('noise'), os.write(1, b'noise')))\n"
    )
    with Talk(tmp_path / "home", environment={"PYTHONPATH": str(tmp_path)}) as far:
        far.greet()
        assert far.process.stdin is not None
        far.process.stdin.close()

        assert far.hear() is None
        assert far.end() == 0
        assert far.process.stderr is not None
        assert far.process.stderr.read().count(b"noise") == 2


def test_a_disk_that_fills_under_way_is_told_and_what_arrived_goes_on_later(
    tmp_path: Path, small_disk: Path
) -> None:
    files = {"one.jpg": b"1" * 1_000_000, "two.jpg": b"2" * 500_000}
    offer = offer_of(files, text="m" * 1_000_000)
    with Talk(tmp_path / "home", "--inbox", str(small_disk)) as far:
        wanted = far.ask(offer, Wanted)
        land(wanted, files)
        ballast = small_disk / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as stream:
            while True:
                stream.write(bytes(4096))

        refused = far.refused(Sent(set_id=offer.set_id))

        assert refused.code == "no_room"
        assert not (small_disk / offer.label / offer.set_id).exists()
        ballast.unlink()
        assert far.ask(Sent(set_id=offer.set_id), Verified).published
    assert tree_of(small_disk / offer.label / offer.set_id).keys() == {*files, offer.manifest_name}


def test_only_what_is_missing_needs_room(tmp_path: Path, small_disk: Path) -> None:
    files = {"one.jpg": b"1" * 2_500_000, "two.jpg": b"2" * 1_000_000}
    offer = offer_of(files)
    with Talk(tmp_path / "home", "--inbox", str(small_disk)) as far:
        wanted = far.ask(offer, Wanted)
        land(wanted, {"one.jpg": files["one.jpg"]})
        (Path(wanted.into) / ".two.jpg.part").write_bytes(files["two.jpg"][:900_000])

        assert far.ask(offer, Wanted).missing == ("two.jpg",)
        assert far.send(offer_of({"uno.jpg": b"1"}), {"uno.jpg": b"1"}).published
        assert far.refused(offer_of({"three.jpg": b"3" * 1_000_000})).code == "no_room"


def test_silence_is_longer_than_the_desks_word_that_it_lives() -> None:
    from fleet.sync.desk.conversation import STILL_S

    assert SILENCE_S >= 3 * STILL_S
