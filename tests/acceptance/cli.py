"""Run the real commands, as a person or a nightly job would: in a process, with a home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "fleet", *map(str, arguments)]
