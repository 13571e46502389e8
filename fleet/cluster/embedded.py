"""The embedded cluster: a Ray of this process's own, on loopback, with a token, for as long as
a submission runs.

``environment.prepare`` must have run before this module is imported.  ``address="local"`` and not
the default: a plain ``init`` joins whatever cluster another program left running.
"""

from __future__ import annotations

import contextlib
import logging
import signal
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import ray
from ray import exceptions as ray_errors

from companions.errors import MotionfleetError
from fleet.cluster.pools import Machine, object_store_bytes, pool_sizes
from fleet.errors import ClusterFailed
from fleet.settings import Settings

NAMESPACE: Final = "motionfleet"
HEAD: Final = "node:__internal_head__"
"""A resource that Ray gives to the head and to no other node: the dispatcher's disk is there."""


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
        ray.shutdown()


class RemoteDispatcher:
    """A handle to the dispatcher's actor, for a process that is no actor itself."""

    RESTARTS: Final = 3

    def __init__(self, body: type, arguments: Mapping[str, object]) -> None:
        """Start the actor ``body`` on the head, or join it if it runs already.

        Ray restarts it when it dies; its own retries are the ledger's.
        """
        actor: Any = ray.remote(body)
        self._handle: Any = actor.options(
            name="dispatcher",
            lifetime="detached",
            get_if_exists=True,
            max_restarts=-1,
            max_task_retries=0,
            num_cpus=0,
            resources={HEAD: 0.001},
        ).remote(**arguments)
        self._restarts = 0
        self._prepared: Any = self._handle.prepare.remote()
        self._run: Any = None

    def wait_ready(self, *, timeout_s: float) -> bool:
        """Whether the dispatcher has its lock, its ledger and its workers.

        Raises:
            MotionfleetError: it cannot have them.
        """
        return self._ended(self._prepared, timeout_s=timeout_s)

    def wait_done(self, *, timeout_s: float) -> bool:
        """Whether every shot in the ledger has ended; starts the work on the first call.

        Raises:
            MotionfleetError: the work cannot go on.
            ClusterFailed: the dispatcher died again and again.
        """
        if self._run is None:
            self._run = self._handle.run.remote()
        try:
            return self._ended(self._run, timeout_s=timeout_s)
        except ray_errors.RayActorError as error:
            self._restarts += 1
            if self._restarts > self.RESTARTS:
                raise ClusterFailed(
                    what="the dispatcher died again and again",
                    remedy="See fleet.log; the same command goes on where it stopped.",
                ) from error
            self._run = None  # Ray restarts the actor; the ledger says where to go on
            return False

    def running(self) -> Sequence[Any]:
        """The attempts under way; empty while the dispatcher restarts."""
        try:
            return tuple(ray.get(self._handle.running.remote(), timeout=5.0))
        except ray_errors.RayError:
            return ()

    def stop(self, *, timeout_s: float) -> None:
        """Ask the dispatcher to stop and wait for it, but not for long."""
        with contextlib.suppress(ray_errors.RayError):
            ray.get(self._handle.stop.remote(), timeout=timeout_s)
            if self._run is not None:
                ray.wait([self._run], timeout=timeout_s)

    @staticmethod
    def _ended(call: Any, *, timeout_s: float) -> bool:
        done, _ = ray.wait([call], timeout=timeout_s)
        if not done:
            return False
        try:
            ray.get(done[0])
        except ray_errors.RayTaskError as error:
            if isinstance(error.cause, MotionfleetError):
                raise error.cause from None
            raise
        return True
