"""The preflight names what a machine lacks and the one line that mends it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PREFLIGHT = Path(__file__).resolve().parents[2] / "deploy" / "preflight.py"
SERVERS = ("/usr/sbin", "/sbin", "/usr/local/sbin")
APT_LINE = "apt-get install -y --no-install-recommends python3-venv"


def preflight(
    bare: Path, *arguments: str, lacking: str = "", ci: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run it with only the programs of ``bare``, and without the module ``lacking``."""
    if lacking:
        (bare / f"{lacking}.py").write_text("raise ImportError\n")
    environment = {"PATH": str(bare), "PYTHONPATH": str(bare), "CI": ci}
    return subprocess.run(
        [sys.executable, str(PREFLIGHT), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def program(folder: Path, name: str) -> Path:
    """A program that only writes down how it was called; where it did is returned."""
    calls = folder / f"{name}.calls"
    file = folder / name
    file.write_text(f'#!/bin/sh\necho "$*" >> {calls}\n')
    file.chmod(0o755)
    return calls


def test_a_machine_that_has_all_is_told_nothing(tmp_path: Path) -> None:
    done = preflight(tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_debian_without_venv_is_told_the_apt_line(tmp_path: Path) -> None:
    calls = program(tmp_path, "apt-get")

    done = preflight(tmp_path, lacking="ensurepip")

    assert done.returncode == 1
    assert "missing: Python's module ensurepip" in done.stderr
    assert APT_LINE in done.stderr
    assert not calls.exists(), "nothing is installed on anyone's own machine"


def test_a_mac_is_told_the_brew_line(tmp_path: Path) -> None:
    program(tmp_path, "brew")

    done = preflight(tmp_path, lacking="venv")

    assert done.returncode == 1
    assert "brew install python@3.12" in done.stderr


def test_a_machine_without_a_known_package_manager_is_told_where_to_get_python(
    tmp_path: Path,
) -> None:
    done = preflight(tmp_path, lacking="venv")

    assert done.returncode == 1
    assert "https://www.python.org/downloads/" in done.stderr


def test_only_root_under_ci_has_it_installed(tmp_path: Path) -> None:
    calls = program(tmp_path, "apt-get")

    done = preflight(tmp_path, lacking="ensurepip", ci="1")

    if os.geteuid() == 0:
        assert calls.read_text().splitlines() == ["update", APT_LINE.removeprefix("apt-get ")]
    else:
        assert f"sudo {APT_LINE}" in done.stderr
        assert not calls.exists()
    assert done.returncode == 1, "it looks again, and the module is still missing here"


@pytest.mark.skipif(sys.platform != "linux", reason="Qt's wheels lack nothing elsewhere")
def test_what_the_window_needs_of_the_system_is_asked_for_only_where_it_is_wanted(
    tmp_path: Path,
) -> None:
    program(tmp_path, "apt-get")
    # A machine on which no library can be loaded.
    (tmp_path / "ctypes.py").write_text("def CDLL(name):\n    raise OSError(name)\n")

    assert preflight(tmp_path).returncode == 0
    done = preflight(tmp_path, "window")

    assert done.returncode == 1
    assert "missing: the library libEGL.so.1, for the desk's window" in done.stderr
    assert "--no-install-recommends libdbus-1-3 libegl1 libfontconfig1 libgl1" in done.stderr


def test_what_sync_calls_is_asked_for_only_where_it_is_wanted(tmp_path: Path) -> None:
    program(tmp_path, "apt-get")
    for name in ("ssh", "ssh-keygen"):
        program(tmp_path, name)

    assert preflight(tmp_path).returncode == 0
    done = preflight(tmp_path, "sync")

    assert "missing: the program ssh" not in done.stderr, "they are there"
    assert done.returncode == 1
    assert "missing: the program rsync, for sync" in done.stderr
    wanted = done.stderr.splitlines()[-1].split("--no-install-recommends ")[1].split()
    assert "rsync" in wanted
    assert set(wanted) <= {"rsync", "openssh-server", "systemd"}


def test_a_server_outside_of_path_is_found(tmp_path: Path) -> None:
    # A person's PATH on Debian ends before /usr/sbin, where sshd lies.
    for name in ("rsync", "ssh", "ssh-keygen", "systemd-analyze"):
        program(tmp_path, name)
    there = any((Path(folder) / "sshd").exists() for folder in SERVERS)
    assert there, "sshd is missing: apt-get install openssh-server"

    done = preflight(tmp_path, "sync")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_mac_without_rsync_is_told_the_brew_line(tmp_path: Path) -> None:
    program(tmp_path, "brew")
    for name in ("ssh", "ssh-keygen", "sshd", "systemd-analyze"):
        program(tmp_path, name)

    done = preflight(tmp_path, "sync")

    assert done.returncode == 1
    assert done.stderr.endswith("    brew install rsync\n")


def test_a_system_we_do_not_know_is_told_what_is_missing_and_no_python(tmp_path: Path) -> None:
    for name in ("ssh", "ssh-keygen", "sshd", "systemd-analyze"):
        program(tmp_path, name)

    done = preflight(tmp_path, "sync")

    assert done.returncode == 1
    assert "Install what this system has for: rsync" in done.stderr
    assert "python.org" not in done.stderr
