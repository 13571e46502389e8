"""Say what this machine lacks before anything is installed: ``python3 deploy/preflight.py``.

Called by ``make``; with the word ``window`` it also looks for what the desk's window needs of the
system, with ``sync`` for the programs that sync and its tests call.  Needs nothing but the
standard library, and runs on Python 3.7 and newer, so that it can say that 3.7 is too old.  Prints
the one line that mends what is missing and ends with 1.  It runs that line itself only as root
with ``CI`` set: on anyone's own machine, what gets installed is theirs to decide.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""What Qt needs of a Linux system even where it shows nothing, and the Debian package of each."""
PROGRAMS = {
    "rsync": "rsync",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "systemd-analyze": "systemd",
}
"""What sync and its tests call, and the Debian package of each."""
BREWED = {"rsync": "rsync", "openssh-client": "openssh", "openssh-server": "openssh"}
"""The same for a Mac, where they are missing only if somebody removed them."""
SERVERS = ("/usr/sbin", "/sbin", "/usr/local/sbin")
"""Where programs of servers lie; a person's PATH often lacks these."""
FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")


def missing(*, window: bool = False, sync: bool = False) -> dict[str, str]:
    """What is lacking in words, and the Debian package that has it.

    ``window``: for the desk's window and its tests, too; ``sync``: for sync and its tests.
    """
    found = {}
    if window and sys.platform == "linux":
        found.update(_missing_for_window())
    if sync:
        found.update(_missing_for_sync())
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


def _missing_for_window() -> dict[str, str]:
    found = {}
    for library, package in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            found[f"the library {library}, for the desk's window"] = package
    if not any(files for root in FONTS for _, _, files in os.walk(root)):
        found["a font, for the desk's window"] = "fonts-dejavu-core"
    return found


def _missing_for_sync() -> dict[str, str]:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SERVERS])
    return {
        f"the program {program}, for sync": package
        for program, package in PROGRAMS.items()
        # A Mac has launchd in its place.
        if (program != "systemd-analyze" or sys.platform == "linux")
        and not shutil.which(program, path=path)
    }


def remedy(packages: list[str]) -> list[str]:
    """The command that mends it here, as argv; empty where there is no package manager we know."""
    newer = next((name for name in NEWER if shutil.which(name)), None)
    if "python3" in packages and newer:
        return ["make", f"PYTHON={newer}", "..."]
    if shutil.which("apt-get"):
        return ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("brew"):
        return ["brew", "install", *sorted({BREWED.get(name, "python@3.12") for name in packages})]
    return []


def main() -> int:
    """Check, say, and perhaps install; the exit code says whether all is there."""
    arguments = sys.argv[1:]
    lacking = missing(window="window" in arguments, sync="sync" in arguments)
    if not lacking:
        return 0
    for words in lacking:
        sys.stderr.write(f"missing: {words}\n")
    command = remedy(sorted(set(lacking.values())))
    if not command:
        others = sorted(package for package in set(lacking.values()) if "python" not in package)
        if others:
            sys.stderr.write(f"Install what this system has for: {', '.join(others)}\n")
        if len(others) < len(set(lacking.values())):
            sys.stderr.write(
                "Install Python 3.11 or newer from https://www.python.org/downloads/\n"
            )
        return 1
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if command[0] == "apt-get" and is_root and os.environ.get("CI"):
        subprocess.check_call(["apt-get", "update"])
        subprocess.check_call(command)
        return subprocess.call([sys.executable, __file__, *arguments], env={**os.environ, "CI": ""})
    prefix = "sudo " if command[0] == "apt-get" and not is_root else ""
    then = "Name the newer one" if command[0] == "make" else "Run this, then the same make again"
    sys.stderr.write(f"{then}:\n    {prefix}{' '.join(command)}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
