"""The embedded cluster: a Ray of this process's own, on loopback, with a token, for as long as
a submission runs.

``environment.prepare`` must have run before this module is imported.  ``address="local"`` and not
the default: a plain ``init`` joins whatever cluster another program left running.
"""

from __future__ import annotations

import contextlib
import logging
import signal
from collections.abc import Iterator

import ray

from fleet.cluster.pools import Machine, object_store_bytes, pool_sizes
from fleet.cluster.remote import NAMESPACE
from fleet.errors import ClusterFailed
from fleet.settings import Settings


@contextlib.contextmanager
def embedded_cluster(*, settings: Settings, machine: Machine) -> Iterator[None]:
    """A local cluster with both pools' slots, stopped at the end of the block.

    Raises:
        ClusterFailed: Ray did not start.
    """
    sizes = pool_sizes(machine, settings)
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address="local",
            namespace=NAMESPACE,
            num_cpus=machine.cores,
            resources={pool.value: float(count) for pool, count in sizes.items()},
            object_store_memory=object_store_bytes(machine, settings),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=True,
        )
    except (OSError, RuntimeError, ValueError, TimeoutError) as error:
        raise ClusterFailed(
            what=f"Ray could not be started here ({str(error).splitlines()[0]})",
            remedy="Check free memory and disk space in /tmp, then run the same command again; "
            "what was submitted is kept.",
        ) from error
    # Ray puts in a handler of its own, which would end this process without a word.
    signal.signal(signal.SIGTERM, on_sigterm)
    try:
        yield
    finally:
        try:
            ray.shutdown()
        except KeyboardInterrupt:
            ray.shutdown()  # cut short, it leaves processes behind; it goes on where it was
            raise
