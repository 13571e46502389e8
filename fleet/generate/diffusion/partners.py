"""The further processes that one shot on several GPUs takes: started, told, watched, ended.

A generator's own process is number 0; each partner has the same model on a GPU of its own and does
the same work, and the frames of number 0 are the clip.  Partners stay loaded from shot to shot.
Nothing waits for one that is gone: its end closes its line, which is listened to all the time.
After any failure all of them are ended, and the next shot starts new ones; they end with their
generator's process, however that ends.
"""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import torch

from companions.errors import MotionfleetError
from companions.picture import Pixels
from fleet.errors import AttemptStopped, BackendFailed, OutOfMemory, WorkerLost
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion import shot, splitting
from fleet.generate.diffusion.loaded import Loaded
from fleet.generate.diffusion.partner_words import (
    BeforeStep,
    Beginning,
    Failed,
    Order,
    Over,
    Ready,
    travelling,
)
from fleet.generate.diffusion.splitting import Share
from fleet.jobs.model import Stage

_MODULE: Final = "fleet.generate.diffusion.partner"
_LOOK_S: Final = 0.2
"""How often it is asked, while a partner loads, whether the work was called off."""
_GRACE_S: Final = 5.0
"""How long after an error of our own a partner's may come that is the reason for it."""
_END_S: Final = 60.0
"""How long a partner may take to leave a run that is over."""


class Partners:
    """The partners of one generator, one for each GPU but the first."""

    def __init__(self, beginning: Beginning) -> None:
        """Start them, for the shots that ``beginning.of`` processes make.  They load meanwhile."""
        self.setup, self.gpus = beginning.setup, beginning.of
        self._shelf = beginning.shelf
        self._each = [_Partner(replace(beginning, rank=rank)) for rank in range(1, beginning.of)]

    @property
    def are_there(self) -> bool:
        """Whether they can be given an order."""
        return bool(self._each) and all(partner.failure is None for partner in self._each)

    @property
    def pids(self) -> Sequence[int]:
        """Their processes."""
        return [partner.pid for partner in self._each]

    def made(
        self, loaded: Loaded, request: GenerateRequest, *, number: int, of: int
    ) -> Sequence[Pixels]:
        """As ``shot.made``, by all of them together.

        Raises:
            As ``shot.made``; and OutOfMemory, BackendFailed, WorkerLost: of a partner.
        """
        at_work = False
        try:
            for partner in self._each:
                partner.loads(until=request.stopped)
            at_work = True
            frames = self._together(loaded, request, number=number, of=of)
            at_work = False
        except AttemptStopped:
            # All were told before the same step: they are as good as before.
            at_work = at_work and not all(each.left_within(_END_S) for each in self._each)
            raise
        finally:
            if at_work or not self.are_there:
                self.end()
        return frames

    def end(self) -> None:
        """End them, at whatever they are."""
        each, self._each = self._each, []
        for partner in each:
            partner.end()

    def _together(
        self, loaded: Loaded, request: GenerateRequest, *, number: int, of: int
    ) -> Sequence[Pixels]:
        def stopped() -> bool:
            for partner in self._each:
                if partner.failure is not None:
                    raise partner.failure
            stop = request.stopped()
            for partner in self._each:
                partner.tell(BeforeStep(stop))
            return stop

        with tempfile.TemporaryDirectory(prefix="motionfleet-") as folder:
            meeting = Path(folder) / "meeting"
            for partner in self._each:
                partner.tell(Order(travelling(request), number, of, meeting))
            try:
                frames = shot.made(
                    loaded, replace(request, stopped=stopped), self._shelf,
                    number=number, of=of, share=Share(0, self.gpus, meeting),
                )  # fmt: skip
            except RuntimeError as error:
                # A line that broke says so sooner than whoever broke it.
                reason = None if isinstance(error, torch.OutOfMemoryError) else self._failure()
                if reason is None:
                    raise
                raise reason from error
            for partner in self._each:
                if not partner.left_within(_END_S):
                    raise partner.failure or WorkerLost(
                        stage=Stage.GENERATE.value,
                        what=f"{partner.name} did not end its part of a shot",
                    )
        return frames

    def _failure(self) -> MotionfleetError | None:
        until = time.monotonic() + _GRACE_S
        while True:
            found = next((each.failure for each in self._each if each.failure is not None), None)
            if found is not None or time.monotonic() > until:
                return found
            time.sleep(_LOOK_S)


class _Partner:
    """One partner.

    Attributes:
        name: for messages.
        pid: of its process.
        loading: whether it has not said yet that its model is loaded.
        failure: why it is of no use any more; None while it is.
    """

    def __init__(self, beginning: Beginning) -> None:
        self.name = f"the process of GPU {beginning.rank + 1} of {beginning.of}"
        self._model = beginning.family
        self.loading = True
        self.failure: MotionfleetError | None = None
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=_environment(os.environ, beginning),
            )
        self.pid = self._process.pid
        self._line = Connection(ours.detach())
        self._said: queue.SimpleQueue[Ready | Over | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.tell(beginning)

    def tell(self, word: Beginning | Order | BeforeStep) -> None:
        """Say ``word`` to it; nothing happens if it is gone: its failure says so."""
        try:
            self._line.send(word)
        except OSError:
            return

    def loads(self, *, until: Callable[[], bool]) -> None:
        """Wait until its model is loaded, or the work is called off.

        Raises:
            AttemptStopped: it was called off.
            OutOfMemory, BackendFailed, WorkerLost: it failed.
        """
        while self.loading:
            if self.failure is not None:
                raise self.failure
            if until():
                raise AttemptStopped(stage=Stage.GENERATE.value)
            self.loading = not isinstance(self._next(_LOOK_S), Ready)

    def left_within(self, seconds: float) -> bool:
        """Whether it has ended its part in the order, or does within that time."""
        return isinstance(self._next(seconds), Over)

    def end(self) -> None:
        """End it and wait until it has ended."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._line.close()

    def _next(self, seconds: float) -> Ready | Over | None:
        try:
            return self._said.get(timeout=seconds)
        except queue.Empty:
            return None

    def _listen(self) -> None:
        while True:
            try:
                word = self._line.recv()
            except (EOFError, OSError):
                code = self._process.wait()
                what = f"{self.name} ended by itself ({_ending(code)})"
                self._fail(WorkerLost(stage=Stage.GENERATE.value, what=what))
                return
            if isinstance(word, Failed):
                self._fail(self._meant(word))
            else:
                self._said.put(word)

    def _meant(self, word: Failed) -> MotionfleetError:
        what = f"{self.name}: {word.what}"
        if word.memory:
            return OutOfMemory(stage=Stage.GENERATE.value, what=what)
        return BackendFailed(backend=self._model, what=what)

    def _fail(self, failure: MotionfleetError) -> None:
        self.failure = self.failure or failure
        self._said.put(None)
        splitting.abort()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _environment(ours: Mapping[str, str], beginning: Beginning) -> Mapping[str, str]:
    """That of a partner: it sees its GPU and no other, or takes no more than its share of cores."""
    if not beginning.setup.on_gpu:
        share = max(1, (os.cpu_count() or 1) // beginning.of)
        return {**ours, "OMP_NUM_THREADS": str(share)}
    seen = ours.get("CUDA_VISIBLE_DEVICES", "")
    names = seen.split(",") if seen else [str(number) for number in range(beginning.of)]
    return {**ours, "CUDA_VISIBLE_DEVICES": names[beginning.rank]}
