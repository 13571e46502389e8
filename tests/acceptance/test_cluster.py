"""A cluster that stays: up, mended, examined, down, and nothing left."""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.cluster import probe, processes
from fleet.cluster.probe import Answer
from fleet.doctor.sockets import listeners_of
from fleet.ledger.lock import ProcessLock
from fleet.settings import Home
from tests.acceptance.cli import fleet
from tests.acceptance.standing import (
    count,
    dispatcher_of,
    home_with_small_store,
    kill,
    record_of,
    take_down,
    until,
)
from tests.fleet.making import shot, small_picture, write_manifest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Ray's clusters need Linux")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with a cluster that is up; each test leaves one that works."""
    home = home_with_small_store(tmp_path_factory.mktemp("standing") / "home")
    try:
        up = fleet(home.root, "up")
        assert up.code == 0, up.err
        yield home
    finally:
        take_down(home)


def test_up_a_second_time_says_where_the_cluster_is_and_starts_nothing(home: Home) -> None:
    before = record_of(home), dispatcher_of(home)

    again = fleet(home.root, "up", "--json")

    assert again.json()["address"] == before[0].address
    assert (record_of(home), dispatcher_of(home)) == before


def test_the_record_is_for_its_owner_alone_and_holds_no_secret(home: Home) -> None:
    assert stat.S_IMODE(home.cluster.stat().st_mode) == 0o600
    assert home.token.read_text() not in home.cluster.read_text()
    assert stat.S_IMODE(Path(record_of(home).folder).parent.stat().st_mode) == 0o700


def test_what_is_submitted_is_made_by_the_cluster(home: Home, tmp_path: Path) -> None:
    picture = small_picture(tmp_path / "a.png")
    manifest = write_manifest(tmp_path / "m.video_manifest.json", [shot(picture, tmp_path)])
    before = dispatcher_of(home)

    done = fleet(home.root, "submit", manifest)

    assert done.code == 0, done.err
    assert (tmp_path / "a.mp4").exists()
    assert dispatcher_of(home) == before


def test_a_stranger_and_a_wrong_token_are_refused(home: Home, tmp_path: Path) -> None:
    address = record_of(home).address
    wrong = tmp_path / "token"
    wrong.write_text("0" * 64)

    assert probe.ask(address, token=None) is Answer.REFUSED
    assert probe.ask(address, token=wrong) is Answer.REFUSED
    assert probe.ask(address, token=home.token) is Answer.OPEN


def test_every_process_of_a_cluster_for_one_machine_listens_on_loopback_alone(home: Home) -> None:
    heard = listeners_of(processes.members(Path(record_of(home).folder)))

    assert {"gcs_server", "raylet"} <= {each.program for each in heard}
    assert [each for each in heard if not each.is_loopback] == []


def test_the_doctor_finds_a_cluster_that_is_up_in_order(home: Home) -> None:
    seen = fleet(home.root, "doctor", "--json")

    states = {check["name"]: check["state"] for check in seen.json()}
    assert seen.code == 0, seen.out
    assert {states[name] for name in ("cluster", "authentication", "ports", "dispatcher")} == {
        "pass"
    }


def test_a_gcs_that_is_killed_comes_back_and_nobody_else_notices(home: Home) -> None:
    counted, before, dispatcher = count(home), record_of(home), dispatcher_of(home)

    kill(before.gcs)
    took_s = until(
        lambda: probe.ask(before.address, token=home.token) is Answer.OPEN,
        within_s=20.0, what="the GCS is back",
    )  # fmt: skip

    assert count(home) == counted + 1, "the actor lost its name or its state"
    after = record_of(home)
    assert (after.raylet, after.address) == (before.raylet, before.address)
    # One that does not come up at once is started again: how often is nobody's concern.
    assert after.gcs != before.gcs
    assert after.restarts > before.restarts
    assert dispatcher_of(home) == dispatcher
    assert took_s < 10.0


def test_a_raylet_of_the_head_that_is_killed_comes_back_with_the_dispatcher(home: Home) -> None:
    before, dispatcher = record_of(home), dispatcher_of(home)

    kill(before.raylet)
    until(
        lambda: dispatcher_of(home) != dispatcher and ProcessLock(home.dispatcher_lock).is_held(),
        within_s=40.0, what="the dispatcher is back",
    )  # fmt: skip

    after = record_of(home)
    assert (after.gcs, after.address) == (before.gcs, before.address)
    assert after.raylet != before.raylet


def test_a_keeper_that_is_killed_is_missed_by_the_doctor_and_replaced_by_up(home: Home) -> None:
    before, dispatcher = record_of(home), dispatcher_of(home)
    lock = ProcessLock(home.root / "keeper.lock")
    os.kill(int(lock.holder().split()[1]), signal.SIGKILL)
    until(lambda: not lock.is_held(), within_s=5.0, what="the keeper is gone")

    seen = {check["name"]: check for check in fleet(home.root, "doctor", "--json").json()}
    again = fleet(home.root, "up")

    assert seen["cluster"]["state"] == "warn"
    assert again.code == 0, again.err
    assert lock.is_held()
    assert record_of(home).raylet == before.raylet
    assert dispatcher_of(home) == dispatcher
    kill(record_of(home).gcs)
    until(lambda: record_of(home).gcs != before.gcs, within_s=10.0, what="the new keeper mends")
    until(
        lambda: probe.ask(before.address, token=home.token) is Answer.OPEN,
        within_s=20.0, what="the GCS is back",
    )  # fmt: skip


def test_one_of_two_clusters_is_taken_down_without_a_trace_and_the_other_never_notices(
    home: Home, tmp_path: Path
) -> None:
    picture = small_picture(tmp_path / "a.png")
    manifest = write_manifest(tmp_path / "m.video_manifest.json", [shot(picture, tmp_path)])
    first, dispatcher = record_of(home), dispatcher_of(home)
    other = home_with_small_store(tmp_path / "home")
    fleet(other.root, "submit", manifest, "--no-wait")
    try:
        up = fleet(other.root, "up", "--generation", "0")
        assert up.code == 0, up.err
        second = record_of(other)
        examined = fleet(other.root, "doctor", "--json")
        for pid in sorted(processes.members(Path(second.folder)), reverse=True):
            os.kill(pid, signal.SIGSTOP)  # the worst case: not one of them can end itself
        begun = time.monotonic()
        down = fleet(other.root, "down")
        took_s = time.monotonic() - begun
    finally:
        take_down(other)

    assert second.address != first.address
    pools = next(check for check in examined.json() if check["name"] == "pools")
    assert (examined.code, pools["state"]) == (63, "fail")
    assert "1 shots wait for generation" in pools["figure"]
    assert down.code == 0, down.err
    assert nothing_left(other, folder=Path(second.folder))
    assert took_s < 10.0
    assert fleet(other.root, "down").out.startswith("no cluster is up")
    assert (record_of(home), dispatcher_of(home)) == (first, dispatcher)
    assert processes.is_alive(first.raylet) if first.raylet else False


def nothing_left(home: Home, *, folder: Path) -> bool:
    """Whether a cluster is gone without a trace but its logs and the ledger."""
    assert processes.members(folder) == frozenset()
    assert not folder.parent.exists()
    assert not home.cluster.exists()
    assert not (home.root / "gcs").exists()
    assert not ProcessLock(home.root / "keeper.lock").is_held()
    return True
