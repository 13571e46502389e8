"""Run the real commands, as a person or a nightly job would: in a process, with a home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"FLEET_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1"}


def fleet(home: Path, *arguments: str | Path, timeout_s: float = 120.0) -> Ran:
    """``fleet ARGUMENTS`` with its state in ``home``."""
    done = subprocess.run(
        command(*arguments),
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def killed_when(
    is_time: Callable[[], bool], *arguments: str | Path, env: Mapping[str, str], said: Path
) -> None:
    """Kill ``fleet ARGUMENTS`` as soon as it is time; ``said`` is a file for what it says, which
    is shown where that time never comes."""
    deadline = time.monotonic() + 200.0
    with (
        said.open("wb") as out,
        subprocess.Popen(command(*arguments), env=env, stdout=out, stderr=out) as process,
    ):
        try:
            while True:
                ended = process.poll()
                if is_time():
                    break
                in_vain = ended is not None or time.monotonic() > deadline
                assert not in_vain, f"it ended with {ended} and said: {said.read_text()}"
                time.sleep(0.002)
        finally:
            process.kill()


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "fleet", *map(str, arguments)]
