"""Say what this machine lacks before anything is installed: ``python3 deploy/preflight.py``.

Called by ``make``.  Needs nothing but Python's standard library, and runs on old versions of it.
Prints the one line that mends what is missing and ends with 1.  It runs that line itself only as
root with ``CI`` set: on anyone's own machine, what gets installed is theirs to decide.
"""

from __future__ import print_function

import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)


def missing():
    """What is lacking, as pairs of (words, Debian package)."""
    found = []
    if sys.version_info < OLDEST:
        have = "%d.%d" % sys.version_info[:2]
        found.append(("Python 3.11 or newer (this is %s)" % have, "python3"))
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            # Debian takes both out of python3 and puts them into a package of their own.
            found.append(("Python's module %s" % module, "python3-venv"))
    if shutil.which("make") is None:
        found.append(("make", "make"))
    return found


def remedy(packages):
    """The command that installs ``packages`` here, as argv, or None where nobody knows."""
    if shutil.which("apt-get"):
        return ["apt-get", "install", "-y", "--no-install-recommends"] + packages
    if shutil.which("brew"):
        return ["brew", "install", "python@3.11"]
    return None


def main():
    """Check, say, and perhaps install; the exit code says whether all is there."""
    lacking = missing()
    if not lacking:
        return 0
    for words, _ in lacking:
        sys.stderr.write("missing: %s\n" % words)
    command = remedy(sorted({package for _, package in lacking}))
    if command is None:
        sys.stderr.write("Install Python 3.11 or newer from https://www.python.org/downloads/\n")
        return 1
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if command[0] == "apt-get" and is_root and os.environ.get("CI"):
        subprocess.check_call(["apt-get", "update"])
        subprocess.check_call(command)
        return subprocess.call([sys.executable, __file__], env=dict(os.environ, CI=""))
    prefix = "" if is_root or command[0] == "brew" else "sudo "
    sys.stderr.write("Install it, then run the same command again:\n")
    sys.stderr.write("    %s%s\n" % (prefix, " ".join(command)))
    return 1


if __name__ == "__main__":
    sys.exit(main())
