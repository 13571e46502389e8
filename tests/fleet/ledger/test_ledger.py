"""The ledger: one SQLite file that never gives a job to two, nor forgets one."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from companions import codec
from companions.video_meta import Reason, Verdict
from fleet.errors import LeaseLost, LedgerUnusable, UnknownShot
from fleet.jobs.model import JobState, Stage
from fleet.jobs.retry import Failure, GiveUp, TryAgain
from fleet.ledger import reading
from fleet.ledger.ledger import Ledger
from fleet.ledger.lock import ProcessLock
from fleet.ledger.recovery import recover, restage
from fleet.ledger.rows import Artifact, Lease, NewManifest, NewShot
from tests.fleet.making import recipe

MANIFEST = NewManifest(
    id="m1", sha256="1" * 64, project_id="p", batch_id="b", path="/in/m.video_manifest.json"
)
MISSING = Failure(code="picture_missing", message="gone", retryable=False, curable=True)
BROKEN = Failure(code="picture_truncated", message="broken", retryable=False, curable=False)
FLAKY = Failure(code="worker_lost", message="killed", retryable=True, curable=True)
WHY = Reason(code="picture_truncated", message="broken")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite3")
    yield opened
    opened.close()


def new_shot(
    name: str,
    *,
    priority: int = 0,
    seed: int = 0,
    fault: Failure | None = None,
    intact: bool = True,
) -> NewShot:
    made = recipe(seed=seed)
    return NewShot(
        id=f"{name}-{seed}",
        picture=f"/in/{name}.png",
        image_path=f"{name}.png",
        target=f"/in/{name}.mp4",
        fingerprint=codec.fingerprint(made),
        recipe=made,
        priority=priority,
        fault=fault,
        intact=intact,
    )


def take(ledger: Ledger, stage: Stage, *, now: float = 10.0) -> Lease:
    lease = ledger.lease(stage, now=now)
    assert lease is not None
    return lease


def make(ledger: Ledger, folder: Path, *, verdict: Verdict = Verdict.PASS) -> Lease:
    """Take one shot through all three stages."""
    ledger.succeed(take(ledger, Stage.GENERATE), now=11.0, report="{}")
    finish = take(ledger, Stage.FINISH)
    clip = folder / f"{finish.shot.id}.mp4"
    clip.write_bytes(b"clip")
    ledger.succeed(
        finish,
        now=12.0,
        report="{}",
        artifact=Artifact(path=str(clip), sha256="2" * 64, size_bytes=4),
    )
    publish = take(ledger, Stage.PUBLISH)
    reasons = () if verdict is Verdict.PASS else (WHY,)
    ledger.end(
        publish, verdict=verdict, reasons=reasons, clip_sha256="2" * 64, curable=False, now=13.0
    )
    return publish


def states(ledger: Ledger, shot_id: str) -> list[JobState]:
    jobs = ledger.history(shot_id).jobs
    return [jobs[stage].state for stage in Stage]


def test_submitting_twice_adds_nothing(ledger: Ledger) -> None:
    first = ledger.submit(MANIFEST, [new_shot("a"), new_shot("b")], now=1.0)
    again = ledger.submit(MANIFEST, [new_shot("a"), new_shot("b")], now=2.0)

    assert (list(first.new), list(first.known)) == (["a-0", "b-0"], [])
    assert (list(again.new), list(again.known)) == ([], ["a-0", "b-0"])
    assert len(reading.shots(ledger.database)) == 2


def test_a_job_is_leased_to_one_only(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)

    assert take(ledger, Stage.GENERATE).shot.id == "a-0"
    assert ledger.lease(Stage.GENERATE, now=2.0) is None


def test_higher_priority_goes_first_then_the_order_submitted(ledger: Ledger) -> None:
    ledger.submit(
        MANIFEST, [new_shot("late"), new_shot("rush", priority=5), new_shot("later")], now=1.0
    )

    order = [take(ledger, Stage.GENERATE).shot.id for _ in range(3)]

    assert order == ["rush-0", "late-0", "later-0"]


def test_a_shot_is_finished_only_after_it_is_generated_and_published_only_after_that(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    assert ledger.lease(Stage.FINISH, now=2.0) is None
    assert ledger.lease(Stage.PUBLISH, now=2.0) is None

    make(ledger, tmp_path)

    assert states(ledger, "a-0") == [JobState.SUCCEEDED] * 3
    assert reading.shot(ledger.database, "a-0").verdict is Verdict.PASS
    assert reading.published_hashes(ledger.database, "/in/a.mp4") == {"2" * 64}


def test_a_result_that_comes_after_the_lease_was_taken_back_is_dropped(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    stale = take(ledger, Stage.GENERATE)
    recover(ledger.database, now=3.0)
    fresh = take(ledger, Stage.GENERATE, now=4.0)

    with pytest.raises(LeaseLost):
        ledger.succeed(stale, now=5.0, report="stale")
    ledger.succeed(fresh, now=6.0, report="fresh")

    assert ledger.history("a-0").jobs[Stage.GENERATE].report == "fresh"


def test_a_result_is_counted_once(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    lease = take(ledger, Stage.GENERATE)
    ledger.succeed(lease, now=2.0)

    with pytest.raises(LeaseLost):
        ledger.succeed(lease, now=3.0)


def test_a_failed_attempt_waits_for_its_time(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    ledger.fail(take(ledger, Stage.GENERATE, now=2.0), FLAKY, TryAgain(5.0), now=3.0)

    assert ledger.lease(Stage.GENERATE, now=7.9) is None
    again = take(ledger, Stage.GENERATE, now=8.0)
    assert (again.attempt, again.tries) == (2, 2)


def test_a_shot_that_is_given_up_is_published_with_its_reason(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("a"), new_shot("b")], now=1.0)

    ledger.fail(take(ledger, Stage.GENERATE), BROKEN, GiveUp(BROKEN), now=2.0)

    assert states(ledger, "a-0") == [JobState.DISCARDED, JobState.SKIPPED, JobState.QUEUED]
    failure = ledger.history("a-0").jobs[Stage.GENERATE].failure
    assert failure is not None
    assert failure.code == "picture_truncated"
    assert take(ledger, Stage.GENERATE).shot.id == "b-0"


def test_a_fault_known_at_submission_costs_no_lease(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("a", fault=MISSING)], now=1.0)

    assert ledger.lease(Stage.GENERATE, now=2.0) is None
    assert take(ledger, Stage.PUBLISH).shot.id == "a-0"


def test_recovery_gives_leases_back_without_counting_them_as_tries(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    take(ledger, Stage.GENERATE)

    recovery = recover(ledger.database, now=3.0)

    assert list(recovery.leases_expired) == ["a-0/generate"]
    again = take(ledger, Stage.GENERATE, now=4.0)
    assert (again.attempt, again.tries) == (2, 1)
    assert ledger.history("a-0").attempts[0].outcome == "interrupted"


def test_recovery_generates_again_what_was_only_in_memory(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    ledger.succeed(take(ledger, Stage.GENERATE), now=2.0)
    take(ledger, Stage.FINISH)

    recovery = recover(ledger.database, now=3.0)

    assert list(recovery.outputs_lost) == ["a-0"]
    assert states(ledger, "a-0") == [JobState.QUEUED, JobState.WAITING, JobState.WAITING]


def test_recovery_keeps_a_finished_clip_that_waits_to_be_published(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    ledger.succeed(take(ledger, Stage.GENERATE), now=2.0)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    artifact = Artifact(path=str(clip), sha256="2" * 64, size_bytes=4)
    ledger.succeed(take(ledger, Stage.FINISH), now=3.0, artifact=artifact)
    take(ledger, Stage.PUBLISH)

    recover(ledger.database, now=4.0)

    assert states(ledger, "a-0") == [JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.QUEUED]


def test_a_published_shot_whose_files_are_gone_is_made_again(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    make(ledger, tmp_path)

    kept = ledger.submit(MANIFEST, [new_shot("a")], now=20.0)
    gone = ledger.submit(MANIFEST, [new_shot("a", intact=False)], now=21.0)

    assert (list(kept.known), list(gone.reopened)) == (["a-0"], ["a-0"])
    assert states(ledger, "a-0") == [JobState.QUEUED, JobState.WAITING, JobState.WAITING]


def test_a_shot_failed_for_a_missing_picture_is_made_once_the_picture_is_back(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.submit(MANIFEST, [new_shot("a", fault=MISSING)], now=1.0)
    ledger.end(
        take(ledger, Stage.PUBLISH), verdict=Verdict.FAILED, reasons=[WHY], clip_sha256=None,
        curable=True, now=2.0,
    )  # fmt: skip

    still = ledger.submit(MANIFEST, [new_shot("a", fault=MISSING)], now=3.0)
    back = ledger.submit(MANIFEST, [new_shot("a")], now=4.0)

    assert (list(still.known), list(back.reopened)) == (["a-0"], ["a-0"])
    make(ledger, tmp_path)
    assert reading.shot(ledger.database, "a-0").verdict is Verdict.PASS


def test_a_shot_that_failed_for_good_is_not_tried_again(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    ledger.fail(take(ledger, Stage.GENERATE), BROKEN, GiveUp(BROKEN), now=2.0)
    ledger.end(
        take(ledger, Stage.PUBLISH), verdict=Verdict.FAILED, reasons=[WHY], clip_sha256=None,
        curable=False, now=3.0,
    )  # fmt: skip

    assert list(ledger.submit(MANIFEST, [new_shot("a")], now=4.0).known) == ["a-0"]


def test_the_newest_request_for_a_clip_replaces_an_unfinished_one(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("a", seed=1)], now=1.0)
    stale = take(ledger, Stage.GENERATE)

    done = ledger.submit(MANIFEST, [new_shot("a", seed=2)], now=2.0)

    assert list(done.replaced) == ["a-1"]
    old = reading.shot(ledger.database, "a-1")
    assert (old.verdict, old.reasons[0].code) == (Verdict.CANCELLED, "replaced")
    with pytest.raises(LeaseLost):
        ledger.succeed(stale, now=3.0)
    assert take(ledger, Stage.GENERATE).shot.id == "a-2"


def test_publishing_that_is_given_up_keeps_the_clip_and_repeats_only_publishing(
    ledger: Ledger, tmp_path: Path
) -> None:
    full = Failure(code="file_unwritable", message="disk full", retryable=True, curable=True)
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    ledger.succeed(take(ledger, Stage.GENERATE), now=2.0)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    artifact = Artifact(path=str(clip), sha256="2" * 64, size_bytes=4)
    ledger.succeed(take(ledger, Stage.FINISH), now=3.0, artifact=artifact)
    ledger.fail(take(ledger, Stage.PUBLISH), full, GiveUp(full), now=4.0)
    assert reading.shot(ledger.database, "a-0").verdict is Verdict.FAILED

    again = ledger.submit(MANIFEST, [new_shot("a")], now=5.0)

    assert list(again.reopened) == ["a-0"]
    assert states(ledger, "a-0") == [JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.QUEUED]


def test_a_clip_that_left_staging_is_made_again_from_the_start(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    ledger.succeed(take(ledger, Stage.GENERATE), now=2.0)
    artifact = Artifact(path=str(tmp_path / "gone.mp4"), sha256="2" * 64, size_bytes=4)
    ledger.succeed(take(ledger, Stage.FINISH), now=3.0, artifact=artifact)

    restage(ledger.database, "a-0", now=4.0)

    assert states(ledger, "a-0") == [JobState.QUEUED, JobState.WAITING, JobState.WAITING]


def test_events_tell_the_story_in_order_and_their_numbers_never_repeat(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    make(ledger, tmp_path)

    events = reading.events(ledger.database, shot_id="a-0")

    assert [f"{e.stage}:{e.kind}" for e in events] == [
        ":submitted", "generate:leased", "generate:finished", "finish:ready", "finish:leased",
        "finish:finished", "publish:ready", "publish:leased", "publish:finished", ":ended",
    ]  # fmt: skip
    assert len({e.seq for e in events}) == len(events)
    assert reading.events(ledger.database, after=events[-1].seq) == []


def test_a_shot_is_found_by_id_by_picture_and_by_the_start_of_its_id(ledger: Ledger) -> None:
    ledger.submit(MANIFEST, [new_shot("portrait")], now=1.0)

    for name in ("portrait-0", "portrait.png", "/in/portrait.png", "portr"):
        assert reading.find_shot(ledger.database, name).id == "portrait-0"
    with pytest.raises(UnknownShot) as unknown:
        reading.find_shot(ledger.database, "rtrait")
    assert "portrait-0" in str(unknown.value)


def test_a_ledger_that_is_not_a_ledger_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"this is a letter to my aunt, and not a database at all" * 20)

    with pytest.raises(LedgerUnusable) as refused:
        Ledger(path)

    assert str(path) in str(refused.value)
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(LedgerUnusable):
        Ledger(tmp_path / "file" / "ledger.sqlite3")


def test_what_was_submitted_survives_the_death_of_the_process(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from fleet.ledger.ledger import Ledger\n"
        "from tests.fleet.ledger.test_ledger import MANIFEST, new_shot\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "ledger.submit(MANIFEST, [new_shot('a')], now=1.0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    died = subprocess.run([sys.executable, "-c", script, str(path)], check=False)

    assert died.returncode == -signal.SIGKILL
    ledger = Ledger(path)
    assert [shot.id for shot in reading.shots(ledger.database)] == ["a-0"]
    ledger.close()


def test_a_lock_is_exclusive_and_dies_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "the.lock"
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from fleet.ledger.lock import ProcessLock\n"
        "assert ProcessLock(Path(sys.argv[1])).acquire()\n"
        "print('held', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        lock = ProcessLock(path)
        while_held, named = lock.acquire(), lock.holder()
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()

    assert not while_held
    assert str(holder.pid) in named
    assert lock.acquire()
    lock.release()


def test_a_look_at_a_lock_is_not_taken_for_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "dispatcher.lock"
    path.touch()
    descriptor = os.open(path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # as ``is_held`` has it for an instant
    looked = threading.Timer(0.03, os.close, [descriptor])
    looked.start()

    lock = ProcessLock(path)
    taken = lock.acquire()
    looked.join()

    assert taken
    assert lock.holder().startswith(f"process {os.getpid()} on ")
    lock.release()


def test_a_shot_that_ends_while_its_place_is_looked_at_is_not_made_again(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.submit(MANIFEST, [new_shot("a")], now=1.0)
    make(ledger, tmp_path)

    looked_before = replace(new_shot("a"), intact=False, looked_at=10.0)
    looked_after = replace(new_shot("a"), intact=False, looked_at=30.0)

    assert ledger.submit(MANIFEST, [looked_before], now=31.0).known == [looked_before.id]
    assert ledger.submit(MANIFEST, [looked_after], now=32.0).reopened == [looked_after.id]
