"""Queueing the shots of a set that was sent: the host's own ``fleet submit``, asked from here."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions import codec
from companions.video_manifest import VideoManifest
from fleet.ledger import reading
from fleet.sync.desk import remote
from fleet.sync.desk.push import held_there
from fleet.sync.desk.record import open_record
from fleet.sync.desk.set import read_set
from fleet.sync.errors import AnswerRefused, RequestRefused
from tests.fleet.sync.work.world import NAME, World, at_work


def test_the_shots_of_a_set_are_queued_there_and_their_clips_belong_into_its_outbox(
    world: World,
) -> None:
    manifest = world.manifest("day1", "a.png", "sub/b.png")

    with world.link() as link:
        done = world.submit(link, manifest)

    with world.ledger() as ledger:
        rows = reading.shots(ledger.database)
    assert [row.id for row in rows] == list(done.shots)
    assert (done.new, done.known, done.unfinished) == (2, 0, 2)
    outbox = world.far.outbox / world.label()
    assert [Path(row.target) for row in rows] == [outbox / "a.mp4", outbox / "sub/b.mp4"]
    assert not world.home.ledger.exists(), "the desk has a ledger of its own now"


def test_a_set_is_submitted_once_however_often_it_is_asked_for(world: World) -> None:
    manifest = world.manifest("day1", "a.png")

    with world.link() as link:
        first = world.submit(link, manifest)
        again = world.submit(link, manifest)

    assert (first.new, again.new, again.known) == (1, 0, 1)
    assert again.shots == first.shots
    with world.ledger() as ledger:
        assert len(reading.shots(ledger.database)) == 1


def test_a_shot_keeps_its_identity_when_its_manifest_is_edited(world: World) -> None:
    with world.link() as link:
        first = world.submit(link, world.manifest("day1", "a.png", "b.png"))
        edited = world.submit(link, world.manifest("day1", "a.png", "b.png", "c.png"))

    assert edited.shots[:2] == first.shots
    assert (edited.new, edited.known, edited.replaced) == (1, 2, 0)


def test_a_set_that_was_submitted_is_known_as_such_afterwards(world: World) -> None:
    manifest = world.manifest("day1", "a.png")

    with world.link() as link, open_record(world.home, NAME) as record:
        world.push(link, manifest)
        wanted = read_set(manifest, record=record)
        before = held_there(link, world.label(), [wanted])[wanted.set_id]
        world.submit(link, manifest)
        after = held_there(link, world.label(), [wanted])[wanted.set_id]

    assert (before.submitted, after.submitted) == (False, True)


def test_a_set_that_is_not_there_is_refused_in_words(world: World) -> None:
    with world.link() as link, pytest.raises(RequestRefused, match="0123456789abcdef") as refused:
        remote.submit(
            link, label="stills-1", set_id="0123456789abcdef", shots=1, tell=world.said.append
        )

    assert refused.value.their_code == "nothing_matches"


def test_what_the_fleet_there_refuses_is_not_taken_for_submitted(world: World) -> None:
    manifest = world.manifest("day1", "a.png", model="no-such-model")

    with world.link() as link, open_record(world.home, NAME) as record:
        with pytest.raises(RequestRefused, match="no-such-model"):
            world.submit(link, manifest)
        wanted = read_set(manifest, record=record)
        state = held_there(link, world.label(), [wanted])[wanted.set_id]

    assert not state.submitted


def test_a_manifest_that_was_changed_there_is_not_submitted(world: World) -> None:
    manifest = world.manifest("day1", "a.png")

    with world.link() as link:
        wanted = world.push(link, manifest)
        there = world.far.inbox / world.label() / wanted.set_id / manifest.name
        there.chmod(0o600)
        there.write_bytes(there.read_bytes() + b"\n")
        with pytest.raises(RequestRefused):
            world.submit(link, manifest)

    with world.ledger() as ledger:
        assert reading.shots(ledger.database) == []


def test_the_answer_says_whether_anything_is_at_work_there(world: World) -> None:
    manifest = world.manifest("day1", "a.png")

    with world.link() as link:
        idle = world.submit(link, manifest)
        with at_work(world.far):
            busy = world.submit(link, manifest)

    assert (idle.at_work, busy.at_work) == (False, True)


def test_an_answer_for_another_number_of_shots_is_not_believed(world: World) -> None:
    manifest = world.manifest("day1", "a.png", "b.png")

    with world.link() as link:
        wanted = world.push(link, manifest)
        with pytest.raises(AnswerRefused, match="2 shots for a manifest of 1"):
            remote.submit(
                link, label=world.label(), set_id=wanted.set_id, shots=1, tell=world.said.append
            )


def test_the_older_manifest_is_the_one_whose_unfinished_clips_are_replaced(world: World) -> None:
    with world.link() as link:
        first = world.submit(link, world.manifest("day1", "a.png"))
        second = world.submit(link, world.manifest("day1", "a.png", seed=7))

    assert (second.new, second.replaced) == (1, 1)
    assert first.shots != second.shots
    with world.ledger() as ledger:
        verdicts = [row.verdict for row in reading.shots(ledger.database)]
    assert verdicts == ["cancelled", None]
    assert codec.read(world.folder / "day1.video_manifest.json", VideoManifest).shots
