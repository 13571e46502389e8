"""Keep ``.venv`` as ``pyproject.toml`` asks: ``python3 deploy/install.py [EXTRA...]``.

Called by ``make`` before every target, so the usual case is that there is nothing to do: a stamp
in ``.venv`` holds a hash of what was installed from, and pip runs only when that has changed.
(Modification times would not do: every ``git checkout`` touches them.)

Needs nothing but the standard library.  Versions come from ``deploy/constraints.txt``.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".motionfleet-installed.json"
PYTHON = VENV / "bin" / "python"
SOURCES = (ROOT / "pyproject.toml", ROOT / "deploy" / "constraints.txt")


def wanted() -> str:
    """A hash of all that decides what gets installed, besides the extras."""
    digest = hashlib.sha256(sys.version.encode())
    for source in SOURCES:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def installed() -> set[str]:
    """The extras that ``.venv`` already has for exactly these sources."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
        extras = set(map(str, stamp["extras"]))
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    # "": the project itself, so that no extra at all is a state of its own.
    return extras | {""} if stamp["sources"] == wanted() and PYTHON.exists() else set()


def main(extras: Sequence[str]) -> int:
    """Install what is not there yet."""
    there = installed()
    if {"", *extras} <= there:
        return 0
    if not PYTHON.exists():
        print(f"creating {VENV}", flush=True)
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    chosen = sorted(there.union(extras) - {""})
    project = f"{ROOT}[{','.join(chosen)}]" if chosen else str(ROOT)
    print(f"installing motionfleet with {', '.join(chosen) or 'no extras'}", flush=True)
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--constraint", str(SOURCES[1]), "--editable", project]
    done = subprocess.run(command, check=False)
    if done.returncode != 0:
        sys.stderr.write(
            "pip could not install motionfleet; its reason stands above. Nothing outside .venv was "
            "changed; run the same command again once that is mended.\n"
        )
        return 1
    STAMP.write_text(json.dumps({"extras": chosen, "sources": wanted()}) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
