"""``fleet up`` and ``fleet down``, but for their words: a keeper started, found or stopped."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from fleet.cluster import probe
from fleet.cluster.head import FIRST_PORT, HeadOptions
from fleet.cluster.probe import Answer
from fleet.cluster.record import LOOPBACK, ClusterRecord, read_record, write_record
from fleet.errors import ClusterFailed, ClusterInsecure
from fleet.jobs.model import Pool
from fleet.ledger.lock import ProcessLock
from fleet.settings import Home, load_settings
from fleet.upkeep.deployment import Deployment
from fleet.upkeep.ending import take_down
from fleet.upkeep.keeper import (
    keeper_command,
    keeper_lock,
    keeper_log,
)

UP_S: Final = 300.0
"""As long as three starts of a head and three of its dispatcher may take."""
DOWN_S: Final = 15.0
RETURN_S: Final = 5.0
"""How long a dispatcher that Ray is starting again is waited for before another is put there."""
_LOOK_S: Final = 0.05


def head_options(
    *, bind: str | None, port: int | None, generation: int | None, interpolation: int | None
) -> HeadOptions:
    """What the operator's choices mean."""
    chosen = {Pool.GENERATION: generation, Pool.INTERPOLATION: interpolation}
    where = bind or LOOPBACK
    return HeadOptions(
        bind=where,
        port=port or (0 if where == LOOPBACK else FIRST_PORT),
        slots={pool: count for pool, count in chosen.items() if count is not None},
    )


def bring_up(home: Home, options: HeadOptions) -> ClusterRecord:
    """A cluster of ``home`` with a dispatcher on it: the one that is up, or a new one.

    Raises:
        ClusterFailed: it does not start; nothing is left of it.
        SettingsInvalid: the settings cannot be meant.
    """
    _only_on_linux()
    load_settings(home)  # refused here, not in a log
    lock, log = keeper_lock(home), keeper_log(home)
    record = read_record(home)
    if lock.is_held() and record is not None and record.ready:
        return _with_dispatcher(home, record)
    if record is not None and not record.ours:
        return _with_dispatcher(home, record)
    home.root.mkdir(parents=True, exist_ok=True)
    keeper: subprocess.Popen[bytes] | None = None
    if not lock.is_held():
        log.unlink(missing_ok=True)
        if record is not None:  # not before the new keeper says so again
            write_record(home, record.model_copy(update={"ready": False}))
        with log.open("ab") as stream:
            keeper = subprocess.Popen(
                keeper_command(home, options), stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, start_new_session=True, cwd=home.root,
            )  # fmt: skip
    deadline = time.monotonic() + UP_S
    while time.monotonic() < deadline:
        record = read_record(home)
        if record is not None and record.ready and lock.is_held():
            return record
        if keeper is not None and keeper.poll() is not None and not lock.is_held():
            raise ClusterFailed(what=_last_line(log), remedy="Nothing was left running.")
        time.sleep(_LOOK_S)
    raise ClusterFailed(what="the cluster did not come up in time", remedy=f"See {log}.")


def bring_down(home: Home) -> ClusterRecord | None:
    """Take the cluster of ``home`` down; what it was, or None if there was none."""
    lock = keeper_lock(home)
    record = read_record(home)
    deadline = time.monotonic() + DOWN_S
    asked = False
    while not lock.acquire():
        pid = re.match(r"process (\d+) ", lock.holder())
        late = time.monotonic() > deadline
        if pid and (late or not asked):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid[1]), signal.SIGKILL if late else signal.SIGTERM)
            asked = True
        time.sleep(_LOOK_S)
    try:
        take_down(home)  # what a keeper that was killed has left
    finally:
        lock.release()
    return record


def join(home: Home, *, address: str, insecure: bool) -> ClusterRecord:
    """Put a dispatcher on a cluster that somebody else started, and remember it.

    Raises:
        ClusterInsecure: it answers without a token, and that was not accepted.
        ClusterFailed: it does not answer, or not with the token at hand; or another is up.
    """
    record = read_record(home)
    if record is not None and record.address == address and not record.ours:
        return _with_dispatcher(home, record)
    if record is not None:
        raise ClusterFailed(
            what=f"a cluster is up for this home already, at {record.address}",
            remedy="Leave that one first: fleet down",
        )
    anonymous = probe.ask(address, token=None)
    if anonymous is Answer.SILENT:
        raise ClusterFailed(
            what=f"no Ray cluster answers at {address}",
            remedy="Give the address and port of its GCS, as ray status shows it.",
        )
    if anonymous is Answer.OPEN and not insecure:
        raise ClusterInsecure(address=address, what="it answers to anyone, without a token")
    _take_token(home)
    if anonymous is Answer.REFUSED and probe.ask(address, token=home.token) is not Answer.OPEN:
        raise ClusterFailed(
            what=f"the cluster at {address} does not accept this home's token",
            remedy=f"Put the cluster's token into {home.token} (mode 0600), or name its file in "
            f"RAY_AUTH_TOKEN_PATH, and run the same command again.",
        )
    record = ClusterRecord(
        address=address,
        ours=False,
        authenticated=anonymous is Answer.REFUSED,
        storage="",
        started_at=time.time(),
    )
    Deployment(home, record).wait()
    record = record.model_copy(update={"ready": True})
    write_record(home, record)
    return record


def join_command(home: Home, record: ClusterRecord) -> str:
    """The exact command that makes another machine a node of the cluster."""
    words = ["ray", "start", f"--address={record.address}", "--node-name", "NAME"]
    words += ["--resources", json.dumps({Pool.GENERATION.value: 1})]
    variables = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(home.token)}
    return " ".join([*(f"{k}={shlex.quote(v)}" for k, v in variables.items()), shlex.join(words)])


def _with_dispatcher(home: Home, record: ClusterRecord) -> ClusterRecord:
    """The same cluster, once a dispatcher works on it."""
    deadline = time.monotonic() + RETURN_S
    while not ProcessLock(home.dispatcher_lock).is_held():
        if time.monotonic() > deadline:
            Deployment(home, record).wait()
            break
        time.sleep(_LOOK_S)
    return record


def _take_token(home: Home) -> None:
    """Make the token that the operator's environment names this home's."""
    text = os.environ.get("RAY_AUTH_TOKEN", "")
    path = os.environ.get("RAY_AUTH_TOKEN_PATH", "")
    if not text and path and Path(path).resolve() != home.token.resolve():
        with contextlib.suppress(OSError):
            text = Path(path).read_text("ascii").strip()
    if not text:
        return
    home.root.mkdir(parents=True, exist_ok=True)
    whole = home.token.with_name(f".{home.token.name}.{secrets.token_hex(8)}")
    descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
    whole.replace(home.token)


def _only_on_linux() -> None:
    if sys.platform != "linux":
        raise ClusterFailed(
            what="a cluster that stays needs Linux, because Ray's clusters do",
            remedy="Here, fleet submit starts one for as long as there is work.",
        )


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    return next((line for line in reversed(lines) if line), "the keeper ended without a word")
