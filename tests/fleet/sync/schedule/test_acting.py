"""Installing, replacing and removing: what is written, what the system is told, what is kept.

The system's own commands are doubles on PATH: they write down their calls, and keep jobs as the
real ones do.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fleet.sync.errors import ScheduleFailed
from fleet.sync.schedule.base import MARKER, Scheduler
from fleet.sync.schedule.launchd import Launchd
from fleet.sync.schedule.systemd import Systemd
from fleet.sync.schedule.times import When
from tests.fleet.sync.schedule.nightlies import LAUNCHCTL, LOGINCTL, SYSTEMCTL, Fake, nightly

LATER = When(hour=3, minute=15)
JOB = "gui/501/io.motionfleet.sync.colo"


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """systemd's commands, which do as they are told."""
    fake = Fake(tmp_path / "bin", "systemctl", SYSTEMCTL)
    Fake(tmp_path / "bin", "loginctl", LOGINCTL)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return fake


@pytest.fixture
def launchctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """launchd's command, which does as it is told."""
    fake = Fake(tmp_path / "bin", "launchctl", LAUNCHCTL)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return fake


@pytest.fixture
def systemd(tmp_path: Path, systemctl: Fake) -> Systemd:
    assert systemctl.file.exists()
    return Systemd(tmp_path / "config" / "systemd" / "user")


@pytest.fixture
def launchd(tmp_path: Path, launchctl: Fake) -> Launchd:
    assert launchctl.file.exists()
    return Launchd(tmp_path / "LaunchAgents", uid=501)


@pytest.fixture(params=["systemd", "launchd"])
def scheduler(request: pytest.FixtureRequest) -> Scheduler:
    """Each of them in turn: what a test of it says is true of both."""
    found: Scheduler = request.getfixturevalue(request.param)
    return found


def written(scheduler: Scheduler) -> dict[str, bytes]:
    """Files in the scheduler's folder, by name."""
    folder = next(iter(scheduler.texts(nightly()))).parent
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def test_what_is_installed_is_active_and_told(scheduler: Scheduler, tmp_path: Path) -> None:
    scheduler.install(nightly(home=tmp_path / "home"))

    (standing,) = scheduler.standing()
    assert (standing.host, standing.active) == ("colo", True)
    assert (standing.when, standing.home) == (When(2, 0), tmp_path / "home")
    assert set(standing.files) == set(scheduler.texts(nightly()))


def test_installed_again_the_new_times_count(scheduler: Scheduler, tmp_path: Path) -> None:
    scheduler.install(nightly(home=tmp_path))
    scheduler.install(nightly(home=tmp_path, when=LATER))

    (standing,) = scheduler.standing()
    assert (standing.when, standing.active) == (LATER, True)


def test_every_host_has_a_schedule_of_its_own(scheduler: Scheduler, tmp_path: Path) -> None:
    scheduler.install(nightly("berlin", home=tmp_path))
    scheduler.install(nightly("colo", home=tmp_path, when=LATER))

    assert [each.host for each in scheduler.standing()] == ["berlin", "colo"]


def test_removed_nothing_is_left_of_it(scheduler: Scheduler, tmp_path: Path) -> None:
    scheduler.install(nightly(home=tmp_path))

    gone = scheduler.remove("colo")

    assert set(gone) == set(scheduler.texts(nightly()))
    assert written(scheduler) == {}
    assert scheduler.standing() == ()


