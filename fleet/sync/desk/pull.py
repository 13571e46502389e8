"""Results from a host: asked for by name, fetched aside, judged, and only then put in place.

What comes back is data of a stranger.  Only results of pictures that manifests here name are
looked at; a clip counts by the hash in its meta, and a meta by the recipe it was made for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from companions import codec, names
from companions.errors import CompanionError, FileUnwritable, MotionfleetError, SetBusy
from companions.lock import PATIENCE_S
from companions.video_meta import VideoMeta
from fleet.sync.desk.asked import Asked, Judgement, meta_fault
from fleet.sync.desk.incoming import Incoming
from fleet.sync.desk.link import Link
from fleet.sync.desk.place import Places, Step, written_by
from fleet.sync.desk.progress import Complain, Tell, Told, silent, unheard
from fleet.sync.desk.reach import Reached
from fleet.sync.desk.record import Record
from fleet.sync.desk.set import LocalSet
from fleet.sync.desk.sniff import clip_fault
from fleet.sync.errors import AnswerRefused
from fleet.sync.transport.base import Item, Stop
from fleet.sync.transport.choice import worth_compressing
from fleet.sync.transport.retry import run_with_retries
from fleet.sync.wire.results import AskResults, Result, ResultsFound

MAX_META_BYTES: Final = 4_000_000
MAX_CLIP_BYTES: Final = 20_000_000_000
_BATCH_FILES: Final = 2_000
_BATCH_BYTES: Final = 1_000_000_000
_ROUNDS: Final = 2
"""A result that is not as announced is asked for once more: it may have been published anew."""
_TELL_EVERY_S: Final = 0.25
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was not replaced: sync did not write it.

    Attributes:
        path: the file, relative to the folder.
        host_sha256: what the host has under that name.
    """

    path: str
    host_sha256: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """One folder after a pull.

    Attributes:
        results: how many results the host has.
        clips: paths of clips put in place.
        metas: paths of metas put in place.
        size_bytes: bytes fetched.
        conflicts: files that stayed because sync did not write them.
        outdated: pictures whose result was made for a manifest that is not here any more.
        refused: errors, one for each result that could not be used.
    """

    label: str
    root: Path
    results: int = 0
    clips: tuple[str, ...] = ()
    metas: tuple[str, ...] = ()
    size_bytes: int = 0
    conflicts: tuple[Kept, ...] = ()
    outdated: tuple[str, ...] = ()
    refused: tuple[MotionfleetError, ...] = ()


def pull_results(
    link: Link,
    label: str,
    sets: Sequence[LocalSet],
    *,
    record: Record,
    tell: Tell = silent,
    complain: Complain = unheard,
) -> Pulled:
    """Fetch what is new of the results of ``sets``, which all lie in one folder.

    Raises:
        HostUnreachable, HostRefused, HostKeyRefused, FarFleetUnusable, AnswerRefused: the host.
        TransferFailed, TransferRefused, NoRoom: files did not get across.
        FileUnwritable: nothing can be written into the folder.
        SyncRecordUnusable: the record cannot be read or written.
    """
    if not sets:
        return Pulled(label, Path())
    return _Pull(link, label, sets, record=record, tell=tell, complain=complain).run()


def admitted(
    results: Sequence[Result], asked: Collection[str], *, host: str
) -> tuple[list[Result], list[AnswerRefused]]:
    """The results that may be looked at, and what is wrong with the others."""
    allowed, seen = set(asked), set[str]()
    good, bad = [], []
    for result in results:
        fault = ""
        if result.picture not in allowed:
            fault = f"a result of {result.picture!r}, which was not asked for"
        elif result.picture in seen:
            fault = f"two results of {result.picture!r}"
        elif result.meta_size > MAX_META_BYTES:
            fault = f"a meta of {result.meta_size} bytes for {result.picture!r}"
        elif result.clip_size > MAX_CLIP_BYTES:
            fault = f"a clip of {result.clip_size} bytes for {result.picture!r}"
        seen.add(result.picture)
        if fault:
            bad.append(AnswerRefused(host=host, what=fault))
        else:
            good.append(result)
    return good, bad


@dataclass(frozen=True, slots=True)
class _Fetch:
    """A result whose meta, and clip if ``clip``, are to be fetched."""

    result: Result
    clip: bool

    @property
    def items(self) -> list[Item]:
        picture = self.result.picture
        found = [Item(names.meta_of(picture), self.result.meta_size)]
        if self.clip:
            found.append(Item(names.clip_of(picture), self.result.clip_size))
        return found

    @property
    def size_bytes(self) -> int:
        return sum(item.size_bytes for item in self.items)


