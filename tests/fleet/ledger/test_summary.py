"""The ledger in counts, and its newest shots."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions.video_meta import Verdict
from fleet.jobs.model import Stage
from fleet.ledger import control
from fleet.ledger.ledger import Ledger
from fleet.ledger.selection import Selection
from fleet.ledger.summary import at_work, ended_last, shot_lines, summarise
from tests.fleet.ledger.filling import (
    break_one,
    finish,
    generate,
    make,
    manifest,
    next_job,
    submit,
)


def test_a_manifest_is_told_in_phases_and_verdicts(ledger: Ledger, tmp_path: Path) -> None:
    submit(ledger, manifest("day1"), list("abcdefgh"))
    make(ledger, tmp_path)
    make(ledger, tmp_path, verdict=Verdict.FLAGGED)
    break_one(ledger)
    generate(ledger)
    finish(ledger, tmp_path)
    generate(ledger)
    generate(ledger)
    next_job(ledger, Stage.FINISH)
    next_job(ledger, Stage.GENERATE)

    (told,) = summarise(ledger.database, limit=5, now=20.0).manifests

    assert dict(told.counts) == {
        "queued": 1, "generating": 1, "generated": 1, "finishing": 1, "finished": 1,
        "failed": 1, "flagged": 1, "pass": 1,
    }  # fmt: skip
    assert (told.total, told.open) == (8, 5)


def test_manifests_with_work_left_come_first_and_the_rest_are_counted(
    ledger: Ledger, tmp_path: Path
) -> None:
    submit(ledger, manifest("open"), ["a", "b"], now=1.0)
    for number in range(4):
        submit(ledger, manifest(f"over{number}"), [f"s{number}"], priority=1, now=2.0 + number)
        make(ledger, tmp_path)

    told = summarise(ledger.database, limit=2, now=50.0)

    assert [each.batch_id for each in told.manifests] == ["open", "over3"]
    assert told.others == 3
    assert dict(told.counts) == {"queued": 2, "pass": 4}


@pytest.mark.parametrize(
    ("chosen", "word"),
    [
        (Selection(everything=True), "all"),
        (Selection(projects=("p",)), "project"),
        (Selection(manifests=("id-day1",)), "manifest"),
    ],
    ids=["everything", "project", "manifest"],
)
def test_what_is_paused_is_said(ledger: Ledger, chosen: Selection, word: str) -> None:
    submit(ledger, manifest("day1"), ["a"])
    control.pause(ledger.database, chosen, who="ada", now=2.0)

    told = summarise(ledger.database, limit=5, now=3.0)

    assert told.manifests[0].paused == word
    assert [scope for scope, _ in told.pauses] == [word]


def test_a_shot_that_is_held_is_counted_as_held(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a", "b", "c"])
    generate(ledger)
    control.pause(ledger.database, Selection(shots=("a-0", "b-0")), who="ada", now=2.0)

    told = summarise(ledger.database, limit=5, now=3.0)

    assert dict(told.counts) == {"held": 2, "queued": 1}
    assert [line.state for line in shot_lines(ledger.database, limit=9)] == [
        "held",
        "held",
        "queued",
    ]


def test_the_pace_is_that_of_the_last_hour_and_fades_when_nothing_ends(
    ledger: Ledger, tmp_path: Path
) -> None:
    submit(ledger, manifest("day1"), list("abcdef"))
    for number in range(4):
        make(ledger, tmp_path, now=1000.0 + 60.0 * number)

    def pace(now: float) -> float | None:
        return summarise(ledger.database, limit=5, now=now).clips_per_hour

    assert pace(1242.0) == pytest.approx(60.0)
    assert pace(2000.0) == pytest.approx(3600 * 4 / 998.0)
    assert pace(9000.0) is None


def test_the_newest_shots_are_listed_in_the_order_submitted(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), list("abc"))
    submit(ledger, manifest("day2"), list("de"))

    def listed(**chosen: object) -> list[str]:
        return [line.id[0] for line in shot_lines(ledger.database, limit=2, **chosen)]  # type: ignore[arg-type]

    assert listed() == ["d", "e"]
    assert listed(manifests=["id-day1"]) == ["b", "c"]


def test_only_the_unfinished_are_listed_if_asked(ledger: Ledger, tmp_path: Path) -> None:
    submit(ledger, manifest("day1"), ["a", "b"])
    submit(ledger, manifest("day2"), ["c"])
    make(ledger, tmp_path)

    everywhere = shot_lines(ledger.database, limit=9, unfinished=True)
    there = shot_lines(ledger.database, limit=9, unfinished=True, manifests=["id-day1"])

    assert [line.id for line in everywhere] == ["b-0", "c-0"]
    assert [line.id for line in there] == ["b-0"]


def test_what_is_at_work_and_what_ended_last_is_listed(ledger: Ledger, tmp_path: Path) -> None:
    submit(ledger, manifest("day1"), list("abcd"))
    make(ledger, tmp_path, now=10.0)
    make(ledger, tmp_path, now=20.0)
    generate(ledger)
    next_job(ledger, Stage.FINISH)
    next_job(ledger, Stage.GENERATE)

    working = at_work(ledger.database, limit=9)
    ended = ended_last(ledger.database, limit=9)

    assert [(line.id, line.state) for line in working] == [
        ("c-0", "finishing"), ("d-0", "generating"),
    ]  # fmt: skip
    assert [(line.id, line.clip) for line in ended] == [("b-0", "/in/b.mp4"), ("a-0", "/in/a.mp4")]
    assert len(at_work(ledger.database, limit=1)) == len(ended_last(ledger.database, limit=1)) == 1


def test_why_a_shot_has_no_clip_stands_in_its_line(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a"])
    break_one(ledger)

    (line,) = ended_last(ledger.database, limit=1)

    assert (line.clip, line.outcome) == (None, "broken")
