"""Take up memory for frames on a node of a cluster, until killed: ``crowd ADDRESS MEGABYTES``."""

from __future__ import annotations

import signal
import sys
from typing import Any

import numpy as np
import ray


def main(address: str, size_mb: str) -> None:
    ray.init(address=address, log_to_driver=False)
    put: Any = ray.put
    _held = put(np.ones(int(size_mb) * 1_000_000, dtype=np.uint8))
    sys.stdout.write("there\n")
    sys.stdout.flush()
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
