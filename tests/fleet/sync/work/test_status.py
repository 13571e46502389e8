"""What ``fleet status`` shows, as it crosses, and what is named from here as the host knows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from companions.video_meta import Verdict
from fleet.jobs.model import Stage
from fleet.ledger import reading, summary
from fleet.ledger.control import pause
from fleet.ledger.selection import Selection
from fleet.sync.desk import remote
from fleet.sync.desk.remote import Named
from fleet.sync.errors import AnswerRefused, RequestRefused
from fleet.sync.wire.status import Listing, Overview, as_found, of_found
from tests.fleet.ledger.filling import break_one, make, manifest, next_job, submit
from tests.fleet.sync.work.hostile import hostile
from tests.fleet.sync.work.world import World, at_work, opened


@pytest.fixture
def busy(world: World) -> World:
    """A host whose ledger has shots at every place of the route, and a pause."""
    with opened(world.far) as ledger:
        submit(ledger, manifest("day1"), ["a", "b", "c", "d"])
        submit(ledger, manifest("day2", project="q"), ["e", "f"])
        make(ledger, world.root)
        make(ledger, world.root, verdict=Verdict.FLAGGED)
        break_one(ledger)
        next_job(ledger, Stage.GENERATE)
        pause(ledger.database, Selection(projects=("q",)), who="ann", now=20.0)
    return world


def test_an_overview_arrives_as_the_host_has_it(busy: World) -> None:
    with opened(busy.far) as ledger:
        there = summary.summarise(ledger.database, limit=5, now=30.0)
        doing = summary.at_work(ledger.database, limit=10)
        ended = summary.ended_last(ledger.database, limit=10)

    with busy.link() as link, at_work(busy.far):
        found = remote.overview(link, limit=5, tell=busy.said.append)

    assert found.at_work
    assert (list(found.summary.manifests), found.summary.counts) == (
        list(there.manifests), there.counts
    )  # fmt: skip
    assert [tuple(each) for each in found.summary.pauses] == [("project", "q")]
    assert (list(found.doing), list(found.ended)) == (doing, ended)


def test_every_value_of_a_ledger_survives_the_crossing(busy: World) -> None:
    with opened(busy.far) as ledger:
        overview = Overview(
            summary=summary.summarise(ledger.database, limit=5, now=30.0),
            doing=summary.at_work(ledger.database, limit=10),
            ended=summary.ended_last(ledger.database, limit=10),
            at_work=False,
        )
        listing = Listing(
            lines=summary.shot_lines(ledger.database, limit=10),
            seen=7,
            more=True,
            at_work=False,
            paused=True,
        )

    assert of_found(json.loads(json.dumps(as_found(overview))), Overview) == overview
    assert of_found(json.loads(json.dumps(as_found(listing))), Listing) == listing


def test_the_newest_shots_are_listed_and_it_is_said_that_there_are_more(busy: World) -> None:
    with opened(busy.far) as ledger:
        lines = summary.shot_lines(ledger.database, limit=100)
        seen = reading.last_event(ledger.database)

    with busy.link() as link:
        all_ = remote.listing(link, unfinished=False, limit=6, tell=busy.said.append)
        some = remote.listing(link, unfinished=False, limit=5, tell=busy.said.append)
        left = remote.listing(link, unfinished=True, limit=100, tell=busy.said.append)

    assert (list(all_.lines), all_.more, all_.seen) == (lines, False, seen)
    assert all_.paused
    assert (list(some.lines), some.more) == (lines[1:], True)
    assert [line.id for line in left.lines] == ["d-0", "e-0", "f-0"]


def test_a_manifest_of_the_host_is_named_by_its_batch(busy: World) -> None:
    with busy.link() as link:
        found = remote.listing(
            link, unfinished=False, of=Named(("day2",)), limit=100, tell=busy.said.append
        )
        with pytest.raises(RequestRefused, match="day3"):
            remote.listing(
                link, unfinished=False, of=Named(("day3",)), limit=100, tell=busy.said.append
            )

    assert [line.id for line in found.lines] == ["e-0", "f-0"]


def test_a_manifest_that_lies_here_names_all_its_versions_there(world: World) -> None:
    with world.link() as link:
        first = world.submit(link, world.manifest("day1", "a.png"))
        world.submit(link, world.manifest("other", "x.png"))
        path = world.manifest("day1", "a.png", "b.png")
        second = world.submit(link, path)
        world.manifest("day1", "a.png", "b.png", "c.png")  # edited, and not sent yet
        of = remote.named([str(path), "some-batch"], home=world.home)
        found = remote.listing(
            link, unfinished=False, of=Named(sent=of.sent), limit=100, tell=world.said.append
        )

    assert of == Named(("some-batch",), ((world.label(), "day1.video_manifest.json"),))
    assert [line.id for line in found.lines] == [*first.shots, second.shots[1]]


def test_asking_for_a_manifest_that_was_never_sent_gives_its_folder_no_label(world: World) -> None:
    path = world.manifest("day1", "a.png")

    assert remote.named([str(path)], home=world.home) == Named((str(path),), ())
    assert not (world.folder / ".motionfleet-label").exists()


def test_a_manifest_that_was_sent_and_never_submitted_is_not_known_there(world: World) -> None:
    path = world.manifest("day1", "a.png")

    with world.link() as link:
        world.push(link, path)
        with pytest.raises(RequestRefused, match="day1") as refused:
            remote.listing(
                link,
                unfinished=False,
                of=remote.named([str(path)], home=world.home),
                limit=10,
                tell=world.said.append,
            )

    assert refused.value.their_code == "nothing_matches"


def test_shots_there_are_withdrawn_and_say_so_beside_their_clips_places(world: World) -> None:
    path = world.manifest("day1", "a.png", "b.png")

    with world.link() as link:
        done = world.submit(link, path)
        one = remote.cancel(
            link, ["a.png"], of=Named(), projects=(), everything=False, who="ann",
            tell=world.said.append,
        )  # fmt: skip
        rest = remote.cancel(
            link, (), of=remote.named([str(path)], home=world.home), projects=(),
            everything=False, who="ann", tell=world.said.append,
        )  # fmt: skip

    assert (list(one.shots), list(rest.shots)) == ([done.shots[0]], [done.shots[1]])
    outbox = world.far.outbox / world.label()
    assert sorted(each.name for each in outbox.glob("*.video_meta.json")) == [
        "a.video_meta.json", "b.video_meta.json"
    ]  # fmt: skip
    with opened(world.far) as ledger:
        (row, _) = reading.shots(ledger.database)
    assert row.verdict is Verdict.CANCELLED
    assert "ann" in row.reasons[0].message


def test_all_that_has_not_ended_there_can_be_withdrawn_at_once(busy: World) -> None:
    with busy.link() as link, at_work(busy.far):
        done = remote.cancel(
            link, (), of=Named(), projects=(), everything=True, who="ann", tell=busy.said.append
        )

    assert sorted(done.shots) == ["d-0", "e-0", "f-0"]
    assert done.at_work


def line(**more: object) -> dict[str, object]:
    good: dict[str, object] = {
        "id": "a", "image_path": "a.png", "target": "/out/a.mp4", "project_id": "p",
        "manifest": "/in/m", "priority": 0, "state": "queued", "verdict": None, "reasons": [],
        "submitted_at": 1.0, "finished_at": None,
    }  # fmt: skip
    return good | more


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"lines": [line()], "seen": 1, "more": False, "paused": False},
        {
            "lines": [line(submitted_at=1e300)],
            "seen": 1,
            "more": False,
            "at_work": True,
            "paused": False,
        },
        {
            "lines": [line(finished_at=-1.0)],
            "seen": 1,
            "more": False,
            "at_work": True,
            "paused": False,
        },
        {
            "lines": [line(reasons=[{"code": "x"}])],
            "seen": 1,
            "more": False,
            "at_work": True,
            "paused": False,
        },
        {"lines": [line(id=7)], "seen": 1, "more": False, "at_work": True, "paused": False},
        {"lines": "many", "seen": 1, "more": False, "at_work": True, "paused": False},
    ],
)
def test_what_is_no_listing_is_refused_in_words(tmp_path: Path, found: dict[str, object]) -> None:
    says = json.dumps({"say": "status_found", "found": found})

    with hostile(tmp_path, says) as link, pytest.raises(AnswerRefused, match="no status"):
        remote.listing(link, unfinished=True, limit=10, tell=lambda _: None)


def test_a_good_listing_of_that_kind_is_taken(tmp_path: Path) -> None:
    found = {"lines": [line()], "seen": 1, "more": False, "at_work": True, "paused": False}
    says = json.dumps({"say": "status_found", "found": found})

    with hostile(tmp_path, says) as link:
        listing = remote.listing(link, unfinished=True, limit=10, tell=lambda _: None)

    assert [each.id for each in listing.lines] == ["a"]
