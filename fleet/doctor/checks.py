"""What a check says, and the verdicts: pure functions from facts to a ``Check``.

``FAIL`` is kept for what makes the fleet unsafe or keeps shots from being made; what may be
meant, or will matter later, is ``WARN``.
"""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Mapping, Sequence
from typing import Final

from fleet.check import Check, failed, passed, warned
from fleet.cluster.probe import Answer
from fleet.doctor.sockets import Listener
from fleet.jobs.model import Pool
from fleet.ledger.nodes import NodeRow

MIB: Final = 1024**2
GIB: Final = 1024**3

OLDEST_RAY: Final = (2, 59)
"""The first with token authentication for local clusters; older ones have known holes besides."""
TOKEN_LETTERS: Final = 32
DISK_FAIL_BYTES: Final = 500 * MIB
DISK_WARN_BYTES: Final = 5 * GIB
FILES_WARN: Final = 4096
SKEW_WARN_S: Final = 2.0
CERTIFICATE_WARN_DAYS: Final = 30
EARLIEST_CLOCK: Final = 1_735_689_600.0
"""The first second of 2025: no clock that is right shows an earlier one."""


def ray_version(version: str | None) -> Check:
    """Whether the installed Ray is one that authenticates."""
    remedy = "Install it: pip install 'motionfleet[fleet]'"
    if version is None:
        return failed("ray", "not installed", remedy=remedy)
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST_RAY:
        wanted = ".".join(map(str, OLDEST_RAY))
        return failed("ray", f"{version}, older than {wanted}", remedy=remedy)
    return passed("ray", version)


def token(*, mode: int | None, owner: int, me: int, letters: int, path: str) -> Check:
    """Whether the token's file is one that nobody else can read; ``mode`` None: there is none."""
    if mode is None:
        return passed("token", "none yet; made when first needed")
    if owner != me:
        return failed(
            "token", f"{path} belongs to user {owner}", remedy="Give it to the user of the fleet."
        )
    rights = stat.S_IMODE(mode)
    if rights & 0o077:
        return failed(
            "token", f"{path} has mode {rights:04o}: others can read it",
            remedy=f"chmod 600 {path}; if others may have read it: fleet down, remove it, fleet up",
        )  # fmt: skip
    if letters < TOKEN_LETTERS:
        return failed(
            "token", f"{letters} letters, fewer than {TOKEN_LETTERS}",
            remedy=f"fleet down; rm {path}; fleet up. Copy the new one to the nodes.",
        )  # fmt: skip
    return passed("token", f"mode {rights:04o}, {letters} letters")


def authentication(*, address: str, anonymous: Answer, with_token: Answer) -> Check:
    """What the cluster says to a stranger, and to us."""
    name = "authentication"
    if anonymous is Answer.OPEN:
        return failed(
            name, f"{address} answers to anyone, without a token",
            remedy="Take it down, and start it with fleet up, or with RAY_AUTH_MODE=token.",
        )  # fmt: skip
    if anonymous is Answer.SILENT or with_token is Answer.SILENT:
        return failed(name, f"{address} does not answer", remedy="Bring it back with: fleet up")
    if with_token is Answer.REFUSED:
        return failed(
            name, f"{address} refuses this home's token",
            remedy="Put the cluster's token into the home's ray_token, or fleet down and up.",
        )  # fmt: skip
    return passed(name, f"{address} refuses strangers and accepts this home's token")


def ports(listeners: Sequence[Listener], *, address: str, loopback: bool) -> Check:
    """Whether the cluster listens where only those reach it who should."""
    outside = [each for each in listeners if not each.is_loopback]
    numbers = ", ".join(str(port) for port in sorted({each.port for each in outside}))
    inside = len(listeners) - len(outside)
    if not outside:
        return passed("ports", f"{inside} on loopback, none beyond")
    if loopback:
        who = ", ".join(sorted({each.program for each in outside}))
        return failed(
            "ports", f"{who} listen beyond loopback on {numbers}",
            remedy="fleet down; fleet up. This cluster was to be for this machine alone.",
        )  # fmt: skip
    host = ipaddress.ip_address(address.rpartition(":")[0])
    if host.is_global:
        return failed(
            "ports", f"{numbers} are open on the public address {host}",
            remedy="Ray does not encrypt: use a private network or a VPN's address with --bind.",
        )  # fmt: skip
    return passed(
        "ports",
        f"{numbers} are open beyond loopback; a firewall should let nodes of {host} in, no others",
    )


def disk(name: str, *, free_bytes: int, path: str, needed_for: str) -> Check:
    """Whether a file system has room."""
    figure = f"{size(free_bytes)} free in {path}"
    if free_bytes < DISK_FAIL_BYTES:
        return failed(name, figure, remedy=f"Make room: {needed_for} need it.")
    if free_bytes < DISK_WARN_BYTES:
        return warned(name, figure, remedy=f"Little room for {needed_for}.")
    return passed(name, figure)


