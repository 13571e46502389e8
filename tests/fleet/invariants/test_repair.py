"""Repair mends what it can, says what it did, and never takes a clip or a picture away."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companions import codec
from companions.lock import lock_path
from companions.video_meta import Verdict, VideoMeta
from fleet.errors import FleetBusy
from fleet.invariants.repair import Deed, repair
from fleet.jobs.model import JobState, Stage
from fleet.ledger.lock import ProcessLock
from fleet.settings import Settings
from tests.fleet.invariants.damages import DAMAGES
from tests.fleet.invariants.small_fleet import SmallFleet, names_in, small_fleet

MENDED = [name for name, damage in DAMAGES.items() if damage.mended]
LEFT = [name for name, damage in DAMAGES.items() if not damage.mended]


def mend(fleet: SmallFleet, *, dry_run: bool = False) -> list[Deed]:
    return repair(fleet.home, settings=Settings(), dry_run=dry_run)


def clips_and_pictures(fleet: SmallFleet) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in fleet.stills.iterdir()
        if path.suffix in {".mp4", ".png"} and path.is_file()
    }


def everything(fleet: SmallFleet) -> dict[str, bytes]:
    """All files and the ledger's rows; what SQLite keeps beside it comes and goes."""
    ledger = fleet.ledger()
    tables = ("shots", "jobs", "attempts", "events", "tallies", "artifacts", "checkpoints")
    rows = {
        table: repr([tuple(row) for row in ledger.database.rows(f"SELECT * FROM {table}")]).encode()  # noqa: S608
        for table in tables
    }
    ledger.close()
    files = {
        str(path): path.read_bytes()
        for path in fleet.root.rglob("*")
        if path.is_file() and "ledger.sqlite3" not in path.name and path.suffix != ".lock"
    }
    return rows | files


@pytest.mark.parametrize("name", MENDED)
def test_what_can_be_mended_is_foretold_and_mended_once_and_what_was_lost_is_made_again(
    tmp_path: Path, name: str
) -> None:
    fleet = small_fleet(tmp_path)
    DAMAGES[name].act(fleet)
    before, kept = everything(fleet), clips_and_pictures(fleet)

    foretold = mend(fleet, dry_run=True)
    assert everything(fleet) == before
    deeds = mend(fleet)

    assert deeds == foretold
    assert {bool(deed.did) for deed in deeds} == {True}
    assert clips_and_pictures(fleet) == kept
    assert fleet.broken() == set()
    assert mend(fleet) == []
    fleet.make_all()
    assert fleet.broken() == set()
    assert None not in fleet.verdicts().values()


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_be_mended_is_told_and_left_as_it_is(tmp_path: Path, name: str) -> None:
    fleet = small_fleet(tmp_path)
    DAMAGES[name].act(fleet)
    before = everything(fleet)

    deeds = mend(fleet)

    assert {(bool(deed.did), bool(deed.why_left)) for deed in deeds} == {(False, True)}
    assert everything(fleet) == before
    assert fleet.broken() == {DAMAGES[name].breaks}


def test_a_fleet_that_keeps_its_promises_has_nothing_to_mend(tmp_path: Path) -> None:
    assert mend(small_fleet(tmp_path)) == []


