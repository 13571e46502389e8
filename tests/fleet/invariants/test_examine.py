"""Each invariant is broken by what breaks it, and by nothing else."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from companions.video_meta import Verdict
from fleet.errors import LedgerUnusable
from fleet.invariants.examine import examine, judge
from fleet.invariants.listing import AT_REST, SENTENCES, Invariant
from fleet.jobs.model import Stage
from fleet.ledger import archive
from fleet.ledger.database import Database
from fleet.ledger.lock import ProcessLock
from tests.fleet.invariants.damages import DAMAGES
from tests.fleet.invariants.small_fleet import MANIFEST, SmallFleet, small_fleet


def test_a_fleet_that_did_its_work_keeps_every_promise(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)

    found = examine(fleet.home)

    assert [finding.invariant for finding in found.findings] == list(Invariant)
    assert all(finding.holds for finding in found.findings)
    assert (found.shots, found.at_work) == (4, False)
    assert SENTENCES.keys() == set(Invariant)


def test_a_fleet_with_work_to_do_keeps_every_promise_at_every_stage(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    fleet.submit("d", "e", "f")
    fleet.submit("b", seed=3)
    fleet.submit("d", seed=9)  # replaces the first, which is cancelled
    assert fleet.broken() == set()
    for step in (fleet.generate, fleet.generate, fleet.finish, fleet.publish, fleet.make_all):
        step()
        assert fleet.broken() == set()
    assert fleet.verdicts()["d-0"] is Verdict.CANCELLED


def test_a_shot_that_was_published_lost_and_made_again_keeps_every_promise(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    fleet.target("a").clip.unlink()

    fleet.make("a", seed=0, intact=False)

    assert fleet.broken() == set()
    assert b"a-0" in fleet.target("a").clip.read_bytes()


def test_a_fleet_whose_past_was_archived_keeps_every_promise(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    database = Database(fleet.home.ledger)
    (manifest,) = archive.over(database, before=time.time() + 1.0)
    assert archive.move(database, manifest, folder=tmp_path / "archive") == 4
    database.close()
    assert fleet.broken() == set()

    other = replace(MANIFEST, id="m2", sha256="2" * 64)
    fleet.submit("b", seed=4, manifest=other)
    fleet.make_all()

    assert fleet.broken() == set()
    assert fleet.verdicts() == {"b-4": Verdict.PASS}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_breaks_its_invariant_and_no_other(tmp_path: Path, name: str) -> None:
    fleet = small_fleet(tmp_path)

    DAMAGES[name].act(fleet)

    assert fleet.broken() == {DAMAGES[name].breaks}


def test_every_invariant_has_its_damage() -> None:
    assert {damage.breaks for damage in DAMAGES.values()} == set(Invariant)


def test_a_damaged_file_is_told_and_nothing_else_is_judged_by_it(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    data = bytearray(fleet.home.ledger.read_bytes())
    page = data.rindex(b"generate")  # a leaf of one of its indexes or tables
    data[page - page % 4096 + 8 : page - page % 4096 + 200] = bytes(192)
    fleet.home.ledger.write_bytes(data)

    found = examine(fleet.home)

    assert [finding.invariant for finding in found.broken] == [Invariant.LEDGER_WHOLE]
    assert {finding.unjudged for finding in found.findings[1:]} == {"the ledger is damaged"}


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    fleet = SmallFleet(tmp_path)
    fleet.home.root.mkdir()
    fleet.home.ledger.write_bytes(b"not a database" * 999)

    with pytest.raises(LedgerUnusable):
        examine(fleet.home)


def test_a_quick_examination_compares_sizes_and_not_bytes(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    clip = fleet.target("b").clip
    clip.write_bytes(b"?" * clip.stat().st_size)
    assert (fleet.broken(quick=True), fleet.broken()) == (set(), {Invariant.CLIPS_STAND})

    clip.write_bytes(b"short")

    assert fleet.broken(quick=True) == {Invariant.CLIPS_STAND}


def test_a_set_that_a_person_took_away_breaks_no_promise(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    for path in list(fleet.stills.glob("b.*")) + list(fleet.stills.glob("c.*")):
        path.rename(tmp_path / path.name)

    assert fleet.broken() == set()


def test_a_clip_that_a_person_put_where_a_shot_failed_breaks_no_promise(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    fleet.target("c").clip.write_bytes(b"a wedding")
    fleet.target("c").meta.unlink()

    assert fleet.broken() == set()


def test_temporary_files_of_others_beside_clips_are_theirs_for_an_hour(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    theirs = fleet.stills / ".motionfleet-0011223344556677.tmp"
    theirs.write_bytes(b"half a motion")
    assert fleet.broken() == set()

    os.utime(theirs, (time.time() - 3601.0,) * 2)

    assert fleet.broken() == {Invariant.NOTHING_LEFT}


def test_a_fleet_at_work_may_hold_leases_and_have_files_under_way(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    fleet.submit("d")
    fleet.lease(Stage.GENERATE)
    (fleet.stills / ".motionfleet-b-0-clip.tmp").write_bytes(b"half a cl")
    assert fleet.broken() == {Invariant.LEASES_HELD, Invariant.NOTHING_LEFT}
    lock = ProcessLock(fleet.home.dispatcher_lock)
    assert lock.acquire()

    found = examine(fleet.home)

    lock.release()
    assert found.at_work
    assert not found.broken
    assert {finding.invariant for finding in found.findings if finding.unjudged} == AT_REST


def test_a_lease_without_its_attempt_is_a_breach_even_at_work(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    fleet.submit("d")
    fleet.lease(Stage.GENERATE)
    fleet.damage("UPDATE jobs SET lease_token = 'nobody' WHERE state = 'leased'")

    found = judge(fleet.home, at_work=True)

    assert [finding.invariant for finding in found.broken] == [Invariant.LEASES_HELD]


def test_what_is_published_while_a_fleet_is_looked_into_is_no_breach(tmp_path: Path) -> None:
    fleet = small_fleet(tmp_path)
    looks: list[int] = []

    def meanwhile(done: int, total: int) -> None:
        looks.append(done)
        if len(looks) == 1:
            fleet.make("b", seed=5)

    found = judge(fleet.home, at_work=True, told=meanwhile)

    assert b"b-5" in fleet.target("b").clip.read_bytes()
    assert not found.broken
    assert (looks[-1], len(looks)) == (8, 7)  # four shots, and their three places
