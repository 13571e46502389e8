"""Each check says what is wrong, by a defect made for it, and lets a sound machine pass."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from fleet.check import Check, State
from fleet.cluster.probe import Answer
from fleet.doctor import checks
from fleet.doctor.checks import GIB, MIB
from fleet.doctor.sockets import Listener
from fleet.jobs.model import Pool
from fleet.ledger.nodes import NodeRow

ME = os.getuid()
BOUND = "10.0.0.5:6379"


def node(name: str = "gpu-1", **values: object) -> NodeRow:
    sound: dict[str, object] = {
        "name": name, "node_id": "ab", "address": "10.0.0.6", "alive": True,
        "generation": 1, "interpolation": 2, "gpus": 2.0,
    }  # fmt: skip
    return NodeRow(**(sound | values))  # type: ignore[arg-type]


def token(**values: object) -> Check:
    sound = {"mode": 0o100600, "owner": ME, "me": ME, "letters": 64, "path": "/h/ray_token"}
    return checks.token(**(sound | values))  # type: ignore[arg-type]


def authentication(anonymous: Answer, with_token: Answer) -> Check:
    return checks.authentication(address=BOUND, anonymous=anonymous, with_token=with_token)


def ports(address: str, *listeners: Listener, loopback: bool = False) -> Check:
    return checks.ports(listeners, address=address, loopback=loopback)


def clock(**values: object) -> Check:
    sound: dict[str, object] = {"now": 2e9, "newest": 2e9, "skews": {"gpu-1": 0.1}}
    return checks.clock(**(sound | values))  # type: ignore[arg-type]


def credentials(days_left: int) -> Check:
    return checks.credentials(issuer="Studio Ost", algorithm="es256", days_left=days_left)


def disk(free_bytes: int) -> Check:
    return checks.disk("home disk", free_bytes=free_bytes, path="/h", needed_for="clips")


def pools(generation: int, *, queued: int) -> Check:
    return checks.pools(
        {Pool.GENERATION: generation, Pool.INTERPOLATION: 1},
        queued={Pool.GENERATION: queued}, where="on 1 nodes",
    )  # fmt: skip


def shares(*nodes: NodeRow) -> Check:
    return checks.gpu_shares(nodes, gpus={Pool.GENERATION: 1.0, Pool.INTERPOLATION: 0.5})


OUTSIDE = Listener(6379, "::", "gcs_server")
INSIDE = Listener(6379, "::ffff:127.0.0.1", "gcs_server")


@pytest.mark.parametrize(
    ("found", "state", "words"),
    [
        (lambda: checks.ray_version("2.60.0"), State.PASS, "2.60.0"),
        (lambda: checks.ray_version("3.0.0"), State.PASS, "3.0.0"),
        (lambda: checks.ray_version("2.58.1"), State.FAIL, "older than 2.59"),
        (lambda: checks.ray_version(None), State.FAIL, "not installed"),
        (token, State.PASS, "mode 0600"),
        (lambda: token(mode=None), State.PASS, "none yet"),
        (lambda: token(mode=0o100644), State.FAIL, "0644"),
        (lambda: token(mode=0o100640), State.FAIL, "others can read"),
        (lambda: token(owner=ME + 1), State.FAIL, "belongs to user"),
        (lambda: token(letters=6), State.FAIL, "6 letters"),
        (lambda: authentication(Answer.REFUSED, Answer.OPEN), State.PASS, "refuses strangers"),
        (lambda: authentication(Answer.OPEN, Answer.OPEN), State.FAIL, "to anyone"),
        (lambda: authentication(Answer.REFUSED, Answer.REFUSED), State.FAIL, "this home's token"),
        (lambda: authentication(Answer.SILENT, Answer.SILENT), State.FAIL, "does not answer"),
        (lambda: ports("127.0.0.1:6379", INSIDE, loopback=True), State.PASS, "none beyond"),
        (lambda: ports("127.0.0.1:6379", OUTSIDE, loopback=True), State.FAIL, "gcs_server"),
        (lambda: ports(BOUND, OUTSIDE, INSIDE), State.PASS, "firewall"),
        (lambda: ports("8.8.8.8:6379", OUTSIDE), State.FAIL, "public address"),
        (lambda: disk(50 * GIB), State.PASS, "50.0 GiB"),
        (lambda: disk(2 * GIB), State.WARN, "2.0 GiB"),
        (lambda: disk(100 * MIB), State.FAIL, "100 MiB"),
        (lambda: checks.shared_memory(free_bytes=GIB, store_bytes=MIB), State.PASS, "1.0 GiB"),
        (lambda: checks.shared_memory(free_bytes=64 * MIB, store_bytes=GIB), State.WARN, "64 MiB"),
        (lambda: checks.shared_memory(free_bytes=None, store_bytes=GIB), State.PASS, "no /dev/shm"),
        (lambda: checks.open_files(65_536), State.PASS, "65536"),
        (lambda: checks.open_files(1024), State.WARN, "1024"),
        (lambda: credentials(30), State.PASS, "es256, made out to Studio Ost, 30 days left"),
        (lambda: credentials(29), State.WARN, "29 days left"),
        (clock, State.PASS, "1 node agrees within 0.10 s"),
        (lambda: clock(now=0.0), State.FAIL, "before 2025"),
        (lambda: clock(newest=2e9 + 3600), State.WARN, "3600 s behind"),
        (lambda: clock(skews={"gpu-1": 0.0, "gpu-2": -7.5}), State.WARN, "gpu-2 by -7.5 s"),
        (lambda: pools(1, queued=5), State.PASS, "1 generation, 1 interpolation on 1 nodes"),
        (lambda: pools(0, queued=0), State.WARN, "0 generation"),
        (lambda: pools(0, queued=5), State.FAIL, "5 shots wait for generation"),
        (lambda: shares(node()), State.PASS, "its share"),
        (lambda: shares(node(gpus=1.0)), State.WARN, "gpu-1 ask for 2 GPUs of 1"),
        (lambda: shares(node(gpus=0.0)), State.PASS, "its share"),
        (lambda: shares(node(gpus=1.0, alive=False)), State.PASS, "its share"),
    ],
)
def test_a_check_says_what_it_found(found: Callable[[], Check], state: State, words: str) -> None:
    check = found()

    assert (check.state, words in check.figure) == (state, True), check
    assert bool(check.remedy) == (state is not State.PASS), "what is wrong has a remedy"
