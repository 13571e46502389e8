"""Cancel, retry, pause, resume, priority, quarantine: what the ledger does by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions.video_meta import Verdict
from fleet.errors import LeaseLost
from fleet.invariants.shots import replay
from fleet.jobs.model import JobState, Stage
from fleet.ledger import control, reading
from fleet.ledger.ledger import Ledger
from fleet.ledger.recovery import keep, recover
from fleet.ledger.rows import Checkpoint
from fleet.ledger.selection import Selection
from tests.fleet.ledger.filling import (
    break_one,
    finish,
    generate,
    make,
    manifest,
    next_job,
    submit,
)
from tests.fleet.ledger.test_ledger import new_shot, states

DAY1 = Selection(manifests=("id-day1",))
ALL = Selection(everything=True)


def cancel(ledger: Ledger, chosen: Selection, *, spare: bool = True) -> control.Acted:
    return control.cancel(ledger.database, chosen, who="ada", spare_publishing=spare, now=20.0)


def set_aside(ledger: Ledger, chosen: Selection) -> control.Acted:
    return control.quarantine(ledger.database, chosen, who="ada", spare_publishing=True, now=20.0)


def retry(
    ledger: Ledger, chosen: Selection, *verdicts: Verdict, now: float = 30.0
) -> control.Acted:
    wanted = verdicts or control.UNSUCCESSFUL
    return control.retry(ledger.database, chosen, verdicts=wanted, who="ada", now=now)


def verdict(ledger: Ledger, shot_id: str) -> Verdict | None:
    return reading.shot(ledger.database, shot_id).verdict


def kinds(ledger: Ledger, shot_id: str) -> list[str]:
    return [event.kind for event in reading.events(ledger.database, shot_id=shot_id)]


def assert_events_lead_to_the_states(ledger: Ledger, shot_id: str) -> None:
    events = reading.events(ledger.database, shot_id=shot_id)
    replayed = replay([(event.stage, event.kind) for event in events])
    assert [replayed[stage] for stage in Stage] == states(ledger, shot_id)


# -- cancel ------------------------------------------------------------------------------------


def test_cancel_withdraws_what_has_not_ended_and_leaves_the_clips(
    ledger: Ledger, tmp_path: Path
) -> None:
    submit(ledger, manifest("day1"), ["done", "running", "waiting"])
    make(ledger, tmp_path)
    running = next_job(ledger, Stage.GENERATE)

    done = cancel(ledger, DAY1)

    assert list(done.changed) == ["running-0", "waiting-0"]
    assert verdict(ledger, "done-0") is Verdict.PASS
    for shot_id in done.changed:
        shot = reading.shot(ledger.database, shot_id)
        assert (shot.verdict, shot.reasons[0].code) == (Verdict.CANCELLED, "cancelled")
        assert "ada" in shot.reasons[0].message
        assert "withdrawn" in kinds(ledger, shot_id)
        assert_events_lead_to_the_states(ledger, shot_id)
    assert reading.leases(ledger.database) == frozenset()
    assert ledger.lease(Stage.GENERATE, now=21.0) is None
    with pytest.raises(LeaseLost):
        ledger.succeed(running, now=22.0)
    assert ledger.history("running-0").attempts[0].outcome == "cancelled"


def test_cancel_touches_only_what_was_named(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a", "b"])
    submit(ledger, manifest("day2"), ["c"])

    cancel(ledger, Selection(shots=("a-0",)))
    assert [verdict(ledger, each) for each in ("a-0", "b-0", "c-0")] == [
        Verdict.CANCELLED, None, None,
    ]  # fmt: skip
    cancel(ledger, ALL)

    assert verdict(ledger, "b-0") is verdict(ledger, "c-0") is Verdict.CANCELLED
    assert list(cancel(ledger, ALL).changed) == []


def test_a_clip_that_takes_its_place_now_is_left_to_end_while_a_dispatcher_works(
    ledger: Ledger, tmp_path: Path
) -> None:
    submit(ledger, manifest("day1"), ["a"])
    generate(ledger)
    finish(ledger, tmp_path)
    next_job(ledger, Stage.PUBLISH)

    spared = cancel(ledger, DAY1)
    assert (list(spared.changed), list(spared.publishing)) == ([], ["a-0"])
    dead = cancel(ledger, DAY1, spare=False)

    assert list(dead.changed) == ["a-0"]


def test_a_cancelled_shot_stays_cancelled_when_its_manifest_is_submitted_again(
    ledger: Ledger,
) -> None:
    submit(ledger, manifest("day1"), ["a"])
    cancel(ledger, DAY1)

    again = ledger.submit(manifest("day1"), [new_shot("a")], now=25.0)

    assert list(again.known) == ["a-0"]
    assert verdict(ledger, "a-0") is Verdict.CANCELLED


def test_more_shots_than_one_transaction_holds_are_all_cancelled(ledger: Ledger) -> None:
    ids = submit(ledger, manifest("day1"), [f"s{n}" for n in range(2 * control.AT_ONCE + 3)])
    seen: list[int] = []

    done = control.cancel(
        ledger.database, DAY1, who="ada", spare_publishing=True, now=20.0, advance=seen.append
    )

    assert list(done.changed) == ids
    assert sum(seen) == len(ids)
    assert reading.unfinished(ledger.database) == 0


# -- retry -------------------------------------------------------------------------------------


def test_retry_opens_what_ended_without_a_clip(ledger: Ledger, tmp_path: Path) -> None:
    submit(ledger, manifest("day1"), ["good", "bad", "gone"])
    make(ledger, tmp_path)
    break_one(ledger)
    cancel(ledger, Selection(shots=("gone-0",)))

    done = retry(ledger, DAY1)

    assert sorted(done.changed) == ["bad-0", "gone-0"]
    for shot_id in done.changed:
        assert states(ledger, shot_id) == [JobState.QUEUED, JobState.WAITING, JobState.WAITING]
        assert "retried" in kinds(ledger, shot_id)
        assert_events_lead_to_the_states(ledger, shot_id)
    assert verdict(ledger, "good-0") is Verdict.PASS
    assert make(ledger, tmp_path, now=40.0) == "bad-0"


def test_retry_of_the_failed_leaves_the_cancelled_and_the_flagged(
    ledger: Ledger, tmp_path: Path
) -> None:
    submit(ledger, manifest("day1"), ["bad", "doubtful", "gone"])
    break_one(ledger)
    make(ledger, tmp_path, verdict=Verdict.FLAGGED)
    cancel(ledger, DAY1)

    failed = retry(ledger, DAY1, Verdict.FAILED, Verdict.QUARANTINED)
    flagged = retry(ledger, DAY1, Verdict.FLAGGED)

    assert list(failed.changed) == ["bad-0"]
    assert list(flagged.changed) == ["doubtful-0"]
    assert verdict(ledger, "gone-0") is Verdict.CANCELLED


def test_retry_does_not_bring_back_a_shot_whose_place_a_newer_one_has(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.submit(manifest("day1"), [new_shot("a", seed=1)], now=1.0)
    ledger.submit(manifest("day1"), [new_shot("a", seed=2)], now=2.0)

    under_way = retry(ledger, DAY1)
    make(ledger, tmp_path)
    made = retry(ledger, DAY1)

    assert list(under_way.superseded) == list(made.superseded) == ["a-1"]
    assert list(under_way.changed) == list(made.changed) == []


def test_a_shot_whose_newer_one_was_cancelled_can_be_brought_back(ledger: Ledger) -> None:
    ledger.submit(manifest("day1"), [new_shot("a", seed=1)], now=1.0)
    ledger.submit(manifest("day1"), [new_shot("a", seed=2)], now=2.0)
    cancel(ledger, DAY1)

    assert list(retry(ledger, Selection(shots=("a-1",))).changed) == ["a-1"]


# -- quarantine --------------------------------------------------------------------------------


def test_what_is_set_aside_is_not_paid_for_again(ledger: Ledger, tmp_path: Path) -> None:
    submit(ledger, manifest("day1"), ["staged", "kept"])
    generate(ledger)
    finish(ledger, tmp_path)
    lease = next_job(ledger, Stage.GENERATE)
    ledger.succeed(lease, now=11.0, report="{}")
    frames = tmp_path / "kept.frames"
    frames.write_bytes(b"frames")
    checkpoint = Checkpoint(path=str(frames), sha256="3" * 64, size_bytes=6, frames=9)
    assert keep(ledger.database, "kept-0", checkpoint, token=lease.token)

    done = set_aside(ledger, DAY1)

    assert sorted(done.changed) == ["kept-0", "staged-0"]
    for shot_id in done.changed:
        shot = reading.shot(ledger.database, shot_id)
        assert (shot.verdict, shot.reasons[0].code) == (Verdict.QUARANTINED, "set_aside")
        assert_events_lead_to_the_states(ledger, shot_id)
    retry(ledger, DAY1)
    assert states(ledger, "staged-0") == [JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.QUEUED]
    assert states(ledger, "kept-0") == [JobState.SUCCEEDED, JobState.QUEUED, JobState.WAITING]
    recovery = recover(ledger.database, now=40.0)
    assert list(recovery.resumed) == ["kept-0"]


def test_an_attempt_at_what_is_set_aside_loses_its_lease(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a"])
    lease = next_job(ledger, Stage.GENERATE)

    set_aside(ledger, DAY1)

    with pytest.raises(LeaseLost):
        ledger.succeed(lease, now=21.0)
    retry(ledger, DAY1)
    assert states(ledger, "a-0") == [JobState.QUEUED, JobState.WAITING, JobState.WAITING]


# -- pause and resume --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chosen",
    [ALL, Selection(projects=("p",)), DAY1, Selection(shots=("a-0", "b-0"))],
    ids=["everything", "project", "manifest", "shots"],
)
def test_nothing_paused_is_started_and_what_runs_ends_and_is_published(
    ledger: Ledger, tmp_path: Path, chosen: Selection
) -> None:
    submit(ledger, manifest("day1"), ["a", "b"])
    generate(ledger)
    running = next_job(ledger, Stage.FINISH)

    control.pause(ledger.database, chosen, who="ada", now=20.0)

    assert ledger.lease(Stage.GENERATE, now=21.0) is None
    clip = tmp_path / "a.mp4"
    clip.write_bytes(b"clip")
    ledger.succeed(running, now=21.0, report="{}")
    assert next_job(ledger, Stage.PUBLISH).shot.id == "a-0"
    control.resume(ledger.database, chosen, who="ada", now=30.0)
    assert next_job(ledger, Stage.GENERATE, now=31.0).shot.id == "b-0"


def test_a_pause_of_one_thing_holds_no_other(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a", "b"])
    submit(ledger, manifest("day2", project="q"), ["c"])

    control.pause(ledger.database, Selection(projects=("q",), shots=("a-0",)), who="x", now=2.0)

    assert next_job(ledger, Stage.GENERATE).shot.id == "b-0"
    assert ledger.lease(Stage.GENERATE, now=11.0) is None


def test_what_is_submitted_to_something_paused_waits_too(ledger: Ledger) -> None:
    path = "/in/day1.video_manifest.json"
    submit(ledger, manifest("day1"), ["a"])
    control.pause(ledger.database, DAY1, who="ada", now=2.0)

    submit(ledger, manifest("day1-changed", path=path), ["b"], now=3.0)
    assert ledger.lease(Stage.GENERATE, now=4.0) is None
    both = Selection(manifests=("id-day1", "id-day1-changed"))
    control.resume(ledger.database, both, who="ada", now=5.0)

    assert next_job(ledger, Stage.GENERATE).shot.id == "a-0"


def test_resuming_something_resumes_all_that_belongs_to_it(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a", "b"])
    for chosen in (DAY1, Selection(shots=("a-0",))):
        control.pause(ledger.database, chosen, who="ada", now=2.0)

    done = control.resume(ledger.database, Selection(projects=("p",)), who="ada", now=3.0)

    assert (list(done.scopes), list(done.shots)) == ([("manifest", "id-day1")], ["a-0"])
    assert next_job(ledger, Stage.GENERATE).shot.id == "a-0"


def test_what_a_wider_pause_still_holds_is_said(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a"])
    control.pause(ledger.database, ALL, who="ada", now=2.0)
    control.pause(ledger.database, DAY1, who="ada", now=2.0)

    done = control.resume(ledger.database, Selection(shots=("a-0",)), who="ada", now=3.0)

    assert list(done.still) == [("all", ""), ("manifest", "id-day1")]
    assert list(control.resume(ledger.database, ALL, who="ada", now=4.0).still) == []


def test_a_pause_twice_is_one_pause(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a"])
    first = control.pause(ledger.database, DAY1, who="ada", now=2.0)
    again = control.pause(ledger.database, DAY1, who="ada", now=3.0)

    assert (list(first.scopes), list(again.scopes)) == ([("manifest", "id-day1")], [])
    told = [event.kind for event in reading.events(ledger.database, shot_id="")]
    assert told.count("paused") == 1


# -- priority ----------------------------------------------------------------------------------


def test_a_shot_of_higher_priority_is_next_at_every_stage(ledger: Ledger, tmp_path: Path) -> None:
    submit(ledger, manifest("day1"), ["a", "b", "c"])
    generate(ledger)

    done = control.set_priority(
        ledger.database, Selection(shots=("c-0",)), priority=9, who="ada", now=5.0
    )

    assert list(done.changed) == ["c-0"]
    assert generate(ledger) == "c-0"
    assert finish(ledger, tmp_path) == "c-0"
    assert reading.shot(ledger.database, "c-0").priority == 9
    assert "priority" in kinds(ledger, "c-0")


def test_the_same_priority_again_changes_nothing(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a"])

    assert (
        list(control.set_priority(ledger.database, DAY1, priority=0, who="ada", now=5.0).changed)
        == []
    )


def test_a_held_shot_of_another_priority_is_still_held(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a"])
    control.pause(ledger.database, Selection(shots=("a-0",)), who="ada", now=2.0)
    control.set_priority(ledger.database, DAY1, priority=9, who="ada", now=3.0)

    assert ledger.lease(Stage.GENERATE, now=4.0) is None
    control.resume(ledger.database, DAY1, who="ada", now=5.0)
    assert next_job(ledger, Stage.GENERATE).shot.id == "a-0"
