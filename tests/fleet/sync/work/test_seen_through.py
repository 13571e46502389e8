"""How shots of a host ended, told from what it says and from what has come back."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fleet.cli.output import Output
from fleet.cli.seen_through import Going, Homecoming, Seen, SeenThrough
from fleet.ledger.rows import EventRow
from fleet.sync.desk.record import open_record
from fleet.sync.desk.set import read_set
from fleet.sync.errors import AnswerRefused
from fleet.sync.wire.work import Submitted
from tests.chaos.transit import results
from tests.fleet.ledger.filling import make
from tests.fleet.sync.work.hostile import HOST, hostile
from tests.fleet.sync.work.world import NAME, World, at_work, until


def line(**more: object) -> dict[str, object]:
    good: dict[str, object] = {
        "id": "a-1", "image_path": "a.png", "target": "/out/a.mp4", "project_id": "p",
        "manifest": "/in/m", "priority": 0, "state": "pass", "verdict": "pass", "reasons": [],
        "submitted_at": 1.0, "finished_at": 2.0,
    }  # fmt: skip
    return good | more


def seen(world: World, *lines: dict[str, object]) -> Seen:
    """What ``submit --host --no-wait`` tells of one shot, of which the host says ``lines``."""
    found = {"lines": lines, "seen": 1, "more": False, "at_work": True, "paused": False}
    says = json.dumps({"say": "status_found", "found": found})
    manifest = world.manifest("day1", "a.png")
    done = Submitted(
        manifest_id="m", shots=("a-1",), new=1, reopened=0, replaced=0, adopted=0, known=0,
        unfinished=1, seen=1, at_work=True,
    )  # fmt: skip
    with hostile(world.root, says) as link, open_record(world.home, HOST) as record:
        going = Going(manifest, read_set(manifest, record=record), "stills-1")
        through = SeenThrough(
            link, [(going, done)], home=world.home, record=record, output=Output()
        )
        return through.run(wait=False)


def test_a_clip_that_has_not_come_back_is_told_to_lie_on_its_host(world: World) -> None:
    (end,) = seen(world, line()).ends

    assert (end.image, end.state, end.frames) == ("a.png", "pass", "")
    assert end.clip == f"{HOST}:/out/a.mp4"


def test_a_shot_that_waits_is_told_by_its_phase(world: World) -> None:
    (end,) = seen(world, line(state="generating", verdict=None, finished_at=None)).ends

    assert (end.state, end.verdict, end.clip, end.outcome) == ("generating", None, None, "")


def test_why_a_shot_has_no_clip_is_told_in_the_hosts_words(world: World) -> None:
    reasons = [{"code": "broken", "message": "The picture is torn."}]

    (end,) = seen(world, line(state="failed", verdict="failed", reasons=reasons)).ends

    assert (end.state, end.clip, end.outcome) == ("failed", None, "The picture is torn.")


def test_a_shot_that_the_host_does_not_list_any_more_is_told_by_what_is_here(world: World) -> None:
    (end,) = seen(world, line(id="another")).ends

    assert (end.state, end.verdict, end.clip) == ("unknown", None, None)


@pytest.mark.parametrize(
    "nonsense", [{"verdict": "splendid"}, {"reasons": [{"message": "no code"}]}]
)
def test_an_end_that_no_shot_can_have_is_refused_in_words(
    world: World, nonsense: dict[str, object]
) -> None:
    with pytest.raises(AnswerRefused, match="no end of a shot"):
        seen(world, line(**nonsense))


def test_the_pictures_name_is_the_manifests_whatever_the_host_calls_it(world: World) -> None:
    (end,) = seen(world, line(image_path="../../etc/passwd")).ends

    assert end.image == "a.png"
    assert Path(end.target.removeprefix(f"{HOST}:")).name == "a.mp4"


def test_what_is_done_comes_home_while_the_rest_is_still_made(world: World) -> None:
    manifest = world.manifest("day1", "a.png", "b.png")
    came = world.folder / "a.mp4"

    def make_two() -> None:
        with world.ledger() as ledger:
            make(ledger, world.root, now=100.0)
            until(came.exists, within_s=30.0, what="the first clip at home")
            make(ledger, world.root, now=110.0)

    with (
        at_work(world.far),
        world.link() as link,
        open_record(world.home, NAME) as record,
        ThreadPoolExecutor(1) as beside,
    ):
        done = world.submit(link, manifest)
        results(world.far.outbox / world.label(), manifest, size_bytes=20_000)
        going = Going(manifest, read_set(manifest, record=record), world.label())
        through = SeenThrough(
            link, [(going, done)], home=world.home, record=record, output=Output(),
            fetch_every_s=0.0,
        )  # fmt: skip
        making = beside.submit(make_two)
        found = through.run(wait=True)
        making.result()

    assert (found.problems, [end.state for end in found.ends]) == (0, ["pass", "pass"])


def test_results_are_fetched_only_when_a_shot_has_ended_and_only_so_often() -> None:
    fetched: list[str] = []
    hasty = Homecoming(lambda: fetched.append("now"), every_s=0.0)
    patient = Homecoming(lambda: fetched.append("late"), every_s=3600.0)
    began, ended = (
        EventRow(seq=1, at=1.0, shot_id="a-1", stage="", kind=kind, data={})
        for kind in ("leased", "ended")
    )
    assert Homecoming(lambda: None, every_s=3600.0, waiting=True).is_due()
    for each in (hasty, patient):
        each.see(began)
    assert not hasty.is_due()

    for each in (hasty, patient):
        each.see(ended)
    assert hasty.is_due()
    assert not patient.is_due()
    hasty.act()
    assert fetched == ["now"]
    assert not hasty.is_due(), "what has ended was fetched"
