"""``fleet schedule`` as an operator gives it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.cli import Ran, fleet
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
        "colo is synced Mon, Tue, Wed, Thu, Fri at 03:30, by systemd\n",
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
        (["bare"], 92, "names no folders"),
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
