"""``fleet sync HOST --all``: every folder, one report, the operator's command where it failed."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from companions.names import MANIFEST_SUFFIX
from fleet.errors import SettingsInvalid
from fleet.home import Home
from fleet.sync import nightly
from fleet.sync.desk.label import label_of
from fleet.sync.desk.lock import held
from fleet.sync.errors import HostUnreachable, SyncBusy, SyncIncomplete
from tests.chaos import transit
from tests.fleet.sync.desk.desks import Desk, nearby
from tests.fleet.sync.hours import Hours
from tests.fleet.sync.sshd import ALIAS, free_port

WHEN = datetime(2026, 1, 1, 2, 0, 0, tzinfo=UTC)


def night(desk: Desk, *, at: datetime = WHEN, patience_s: float = 0.0) -> nightly.Night:
    return nightly.run(
        ALIAS, settings=desk.settings, home=desk.home, patience_s=patience_s, now=lambda: at
    )


def add(desk: Desk, *lines: str) -> None:
    """Lines more in the host's table."""
    with desk.home.settings_file.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def folders(desk: Desk, *paths: Path) -> None:
    add(desk, f"folders = {json.dumps([str(path) for path in paths])}")


def test_every_folder_is_synced_and_the_report_says_so(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    other = tmp_path / "another"
    other.mkdir()
    transit.shoot(desk.folder, pictures=2, size_bytes=100, seed=1)
    transit.shoot(other, pictures=3, size_bytes=100, seed=2)
    folders(desk, desk.folder, other)

    done = night(desk)

    assert (done.error, done.report.exit_code, done.report.message) == (None, 0, "")
    assert done.path == desk.home.sync / "reports" / "colo-20260101T020000Z.json"
    assert done.report.outcome.sets_sent == 2
    assert done.report.outcome.files_sent == 5
    assert done.report.outcome.sets_submitted == 2
    assert nightly.last_report(desk.home, ALIAS) == done.report


def test_what_did_not_go_through_is_in_the_report_and_its_first_line(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    transit.shoot(desk.folder, pictures=2, size_bytes=100, seed=1)
    (desk.folder / f"torn{MANIFEST_SUFFIX}").write_text("{")
    folders(desk, desk.folder, tmp_path / "unmounted")

    done = night(desk)

    assert isinstance(done.error, SyncIncomplete)
    assert done.report.exit_code == 89
    assert [Path(each.about).name for each in done.report.problems] == [
        "unmounted", f"torn{MANIFEST_SUFFIX}",
    ]  # fmt: skip
    assert done.report.message.endswith("(and 1 more)")
    assert done.report.outcome.sets_sent == 1  # the rest went on


def test_a_conflict_is_in_the_report(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    manifest = transit.shoot(desk.folder, pictures=1, size_bytes=100, seed=1)
    folders(desk, desk.folder)
    night(desk)
    published = transit.results(desk.clips, manifest, size_bytes=4096)
    mine = desk.folder / min(path for path in published if path.endswith(".mp4"))
    mine.write_bytes(b"a person's")

    report = night(desk, at=WHEN + timedelta(days=1)).report

    assert report.exit_code == 89
    assert [each.path for each in report.conflicts] == [str(mine)]
    assert report.message.startswith(f"{mine} was kept")


def test_a_host_that_is_away_is_told_with_its_own_exit_code(tmp_path: Path) -> None:
    desk = away(tmp_path)

    done = night(desk)

    assert isinstance(done.error, HostUnreachable)
    assert (done.report.exit_code, done.report.code) == (81, "host_unreachable")
    assert ALIAS in done.report.message


def away(tmp_path: Path) -> Desk:
    """A desk whose host does not answer."""
    desk = nearby(tmp_path)
    config = tmp_path / "ssh_config"
    config.write_text(f"Host {ALIAS}\n  HostName 127.0.0.1\n  Port {free_port()}\n")
    desk.home.settings_file.write_text(f'[hosts.{ALIAS}]\nssh_config = "{config}"\n')
    folders(desk, desk.folder)
    return desk


def test_a_host_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    desk = away(tmp_path)
    told: list[str] = []
    hours = Hours()

    done = nightly.run(
        ALIAS, settings=desk.settings, home=desk.home, patience_s=25.0, complain=told.append,
        clock=hours.clock, sleep=hours.sleep,
    )  # fmt: skip

    assert isinstance(done.error, HostUnreachable)
    assert hours.slept == [nightly.KNOCK_EVERY_S] * 3
    assert len(told) == 3
    assert all("knocking again" in line for line in told)


def test_while_another_is_at_work_nothing_is_done_and_nothing_reported(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    transit.shoot(desk.folder, pictures=1, size_bytes=100, seed=1)
    folders(desk, desk.folder)
    label = label_of(desk.folder, home=desk.home)

    with (
        held({label: desk.folder}, home=desk.home, host=ALIAS),
        pytest.raises(SyncBusy) as told,
    ):
        night(desk)

    assert "process " in str(told.value)
    assert str(desk.folder) in str(told.value)
    assert transit.visible_sets(desk.inbox) == []
    assert nightly.last_report(desk.home, ALIAS) is None


def test_the_operators_command_is_called_with_what_went_wrong(tmp_path: Path) -> None:
    desk = away(tmp_path)
    script = tmp_path / "tell.py"
    script.write_text(f"import json, sys\njson.dump(sys.argv[1:], open({str(tmp_path / 'told')!r}, 'w'))\n")  # fmt: skip  # noqa: E501
    command = [sys.executable, str(script), "{host}", "exit {exit}", "{message}", "{report}"]
    add(desk, f"failure_command = {json.dumps(command)}")

    done = night(desk)

    assert json.loads((tmp_path / "told").read_text()) == [
        ALIAS, "exit 81", done.report.message, str(done.path),
    ]  # fmt: skip
    assert done.report.failure_command == "called"


def test_the_operators_command_is_not_called_where_all_went_well(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    transit.shoot(desk.folder, pictures=1, size_bytes=100, seed=1)
    folders(desk, desk.folder)
    add(desk, f'failure_command = ["touch", "{tmp_path / "told"}"]')

    assert night(desk).report.failure_command == ""
    assert not (tmp_path / "told").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/no/such/program"], "could not be started"),
        (["false"], "exit code 1"),
    ],
)
def test_a_command_that_fails_is_noted(tmp_path: Path, command: list[str], said: str) -> None:
    desk = away(tmp_path)
    add(desk, f"failure_command = {json.dumps(command)}")

    done = night(desk)

    assert said in done.report.failure_command
    assert nightly.last_report(desk.home, ALIAS) == done.report
    assert done.report.exit_code == 81  # what failed first


def test_a_command_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    begun = time.monotonic()
    note = tmp_path / "pid"

    said = nightly.call(["sh", "-c", f"sleep 300 & echo $! > {note}; wait"], limit_s=0.5)

    assert "more than 0.5 s" in said
    assert time.monotonic() - begun < 30.0
    deadline = time.monotonic() + 10.0
    while _lives(int(note.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_value_is_never_taken_for_a_placeholder() -> None:
    values = {"host": "{message}", "message": "100% {report}", "report": "r"}

    assert nightly.filled(["{host}", "x{message}y", "{other}"], values) == [
        "{message}", "x100% {report}y", "{other}",
    ]  # fmt: skip


def test_only_the_last_reports_are_kept_and_those_of_other_hosts_stay(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    reports = desk.home.sync / "reports"
    reports.mkdir(parents=True)
    for number in range(70):
        at = WHEN - timedelta(days=1 + number)
        (reports / nightly.name_of(ALIAS, at)).write_text("{}")
    others = reports / nightly.name_of(f"{ALIAS}-2", WHEN)
    others.write_text("{}")
    folders(desk, desk.folder)

    done = night(desk)

    kept = sorted(path.name for path in reports.iterdir() if path != others)
    assert len(kept) == nightly.KEPT
    assert kept[-1] == done.path.name
    assert others.exists()


def test_two_runs_within_a_second_have_a_report_each(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    folders(desk, desk.folder)

    first, second = night(desk), night(desk)

    assert first.path != second.path
    assert first.path.exists()
    assert max(first.path, second.path) == second.path


def test_a_damaged_report_is_passed_over(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    folders(desk, desk.folder)
    done = night(desk)
    later = done.path.with_name(nightly.name_of(ALIAS, WHEN + timedelta(days=1)))
    later.write_text("{")

    assert nightly.last_report(desk.home, ALIAS) == done.report


def test_no_report_is_none(tmp_path: Path) -> None:
    assert nightly.last_report(Home(tmp_path), ALIAS) is None


@pytest.mark.parametrize("named", [[], ["stills"], ["./stills"]])
def test_folders_must_be_named_in_full(tmp_path: Path, named: list[str]) -> None:
    desk = nearby(tmp_path)
    add(desk, f"folders = {json.dumps(named)}")

    with pytest.raises(SettingsInvalid, match="folders"):
        night(desk)


def test_a_folder_of_ones_home_may_be_named_with_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    found = nightly.absolute([Path("~/stills")], host=ALIAS, file=tmp_path)

    assert found == [tmp_path / "stills"]


def test_a_report_survives_its_own_reading(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    odd = tmp_path / "odd\udcff"
    folders_of = dataclasses.replace(desk, folder=odd)
    add(folders_of, 'folders = ["/nowhere/at/all"]')

    done = night(desk)

    assert nightly.last_report(desk.home, ALIAS) == done.report
