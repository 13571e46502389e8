"""Finished pieces of long shots, from the workers' memory to the head's disk and back.

The archive writes and reads them, one after the other for each shot, beside everything else.
What cannot be kept is not: the shot goes on, and only a crash would cost anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ray import ObjectRef
from ray import exceptions as ray_errors

from companions import files
from companions.errors import MotionfleetError
from fleet.checkpoint.pieces import Index, KeptFile, KeptPiece, PieceFolder
from fleet.cluster.waiting import result
from fleet.stages.base import Chunk, KeptPieces, PieceEnd

_log = logging.getLogger("fleet.dispatcher")


@dataclass(frozen=True, slots=True)
class MadePiece:
    """A piece that was made: who made it, and where its frames are in memory.

    Attributes:
        tail: those that are not final; None if there are none.
    """

    made_by: str
    end: PieceEnd
    frames: Sequence[ObjectRef[Any]]
    tail: ObjectRef[Any] | None


@dataclass(frozen=True, slots=True)
class Restored:
    """The pieces of a shot that an earlier attempt made.

    Attributes:
        kept: what the worker is told of them.
        frames: of each, by its number, in memory.
    """

    kept: KeptPieces
    frames: Mapping[int, Sequence[ObjectRef[Any]]] = field(default_factory=dict)


class Keeping:
    """Keeps pieces on the head's disk, in the folder ``root``."""

    def __init__(self, root: Path, *, archivist: Callable[[], Any]) -> None:
        """``archivist`` gives the handle of the archive, which is started when it is needed."""
        self._root, self._archivist = root, archivist
        self._writing: dict[str, list[asyncio.Task[None]]] = {}

    def keep(self, shot_id: str, piece: MadePiece, *, nonce: str) -> None:
        """Write a piece down, after those before it and beside everything else; ``nonce`` tells
        attempts apart."""
        tasks = self._writing.setdefault(shot_id, [])
        work = self._write_down(shot_id, piece, nonce=nonce, after=list(tasks))
        task = asyncio.get_running_loop().create_task(work)
        tasks.append(task)
        task.add_done_callback(lambda done: self._over(shot_id, done))

    async def restored(self, shot_id: str) -> Restored | None:
        """What earlier attempts made of a shot, in memory again; None if that is nothing.

        What an earlier attempt is still writing down is waited for.  A piece that cannot be read
        back is let go of.
        """
        if writing := self._writing.get(shot_id):
            await asyncio.wait(list(writing))
        folder = PieceFolder(self._root, shot_id)
        index = await asyncio.to_thread(folder.read)
        if index is None or not index.pieces:
            return None
        frames: dict[int, Sequence[ObjectRef[Any]]] = {}
        for piece in index.pieces:
            refs = await self._read(folder, piece.final, shot_id=shot_id)
            if refs:
                frames[piece.number] = refs
        tail = await self._tail(folder, index, frames, shot_id=shot_id)
        there = tuple(sorted(frames))
        if not there:
            return None
        model = index.pieces[-1].model
        return Restored(KeptPieces(index.made_by, there, tail=tail, model=model), frames)

    async def remove(self, shot_id: str) -> None:
        """Let go of a shot's pieces; what cannot be removed now is swept later."""
        for task in self._writing.get(shot_id, ()):
            task.cancel()
        try:
            await asyncio.to_thread(PieceFolder(self._root, shot_id).remove)
        except MotionfleetError as error:
            _log.warning("shot=%s its kept pieces could not be removed: %s", shot_id, error)

    async def close(self) -> None:
        """Give up writing pieces down."""
        tasks = [task for writing in self._writing.values() for task in writing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- writing and reading ----------------------------------------------------------------------

    def _over(self, shot_id: str, done: asyncio.Task[None]) -> None:
        left = [task for task in self._writing.get(shot_id, ()) if task is not done]
        self._writing[shot_id] = left
        if not left:
            del self._writing[shot_id]

    async def _write_down(
        self, shot_id: str, piece: MadePiece, *, nonce: str, after: Sequence[asyncio.Task[None]]
    ) -> None:
        if after:
            await asyncio.wait(after)
        folder, number = PieceFolder(self._root, shot_id), piece.end.number
        try:
            with files.reporting_unwritable(folder.path):
                folder.path.mkdir(parents=True, exist_ok=True)
            final = await self._written(
                folder.new_file(number, tail=False, nonce=nonce), piece.frames
            )
            tail = None
            if piece.tail is not None:
                path = folder.new_file(number, tail=True, nonce=nonce)
                tail = await self._written(path, [piece.tail])
            kept = KeptPiece(number=number, final=final, tail=tail, model=piece.end.model)
            await asyncio.to_thread(folder.add, kept, made_by=piece.made_by)
        except (MotionfleetError, ray_errors.RayError) as error:
            _log.warning("shot=%s piece %d could not be kept: %s", shot_id, number, error)
        else:
            _log.info("shot=%s piece %d is kept", shot_id, number)

    async def _written(self, path: Path, chunks: Sequence[ObjectRef[Any]]) -> KeptFile:
        facts = await result(self._archivist().keep.remote(str(path), list(chunks)))
        return KeptFile(name=path.name, sha256=facts.sha256, frames=facts.frames)

    async def _tail(
        self,
        folder: PieceFolder,
        index: Index,
        frames: Mapping[int, Sequence[ObjectRef[Any]]],
        *,
        shot_id: str,
    ) -> Chunk | None:
        """The frames that the piece after the last of the first ones is made from, or None."""
        first = 0
        while first in frames:
            first += 1
        tail = next((each.tail for each in index.pieces if each.number == first - 1), None)
        refs = await self._read(folder, tail, shot_id=shot_id) if tail is not None else []
        found: Chunk | None = await result(refs[0]) if len(refs) == 1 else None
        return found

    async def _read(
        self, folder: PieceFolder, kept: KeptFile, *, shot_id: str
    ) -> Sequence[ObjectRef[Any]]:
        """A file's frames, in memory; none if they cannot be read back."""
        try:
            reading = self._archivist().frames.options(num_returns="streaming")
            path = str(folder.path / kept.name)
            stream = reading.remote(path, sha256=kept.sha256, frames=kept.frames)
            refs: list[ObjectRef[Any]] = [ref async for ref in stream]
            await result(refs[-1])  # a stream that failed ends with what it raised
        except (MotionfleetError, ray_errors.RayError) as error:
            _log.warning("shot=%s %s is made again: %s", shot_id, kept.name, error)
            return []
        return refs
