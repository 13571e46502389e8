"""What a fleet leaves running is found by its home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.invariants.processes import left_running


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_process_of_the_home_that_lives_on_is_found_and_no_other_is(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    mine = os.environ | {"FLEET_HOME": str(tmp_path)}
    others = os.environ | {"FLEET_HOME": f"{tmp_path}-2"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        subprocess.Popen(command, env=mine, **pipes) as left,  # type: ignore[call-overload]
        subprocess.Popen(command, env=others, **pipes) as _,  # type: ignore[call-overload]
    ):
        left.stdout.readline()
        (found,) = left_running(tmp_path) or []
        assert found.pid == left.pid
        assert "sys.stdin.read()" in found.command

        left.kill()
        left.wait()
        assert left_running(tmp_path) == []