def test_a_fleet_at_work_is_not_repaired(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    lock = ProcessLock(fleet.home.dispatcher_lock)
    assert lock.acquire()

    with pytest.raises(FleetBusy):
        mend(fleet)

    lock.release()
    assert mend(fleet) == []


def test_a_meta_that_is_written_again_is_the_one_that_was_lost(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    metas = [fleet.target(name).meta for name in ("a", "b", "c")]
    before = [codec.read(meta, VideoMeta) for meta in metas]
    for meta in metas:
        meta.unlink()

    mend(fleet)

    for meta, old in zip(metas, before, strict=True):
        new = codec.read(meta, VideoMeta)
        late = abs((new.finished_at - old.finished_at).total_seconds())
        assert late < 60.0
        assert new.model_copy(update={"finished_at": old.finished_at}) == old


def test_a_vanished_clip_is_made_again_and_published_once_more(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    clip = fleet.target("b").clip
    data = clip.read_bytes()
    clip.unlink()

    mend(fleet)

    assert fleet.verdicts()["b-0"] is None
    fleet.make_all()
    assert clip.read_bytes() == data
    assert fleet.verdicts()["b-0"] is Verdict.PASS


def test_a_vanished_clip_that_another_shot_will_replace_is_not_made_again(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    fleet.target("b").clip.unlink()
    fleet.submit("b", seed=7)

    assert mend(fleet) == []
    assert fleet.verdicts()["b-0"] is Verdict.PASS


def test_a_shot_that_was_submitted_while_the_repair_looked_around_counts(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    fleet.target("b").clip.unlink()

    def meanwhile(done: int, _: int) -> None:
        if done == 1:
            fleet.submit("b", seed=7)

    (deed,) = repair(fleet.home, settings=Settings(), told=meanwhile)

    assert "another shot" in deed.why_left
    assert fleet.verdicts()["b-0"] is Verdict.PASS


def test_a_lease_is_given_back_with_its_try(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    fleet.submit("d")
    lease = fleet.lease(Stage.GENERATE)

    mend(fleet)

    ledger = fleet.ledger()
    history = ledger.history(lease.shot.id)
    ledger.close()
    assert (history.jobs[Stage.GENERATE].state, history.jobs[Stage.GENERATE].tries) == (
        JobState.QUEUED,
        0,
    )
    assert [attempt.outcome for attempt in history.attempts] == ["interrupted"]


def test_a_lock_that_its_holder_did_not_outlive_is_removed(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    lock = lock_path(fleet.target("b").clip)
    lock.touch()

    (deed,) = mend(fleet)

    assert (deed.about, lock.exists()) == (str(fleet.stills), False)


def test_the_ledgers_journal_is_written_into_it(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    journal = fleet.home.root / "ledger.sqlite3-wal"
    reader = fleet.ledger()  # keeps the journal from being folded in by the last to close
    fleet.submit("d")
    assert journal.stat().st_size > 0

    (deed,) = mend(fleet)

    assert (deed.about, journal.stat().st_size) == (str(journal), 0)
    reader.close()


def test_files_of_others_in_the_homes_folders_stay(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    strangers = [fleet.home.staging / "holiday.mp4", fleet.home.staging / ".DS_Store"]
    for stranger in strangers:
        stranger.write_bytes(b"theirs")

    deeds = mend(fleet)

    assert names_in(fleet.home.staging) == [".DS_Store", "holiday.mp4"]
    assert [(deed.about, deed.did) for deed in deeds] == [(str(strangers[0]), "")]


TOGETHER = (
    ("a clip gone", "a meta gone", "a meta torn", "a meta of another shot"),
    ("a reason gone", "a meta with another verdict"),
    ("a verdict that the meta does not tell",),
    ("a staged clip gone", "a staged clip torn", "a staged clip of a shot that ended gone"),
    ("a staged clip of nobody",),
    ("kept frames gone", "kept frames damaged"),
    ("kept frames of nobody",),
    ("pieces of a shot that has ended",),
    ("leases of a dead dispatcher",),
    ("an attempt that runs without a lease",),
    ("a wrong count",),
    ("half a clip beside a picture",),
    ("half a file in the home",),
)
"""Of each group, one at a time: two of a kind hit the same thing."""
ALONE = ["a kept piece damaged"]
"""Its shot waits in line, before those that other damages lease."""


def test_all_damages_that_can_be_mended_are_tried_together() -> None:
    assert sorted([*ALONE, *(name for group in TOGETHER for name in group)]) == sorted(MENDED)


STAGED_OF_ENDED = "a staged clip of a shot that ended gone"


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.tuples(*(st.sampled_from((None, *group)) for group in TOGETHER)), data=st.data())
def test_damages_in_any_number_and_order_are_mended(
    names: tuple[str | None, ...], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        fleet = small_fleet(Path(folder))
        chosen = data.draw(st.permutations([name for name in names if name is not None]))
        # One of them takes a shot of its own through all stages, so nothing else may wait yet.
        for name in sorted(chosen, key=lambda name: name != STAGED_OF_ENDED):
            DAMAGES[name].act(fleet)

        mend(fleet)

        assert fleet.broken() == set()
        assert mend(fleet) == []
        fleet.make_all()
        assert fleet.broken() == set()
        assert None not in fleet.verdicts().values()
