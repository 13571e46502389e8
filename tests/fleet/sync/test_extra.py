"""Where the packages of sync are not installed, its commands say so, and the far side does without.

Many desks have the fleet and not sync; a host needs neither paramiko nor sh.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.cli import environment

WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in {"paramiko", "sh"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
sys.argv = ["fleet", *sys.argv[1:]]
from fleet.cli import main
main()
"""


def fleet_without_sync(home: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments],
        env=environment(home),
        capture_output=True,
        check=False,
        timeout=60.0,
    )


@pytest.mark.parametrize(
    "command", [("push", "colo"), ("sync", "colo"), ("hosts", "check", "colo")], ids=" ".join
)
def test_a_desk_without_the_packages_of_sync_is_told_what_to_install(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = fleet_without_sync(tmp_path, *command)

    assert done.returncode == 42
    assert b"pip install 'motionfleet[sync]'" in done.stderr
    assert b"a bug" not in done.stderr


def test_a_host_needs_none_of_them(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WITHOUT, "receive"],
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as far:
        assert far.stdin is not None
        assert far.stdout is not None
        far.stdin.write(b'{"do": "hello", "protocol": 1, "version": "0.1.0"}\n')
        far.stdin.flush()

        assert b'"say":"welcome"' in far.stdout.readline()
        far.stdin.close()
        assert far.wait(timeout=60.0) == 0


def test_a_module_that_no_extra_brings_is_a_bug(tmp_path: Path) -> None:
    script = WITHOUT.replace('{"paramiko", "sh"}', '{"tomllib"}')

    done = subprocess.run(
        [sys.executable, "-c", script, "hosts", "list"],
        env=environment(tmp_path),
        capture_output=True,
        check=False,
        timeout=60.0,
    )

    assert done.returncode == 1
    assert b"a bug: ModuleNotFoundError" in done.stderr
