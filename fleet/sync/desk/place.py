"""Results into their places: decided from what lies there, done under the picture's lock.

A file is replaced only if sync put it there: its hash is on record.  Anything else of the same
name is a person's, and stays; the result then stays on the host, and the conflict is told.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from companions import files, names
from companions.lock import locked
from fleet.sync.desk.record import Known, stamp_of
from fleet.sync.wire.results import Result

_CHUNK: Final = 1 << 20


class Step(StrEnum):
    """What a result asks for, with what lies in its places."""

    NOTHING = "nothing"  #: meta and clip are there as the host has them
    META = "meta"  #: the clip is there, or there is none; the meta is to be fetched
    BOTH = "both"  #: clip and meta are to be fetched
    KEEP = "keep"  #: a shot ended without a clip; the clip that is here keeps its own meta
    CONFLICT = "conflict"  #: a file that sync did not write lies there; it stays


@dataclass(frozen=True, slots=True)
class Here:
    """A local file.

    Attributes:
        sha256: of its bytes; empty where it need not be known to tell that it is a stranger's.
        ours: whether sync put it there.
    """

    sha256: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """A step, and for a conflict the file that is in the way."""

    step: Step
    path: str = ""


def decide(result: Result, *, meta: Here | None, clip: Here | None) -> Decision:
    """What to do for ``result`` where ``meta`` and ``clip`` lie in its places (None: nothing)."""
    if result.clip_sha256 is None:
        if clip is not None:
            return Decision(Step.KEEP)
        return _for_meta(result, meta)
    same_clip = clip is not None and clip.sha256 == result.clip_sha256
    if clip is not None and not same_clip and not clip.ours:
        return Decision(Step.CONFLICT, names.clip_of(result.picture))
    alone = _for_meta(result, meta)
    if same_clip or alone.step is Step.CONFLICT:
        return alone
    return Decision(Step.BOTH)


def _for_meta(result: Result, meta: Here | None) -> Decision:
    if meta is None:
        return Decision(Step.META)
    if meta.sha256 == result.meta_sha256:
        return Decision(Step.NOTHING)
    if meta.ours:
        return Decision(Step.META)
    return Decision(Step.CONFLICT, names.meta_of(result.picture))


@dataclass(slots=True)
class Places:
    """The places of a folder's results, and what is known of what lies there.

    Attributes:
        root: the folder.
        written: hashes that sync put in place, by path.
        known: hashes of local files, by path; what is found out here is added.
    """

    root: Path
    written: dict[str, set[str]]
    known: dict[str, Known]
    _news: set[str] = field(default_factory=set)
    _touched: set[Path] = field(default_factory=set)

    def decide(self, result: Result) -> Decision:
        """What ``result`` asks for, as its places are at this moment.

        Raises:
            OSError: a file there cannot be read.
        """
        meta = self._look(names.meta_of(result.picture), size_bytes=result.meta_size)
        clip = self._look(names.clip_of(result.picture), size_bytes=result.clip_size)
        return decide(result, meta=meta, clip=clip)

    def own(self, path: str, sha256: str) -> None:
        """From now on ``sha256`` under ``path`` is what sync put there."""
        self.written.setdefault(path, set()).add(sha256)

    def news(self) -> dict[str, Known]:
        """What was found out of local files since this was asked last."""
        found = {path: self.known[path] for path in self._news}
        self._news.clear()
        return found

    def _look(self, path: str, *, size_bytes: int) -> Here | None:
        """What lies at ``path``, where the host has ``size_bytes``."""
        place = f"{self.root}/{path}"
        try:
            facts = os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(facts.st_mode):
            return Here("", ours=False)
        own = self.written.get(path, set())
        if not own and facts.st_size != size_bytes:
            return Here("", ours=False)
        stamp = stamp_of(facts)
        known = self.known.get(path)
        if known is None or known.stamp != stamp:
            known = self._learn(path, stamp, files.sha256_of(Path(place)))
        return Here(known.sha256, ours=known.sha256 in own)

    def put(
        self, result: Result, *, source: Path, with_clip: bool, mode: int, patience_s: float
    ) -> Decision:
        """Put a result in place out of the folder ``source``: its clip first, its meta last.

        Its files there are checked and on the disk; ``with_clip`` says whether the clip is one of
        them.  Decides once more under the picture's lock, and returns what it found; where that
        needs a clip that was not fetched, nothing is done.  ``mode`` are the rights of what is put
        in place.

        Raises:
            SetBusy: another program holds the picture's companions for ``patience_s``.
            FileUnwritable: the folder is read-only, or the disk is full.
            OSError: a file there cannot be read.
        """
        clip, meta = names.clip_of(result.picture), names.meta_of(result.picture)
        target, words = self.root / clip, self.root / meta
        with files.reporting_unwritable(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target, patience_s=patience_s):
            decision = self.decide(result)
            if decision.step is Step.BOTH and not with_clip:
                return decision
            with files.reporting_unwritable(target):
                if decision.step is Step.BOTH:
                    # In this order: an older meta never stands beside the newer clip.
                    words.unlink(missing_ok=True)
                    self._move(source / clip, target, mode=mode, sha256=result.clip_sha256 or "")
                if decision.step in {Step.BOTH, Step.META}:
                    self._move(source / meta, words, mode=mode, sha256=result.meta_sha256)
        return decision

    def settle(self) -> None:
        """Make durable what was put in place so far.

        Raises:
            FileUnwritable: the disk refuses.
        """
        # For all at once: that the steps of one result happen in their order is the file
        # system's own promise, and what a power cut takes is on the host still.
        for folder in sorted(self._touched):
            with files.reporting_unwritable(folder):
                files.flush_folder(folder)
        self._touched.clear()

    def _move(self, source: Path, target: Path, *, mode: int, sha256: str) -> None:
        source.chmod(mode)
        try:
            source.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copied(source, target, mode=mode)  # the folder below is another disk
            source.unlink()
        self._touched.add(target.parent)
        path = target.relative_to(self.root).as_posix()
        self._learn(path, stamp_of(target.lstat()), sha256)

    def _learn(self, path: str, stamp: str, sha256: str) -> Known:
        self.known[path] = Known(stamp, sha256)
        self._news.add(path)
        return self.known[path]


def written_by(result: Result) -> list[tuple[str, str]]:
    """The paths and hashes that a result puts in place."""
    found = [(names.meta_of(result.picture), result.meta_sha256)]
    if result.clip_sha256 is not None:
        found.append((names.clip_of(result.picture), result.clip_sha256))
    return found


def _copied(source: Path, target: Path, *, mode: int) -> None:
    own = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    beside = target.with_name(f"{files.TEMPORARY_PREFIX}sync-{own}{files.TEMPORARY_SUFFIX}")
    try:
        with source.open("rb") as read, beside.open("wb") as write:
            shutil.copyfileobj(read, write, _CHUNK)
            write.flush()
            files.flush_to_disk(write.fileno())
        beside.chmod(mode)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
