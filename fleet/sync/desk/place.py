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
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from companions import files, names
from companions.lock import locked
from fleet.sync.desk.record import Known, stamp_of
from fleet.sync.wire.results import Result


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
        known: hashes of local files, by path; what is hashed here is added to ``learnt`` too.
    """

    root: Path
    written: dict[str, set[str]]
    known: Mapping[str, Known]
    learnt: dict[str, Known] = field(default_factory=dict)

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
        known = self.learnt.get(path) or self.known.get(path)
        if known is None or known.stamp != stamp:
            known = Known(stamp, files.sha256_of(Path(place)))
            self.learnt[path] = known
        return Here(known.sha256, ours=known.sha256 in own)

    def put(
        self, result: Result, meta: bytes, *, clip: Path | None, mode: int, patience_s: float
    ) -> Decision:
        """Put a result in place, ``clip`` (fetched, checked) first and its meta last.

        Decides once more under the picture's lock, and returns what was done.  ``mode`` are the
        clip's rights.

        Raises:
            SetBusy: another program holds the picture's companions for ``patience_s``.
            FileUnwritable: the folder is read-only, or the disk is full.
            OSError: a file there cannot be read.
        """
        target = self.root / names.clip_of(result.picture)
        words = self.root / names.meta_of(result.picture)
        with files.reporting_unwritable(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target, patience_s=patience_s):
            decision = self.decide(result)
            if decision.step not in {Step.META, Step.BOTH}:
                return decision
            with files.Pending(words, meta, only_writer=_own(words)) as pending:
                if decision.step is Step.BOTH and clip is not None:
                    files.remove_durably(words)
                    with files.reporting_unwritable(target):
                        _move(clip, target, mode=mode)
                pending.commit()
            for path, sha256 in written_by(result):
                self._learn(path, sha256)
        return decision

    def _learn(self, path: str, sha256: str) -> None:
        facts = os.lstat(f"{self.root}/{path}")
        self.learnt[path] = Known(stamp_of(facts), sha256)


def written_by(result: Result) -> list[tuple[str, str]]:
    """The paths and hashes that a result puts in place."""
    found = [(names.meta_of(result.picture), result.meta_sha256)]
    if result.clip_sha256 is not None:
        found.append((names.clip_of(result.picture), result.clip_sha256))
    return found


def _own(target: Path) -> str:
    """A name for what will be ``target``, which nobody else writes: its lock is held."""
    return f"sync-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}"


def _move(source: Path, target: Path, *, mode: int) -> None:
    """Give ``source`` the name ``target``, durably, also where that is another disk."""
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fchmod(descriptor, mode)
        files.flush_to_disk(descriptor)
    finally:
        os.close(descriptor)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f"{files.TEMPORARY_PREFIX}{_own(target)}{files.TEMPORARY_SUFFIX}")
        try:
            with source.open("rb") as read, beside.open("wb") as write:
                shutil.copyfileobj(read, write, 1 << 20)
                write.flush()
                files.flush_to_disk(write.fileno())
            beside.chmod(mode)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
        source.unlink()
    files.flush_folder(target.parent)
