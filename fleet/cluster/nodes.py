"""The nodes of the cluster, as Ray knows them now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ray

from fleet.jobs.model import Pool


@dataclass(frozen=True, slots=True)
class Node:
    """One machine of the cluster.

    Attributes:
        id: Ray's id, new each time the node joins.
        name: the name it was given when it joined, its address otherwise; stays the same.
        slots: workers of each pool it has room for.
        gpus: GPUs it offers.
        store_bytes: memory it has for frames on their way.
    """

    id: str
    name: str
    address: str
    slots: Mapping[Pool, int]
    gpus: float
    store_bytes: int


def alive_nodes() -> list[Node]:
    """All nodes that are alive, by name.

    Two that were given the same name are told apart by their ids.
    """
    listed: Any = ray.nodes  # Ray gives it no types
    alive = [node for node in listed() if node["Alive"]]
    names = Counter(node["NodeName"] for node in alive)
    found = []
    for node in alive:
        resources = node["Resources"]
        name = node["NodeName"]
        found.append(
            Node(
                id=node["NodeID"],
                name=name if names[name] == 1 else f"{name}#{node['NodeID'][:6]}",
                address=node["NodeManagerAddress"],
                slots={pool: int(resources.get(pool.value, 0)) for pool in Pool},
                gpus=float(resources.get("GPU", 0)),
                store_bytes=int(resources.get("object_store_memory", 0)),
            )
        )
    return sorted(found, key=lambda node: node.name)
