"""The dispatcher from outside: a handle for processes that are no actors themselves."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import ray
from ray import exceptions as ray_errors

from companions.errors import MotionfleetError
from fleet.errors import ClusterFailed

NAMESPACE: Final = "motionfleet"
DISPATCHER: Final = "dispatcher"
"""Name of the dispatcher's actor."""
_AGAIN_S: Final = 0.1
HEAD: Final = "node:__internal_head__"
"""A resource that Ray gives to the head and to no other node: the dispatcher's disk is there."""


@contextlib.contextmanager
def connected(address: str) -> Iterator[None]:
    """A connection to the cluster at ``address`` for the time of the block.

    ``environment.prepare`` must have run before this module was imported.

    Raises:
        ClusterFailed: nothing answers there, or it does not accept this home's token.
    """
    try:
        ray.init(
            address=address,
            namespace=NAMESPACE,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=True,
        )
    except (OSError, RuntimeError, ValueError, TimeoutError) as error:
        raise ClusterFailed(
            what=f"the cluster at {address} does not answer ({str(error).splitlines()[0]})",
            remedy="Is it up, and was it started with this home's token? See: fleet doctor",
        ) from error
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
            name=DISPATCHER,
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

    def is_alive(self, *, timeout_s: float) -> bool:
        """Whether it answers within that time, which it may need to come back from a death."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0.0:
            try:
                ray.get(self._handle.running.remote(), timeout=left_s)
            except ray_errors.RayActorError:
                time.sleep(_AGAIN_S)  # Ray is starting it again
            except ray_errors.RayError:
                return False
            else:
                return True
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
