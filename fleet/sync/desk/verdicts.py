"""What to say of a host: pure functions from what was found to a ``Check``.

``FAIL`` is kept for what keeps a sync from working or makes it unsafe; what works but not for
ever, or less well than it could, is ``WARN``.
"""

from __future__ import annotations

import re
from typing import Final

from fleet.check import Check, failed, passed, warned
from fleet.sync.transport.choice import Rsync, is_vulnerable

GB: Final = 1_000_000_000
ROOM_FAIL_BYTES: Final = 1 * GB
ROOM_WARN_BYTES: Final = 10 * GB
SKEW_WARN_S: Final = 2.0
SKEW_FAIL_S: Final = 60.0
"""Sets go in the order their manifests were made in: clocks must agree at least to the minute."""
OLDEST_SSH: Final = (7, 6)
"""The first OpenSSH that knows every option it is given here."""

_SSH_VERSION: Final = re.compile(r"OpenSSH_(?:for_Windows_)?(\d+)\.(\d+)")
_UPDATE: Final = "Install rsync 3.5.0 or newer {where}; older ones have holes that are public."


def ssh(said: str | None) -> Check:
    """OpenSSH on this machine, by what ``ssh -V`` said; None where there is none."""
    if said is None:
        return failed("ssh", "there is none here", remedy="Install OpenSSH's client.")
    found = _SSH_VERSION.search(said)
    first = said.strip().partition("\n")[0][:100]
    if found is None:
        return warned("ssh", f"{first}: not OpenSSH, by its own words", remedy="Install OpenSSH.")
    if (int(found[1]), int(found[2])) < OLDEST_SSH:
        oldest = ".".join(map(str, OLDEST_SSH))
        return failed("ssh", f"{first}, older than {oldest}", remedy="Install a newer OpenSSH.")
    return passed("ssh", first)


def versions(*, here: str, there: str, host: str) -> Check:
    """Whether both sides have the same motionfleet; that they can talk is known by now."""
    if here != there:
        return warned(
            "fleet", f"motionfleet {here} here, {there} on {host}; they understand each other",
            remedy="Install the same version on both sides at the next occasion.",
        )  # fmt: skip
    return passed("fleet", f"motionfleet {there}, as here")


def clock(*, asked_at: float, answered_at: float, there: float, host: str) -> Check:
    """Whether the clocks agree.

    The far side read its clock somewhere between question and answer, so that only what lies
    outside of these two is certain to be a difference.
    """
    ahead = there - answered_at
    behind = asked_at - there
    skew = max(ahead, behind, 0.0)
    word = "ahead" if ahead > behind else "behind"
    remedy = "Let both machines set their clocks by the network (NTP)."
    figure = f"{host} is {skew:.1f} s {word}" if skew < 1e6 else f"{host} is days {word}"
    if skew > SKEW_FAIL_S:
        return failed("clock", figure, remedy=remedy)
    if skew > SKEW_WARN_S:
        return warned("clock", figure, remedy=remedy)
    span = max(answered_at - asked_at, 0.0)
    return passed("clock", f"agrees within the {span:.2f} s that asking took")


def rsync(name: str, found: Rsync | None, *, where: str, needed: bool) -> Check:
    """An rsync, on either side; ``needed`` where the settings ask for no other transport."""
    if found is None or not found.usable:
        figure = f"there is none {where}" if found is None else f"{found.words} is too old"
        if needed:
            return failed(name, figure, remedy=f"Install rsync 3.5.0 or newer {where}.")
        return warned(
            name, f"{figure}; files travel by sftp",
            remedy=f"Install rsync 3.5.0 or newer {where}: it is about twice as fast.",
        )  # fmt: skip
    if is_vulnerable(found):
        return warned(name, f"{found.words} has known holes", remedy=_UPDATE.format(where=where))
    return passed(name, found.words)


def room(name: str, *, folder: str, free_bytes: int, host: str) -> Check:
    """Whether a folder's disk has room."""
    figure = f"{free_bytes / GB:.1f} GB free in {folder}"
    remedy = f"Make room on {host}, or name another folder: [hosts.{host}] {name} in settings.toml."
    if free_bytes < ROOM_FAIL_BYTES:
        return failed(name, figure, remedy=remedy)
    if free_bytes < ROOM_WARN_BYTES:
        return warned(name, figure, remedy=remedy)
    return passed(name, figure)


def key(*, restricted: bool) -> Check:
    """Whether the key that let us in can do nothing but sync."""
    if restricted:
        return passed("key", "restricted: it can do nothing there but sync")
    return warned(
        "key", "it opens a shell there to whoever has it",
        remedy="Restrict it with a line of deploy/authorized_keys.example (fleet gate).",
    )  # fmt: skip


def cluster(*, address: str, authenticated: bool | None, at_work: bool, host: str) -> Check:
    """Whether the fleet there works on what is submitted, and takes commands from its own only."""
    if address and authenticated is False:
        return failed(
            "cluster", f"{address} answers to anyone, without a token",
            remedy=f"On {host}: fleet down, then fleet up, which starts it with a token.",
        )  # fmt: skip
    if address and authenticated is None:
        return failed(
            "cluster", f"{address} does not answer", remedy=f"On {host}: fleet doctor, fleet up."
        )
    if at_work:
        where = f"{address}, which asks for its token" if address else "no cluster of its own"
        return passed("cluster", f"at work on {where}")
    return warned(
        "cluster", f"nothing works on submitted shots{f' at {address}' if address else ''}",
        remedy=f"What is submitted waits; on {host}: fleet up",
    )  # fmt: skip
