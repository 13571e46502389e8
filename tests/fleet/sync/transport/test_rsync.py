"""The transport over rsync, against a real server and a real rsync."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fleet.sync.errors import (
    HostKeyRefused,
    HostRefused,
    HostUnreachable,
    TransferFailed,
    TransferRefused,
)
from fleet.sync.transport import tether
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.choice import Rsync, rsync_here
from fleet.sync.transport.rsync import RsyncTransport
from tests.contracts.transfers import MEGA, Running, bytes_below, bytes_of, until, write
from tests.fleet.sync.proxy import Proxy
from tests.fleet.sync.sshd import Sshd
from tests.fleet.sync.transport import openrsync
from tests.fleet.sync.transport.client import opened
from tests.fleet.sync.transport.remote import LineContract, OverALine, runs

GNU = Rsync("gnu", (3, 5, 0), 32)


class TestRsync(LineContract):
    name = "rsync"

    def test_a_file_that_grows_far_beyond_what_was_said_is_cut_off(
        self, transport: RsyncTransport, here: Path, far: Path
    ) -> None:
        write(far, {"a.mp4": bytes_of(8 * MEGA), "z.mp4": b"small"})
        items = [Item("a.mp4", 8 * MEGA), Item("z.mp4", 5)]
        pace = Pace(bytes_per_s=12 * MEGA)
        running = Running(
            lambda stop: self.fetch(transport, items, far, here, pace=pace, stop=stop)
        )
        until(lambda: bytes_below(here) > MEGA, what="a megabyte arrived")

        with (far / "z.mp4").open("r+b") as stream:
            stream.truncate(500 * MEGA)
        running.join()

        assert isinstance(running.error, TransferFailed)
        assert "were asked for" in str(running.error)
        assert bytes_below(here) <= 8 * MEGA + 5


class TestOpenrsyncFlags(OverALine):
    name = "rsync"

    @pytest.fixture(autouse=True)
    def _openrsync(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", openrsync.install(tmp_path / "mac"))
        found = rsync_here()
        assert found is not None
        assert found.flavour == "openrsync"


def test_openrsync_is_told_when_a_path_of_ssh_holds_a_blank() -> None:
    with pytest.raises(TransferRefused, match="because of the blank"):
        RsyncTransport("colo", "colo", ["ssh", "-F", "/My Files/c"], Rsync("openrsync", (), 29))


def test_without_rsync_here_there_is_no_transport_over_it() -> None:
    with pytest.raises(TransferRefused, match="no rsync on this machine"):
        RsyncTransport("colo", "colo", ["ssh"], None)


def test_an_unknown_host_key_is_refused_with_what_to_do(host: Sshd, tmp_path: Path) -> None:
    host.known_hosts.write_text("")

    with pytest.raises(HostKeyRefused, match=r"is unknown.*Connect once by hand") as caught:
        _send_one(host, tmp_path)

    assert caught.value.exit_code == 83


def test_a_changed_host_key_is_refused_with_what_to_do(host: Sshd, tmp_path: Path) -> None:
    host.stop()
    host.new_host_key()
    host.start()

    with pytest.raises(HostKeyRefused, match=r"has changed.*ssh-keygen -R"):
        _send_one(host, tmp_path)

    assert bytes_below(tmp_path / "far") == 0


def test_a_host_that_does_not_let_us_in_is_told_apart(host: Sshd, tmp_path: Path) -> None:
    host.authorized_keys.write_text("")

    with pytest.raises(HostRefused, match="Permission denied"):
        _send_one(host, tmp_path)


def test_a_host_that_is_away_is_unreachable(host: Sshd, tmp_path: Path) -> None:
    host.stop()

    with pytest.raises(HostUnreachable, match="Connection refused"):
        _send_one(host, tmp_path)


def test_a_host_that_hangs_up_is_unreachable(host: Sshd, tmp_path: Path) -> None:
    with Proxy(host.port) as proxy:
        host.write_client_config(port=proxy.port)
        proxy.refuse()

        with pytest.raises(HostUnreachable):
            _send_one(host, tmp_path)


def test_a_host_without_rsync_is_told_so(host: Sshd, tmp_path: Path) -> None:
    host.stop()
    host.write_server_config({"PATH": str(tmp_path / "nothing-here")})
    host.start()

    with pytest.raises(TransferRefused, match=r"there is no rsync on colo.*another transport"):
        _send_one(host, tmp_path)


def test_a_folder_that_is_not_there_is_told(host: Sshd, tmp_path: Path) -> None:
    with pytest.raises((TransferRefused, TransferFailed), match="No such file or directory"):
        _send_one(host, tmp_path, far="no/such/folder", made=False)


@pytest.mark.parametrize("folder", [":module", "/in\nbox"])
def test_a_folder_that_would_be_read_as_something_else_is_refused(
    tmp_path: Path, folder: str
) -> None:
    items = write(tmp_path, {"a.jpg": b"a"})
    transport = RsyncTransport("colo", "colo", ["ssh"], GNU)

    with pytest.raises(TransferRefused, match="that it named is refused"):
        transport.send(items, source=tmp_path, destination=folder, pace=Pace(), stop=Stop())
    with pytest.raises(TransferRefused, match="that it named is refused"):
        transport.fetch(items, source=folder, destination=tmp_path, pace=Pace(), stop=Stop())


def test_an_rsync_that_does_not_want_to_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "rsync"
    program.parent.mkdir()
    # Its child stands for ssh; both are deaf to being asked.
    program.write_text(
        f"#!/bin/sh\ntrap '' TERM INT HUP\nsleep 600 &\n"
        f'echo "$$ $!" > {tmp_path}/pids.new\nmv {tmp_path}/pids.new {tmp_path}/pids\n'
        f"wait\nwait\nsleep 600\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    items = write(tmp_path / "here", {"a.jpg": b"a"})
    transport = RsyncTransport("colo", "colo", ["ssh"], GNU, grace_s=0.2)
    running = Running(
        lambda stop: transport.send(
            items, source=tmp_path / "here", destination="/in", pace=Pace(), stop=stop
        )
    )
    until((tmp_path / "pids").exists, what="it runs")

    running.stop.event.set()
    running.join()

    assert isinstance(running.error, TransferFailed)
    pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
    until(lambda: not any(map(runs, pids)), what=f"{pids} are gone")


def test_an_rsync_that_is_deaf_does_not_outlive_a_killed_desk(tmp_path: Path) -> None:
    program = tmp_path / "deaf"
    program.write_text(
        f"#!/bin/sh\ntrap '' TERM INT HUP\necho $$ > {tmp_path}/pid.new\n"
        f"mv {tmp_path}/pid.new {tmp_path}/pid\nsleep 600\nsleep 600\n"
    )
    program.chmod(0o755)
    desk = subprocess.Popen(
        [sys.executable, "-I", "-S", tether.__file__, str(program)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    until((tmp_path / "pid").exists, what="it runs")
    assert desk.stdin is not None

    desk.stdin.close()

    desk.wait(timeout=20.0)
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not runs(pid), what="it is gone")


@pytest.mark.parametrize("body", ["kill -TERM $$", "kill -USR1 $$", "kill -9 $$"])
def test_an_rsync_that_dies_of_any_signal_has_not_done_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    program = tmp_path / "bin" / "rsync"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    items = write(tmp_path / "here", {"a.jpg": b"a"})

    with pytest.raises(TransferFailed, match="ended by signal"):
        RsyncTransport("colo", "colo", ["ssh"], GNU).send(
            items, source=tmp_path / "here", destination="/in", pace=Pace(), stop=Stop()
        )


def test_a_program_that_cannot_be_run_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "rsync"
    program.parent.mkdir()
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    items = write(tmp_path / "here", {"a.jpg": b"a"})

    with pytest.raises(TransferRefused, match="could not be started"):
        RsyncTransport("colo", "colo", ["ssh"], GNU).send(
            items, source=tmp_path / "here", destination="/in", pace=Pace(), stop=Stop()
        )


def test_settings_of_rsync_in_the_environment_change_nothing(
    host: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSYNC_RSH", "false")
    monkeypatch.setenv("RSYNC_OLD_ARGS", "1")
    monkeypatch.setenv("RSYNC_PARTIAL_DIR", str(tmp_path / "elsewhere"))

    _send_one(host, tmp_path, far="fa r")

    assert (tmp_path / "fa r" / "a.jpg").read_bytes() == b"a"


def _send_one(host: Sshd, tmp_path: Path, *, far: str = "far", made: bool = True) -> None:
    if made:
        (tmp_path / far).mkdir()
    items = write(tmp_path / "here", {"a.jpg": b"a"})
    with opened("rsync", host.config) as transport:
        transport.send(
            items,
            source=tmp_path / "here",
            destination=str(tmp_path / far),
            pace=Pace(),
            stop=Stop(),
        )