def batches(wanted: Sequence[_Fetch]) -> Iterator[list[_Fetch]]:
    """``wanted`` in portions that are each fetched in one go: what is fetched takes its place
    soon."""
    batch: list[_Fetch] = []
    size_bytes = 0
    for each in wanted:
        if batch and (len(batch) >= _BATCH_FILES or size_bytes + each.size_bytes > _BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append(each)
        size_bytes += each.size_bytes
    if batch:
        yield batch


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


class _Pull:
    """One folder's pull."""

    def __init__(
        self,
        link: Link,
        label: str,
        sets: Sequence[LocalSet],
        *,
        record: Record,
        tell: Tell,
        complain: Complain,
    ) -> None:
        self._link, self._label, self._record = link, label, record
        self._tell, self._complain = tell, complain
        self._root = sets[0].root
        self._asked = Asked(sets)
        self._incoming = Incoming(self._root, host=link.name)
        self._places = Places(self._root, record.written(label), record.local(label))
        self._delivered = record.delivered(label)
        self._passed_over = record.passed_over(label)
        self._sum = _Sum()
        self._outbox = ""
        self._mode = 0
        self._files = self._files_done = 0
        self._bytes = self._bytes_done = 0

    def run(self) -> Pulled:
        pictures: Sequence[str] = self._asked.pictures
        try:
            for left in range(_ROUNDS - 1, -1, -1):
                pictures = self._round(pictures, last=left == 0)
                if not pictures:
                    break
        finally:
            self._record.keep_local(self._label, self._places.learnt)
        if not self._sum.refused:
            self._incoming.sweep()
        done = self._sum
        return Pulled(
            label=self._label, root=self._root, results=done.results, clips=tuple(done.clips),
            metas=tuple(done.metas), size_bytes=done.size_bytes,
            conflicts=tuple(done.conflicts.values()), outdated=tuple(done.outdated),
            refused=tuple(done.refused),
        )  # fmt: skip

    def _round(self, pictures: Sequence[str], *, last: bool) -> list[str]:
        """Bring what is new of ``pictures``; returns those to be asked for once more."""
        found = self._link.steadily(
            lambda reached: reached.conversation.ask(
                AskResults(label=self._label, pictures=tuple(pictures)), ResultsFound
            ),
            tell=self._complain,
        )
        self._outbox = found.outbox
        results, strange = admitted(found.results, pictures, host=self._link.name)
        self._sum.refused += strange
        self._sum.results = max(self._sum.results, len(results))
        wanted = self._wanted(results)
        if not wanted:
            return []
        self._mode = self._incoming.prepare()
        self._files = sum(len(each.items) for each in wanted)
        self._bytes = sum(each.size_bytes for each in wanted)
        self._files_done = self._bytes_done = 0
        again: list[str] = []
        for batch in batches(wanted):
            self._link.steadily(
                lambda reached, batch=batch: self._fetch(reached, batch),  # type: ignore[misc]
                tell=self._complain,
            )
            again += self._place(batch, last=last)
        return again

    def _wanted(self, results: Sequence[Result]) -> list[_Fetch]:
        wanted: list[_Fetch] = []
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
                    wanted.append(_Fetch(result, clip=decision.step is Step.BOTH))
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

    def _fetch(self, reached: Reached, batch: Sequence[_Fetch]) -> None:
        items = [item for each in batch for item in each.items]
        stop = Stop()
        pace = reached.pace(compress=worth_compressing(items))

        def fetch() -> None:
            reached.transport.fetch(
                items, source=self._outbox, destination=self._incoming.folder, pace=pace, stop=stop
            )

        def told(error: MotionfleetError, _failed: int, wait_s: float) -> None:
            self._complain(f"{error} Trying again in {wait_s:.0f} s.")

        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sync-fetch") as beside:
            fetching = beside.submit(
                lambda: run_with_retries(
                    fetch, tries=reached.settings.tries, sleep=stop.event.wait, tell=told
                )
            )
            try:
                while True:
                    try:
                        fetching.result(timeout=_TELL_EVERY_S)
                        break
                    except NotYet:
                        self._progress(self._incoming.size_bytes())
            except BaseException:
                stop.event.set()  # the transfer ends before this returns
                raise

    def _progress(self, here_bytes: int) -> None:
        self._tell(
            Told(
                doing="fetching",
                what=self._root.name,
                files=self._files_done,
                total_files=self._files,
                size_bytes=min(self._bytes, self._bytes_done + here_bytes),
                total_bytes=self._bytes,
            )
        )

    def _place(self, batch: Sequence[_Fetch], *, last: bool) -> list[str]:
        """Put fetched results in place; returns pictures whose files are not as announced."""
        ready: list[tuple[_Fetch, bytes]] = []
        again: list[str] = []
        for each in batch:
            try:
                data = self._judged(each)
            except _NotAsAnnounced as error:
                self._incoming.discard(item.path for item in each.items)
                if last:
                    self._refuse(each.result, error.what)
                else:
                    again.append(each.result.picture)
                continue
            if data is not None:
                ready.append((each, data))
        self._own([pair for each, _ in ready for pair in written_by(each.result)])
        for each, data in ready:
            self._put(each, data)
        self._files_done += sum(len(each.items) for each in batch)
        self._bytes_done += sum(each.size_bytes for each in batch)
        self._progress(0)
        return again

    def _judged(self, fetch: _Fetch) -> bytes | None:
        """The bytes of a meta that may be put in place, with its clip; None: it is left out.

        Raises:
            _NotAsAnnounced: its files are not those that the host spoke of.
        """
        result = fetch.result
        path = names.meta_of(result.picture)
        try:
            with self._incoming.open(path) as stream:
                data = stream.read(MAX_META_BYTES + 1)
        except OSError as error:
            raise _NotAsAnnounced(f"its meta {error.strerror or error}") from None
        if hashlib.sha256(data).hexdigest() != result.meta_sha256:
            raise _NotAsAnnounced("the meta's bytes are not those that were announced")
        try:
            meta = codec.decode(data, VideoMeta, file=path)
        except CompanionError as error:
            self._refuse(result, f"its meta is none: {error}")
            self._left_out(fetch)
            return None
        fault = meta_fault(meta, result=result)
        if fault is not None:
            self._refuse(result, f"its meta is not to be believed: {fault}")
            self._left_out(fetch)
            return None
        match self._asked.judge(meta, picture=result.picture, delivered=self._delivered):
            case Judgement.FOREIGN:
                self._refuse(result, "it was made for a recipe that nobody here asked for")
                self._left_out(fetch)
                return None
            case Judgement.OUTDATED:
                self._sum.outdated.append(result.picture)
                self._record.pass_over(
                    self._label, path=path, meta_sha256=result.meta_sha256,
                    asked=self._asked.digest,
                )  # fmt: skip
                self._left_out(fetch)
                return None
            case Judgement.ASKED:
                pass
        if fetch.clip and not self._is_good_clip(result):
            self._left_out(fetch)
            return None
        return data

    def _is_good_clip(self, result: Result) -> bool:
        """Whether the fetched clip may be put in place; what is wrong with it is told.

        Raises:
            _NotAsAnnounced: its bytes are not those that the host spoke of.
        """
        path = names.clip_of(result.picture)
        try:
            with self._incoming.open(path) as stream:
                if _sha256(stream) != result.clip_sha256:
                    raise _NotAsAnnounced("the clip's bytes are not those that its meta names")
                fault = clip_fault(stream)
        except OSError as error:
            raise _NotAsAnnounced(f"its clip {error.strerror or error}") from None
        if fault is not None:
            self._refuse(result, f"its clip {fault}")
        return fault is None

    def _left_out(self, fetch: _Fetch) -> None:
        self._incoming.discard(item.path for item in fetch.items)

    def _put(self, fetch: _Fetch, meta: bytes) -> None:
        result = fetch.result
        clip = self._incoming.at(names.clip_of(result.picture)) if fetch.clip else None
        try:
            done = self._places.put(result, meta, clip=clip, mode=self._mode, patience_s=PATIENCE_S)
        except (SetBusy, FileUnwritable) as error:
            self._sum.refused.append(error)
            return
        except OSError as error:
            self._unreadable(result, error)
            return
        self._sum.size_bytes += fetch.size_bytes
        if done.step is Step.CONFLICT:
            self._conflict(result, done.path)
        if done.step in {Step.META, Step.BOTH}:
            self._sum.metas.append(names.meta_of(result.picture))
        if done.step is Step.BOTH:
            self._sum.clips.append(names.clip_of(result.picture))
        self._incoming.discard(item.path for item in fetch.items)

    def _conflict(self, result: Result, path: str) -> None:
        sha256 = dict(written_by(result)).get(path, "")
        self._sum.conflicts[path] = Kept(path, sha256)

    def _refuse(self, result: Result, what: str) -> None:
        self._sum.refused.append(
            AnswerRefused(host=self._link.name, what=f"the result of {result.picture!r}: {what}")
        )

    def _unreadable(self, result: Result, error: OSError) -> None:
        place = self._root / names.clip_of(result.picture)
        self._sum.refused.append(
            FileUnwritable(path=place, errno_name="EIO", what=error.strerror or str(error))
        )


class _NotAsAnnounced(Exception):
    """A fetched file is not the one that the host spoke of."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
