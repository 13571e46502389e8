"""``python -m fleet.cluster.clocks ADDRESS``: how far each node's clock is ahead, as JSON.

A process of its own, because Ray reads its environment once; whoever starts it sets that.  A
task on each node tells its time; the answer's way is taken to be half of asking and answering.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

import ray
from ray import exceptions as ray_errors
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from fleet.cluster.nodes import alive_nodes
from fleet.cluster.remote import connected

ANSWER_S: Final = 15.0


class _Clock:
    def read(self) -> float:
        return time.time()


def skews(address: str) -> Mapping[str, float]:
    """Seconds that each node is ahead of this machine, by its name; silent nodes are left out.

    Raises:
        ClusterFailed: the cluster does not answer.
    """
    found: dict[str, float] = {}
    actor: Any = ray.remote(_Clock)
    affinity: Any = NodeAffinitySchedulingStrategy
    with connected(address):
        clocks = {
            node.name: actor.options(
                num_cpus=0, scheduling_strategy=affinity(node_id=node.id, soft=False)
            ).remote()
            for node in alive_nodes()
        }
        for name, clock in clocks.items():
            try:
                ray.get(clock.read.remote(), timeout=ANSWER_S)  # its process is up now
                asked = time.time()
                told = ray.get(clock.read.remote(), timeout=ANSWER_S)
                found[name] = round(told - (asked + time.time()) / 2, 3)
            except ray_errors.RayError:
                continue
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dict(skews(sys.argv[1]))) + "\n")
