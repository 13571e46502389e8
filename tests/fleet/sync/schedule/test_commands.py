"""``fleet schedule`` as an operator gives it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.cli import Ran, environment, fleet
from tests.fleet.sync.schedule.nightlies import LOGINCTL, SYSTEMCTL, Fake

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a Mac's commands are launchd's")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fleet's home with one host that has folders, on a machine whose systemd is a double."""
    Fake(tmp_path / "bin", "systemctl", SYSTEMCTL)
    Fake(tmp_path / "bin", "loginctl", LOGINCTL)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin:relative/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    home = tmp_path / "my home"
    home.mkdir()
    (home / "settings.toml").write_text('[hosts.colo]\nfolders = ["/stills"]\n[hosts.bare]\n')
    return home


def units(home: Path) -> dict[str, str]:
    folder = home.parent / "config" / "systemd" / "user"
    return {path.name: path.read_text() for path in folder.glob("*")}


def test_a_night_is_installed_looked_at_and_removed(home: Path) -> None:
    done = fleet(home, "schedule", "install", "colo", "--at", "3:30", "--weekdays", "mon-fri")

    assert (done.code, done.out) == (
        0,
        "colo is synced Mon to Fri at 03:30, by systemd\n",
    )
    (found,) = fleet(home, "schedule", "status", "--json").json()
    assert (found["host"], found["at"], found["active"]) == ("colo", "03:30", True)
    assert found["weekdays"] == ["mon", "tue", "wed", "thu", "fri"]
    assert found["home"] == str(home)
    assert found["next_run_at"].endswith("Z")
    assert found["last"] is None, "it has not run yet"
    assert fleet(home, "schedule", "remove", "colo").out == "colo is not synced at night any more\n"
    assert fleet(home, "schedule", "status", "--json").json() == []
    assert units(home) == {}


def test_the_scheduled_command_runs_from_anywhere_with_nothing_around_it(home: Path) -> None:
    fleet(home, "schedule", "install", "colo")

    (line,) = [
        line.removeprefix("ExecStart=")
        for line in units(home)["motionfleet-sync@colo.service"].splitlines()
        if line.startswith("ExecStart=")
    ]
    words = line.split()
    assert words == [sys.executable, "-P", "-m", "fleet", "sync", "colo", "--all"]
    # A folder of that name lies where it is started.
    (home.parent / "elsewhere" / "fleet").mkdir(parents=True)
    done = subprocess.run(
        [*words[:-3], "sync", "--help"],
        cwd=home.parent / "elsewhere",
        env={"PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"], "FLEET_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_command_that_would_not_run_at_night_is_told_by_day(home: Path) -> None:
    # As where motionfleet is found by PYTHONPATH alone, which no scheduler knows.
    words = ["fleet", "schedule", "install", "colo"]
    script = f"import sys; sys.executable = '/bin/false'; sys.argv = {words}; from fleet import cli"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}; cli.main()"],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 92
    assert "the nightly command cannot be run (/bin/false -P -m fleet --version" in done.stderr
    assert units(home) == {}


def test_a_relative_folder_of_path_is_left_out(home: Path) -> None:
    fleet(home, "schedule", "install", "colo")

    assert "relative/bin" not in units(home)["motionfleet-sync@colo.service"]


def test_a_dry_run_shows_the_files_and_writes_none(home: Path) -> None:
    done = fleet(home, "schedule", "install", "colo", "--dry-run")

    assert "OnCalendar=*-*-* 02:00:00" in done.out
    assert f'Environment="FLEET_HOME={home}"' in done.out
    assert units(home) == {}
    assert not (home.parent / "bin" / "systemctl.calls").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["colx"], 80, "has no [hosts.colx]"),
        (["bare"], 48, "hosts.bare.folders"),
        (["colo", "--at", "25:00"], 2, "25:00"),
        (["colo", "--weekdays", "weekend"], 2, "weekend"),
    ],
)
def test_what_would_come_to_nothing_is_refused_and_nothing_written(
    home: Path, arguments: list[str], code: int, words: str
) -> None:
    done = fleet(home, "schedule", "install", *arguments)

    assert done.code == code
    assert words in done.err
    assert units(home) == {}


def test_status_tells_how_the_last_run_ended(home: Path) -> None:
    fleet(home, "schedule", "install", "colo")
    # Nothing of that name is known to ssh.
    night = fleet(home, "sync", "colo", "--all", "--patience", "0")
    assert night.code not in {0, 2}

    (found,) = fleet(home, "schedule", "status", "--json").json()
    assert found["last"]["exit_code"] == night.code
    assert "colo" in found["last"]["message"]
    assert found["missed_at"] is None
    row = fleet(home, "schedule", "status").out.rstrip("\n").split("\t")
    assert row[4].endswith("Z")
    assert row[5].startswith(f"exit code {night.code}: ")


def test_status_tells_of_a_run_that_never_began(home: Path) -> None:
    # An hour and more ago, whatever the clock says now.
    due = (datetime.now() - timedelta(hours=2)).strftime("%H:%M")  # noqa: DTZ005
    fleet(home, "schedule", "install", "colo", "--at", due)
    folder = home.parent / "config" / "systemd" / "user"
    for unit in folder.iterdir():
        long_ago = unit.stat().st_mtime - 3 * 86400
        os.utime(unit, (long_ago, long_ago))

    done = fleet(home, "schedule", "status")

    assert "colo was due at" in done.err
    assert "journalctl --user -u motionfleet-sync@colo" in done.err
    assert fleet(home, "schedule", "status", "--json").json()[0]["missed_at"].endswith("Z")


def test_the_schedule_of_another_home_is_not_replaced_unseen(home: Path, tmp_path: Path) -> None:
    fleet(home, "schedule", "install", "colo")
    before = units(home)
    other = tmp_path / "other"
    other.mkdir()
    (other / "settings.toml").write_text((home / "settings.toml").read_text())

    done = fleet(other, "schedule", "install", "colo")

    assert done.code == 92
    assert f"scheduled already, with FLEET_HOME={home}" in done.err
    assert units(home) == before


def test_status_is_read_by_people_and_by_cut(home: Path) -> None:
    nothing = fleet(home, "schedule", "status")
    assert (nothing.code, nothing.out) == (0, "")
    assert "fleet schedule install HOST" in nothing.err

    fleet(home, "schedule", "install", "colo")
    row: Ran = fleet(home, "schedule", "status", "colo")
    assert row.out.split("\t")[:3] == ["colo", "every day at 02:00", "active"]
    assert "made up for" in row.err
