"""The texts that schedulers are given: understood by systemd itself, and by what reads plists."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given

from deploy.print_schedules import DEPLOY, texts
from fleet.sync.errors import ScheduleFailed
from fleet.sync.schedule import launchd_plist, systemd_units
from fleet.sync.schedule.base import MARKER, check
from fleet.sync.schedule.times import Weekday, When
from tests.fleet.sync.schedule.nightlies import ODD_HOMES, nightly, printable, whens

WEEKDAYS = When(hour=2, minute=30, weekdays=(Weekday.MON, Weekday.FRI, Weekday.SUN))


def examined(folder: Path, *, service: str, timer: str) -> tuple[int, list[str], list[str]]:
    """What systemd says of both units: exit code, complaints, and how it understood them."""
    # A test without it proves nothing: it fails, and says what is missing.
    assert shutil.which("systemd-analyze"), "systemd-analyze is missing: apt-get install systemd"
    (folder / "run").mkdir(mode=0o700)
    (folder / "motionfleet-sync@colo.service").write_text(service)
    (folder / "motionfleet-sync@colo.timer").write_text(timer)
    command = ["systemd-analyze", "--user", "verify", "--man=no"]
    done = [
        subprocess.run(
            [*command, "./motionfleet-sync@colo.service", "./motionfleet-sync@colo.timer"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "XDG_RUNTIME_DIR": str(folder / "run"), "SYSTEMD_LOG_LEVEL": level},
        )
        for level in ("info", "debug")
    ]
    # Its own words are about our units only where it names them.
    complaints = [line for line in done[0].stderr.splitlines() if "motionfleet" in line]
    understood = (done[1].stdout + done[1].stderr).splitlines()
    return done[0].returncode, complaints, [line.strip() for line in understood]


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")


@on_linux
@pytest.mark.parametrize("home", ODD_HOMES)
def test_systemd_understands_every_folder_as_it_is(tmp_path: Path, home: str) -> None:
    wanted = nightly(home=home, path=f"{home}/bin:/usr/bin")

    code, complaints, understood = examined(
        tmp_path, service=systemd_units.service(wanted), timer=systemd_units.timer(wanted)
    )

    assert (code, complaints) == (0, [])
    assert f"Environment: FLEET_HOME={home}" in understood
    assert f"Environment: PATH={home}/bin:/usr/bin" in understood


@on_linux
def test_systemd_understands_a_python_in_a_folder_with_blanks_and_percents(tmp_path: Path) -> None:
    program = tmp_path / "100% motion fleet" / "python"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    wanted = nightly(program=(str(program), "-P", "-m", "fleet"))

    code, complaints, understood = examined(
        tmp_path, service=systemd_units.service(wanted), timer=systemd_units.timer(wanted)
    )

    assert (code, complaints) == (0, [])
    assert f'Command Line: "{program}" -P -m fleet sync colo --all' in understood


@on_linux
def test_systemd_runs_it_on_the_chosen_days_and_makes_up_for_a_missed_run(tmp_path: Path) -> None:
    wanted = nightly(when=WEEKDAYS)

    code, complaints, understood = examined(
        tmp_path, service=systemd_units.service(wanted), timer=systemd_units.timer(wanted)
    )

    assert (code, complaints) == (0, [])
    assert "OnCalendar: Mon,Fri,Sun *-*-* 02:30:00" in understood
    assert "Persistent: yes" in understood
    assert "TimeoutStartSec: infinity" in understood
    assert "Nice: 10" in understood


@on_linux
def test_systemd_accepts_the_units_in_deploy(tmp_path: Path) -> None:
    service, timer = (
        (Path("deploy/systemd") / f"motionfleet-sync@.{kind}").read_text()
        for kind in ("service", "timer")
    )

    code, complaints, understood = examined(
        tmp_path,
        service=service.replace("/opt/motionfleet/bin/python", "/usr/bin/env"),
        timer=timer,
    )

    assert (code, complaints) == (0, [])
    assert "Command Line: /usr/bin/env -P -m fleet sync colo --all" in understood


def test_the_files_in_deploy_are_what_is_printed() -> None:
    for path, text in texts().items():
        assert path.read_bytes() == text, "run: python deploy/print_schedules.py"

    printed = {path for folder in ("launchd", "systemd") for path in (DEPLOY / folder).iterdir()}
    assert printed == set(texts()), "nothing else lies there"


@given(when=whens, home=printable)
@example(when=WEEKDAYS, home='"')
@example(when=WEEKDAYS, home="%%h\\")
def test_what_a_unit_says_is_read_back_from_it(when: When, home: str) -> None:
    wanted = nightly(when=when, home=f"/{home}")

    assert systemd_units.when_of(systemd_units.timer(wanted)) == when
    assert systemd_units.home_of(systemd_units.service(wanted)) == wanted.home


@pytest.mark.parametrize(
    "line",
    [
        "OnCalendar=hourly",
        "OnCalendar=Foo *-*-* 02:00:00",
        "OnCalendar=*-*-* 02:00:30",
        "OnCalendar=*-*-* 02:00:00\nOnCalendar=*-*-* 14:00:00",
        "",
    ],
)
def test_a_timer_changed_by_hand_is_not_taken_for_ours(line: str) -> None:
    changed = systemd_units.timer(nightly()).replace("OnCalendar=*-*-* 02:00:00", line)

    assert systemd_units.when_of(changed) is None


@given(when=whens, home=printable)
def test_what_a_plist_says_is_read_back_from_it(when: When, home: str) -> None:
    wanted = nightly(when=when, home=f"/{home}")
    text = launchd_plist.plist(wanted)

    assert launchd_plist.when_of(text) == when
    assert launchd_plist.home_of(text) == wanted.home
    assert MARKER.encode() in text


@pytest.mark.parametrize("home", ODD_HOMES)
def test_a_plist_has_the_keys_launchd_asks_for(home: str) -> None:
    job = plistlib.loads(launchd_plist.plist(nightly(when=WEEKDAYS, home=home)))

    assert job["Label"] == "io.motionfleet.sync.colo"
    assert job["EnvironmentVariables"]["FLEET_HOME"] == home
    assert job["StandardOutPath"] == job["StandardErrorPath"] == f"{home}/sync/log/colo.log"
    assert job["ProcessType"] == "Background"
    # launchd's week begins on Sunday, with 0.
    assert job["StartCalendarInterval"] == [
        {"Hour": 2, "Minute": 30, "Weekday": day} for day in (1, 5, 0)
    ]
    assert "RunAtLoad" not in job, "loading it at every login would sync at every login"


def test_a_plist_for_every_day_names_no_day() -> None:
    job = plistlib.loads(launchd_plist.plist(nightly()))

    assert job["StartCalendarInterval"] == {"Hour": 2, "Minute": 0}
    assert job["ProgramArguments"] == [
        "/usr/bin/env", "-P", "-m", "fleet", "sync", "colo", "--all"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<plist",
        b"bplist00",
        b'<plist version="1.0"><array/></plist>',
        plistlib.dumps({"StartCalendarInterval": {"Hour": "2", "Minute": 0}}),
        plistlib.dumps({"StartCalendarInterval": {"Hour": 2, "Minute": 0, "Day": 1}}),
        plistlib.dumps({"StartCalendarInterval": []}),
        plistlib.dumps({"EnvironmentVariables": ["FLEET_HOME"]}),
    ],
)
def test_a_plist_that_is_damaged_or_changed_by_hand_says_nothing(text: bytes) -> None:
    assert launchd_plist.when_of(text) is None
    assert launchd_plist.home_of(text) is None


@pytest.mark.parametrize("home", ["/home/me\nExecStart=/bin/sh", "/home/\x1b[31m"])
def test_a_folder_that_would_add_a_line_is_refused(home: str) -> None:
    with pytest.raises(ScheduleFailed, match="FLEET_HOME has characters"):
        check(nightly(home=home))


@pytest.mark.parametrize("program", ['/opt/a"b/python', "/opt/$x/python", "/opt/a\\b/python"])
def test_a_python_that_systemd_cannot_name_is_refused(program: str) -> None:
    with pytest.raises(ScheduleFailed, match="the path of Python"):
        check(nightly(program=(program, "-m", "fleet")))