def test_what_was_never_installed_is_removed_without_a_word_to_the_system(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    assert scheduler.remove("colo") == ()
    assert list((tmp_path / "bin").glob("*.calls")) == []


def test_a_file_of_someone_else_is_neither_replaced_nor_removed(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    *_, taken = scheduler.texts(nightly())
    taken.parent.mkdir(parents=True)
    taken.write_text("mine\n")

    for act in (
        lambda: scheduler.install(nightly(home=tmp_path)),
        lambda: scheduler.remove("colo"),
    ):
        with pytest.raises(ScheduleFailed, match="was not written by fleet schedule") as told:
            act()
        assert str(taken) in str(told.value)

    assert written(scheduler) == {taken.name: b"mine\n"}
    assert scheduler.standing() == ()
    assert list((tmp_path / "bin").glob("*.calls")) == [], "the system was told nothing"


@pytest.mark.parametrize("shape", ["folder", "dangling link", "fifo"])
def test_what_is_no_file_of_ours_is_in_the_way_and_kept(
    scheduler: Scheduler, tmp_path: Path, shape: str
) -> None:
    *_, taken = scheduler.texts(nightly())
    taken.parent.mkdir(parents=True)
    match shape:
        case "folder":
            taken.mkdir()
        case "dangling link":
            taken.symlink_to(tmp_path / "nowhere")
        case _:
            os.mkfifo(taken)

    with pytest.raises(ScheduleFailed, match="is in the way"):
        scheduler.install(nightly(home=tmp_path))

    assert os.path.lexists(taken)
    assert not taken.is_file()
    assert not (tmp_path / "nowhere").exists()


def test_a_system_that_does_not_answer_is_told_before_anything_is_written(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    for name, probe in (("systemctl", "show"), ("launchctl", "print gui/501")):
        if (tmp_path / "bin" / name).exists():
            Fake(tmp_path / "bin", name, "").refuse(probe)

    with pytest.raises(ScheduleFailed, match=r"Operation not permitted.*nothing was written"):
        scheduler.install(nightly(home=tmp_path))

    assert written(scheduler) == {}


def test_a_system_without_the_command_is_told_how_to_do_it_otherwise(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    with pytest.raises(ScheduleFailed, match=r"is not on this machine.*--dry-run shows"):
        scheduler.install(nightly(home=tmp_path))

    assert written(scheduler) == {}
    assert scheduler.standing() == ()


def test_a_schedule_whose_system_cannot_be_asked_is_still_listed(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler.install(nightly(home=tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    (standing,) = scheduler.standing()
    assert (standing.when, standing.active) == (When(2, 0), None)


def test_systemd_is_told_to_read_then_to_enable_then_to_start(
    systemd: Systemd, systemctl: Fake
) -> None:
    systemd.install(nightly())

    assert systemctl.calls == [
        "--user show --property=Version",
        "--user daemon-reload",
        "--user enable motionfleet-sync@colo.timer",
        "--user restart motionfleet-sync@colo.timer",
    ]


def test_systemd_is_told_to_forget_before_the_files_are_gone(
    systemd: Systemd, systemctl: Fake
) -> None:
    systemd.install(nightly())
    systemctl.forget()

    systemd.remove("colo")

    assert systemctl.calls == [
        "--user show --property=Version",
        "--user disable --now motionfleet-sync@colo.timer",
        "--user daemon-reload",
    ]


@pytest.mark.parametrize("step", ["daemon-reload", "enable", "restart"])
def test_systemd_that_refuses_midway_is_told_with_what_was_written(
    systemd: Systemd, systemctl: Fake, step: str
) -> None:
    systemctl.refuse(step)

    with pytest.raises(ScheduleFailed) as told:
        systemd.install(nightly())

    files = " and ".join(map(str, systemd.texts(nightly())))
    assert f"{step}" in str(told.value)
    assert f"(Operation not permitted); {files} are written, but no run is" in str(told.value)
    assert set(written(systemd)) == {path.name for path in systemd.texts(nightly())}
    (standing,) = systemd.standing()
    assert standing.active is False


def test_a_systemd_that_refuses_to_forget_keeps_the_files(
    systemd: Systemd, systemctl: Fake
) -> None:
    systemd.install(nightly())
    systemctl.refuse("disable")

    with pytest.raises(ScheduleFailed, match="nothing was removed"):
        systemd.remove("colo")

    assert len(written(systemd)) == 2


def test_an_operator_without_lingering_is_told_how_nights_without_a_session_work(
    systemd: Systemd, systemctl: Fake
) -> None:
    (told,) = systemd.install(nightly())
    assert "loginctl enable-linger" in told

    (systemctl.folder / "linger").touch()
    assert systemd.install(nightly()) == ()


def test_a_machine_without_loginctl_gets_its_schedule_all_the_same(
    systemd: Systemd, systemctl: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    (systemctl.folder / "loginctl").unlink()
    # What the doubles call, and nothing else of this machine.
    for name in ("sh", "cat", "touch", "rm"):
        (systemctl.folder / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(systemctl.folder))

    (told,) = systemd.install(nightly())

    assert "loginctl enable-linger" in told
    (standing,) = systemd.standing()
    assert standing.active is True


def test_half_of_a_schedule_is_listed_as_not_active_and_can_be_removed(systemd: Systemd) -> None:
    systemd.install(nightly())
    service, timer = systemd.texts(nightly())
    service.unlink()

    (standing,) = systemd.standing()
    assert (standing.files, standing.active, standing.home) == ((timer,), False, None)
    assert systemd.remove("colo") == (timer,)


def test_launchd_is_given_a_job_it_does_not_have(
    launchd: Launchd, launchctl: Fake, tmp_path: Path
) -> None:
    launchd.install(nightly(home=tmp_path / "home"))

    assert launchctl.calls == [
        "print gui/501",
        f"print {JOB}",
        f"enable {JOB}",
        f"bootstrap gui/501 {tmp_path / 'LaunchAgents' / 'io.motionfleet.sync.colo.plist'}",
    ]
    assert (tmp_path / "home" / "sync" / "log").is_dir(), "launchd makes no folder for a log"


def test_launchd_has_let_go_of_the_old_job_before_it_is_given_the_new(
    launchd: Launchd, launchctl: Fake, tmp_path: Path
) -> None:
    launchd.install(nightly(home=tmp_path))
    launchctl.forget()

    launchd.install(nightly(home=tmp_path, when=LATER))

    verbs = [call.split()[0] for call in launchctl.calls]

    after = verbs[verbs.index("bootout") + 1 :]
    assert after == ["print", "print", "enable", "bootstrap"], "it is asked until it is gone"


def test_launchd_is_left_alone_where_nothing_has_changed(
    launchd: Launchd, launchctl: Fake, tmp_path: Path
) -> None:
    launchd.install(nightly(home=tmp_path))
    launchctl.forget()

    launchd.install(nightly(home=tmp_path))

    assert all(call.startswith("print ") for call in launchctl.calls)


def test_launchd_that_refuses_is_told_with_what_was_written(
    launchd: Launchd, launchctl: Fake, tmp_path: Path
) -> None:
    launchctl.refuse("bootstrap")

    with pytest.raises(ScheduleFailed, match=r"colo\.plist is written, but no run is scheduled"):
        launchd.install(nightly(home=tmp_path))

    (standing,) = launchd.standing()
    assert standing.active is False


def test_only_files_with_the_mark_are_listed(launchd: Launchd, tmp_path: Path) -> None:
    folder = tmp_path / "LaunchAgents"
    folder.mkdir()
    (folder / "io.motionfleet.sync.other.plist").write_text("<plist/>")
    (folder / "io.motionfleet.sync.damaged.plist").write_text(f"<!-- {MARKER} --> no plist")

    (standing,) = launchd.standing()

    assert (standing.host, standing.when, standing.home) == ("damaged", None, None)
