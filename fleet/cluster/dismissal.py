"""``python -m fleet.cluster.dismissal ADDRESS``: the dispatcher and its workers leave a cluster.

A process of its own, because Ray reads its environment once; whoever starts it sets that.  The
dispatcher is asked to give its work back, then all actors of the fleet are ended.  What is
under way is in the ledger and goes on with the next cluster.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any, Final

import ray
from ray import exceptions as ray_errors
from ray._private import state as ray_state

from fleet.cluster import processes
from fleet.cluster.remote import DISPATCHER, NAMESPACE, connected

PATIENCE_S: Final = 2.0
GRACE_S: Final = 2.0
"""How long the process of an ended actor may take to go before it is made to."""


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
        here: list[int] = []
        # The dispatcher first, or it would start new workers for those that go.
        for name in sorted(names, key=lambda name: name != DISPATCHER):
            with contextlib.suppress(ray_errors.RayError, ValueError):
                handle: Any = ray.get_actor(name, namespace=NAMESPACE)
                if name == DISPATCHER:
                    with contextlib.suppress(ray_errors.RayError):
                        ray.get(handle.stop.remote(), timeout=PATIENCE_S)
                here += _process_here(handle)
                ray.kill(handle, no_restart=True)
        # Ray says that an actor has ended some time before its process has.
        processes.end(here, grace_s=GRACE_S)
        return len(names)


def _process_here(handle: Any) -> list[int]:
    """The number of an actor's process, if it runs on this machine.

    Ray's public listing of actors needs its dashboard, which a cluster may be without.  What it
    tells of an actor that died is a number that may be anyone's by now.
    """
    address_here: Any = ray.util.get_node_ip_address
    told = ray_state.actors(handle._actor_id.hex())  # noqa: SLF001  (nothing else names it)
    if not told or told["State"] != "ALIVE" or told["Address"]["IPAddress"] != address_here():
        return []
    pid = int(told["Pid"])
    return [pid] if "".join(processes.words(pid)[:1]).startswith("ray::") else []


if __name__ == "__main__":
    dismiss(sys.argv[1])
