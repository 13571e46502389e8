"""``python -m fleet.cluster.dismissal ADDRESS``: the dispatcher and its workers leave a cluster.

A process of its own, because Ray reads its environment once; whoever starts it sets that.  The
dispatcher is asked to give its work back, then all actors of the fleet are ended.  What is
under way is in the ledger and goes on with the next cluster.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Collection
from typing import Any, Final

import ray
from ray import exceptions as ray_errors
from ray._private import state as ray_state

from fleet.cluster import processes
from fleet.cluster.processes import Process
from fleet.cluster.remote import DISPATCHER, NAMESPACE, connected

PATIENCE_S: Final = 2.0
GONE_S: Final = 10.0
"""Longest to wait for the processes of ended actors."""
_LOOK_S: Final = 0.02


def dismiss(address: str) -> int:
    """End every actor of the fleet on the cluster at ``address``; how many there were.

    Returns when those on this machine are gone: whoever comes next finds the home unused.

    Raises:
        ClusterFailed: the cluster does not answer.
    """
    with connected(address):
        listed: Any = ray.util.list_named_actors
        names = [each["name"] for each in listed(all_namespaces=True)
                 if each["namespace"] == NAMESPACE]  # fmt: skip
        here: set[Process] = set()
        # The dispatcher first, or it would start new workers for those that go.
        for name in sorted(names, key=lambda name: name != DISPATCHER):
            with contextlib.suppress(ray_errors.RayError, ValueError):
                handle: Any = ray.get_actor(name, namespace=NAMESPACE)
                if name == DISPATCHER:
                    with contextlib.suppress(ray_errors.RayError):
                        ray.get(handle.stop.remote(), timeout=PATIENCE_S)
                here |= _process_here(handle)
                ray.kill(handle, no_restart=True)
        _await_end(here)
        return len(names)


def _process_here(handle: Any) -> set[Process]:
    """The process of an actor, if it runs on this machine.

    Ray's public listing of actors needs its dashboard, which a cluster may be without.
    """
    address_here: Any = ray.util.get_node_ip_address
    told = ray_state.actors(handle._actor_id.hex())  # noqa: SLF001  (nothing else names it)
    if not told or told["Address"]["IPAddress"] != address_here():
        return set()
    process = processes.identify(int(told["Pid"]))
    return set() if process is None else {process}


def _await_end(left: Collection[Process]) -> None:
    """Wait until all are gone: Ray ends an actor's process some time after it said that it did."""
    deadline = time.monotonic() + GONE_S
    while left and time.monotonic() < deadline:
        left = [process for process in left if processes.is_alive(process)]
        if left:
            time.sleep(_LOOK_S)


if __name__ == "__main__":
    dismiss(sys.argv[1])
