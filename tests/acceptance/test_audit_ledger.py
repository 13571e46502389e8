"""``fleet audit ledger`` says whether the promise holds; ``fleet repair`` mends what can be."""

from __future__ import annotations

from pathlib import Path

from fleet.errors import FleetBusy, InvariantBroken
from fleet.invariants.listing import SENTENCES, Invariant
from fleet.ledger.lock import ProcessLock
from tests.acceptance.cli import fleet
from tests.fleet.invariants.small_fleet import small_fleet


def test_a_whole_fleet_gets_one_line_for_each_invariant_and_all_pass(tmp_path: Path) -> None:
    home = small_fleet(tmp_path).home.root

    ran = fleet(home, "audit", "ledger")

    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert ran.code == 0
    assert [row[:3] for row in rows] == [[each.value, "pass", "0"] for each in Invariant]
    assert [row[3] for row in rows] == list(SENTENCES.values())


def test_a_breach_is_shown_with_its_place_and_ends_with_its_exit_code(tmp_path: Path) -> None:
    small = small_fleet(tmp_path)
    small.target("b").clip.unlink()

    ran = fleet(small.home.root, "audit", "ledger")

    row = next(line for line in ran.out.splitlines() if line.startswith("clips-stand"))
    assert ran.code == InvariantBroken.exit_code
    assert row.split("\t")[1:3] == ["breach", "1"]
    assert f"{small.target('b').clip}: the clip of b-0 is gone" in row
    assert "fleet repair" in ran.err


def test_scripts_get_every_breach(tmp_path: Path) -> None:
    small = small_fleet(tmp_path)
    for name in ("a", "b", "c"):
        small.target(name).meta.unlink()

    ran = fleet(small.home.root, "audit", "ledger", "--quick", "--json")

    told = {each["name"]: each for each in ran.json()["invariants"]}
    assert ran.code == InvariantBroken.exit_code
    assert (ran.json()["shots"], ran.json()["quick"], ran.json()["at_work"]) == (4, True, False)
    assert [breach["mendable"] for breach in told["metas-tell"]["breaches"]] == [True] * 3
    assert [name for name, each in told.items() if not each["holds"]] == ["metas-tell"]


def test_an_examination_changes_nothing_and_works_on_an_empty_home(tmp_path: Path) -> None:
    ran = fleet(tmp_path / "home", "audit", "ledger", "--json")

    assert (ran.code, ran.json()["shots"]) == (0, 0)


def test_repair_says_what_it_would_do_then_does_it_then_has_nothing_to_do(tmp_path: Path) -> None:
    small = small_fleet(tmp_path)
    small.target("b").meta.unlink()
    (small.stills / ".motionfleet-b-0-clip.tmp").write_bytes(b"half a cl")
    home = small.home.root

    dry = fleet(home, "repair", "--dry-run")
    assert not small.target("b").meta.exists()
    wet = fleet(home, "repair")
    again = fleet(home, "repair")

    assert (dry.code, wet.code, again.code) == (0, 0, 0)
    assert dry.out == wet.out
    assert [line.split("\t")[2] for line in wet.out.splitlines()] == [
        "wrote the meta again, from the ledger",
        "removed it",
    ]
    assert "2 mended" in wet.err
    assert (again.out, "nothing to mend" in again.err) == ("", True)
    assert fleet(home, "audit", "ledger").code == 0


def test_a_clip_that_somebody_edited_is_told_and_left_to_them(tmp_path: Path) -> None:
    small = small_fleet(tmp_path)
    small.target("b").clip.write_bytes(b"colour-corrected by hand")

    ran = fleet(small.home.root, "repair", "--json")

    (deed,) = ran.json()
    assert (ran.code, deed["about"], deed["did"]) == (0, str(small.target("b").clip), "")
    assert deed["left"]
    assert small.target("b").clip.read_bytes() == b"colour-corrected by hand"
    assert fleet(small.home.root, "audit", "ledger").code == InvariantBroken.exit_code


def test_a_fleet_at_work_can_be_examined_but_not_repaired(tmp_path: Path) -> None:
    small = small_fleet(tmp_path)
    lock = ProcessLock(small.home.dispatcher_lock)
    assert lock.acquire()

    examined = fleet(small.home.root, "audit", "ledger")
    refused = fleet(small.home.root, "repair")

    lock.release()
    assert examined.code == 0
    assert "not judged" in examined.out
    assert refused.code == FleetBusy.exit_code