def shared_memory(*, free_bytes: int | None, store_bytes: int) -> Check:
    """Whether the object store fits where Ray keeps it."""
    name = "shared memory"
    if free_bytes is None:
        return passed(name, "no /dev/shm here; Ray uses a file")
    figure = f"{size(free_bytes)} free in /dev/shm, {size(store_bytes)} wanted for frames"
    if free_bytes < store_bytes:
        return warned(
            name, figure,
            remedy="Frames would lie on disk, slowly: give the container a larger --shm-size, or "
            "set object_store_mb in settings.toml.",
        )  # fmt: skip
    return passed(name, figure)


def open_files(limit: int) -> Check:
    """Whether Ray and the clips may open as many files as they need."""
    if limit < FILES_WARN:
        return warned(
            "open files", f"at most {limit}",
            remedy="ulimit -n 65536, or LimitNOFILE=65536 in the unit: many workers need more.",
        )  # fmt: skip
    return passed("open files", f"at most {limit}")


def credentials(*, issuer: str, algorithm: str, days_left: int) -> Check:
    """Whether the certificate that clips are signed with lasts; that it signs was tried before."""
    told = f"{algorithm}, made out to {issuer}, {days_left} days left"
    if days_left < CERTIFICATE_WARN_DAYS:
        return warned(
            "credentials", told,
            remedy="Have a new certificate issued, and put it into credentials_certificate.",
        )  # fmt: skip
    return passed("credentials", told)


def clock(*, now: float, newest: float | None, skews: Mapping[str, float]) -> Check:
    """Whether this machine's clock is right, has not gone back, and agrees with the nodes'.

    ``newest`` is the time of the ledger's newest event; ``skews`` are seconds that each node is
    ahead.  No result depends on clocks, but waiting times, reports and logs do.
    """
    remedy = "Set the clock, and keep it set: timedatectl set-ntp true"
    if now < EARLIEST_CLOCK:
        return failed("clock", "it shows a time before 2025", remedy=remedy)
    if newest is not None and now < newest - SKEW_WARN_S:
        return warned(
            "clock", f"it is {newest - now:.0f} s behind the ledger's newest event", remedy=remedy
        )
    far = {name: skew for name, skew in skews.items() if abs(skew) > SKEW_WARN_S}
    if far:
        told = ", ".join(f"{name} by {skew:+.1f} s" for name, skew in sorted(far.items()))
        return warned("clock", f"nodes differ: {told}", remedy=remedy)
    if skews:
        worst = max(abs(skew) for skew in skews.values())
        agree = "node agrees" if len(skews) == 1 else "nodes agree"
        return passed("clock", f"{len(skews)} {agree} within {worst:.2f} s")
    return passed("clock", "plausible")


def pools(slots: Mapping[Pool, int], *, queued: Mapping[Pool, int], where: str) -> Check:
    """Whether each pool has a slot, above all one that work waits for."""
    figure = ", ".join(f"{slots.get(pool, 0)} {pool.value}" for pool in Pool) + f" {where}"
    for pool in Pool:
        if slots.get(pool, 0) == 0 and queued.get(pool, 0):
            return failed(
                "pools", f"{queued[pool]} shots wait for {pool.value}, and no usable node has "
                f"a slot of it", remedy=f"Join a node that has: ray start --address=... "
                f"--resources '{{\"{pool.value}\": 1}}'; or fleet nodes use NAME.",
            )  # fmt: skip
    lacking = [pool.value for pool in Pool if slots.get(pool, 0) == 0]
    if lacking:
        return warned(
            "pools", figure, remedy=f"Nothing can pass {' and '.join(lacking)} until a node joins."
        )
    return passed("pools", figure)


def gpu_shares(nodes: Sequence[NodeRow], *, gpus: Mapping[Pool, float]) -> Check:
    """Whether each node has the GPUs that its slots ask for; Ray would wait for ever, silently."""
    for node in nodes:
        wanted = (
            node.generation * gpus[Pool.GENERATION] + node.interpolation * gpus[Pool.INTERPOLATION]
        )
        if node.alive and node.gpus and wanted > node.gpus:
            return warned(
                "gpu shares", f"the slots of {node.name} ask for {wanted:g} GPUs of {node.gpus:g}",
                remedy="Join it with fewer slots, or lower generation_gpus or interpolation_gpus "
                "in settings.toml; some of its workers never start.",
            )  # fmt: skip
    return passed("gpu shares", "every slot has its share")


def size(count: int) -> str:
    """Bytes, for people."""
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / MIB:.0f} MiB"
