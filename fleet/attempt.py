"""One attempt at one job: load, work, apply.

Called by the dispatcher, which frames it: deadlines, failures and slots are the dispatcher's.
What a shot needs between generate and finish (its picture and its frames, as references into
Ray's object store) is held here, because references die with the process that owns them.  Frames
that took long to make are kept on the head's disk too, so that no crash repeats them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import ray
from ray import ObjectRef
from ray import exceptions as ray_errors

from companions import files
from companions.errors import FileUnwritable, MotionfleetError
from companions.picture import read_picture_bytes
from fleet.checkpoint.folder import SUFFIX, sweep
from fleet.checkpoint.frames import read_checkpoint, write_checkpoint
from fleet.checkpoint.pieces import sweep_pieces
from fleet.cluster.archive import KEEPERS, start_archive
from fleet.cluster.failures import FramesGone
from fleet.cluster.waiting import result
from fleet.errors import LedgerUnusable
from fleet.jobs.budget import frames_bytes
from fleet.jobs.model import Stage
from fleet.keeping import Keeping, MadePiece
from fleet.ledger import reading, recovery
from fleet.ledger.database import Database
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import Checkpoint, Lease
from fleet.making import Doer, Heard, Making
from fleet.settings import Home, Settings
from fleet.stages.arrival import Arrival, masters_of, signer_of
from fleet.stages.attached import read_attached
from fleet.stages.base import FinishTask, GenerateReport, GenerateTask
from fleet.stages.meta import build_meta
from fleet.stages.publish import Target, publish

T = TypeVar("T")

FRAMES_ANSWER_S: Final = 5.0
"""How long it may take to learn whether frames are still there."""
PIECES_AHEAD: Final = 4
"""Pieces of a master that may wait for the head: they would else fill the object store of the
worker's node as fast as its disk reads them.  Clips go without such a limit, because a worker
that waits for a head which is gone must be ended."""
LEDGER_AGAIN_S: Final = 1.0
"""Pause before a result is offered again to a ledger whose disk is full."""

_log = logging.getLogger("fleet.dispatcher")


_Files: TypeAlias = Mapping[str, bytes]


@dataclass(slots=True)
class _Held:
    bytes: int = 0
    node_ids: set[str] = field(default_factory=set)
    making: Making | None = None
    picture: ObjectRef[Any] | None = None
    attached: _Files = field(default_factory=dict)
    chunks: list[ObjectRef[Any]] = field(default_factory=list)
    report: GenerateReport | None = None


class Attempts:
    """Carries out leases, and holds the frames that are under way."""

    def __init__(self, *, home: Home, settings: Settings, ledger: Ledger, patient: bool) -> None:
        """``patient``: a ledger whose disk is full is waited for, rather than giving up the work
        that it cannot record.

        Raises:
            CredentialsRefused, ExtraMissing: settings ask for credentials that cannot be written.
        """
        self._home, self._settings, self._ledger = home, settings, ledger
        self._signer = signer_of(settings)
        self._patient = patient
        self._held: dict[str, _Held] = {}
        self._helped_s: dict[str, float] = {}
        self._bytes = 0
        self._archive: Any = None
        self._keeping: dict[Path, asyncio.Task[None]] = {}
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._keepers = asyncio.Semaphore(KEEPERS)
        self._pieces = Keeping(home.pieces, archivist=self._archivist)

    # -- frames in memory -------------------------------------------------------------------------

    @property
    def bytes_in_flight(self) -> int:
        """Bytes of frames and pictures that are booked or in memory."""
        return self._bytes

    @property
    def shots_in_flight(self) -> int:
        """Shots that are being generated, or whose frames wait or are being finished."""
        return len(self._held)

    def book(self, lease: Lease) -> None:
        """Count a shot's frames against the budget, before the first of them is made."""
        self._hold(lease, _Held())

    def _hold(self, lease: Lease, held: _Held) -> None:
        self.forget(lease.shot.id)
        self._held[lease.shot.id] = held
        self._count(lease, frames_bytes(lease.shot.recipe))

    def _count(self, lease: Lease, more_bytes: int) -> None:
        held = self._held.get(lease.shot.id)
        if held is not None:  # else it was called off meanwhile
            held.bytes += more_bytes
            self._bytes += more_bytes

    def _take(self, lease: Lease, held: _Held, data: bytes, attached: _Files) -> ObjectRef[Any]:
        """Keep the shot's files for every stage; gives the picture's reference."""
        held.attached = attached
        held.picture = picture = ray.put(data)
        self._count(lease, len(data) + sum(map(len, attached.values())))
        return picture

    def forget(self, shot_id: str) -> None:
        """Let go of a shot's picture and frames; harmless if none are held.

        Keeping them is given up where it has not begun: those that wait would hold memory that no
        budget counts.
        """
        held = self._held.pop(shot_id, None)
        self._bytes -= held.bytes if held is not None else 0
        waiting = self._waiting.pop(shot_id, None)
        if waiting is not None:
            waiting.cancel()

    def forget_ended(self) -> None:
        """Let go of shots that ended elsewhere: cancelled, say, or replaced by a newer one."""
        if self._held:
            for shot_id in reading.ended(self._ledger.database, list(self._held)):
                self.forget(shot_id)
                self._helped_s.pop(shot_id, None)

    def held_on(self, node_id: str) -> list[str]:
        """Shots whose frames were made on that node and lie in its memory."""
        return [shot_id for shot_id, held in self._held.items() if node_id in held.node_ids]

    async def are_lost(self, shot_id: str) -> bool:
        """Whether any of a shot's frames went away with the node that made them.

        Frames pass through the head's memory on their way, so most often they are still there.
        Asked of their owner, which this process is, the answer is immediate; a worker that
        fetches them would wait for ten seconds, then twenty, then forty.
        """
        held = self._held.get(shot_id)
        chunks = list(held.chunks) if held is not None else []
        try:
            async with asyncio.timeout(FRAMES_ANSWER_S):
                for chunk in chunks:
                    await result(chunk)
        except (TimeoutError, ray_errors.RayError):
            return True
        return False

    # -- frames on disk ---------------------------------------------------------------------------

    def sweep(self) -> None:
        """Remove kept frames that no shot needs any more."""
        sweep_checkpoints(self._home, self._ledger.database, also=self._keeping.keys())

    async def close(self) -> None:
        """Give up keeping frames."""
        for task in self._keeping.values():
            task.cancel()
        await asyncio.gather(*self._keeping.values(), return_exceptions=True)
        await self._pieces.close()

    def _keep(self, lease: Lease, held: _Held) -> None:
        path = self._home.checkpoints / f"{lease.shot.id}.{lease.token[:8]}{SUFFIX}"
        task = asyncio.get_running_loop().create_task(self._write_down(lease, held, path))
        self._keeping[path] = self._waiting[lease.shot.id] = task
        task.add_done_callback(lambda _: self._keeping.pop(path, None))

    async def _write_down(self, lease: Lease, held: _Held, path: Path) -> None:
        try:
            async with self._keepers:
                self._waiting.pop(lease.shot.id, None)
                with files.reporting_unwritable(path):
                    path.parent.mkdir(parents=True, exist_ok=True)
                kept = await result(self._archivist().keep.remote(str(path), list(held.chunks)))
        except (MotionfleetError, ray_errors.RayError) as error:
            # The shot goes on without: only a crash in the next minute would cost anything.
            _log.warning("shot=%s its frames could not be kept: %s", lease.shot.id, error)
            return
        checkpoint = Checkpoint(
            path=str(path), sha256=kept.sha256, size_bytes=kept.size_bytes, frames=kept.frames
        )
        database = self._ledger.database
        if not recovery.keep(database, lease.shot.id, checkpoint, token=lease.token):
            path.unlink(missing_ok=True)  # the clip was finished first
            return
        await self._pieces.remove(lease.shot.id)

    def _archivist(self) -> Any:
        if self._archive is None:
            self._archive = start_archive(write_checkpoint, read_checkpoint)
        return self._archive

    async def _restore(self, lease: Lease) -> tuple[_Held, GenerateReport]:
        """The frames of a shot whose dispatcher, or whose node, is gone."""
        kept = reading.checkpoint(self._ledger.database, lease.shot.id)
        made = reading.history(self._ledger.database, lease.shot.id).jobs[Stage.GENERATE].report
        if kept is None or made is None:
            raise FramesGone
        report = GenerateReport.model_validate_json(made)
        held = _Held(report=report)
        self._hold(lease, held)
        data, attached = await _files_of(lease)
        self._take(lease, held, data, attached)
        stream = self._archivist().frames.options(num_returns="streaming")
        async for chunk in stream.remote(kept.path, sha256=kept.sha256, frames=kept.frames):
            held.chunks.append(chunk)
        await result(held.chunks[-1])  # a stream that failed ends with what it raised
        _log.info("shot=%s its kept frames are finished; they are not made again", lease.shot.id)
        return held, report

    # -- the stages -------------------------------------------------------------------------------

    def making(self, shot_id: str) -> Making | None:
        """The making of a shot's frames, while it is under way."""
        held = self._held.get(shot_id)
        return held.making if held is not None else None

    def helped(self, shot_id: str, node_id: str) -> None:
        """Some of a shot's frames are made on that node too."""
        held = self._held.get(shot_id)
        if held is not None:
            held.node_ids.add(node_id)

    async def generate(
        self,
        lease: Lease,
        doer: Doer,
        heard: Heard,
        *,
        piece_made: Callable[[], None] = lambda: None,
    ) -> None:
        """Send the picture to the worker and take its frames in as they are made; ``piece_made``
        is called whenever a piece of a long shot is.

        Pieces that an earlier attempt made are not made again.

        Raises:
            PictureRefused, BackendFailed, LeaseLost, LedgerUnusable, or what Ray raises.
        """
        begun = time.monotonic()
        shot = lease.shot
        data, attached = await _files_of(lease)
        held = self._held[shot.id]
        picture = self._take(lease, held, data, attached)
        held.node_ids.add(doer.node_id)
        plans = shot.recipe.generation_params.memory_plans
        task = GenerateTask(
            shot_id=shot.id,
            image_path=shot.image_path,
            recipe=shot.recipe,
            attempt=lease.attempt,
            memory_plan=plans[min(lease.memory_plan, len(plans) - 1)].value if plans else "",
            node=doer.node,
            attached=attached,
        )

        def made(piece: MadePiece) -> None:
            piece_made()
            if self._settings.checkpoints:
                self._pieces.keep(shot.id, piece, nonce=lease.token[:8])

        restored = await self._pieces.restored(shot.id)
        making = Making(
            task, picture, restored=restored, heard=heard, made=made,
            helped_s=self._helped_s.pop(shot.id, 0.0),
        )  # fmt: skip
        held.making = making
        try:
            report = await making.by(doer, lease.token)
        finally:
            # For the attempt after a failed one: only a report says what help has cost.
            if making.helped_s:
                self._helped_s[shot.id] = making.helped_s
        held.chunks, held.making = making.frames, None
        held.report = report
        seconds = time.monotonic() - begun
        await self.recorded(
            lambda: self._ledger.succeed(
                lease,
                now=time.time(),
                seconds=seconds,
                report=report.model_dump_json(),
                peak_memory_bytes=report.peak_memory_bytes,
                gpu=doer.gpu,
            )
        )
        if self._settings.checkpoints and seconds >= self._settings.checkpoint_after_s:
            self._keep(lease, held)

    async def finish(self, lease: Lease, doer: Doer, heard: Heard) -> None:
        """Have the worker finish the frames, and put the clip where it outlives every process.

        Raises:
            FramesGone, CheckpointUnusable, BackendFailed, LeaseLost, LedgerUnusable, or what Ray
            raises.
        """
        begun = time.monotonic()
        held = self._held.get(lease.shot.id)
        made = held.report if held is not None else None
        if held is None or made is None:
            held, made = await self._restore(lease)
        task = FinishTask(
            shot_id=lease.shot.id,
            image_path=lease.shot.image_path,
            recipe=lease.shot.recipe,
            attempt=lease.attempt,
            generated=made.generated,
            encode_threads=self._settings.encode_threads,
            node=doer.node,
            encoder=self._settings.encoder,
            attached=held.attached,
        )
        ahead = None if lease.shot.recipe.encode.master is None else PIECES_AHEAD
        stream = doer.handle.finish.options(
            num_returns="streaming", _generator_backpressure_num_objects=ahead
        ).remote(lease.token, task, held.picture, held.chunks)
        with Arrival(self._home.staging, f"{lease.shot.id}.{lease.token[:8]}") as arrival:
            async for ref in stream:
                item = await result(ref)
                if isinstance(item, int):
                    heard(item)
                else:
                    await self._recorded_apart(partial(arrival.take, item))
            settle = partial(arrival.settle, signer=self._signer, model=made.model)
            artifact, done = await self._recorded_apart(settle)
        seconds = time.monotonic() - begun
        await self.recorded(
            lambda: self._ledger.succeed(
                lease,
                now=time.time(),
                seconds=seconds,
                report=done.model_dump_json(),
                peak_memory_bytes=done.peak_memory_bytes,
                gpu=doer.gpu,
                artifact=artifact,
            )
        )
        self.forget(lease.shot.id)

    async def publish(self, lease: Lease) -> None:
        """Put clip and meta in place, or the meta alone for a shot that was given up.

        Raises:
            TargetTaken, SetBusy, FileUnwritable, LeaseLost, LedgerUnusable.
        """
        begun = time.monotonic()
        shot = lease.shot
        history = self._ledger.history(shot.id)
        helped_s = self._helped_s.get(shot.id, 0.0)
        meta = build_meta(history, settings=self._settings, now=time.time(), helped_s=helped_s)
        staged = Path(history.artifact.path) if history.artifact else None
        known = reading.published_hashes(self._ledger.database, shot.target)
        place = Target(Path(shot.target))
        await asyncio.to_thread(publish, place, meta, staged=staged, known_hashes=known)
        failures = [job.failure for job in history.jobs.values() if job.failure is not None]
        kept = reading.checkpoint(self._ledger.database, shot.id)
        seconds = time.monotonic() - begun
        await self.recorded(
            lambda: self._ledger.end(
                lease,
                verdict=meta.verdict,
                reasons=meta.reasons,
                clip_sha256=meta.clip.sha256 if meta.clip else None,
                curable=any(failure.curable for failure in failures),
                now=time.time(),
                seconds=seconds,
            )
        )
        self.forget(shot.id)
        self._helped_s.pop(shot.id, None)
        if staged is not None:
            for path in (*masters_of([staged]), staged):
                await asyncio.to_thread(path.unlink, missing_ok=True)
            if kept is not None:
                await asyncio.to_thread(Path(kept.path).unlink, missing_ok=True)
            await self._pieces.remove(shot.id)

    async def recorded(self, write: Callable[[], T]) -> T:
        """The result of ``write``, a step of the ledger; a full disk is waited for if patient."""
        while True:
            try:
                return write()
            except LedgerUnusable as error:
                if not self._patient:
                    raise
                _log.error("waiting: %s", error)
                await asyncio.sleep(LEDGER_AGAIN_S)

    async def _recorded_apart(self, write: Callable[[], T]) -> T:
        """As ``_recorded``, for a step that writes megabytes: in a thread of its own."""
        while True:
            try:
                return await asyncio.to_thread(write)
            except FileUnwritable as error:
                if not self._patient:
                    raise
                _log.error("waiting: %s", error)
                await asyncio.sleep(LEDGER_AGAIN_S)


async def _files_of(lease: Lease) -> tuple[bytes, _Files]:
    """The bytes of a shot's picture, and of what its move names.

    Raises:
        PictureRefused: one of them cannot be read.
    """
    shot = lease.shot
    data = await asyncio.to_thread(read_picture_bytes, Path(shot.picture))
    root = Path(shot.manifest.path).parent
    return data, await asyncio.to_thread(read_attached, shot.recipe.motion, root=root)


def sweep_checkpoints(home: Home, database: Database, *, also: Iterable[Path] = ()) -> None:
    """Remove what is kept of frames for shots that do not need it: all but what is on record and
    ``also``, and the pieces of shots that have ended or whose frames are kept as a whole.

    Raises:
        FileUnwritable: a folder refuses.
    """
    kept = reading.checkpoints(database)
    if home.checkpoints.is_dir():
        sweep(home.checkpoints, wanted=[*(Path(each.path) for each in kept.values()), *also])

    def wanted(shot_ids: Collection[str]) -> Collection[str]:
        return reading.open_shots(database, [each for each in shot_ids if each not in kept])

    sweep_pieces(home.pieces, wanted=wanted)
