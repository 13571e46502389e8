"""Say what this machine lacks before anything is installed: ``python3 deploy/preflight.py``.

Called by ``make``.  Needs nothing but the standard library, and runs on Python 3.7 and newer, so
that it can say that 3.7 is too old.  Prints the one line that mends what is missing and ends with
1.  It runs that line itself only as root with ``CI`` set: on anyone's own machine, what gets
installed is theirs to decide.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")


def missing() -> dict[str, str]:
    """What is lacking in words, and the Debian package that has it."""
    found = {}
    if sys.version_info < OLDEST:
        have = ".".join(map(str, sys.version_info[:2]))
        found[f"Python 3.11 or newer (python3 is {have})"] = "python3"
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            # Debian takes both out of python3 and puts them into a package of their own.
            found[f"Python's module {module}"] = "python3-venv"
    return found


def remedy(packages: list[str]) -> list[str]:
    """The command that mends it here, as argv; empty where there is no package manager we know."""
    newer = next((name for name in NEWER if shutil.which(name)), None)
    if "python3" in packages and newer:
        return ["make", f"PYTHON={newer}", "..."]
    if shutil.which("apt-get"):
        return ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("brew"):
        return ["brew", "install", "python@3.12"]
    return []


def main() -> int:
    """Check, say, and perhaps install; the exit code says whether all is there."""
    lacking = missing()
    if not lacking:
        return 0
    for words in lacking:
        sys.stderr.write(f"missing: {words}\n")
    command = remedy(sorted(set(lacking.values())))
    if not command:
        sys.stderr.write("Install Python 3.11 or newer from https://www.python.org/downloads/\n")
        return 1
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if command[0] == "apt-get" and is_root and os.environ.get("CI"):
        subprocess.check_call(["apt-get", "update"])
        subprocess.check_call(command)
        return subprocess.call([sys.executable, __file__], env={**os.environ, "CI": ""})
    prefix = "sudo " if command[0] == "apt-get" and not is_root else ""
    then = "Name the newer one" if command[0] == "make" else "Run this, then the same make again"
    sys.stderr.write(f"{then}:\n    {prefix}{' '.join(command)}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
