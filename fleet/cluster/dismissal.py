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

from fleet.cluster.remote import DISPATCHER, NAMESPACE, connected

PATIENCE_S: Final = 2.0


def dismiss(address: str) -> int:
    """End every actor of the fleet on the cluster at ``address``; how many there were.

    Raises:
        ClusterFailed: the cluster does not answer.
    """
    with connected(address):
        listed: Any = ray.util.list_named_actors
        names = [each["name"] for each in listed(all_namespaces=True)
                 if each["namespace"] == NAMESPACE]  # fmt: skip
        # The dispatcher first, or it would start new workers for those that go.
        for name in sorted(names, key=lambda name: name != DISPATCHER):
            with contextlib.suppress(ray_errors.RayError, ValueError):
                handle: Any = ray.get_actor(name, namespace=NAMESPACE)
                if name == DISPATCHER:
                    with contextlib.suppress(ray_errors.RayError):
                        ray.get(handle.stop.remote(), timeout=PATIENCE_S)
                ray.kill(handle, no_restart=True)
        return len(names)


if __name__ == "__main__":
    dismiss(sys.argv[1])
