"""Results from a host: asked for by name, fetched aside, judged, and only then put in place.

What comes back is data of a stranger.  Only results of pictures that manifests here name are
looked at; a clip counts by the hash in its meta, and a meta by the recipe it was made for.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from companions import names
from companions.errors import FileUnwritable, MotionfleetError, SetBusy
from fleet.sync.desk.asked import Asked
from fleet.sync.desk.fetched import Fetch, Looked, admitted, batches, judged, look
from fleet.sync.desk.fetching import Progress, fetch
from fleet.sync.desk.incoming import Incoming
from fleet.sync.desk.link import Link
from fleet.sync.desk.place import Places, Step, written_by
from fleet.sync.desk.progress import Complain, Tell, silent, unheard
from fleet.sync.desk.pulled import Kept, Pulled
from fleet.sync.desk.record import Record
from fleet.sync.desk.set import LocalSet
from fleet.sync.errors import AnswerRefused, TransferFailed
from fleet.sync.transport.retry import BACKOFF
from fleet.sync.wire.results import AskResults, Result, ResultsFound

_PATIENCE_S: Final = 2.0
"""How long another program may hold a picture; the next pull brings what had to be left."""
_MOST_SPLITS: Final = 64
"""How often portions that cannot be fetched whole are halved."""
_AT_ONCE: Final = 8
"""Files that are flushed to the disk at the same time."""


def pull_results(
    link: Link,
    label: str,
    sets: Sequence[LocalSet],
    *,
    record: Record,
    but: Collection[str] = (),
    tell: Tell = silent,
    complain: Complain = unheard,
) -> Pulled:
    """Fetch what is new of the results of ``sets``, which all lie in one folder.

    Pictures in ``but`` are left out.

    Raises:
        HostUnreachable, HostRefused, HostKeyRefused, FarFleetUnusable, AnswerRefused: the host.
        TransferFailed, TransferRefused, NoRoom: files did not get across.
        FileUnwritable: nothing can be written into the folder.
        SyncRecordUnusable: the record cannot be read or written.
    """
    if not sets:
        return Pulled(label, Path())
    return _Pull(link, label, sets, but=but, record=record, tell=tell, complain=complain).run()


@dataclass(slots=True)
class _Sum:
    """What a pull has done so far."""

    results: int = 0
    clips: list[str] = field(default_factory=list)
    metas: list[str] = field(default_factory=list)
    size_bytes: int = 0
    conflicts: dict[str, Kept] = field(default_factory=dict)
    outdated: list[str] = field(default_factory=list)
    refused: list[MotionfleetError] = field(default_factory=list)


@dataclass(slots=True)
class _Left:
    """What a round did not bring.

    Attributes:
        failure: how a transfer failed, if one did.
        torn: why files are not those that were announced, by picture.
    """

    failure: TransferFailed | None = None
    torn: dict[str, str] = field(default_factory=dict)


class _Pull:
    """One folder's pull."""

    def __init__(
        self,
        link: Link,
        label: str,
        sets: Sequence[LocalSet],
        *,
        record: Record,
        but: Collection[str],
        tell: Tell,
        complain: Complain,
    ) -> None:
        self._link, self._label, self._record = link, label, record
        self._tell, self._complain = tell, complain
        self._root = sets[0].root
        self._asked = Asked(sets, but=but)
        self._incoming = Incoming(self._root, host=link.name)
        self._places = Places(self._root, record.written(label), record.local(label))
        self._delivered = record.delivered(label)
        self._passed_over = record.passed_over(label)
        self._sum = _Sum()
        self._mode = 0

    def run(self) -> Pulled:
        """Bring what is new; what does not come whole is asked for again, as often as is set."""
        pictures: Sequence[str] = self._asked.pictures
        most = self._link.settings.tries
        torn_before = False
        try:
            for tried in range(1, most + 1):
                left = self._round(pictures, splitting=tried > 1)
                if not left.torn:
                    break
                if tried == most or (torn_before and left.failure is None):
                    self._give_up(left)
                    break
                # A transfer that failed deserves a wait.  Files that came whole and are not those
                # that were announced were published anew meanwhile, once: then it is a lie.
                if left.failure is not None:
                    self._wait(left.failure, tried)
                torn_before = left.failure is None
                pictures = list(left.torn)
        finally:
            self._record.keep_local(self._label, self._places.news())
        if not self._sum.refused:
            self._incoming.sweep()
        done = self._sum
        return Pulled(
            label=self._label,
            root=self._root,
            results=done.results,
            clips=tuple(done.clips),
            metas=tuple(done.metas),
            size_bytes=done.size_bytes,
            conflicts=tuple(done.conflicts.values()),
            outdated=tuple(done.outdated),
            refused=tuple(done.refused),
        )

    def _give_up(self, left: _Left) -> None:
        if left.failure is not None:
            self._sum.refused.append(left.failure)
            return
        for picture, why in left.torn.items():
            self._refuse(picture, why)

    def _wait(self, failure: TransferFailed, tried: int) -> None:
        wait_s = BACKOFF.wait_s(tried, chance=random.random())  # noqa: S311  (no secret)
        self._complain(f"{failure} Trying again in {wait_s:.0f} s.")
        time.sleep(wait_s)

    def _round(self, pictures: Sequence[str], *, splitting: bool) -> _Left:
        """Bring what is new of ``pictures``, as far as it comes; returns what did not."""
        left = _Left()
        found = self._link.steadily(
            lambda reached: reached.conversation.ask(
                AskResults(label=self._label, pictures=tuple(pictures)), ResultsFound
            ),
            tell=self._complain,
        )
        results, strange = admitted(found.results, pictures)
        self._sum.refused += [AnswerRefused(host=self._link.name, what=what) for what in strange]
        self._sum.results = max(self._sum.results, len(results))
        wanted = self._wanted(results)
        if not wanted:
            return left
        self._mode = self._incoming.prepare()
        progress = Progress(self._tell, self._root.name, wanted)
        pending = list(batches(wanted))
        splits = _MOST_SPLITS if splitting else 0
        while pending:
            batch = pending.pop(0)
            failure = self._fetch(batch, source=found.outbox, progress=progress)
            torn = self._place(batch, whole=failure is None)
            if failure is not None and len(torn) > 1 and splits > 0:
                # Some transports end at the first file that cannot be had: the others are not
                # to wait for it.
                splits -= 1
                rest = [each for each in batch if each.result.picture in torn]
                pending[:0] = [rest[: len(rest) // 2], rest[len(rest) // 2 :]]
                continue
            left.failure = failure or left.failure
            left.torn |= torn
            progress.done(batch)
        return left

    def _fetch(
        self, batch: Sequence[Fetch], *, source: str, progress: Progress
    ) -> TransferFailed | None:
        try:
            self._link.steadily(
                lambda reached: fetch(
                    reached, batch, source=source, incoming=self._incoming, progress=progress
                ),
                tell=self._complain,
            )
        except TransferFailed as error:
            return error
        return None

    def _wanted(self, results: Sequence[Result]) -> list[Fetch]:
        wanted: list[Fetch] = []
        adopted: list[tuple[str, str]] = []
        for result in results:
            if self._was_passed_over(result):
                continue
            try:
                decision = self._places.decide(result)
            except OSError as error:
                self._unreadable(result, error)
                continue
            match decision.step:
                case Step.META | Step.BOTH:
                    wanted.append(Fetch(result, clip=decision.step is Step.BOTH))
                case Step.CONFLICT:
                    self._conflict(result, decision.path)
                case Step.NOTHING:
                    adopted += [
                        (path, sha256)
                        for path, sha256 in written_by(result)
                        if sha256 not in self._places.written.get(path, ())
                    ]
                case Step.KEEP:
                    pass
        self._own(adopted)
        return wanted

    def _own(self, files: Sequence[tuple[str, str]]) -> None:
        if files:
            self._record.will_write(self._label, files)
            for path, sha256 in files:
                self._places.own(path, sha256)

    def _was_passed_over(self, result: Result) -> bool:
        key = (result.meta_sha256, self._asked.digest)
        if self._passed_over.get(names.meta_of(result.picture)) != key:
            return False
        self._sum.outdated.append(result.picture)
        return True

    def _place(self, batch: Sequence[Fetch], *, whole: bool) -> dict[str, str]:
        """Put fetched results in place; ``whole`` says whether the transport brought all.

        Returns why some are not as announced, by picture.
        """
        ready: list[Fetch] = []
        torn: dict[str, str] = {}
        # Reading, hashing and flushing wait for the disk, each for its own.
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sync-look") as many:
            found = list(many.map(lambda each: look(self._incoming, each), batch))
        for each, looked in zip(batch, found, strict=True):
            if looked.torn:
                torn[each.result.picture] = looked.torn
                if whole:
                    self._incoming.discard(each.paths)
                # else: half of it may be there, and the next fetch goes on with that.
            elif self._counts(each, looked):
                ready.append(each)
            else:
                self._incoming.discard(each.paths)
        self._own([pair for each in ready for pair in written_by(each.result)])
        for each in ready:
            self._put(each)
        self._places.settle()
        self._record.keep_local(self._label, self._places.news())
        return torn

    def _counts(self, fetch: Fetch, looked: Looked) -> bool:
        result = fetch.result
        verdict = judged(looked, result, asked=self._asked, delivered=self._delivered)
        if verdict.fault:
            self._refuse(result.picture, verdict.fault)
        if verdict.outdated:
            self._sum.outdated.append(result.picture)
            self._record.pass_over(
                self._label,
                path=names.meta_of(result.picture),
                meta_sha256=result.meta_sha256,
                asked=self._asked.digest,
            )
        return verdict.counts

    def _put(self, fetch: Fetch) -> None:
        result = fetch.result
        try:
            done = self._places.put(
                result,
                source=self._incoming.folder,
                with_clip=fetch.clip,
                mode=self._mode,
                patience_s=_PATIENCE_S,
            )
        except (SetBusy, FileUnwritable) as error:
            self._sum.refused.append(error)
            return
        except OSError as error:
            self._unreadable(result, error)
            return
        if done.step is Step.CONFLICT:
            self._conflict(result, done.path)
        if done.step is Step.BOTH and not fetch.clip:
            return  # its clip went away this very moment: for the next pull
        if done.step in {Step.META, Step.BOTH}:
            self._sum.metas.append(names.meta_of(result.picture))
        if done.step is Step.BOTH:
            self._sum.clips.append(names.clip_of(result.picture))
        self._sum.size_bytes += fetch.size_bytes
        self._incoming.discard(fetch.paths)

    def _conflict(self, result: Result, path: str) -> None:
        sha256 = dict(written_by(result)).get(path, "")
        self._sum.conflicts[path] = Kept(path, sha256)

    def _refuse(self, picture: str, what: str) -> None:
        self._sum.refused.append(
            AnswerRefused(host=self._link.name, what=f"the result of {picture!r}: {what}")
        )

    def _unreadable(self, result: Result, error: OSError) -> None:
        place = self._root / names.clip_of(result.picture)
        self._sum.refused.append(
            FileUnwritable(path=place, errno_name="EIO", what=error.strerror or str(error))
        )
