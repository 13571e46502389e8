"""The making of one shot's frames: by one worker, or piece by piece by several.

Each worker's stream is taken in as it comes.  Pieces that need no other one may be made at once,
by workers that would else be idle: the dispatcher offers them in every turn, and each makes one
piece.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ray import ObjectRef

from fleet.cluster.failures import is_silence
from fleet.cluster.waiting import result
from fleet.errors import BackendFailed
from fleet.keeping import MadePiece, Restored
from fleet.stages.base import GenerateReport, GenerateTask, KeptPieces, PieceEnd, Pieces

Heard = Callable[[int], None]
"""Called with the number of frames that are done so far."""


@dataclass(frozen=True, slots=True)
class Doer:
    """The worker of an attempt, and where it is.

    Attributes:
        handle: its actor; None where the attempt is the head's own work.
        node_id: Ray's id of its node.
        node: the node's name.
        gpu: name of its GPU, or empty.
    """

    handle: Any = None
    node_id: str = ""
    node: str = ""
    gpu: str = ""


class OtherMaker(Exception):
    """A helper would make its piece with something else than the others were made with."""


@dataclass(frozen=True, slots=True)
class _Frames:
    """A chunk of frames, where it was made."""

    chunk: ObjectRef[Any]
    count: int


@dataclass(frozen=True, slots=True)
class _Ended:
    """A piece is made; the frames of it that are not final, if there are any."""

    end: PieceEnd
    tail: ObjectRef[Any] | None


class Making:
    """One attempt at one shot's frames."""

    def __init__(
        self,
        task: GenerateTask,
        picture: ObjectRef[Any],
        *,
        restored: Restored | None,
        heard: Heard,
        made: Callable[[MadePiece], None],
        helped_s: float = 0.0,
    ) -> None:
        """``task`` is the shot's, for any worker.  ``made`` is called with each piece.
        ``helped_s`` is what others spent on earlier attempts at the shot, in vain or not."""
        self._task, self._picture, self._restored = task, picture, restored
        self._heard, self._made = heard, made
        self._at_once = task.recipe.generation_params.parallel_segments or 1
        self._said: Pieces | None = None
        self._left: list[int] = []
        self._done: dict[int, Sequence[ObjectRef[Any]]] = {}
        self._whole: Sequence[ObjectRef[Any]] = ()
        self._count = 0
        self._helpers: set[asyncio.Task[None]] = set()
        self._helped_s = helped_s
        self._failed: BaseException | None = None

    @property
    def frames(self) -> list[ObjectRef[Any]]:
        """All frames in chunks, in order, once they are made."""
        if self._said is None:
            return list(self._whole)
        return [ref for number in range(self._said.count) for ref in self._done[number]]

    @property
    def helped_s(self) -> float:
        """Seconds that other workers spent on the shot, in this attempt and in earlier ones."""
        return self._helped_s

    async def by(self, doer: Doer, token: str) -> GenerateReport:
        """Have all that is not there yet made by ``doer``, and by those who help.

        Raises:
            BackendFailed: its stream ended without a report.
            Also what Ray raises, of ``doer`` or of a helper whose stage failed.
        """
        kept = self._restored.kept if self._restored is not None else None
        only = 1 if self._at_once > 1 else None
        try:
            report = await self._run(doer, token, replace(self._task, kept=kept, only=only))
            while self._left or self._helpers:
                if self._left:
                    report = await self._piece(doer, token, self._left.pop(0))
                else:
                    await asyncio.wait(self._helpers, return_when=asyncio.FIRST_COMPLETED)
                if self._failed is not None:
                    raise self._failed
        finally:
            await self._end_helpers()
        return report.model_copy(update={"helped_seconds": self._helped_s})

    # -- help -------------------------------------------------------------------------------------

    def piece_for_another(self) -> int | None:
        """A piece that another worker is to make now, if there is any; it is given out once."""
        if not self._left or len(self._helpers) >= self._at_once - 1:
            return None
        return self._left.pop(0)

    def helped_by(self, helper: asyncio.Task[None]) -> None:
        """``helper`` makes the piece that was given out; it ends when this attempt does."""
        self._helpers.add(helper)
        helper.add_done_callback(self._helpers.discard)

    async def help(self, doer: Doer, token: str, number: int) -> None:
        """Have ``doer`` make that piece.  If it does not, the piece is left for others.

        Raises:
            OtherMaker: it would not fit the others.
            Also what Ray raises.  Unless the worker fell silent, the attempt fails of it too.
        """
        begun = time.monotonic()
        try:
            await self._piece(doer, token, number)
        except BaseException as error:
            self._left.insert(0, number)
            if isinstance(error, OtherMaker):
                self._at_once = 1  # no more help: it may be offered again, in the next turn
            if not isinstance(error, OtherMaker | asyncio.CancelledError) and not is_silence(error):
                self._failed = error
            raise
        finally:
            self._helped_s += time.monotonic() - begun

    async def _end_helpers(self) -> None:
        self._left = []
        helpers = list(self._helpers)
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)

    # -- streams ----------------------------------------------------------------------------------

    async def _piece(self, doer: Doer, token: str, number: int) -> GenerateReport:
        """One piece that needs no other."""
        if self._said is None:
            raise ValueError("pieces are made one by one once it is known which there are")
        others = tuple(each for each in range(self._said.count) if each != number)
        kept = KeptPieces(self._said.made_by, others)
        return await self._run(doer, token, replace(self._task, kept=kept, node=doer.node))

    async def _run(self, doer: Doer, token: str, task: GenerateTask) -> GenerateReport:
        """Take one stream in, to its report."""
        remote = doer.handle.generate.options(num_returns="streaming")
        report: GenerateReport | None = None
        frames: list[ObjectRef[Any]] = []
        said: Pieces | None = None
        async for word in _words(remote.remote(token, task, self._picture)):
            match word:
                case Pieces():
                    said = self._begin(word, only=task.only)
                case _Frames(chunk, count):
                    frames.append(chunk)
                    self._count += count
                    self._heard(self._count)
                case _Ended(end, tail) if said is not None:
                    self._done[end.number] = frames
                    self._made(MadePiece(said.made_by, end, frames, tail))
                    frames = []
                case GenerateReport():
                    report = word
        if report is None:
            raise BackendFailed(backend="generate", what="the stream ended without a report")
        if self._said is None:
            self._whole = frames
        return report

    def _begin(self, said: Pieces, *, only: int | None) -> Pieces:
        if self._said is not None:
            if said.made_by != self._said.made_by:
                raise OtherMaker
            return said
        if only is not None and not said.independent:
            raise BackendFailed(
                backend="generate", what="its pieces continue each other; none can be made apart"
            )
        self._said = said
        before = self._restored.frames if self._restored is not None else {}
        self._done = {number: before[number] for number in said.there}
        to_make = [number for number in range(said.count) if number not in self._done]
        self._left = to_make[only:] if only is not None else []
        return said


async def _words(
    stream: AsyncIterable[ObjectRef[Any]],
) -> AsyncIterator[Pieces | _Frames | _Ended | GenerateReport]:
    """What a worker's stream says; of its frames, only where they are.

    Each item is waited for, frames too.  That brings a copy of them to the head, so that they are
    not lost with the node that made them; of this process's own memory it takes none, because
    Ray shows arrays where they lie.
    """
    end: PieceEnd | None = None
    async for ref in stream:
        match await result(ref):
            case np.ndarray() as frames if end is None:
                yield _Frames(ref, len(frames))
            case np.ndarray() if end is not None:
                yield _Ended(end, ref)
                end = None
            case PieceEnd() as said if said.tail:
                end = said
            case PieceEnd() as said:
                yield _Ended(said, None)
            case Pieces() | GenerateReport() as said:
                yield said
