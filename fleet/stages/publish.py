"""The last stage, on the head: master and clip take their places, then the meta, which commits
them.

Every step is whole or absent, and the order holds against a crash between any two: an older
meta is withdrawn before its clip is replaced, a clip without meta is not published, and neither
clip nor master that this fleet did not write is ever touched.  An older master goes while the meta
still stands that says whose it is; after a crash there it is missing, never a stranger in the way.
The picture's lock is held throughout, so that nobody moves or trashes its companions between two
steps.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from companions import codec, files
from companions.errors import CompanionError
from companions.lock import PATIENCE_S, locked
from companions.names import CLIP_SUFFIX, META_SUFFIX
from companions.video_manifest import Master
from companions.video_meta import ClipFacts, MasterFacts, VideoMeta
from fleet.errors import TargetTaken
from fleet.stages.arrival import staged_master


@dataclass(frozen=True, slots=True)
class Target:
    """Where one shot's clip, master and meta are published."""

    clip: Path

    @property
    def meta(self) -> Path:
        """The meta beside the clip."""
        return self.clip.with_name(self.clip.name.removesuffix(CLIP_SUFFIX) + META_SUFFIX)

    def master(self, kind: Master) -> Path:
        """The master of that kind beside the clip."""
        return self.clip.with_name(self.clip.name.removesuffix(CLIP_SUFFIX) + kind.suffix)

    def read_meta(self) -> VideoMeta | None:
        """The meta in place, or None if there is none that can be read."""
        try:
            return codec.read(self.meta, VideoMeta)
        except CompanionError:
            return None

    def holds(self, fingerprint: str) -> bool:
        """Whether the shot with that fingerprint is published here: clip, master, sizes and meta
        agree."""
        meta = self.read_meta()
        if meta is None or meta.shot_fingerprint != fingerprint or meta.clip is None:
            return False
        try:
            if meta.master is not None:
                master = self.master(meta.master.master)
                if master.stat().st_size != meta.master.size_bytes:
                    return False
            return self.clip.stat().st_size == meta.clip.size_bytes
        except OSError:
            return False

    def is_free(self, known_hashes: Collection[str]) -> bool:
        """Whether a clip may be written here: nothing there, or a clip this fleet wrote.

        ``known_hashes`` are those of clips the ledger has on record for this place.
        """
        if not self.clip.exists():
            return True
        meta = self.read_meta()
        own = set(known_hashes)
        if meta is not None and meta.clip is not None:
            own.add(meta.clip.sha256)
        return self.clip.is_file() and files.sha256_of(self.clip) in own


def publish(
    target: Target,
    meta: VideoMeta,
    *,
    staged: Path | None,
    known_hashes: Collection[str],
    patience_s: float = PATIENCE_S,
) -> None:
    """Put ``staged``, its master and ``meta`` in place; without a clip, the meta alone says why.

    Repeating it is harmless: what is in place already is left as it is.

    Raises:
        TargetTaken: a file that is not ours lies there; it is kept.
        SetBusy: another program held the companions for ``patience_s``; another attempt may
            find them free.
        FileUnwritable: the folder is gone or read-only, or the disk is full.
    """
    with locked(target.clip, patience_s=patience_s):
        _publish(target, meta, staged=staged, known_hashes=known_hashes)


def _publish(
    target: Target, meta: VideoMeta, *, staged: Path | None, known_hashes: Collection[str]
) -> None:
    if meta.clip is None or staged is None:
        if not target.clip.exists():
            codec.write(target.meta, meta, only_writer=f"{meta.shot_id}-meta")
        # An older clip of this picture stays published: its meta must go on describing it.
        return
    if not target.is_free({meta.clip.sha256, *known_hashes}):
        raise TargetTaken(path=target.clip)
    masters = _Masters.of(target, meta)
    if masters.in_the_way is not None:
        raise TargetTaken(path=masters.in_the_way)
    with ExitStack() as pending:
        # All are on the disk before anything is withdrawn: a full disk costs no published clip.
        arriving = [
            pending.enter_context(
                files.Pending(path, files.pieces_of(source), only_writer=f"{meta.shot_id}-{what}")
            )
            for what, path, source in (
                *masters.arriving(staged),
                *_clip_arriving(target, meta.clip, staged),
            )
        ]
        words = pending.enter_context(
            files.Pending(target.meta, codec.encode(meta), only_writer=f"{meta.shot_id}-meta")
        )
        if masters.older is not None:
            files.remove_durably(masters.older)
        if arriving:
            files.remove_durably(target.meta)
        for each in arriving:
            each.commit()
        words.commit()


_Arriving = tuple[str, Path, Path]
"""What arrives, where it is published, and where it lies in staging."""


def _clip_arriving(target: Target, clip: ClipFacts, staged: Path) -> Sequence[_Arriving]:
    there = target.clip.exists() and files.sha256_of(target.clip) == clip.sha256
    return () if there else (("clip", target.clip, staged),)


@dataclass(frozen=True, slots=True)
class _Masters:
    """What is to be done about masters, decided before anything is.

    Attributes:
        new: the new meta's master, and where it is published; None without one.
        is_there: whether it lies there already.
        older: a master of the meta in place that the new one does not keep; None if there is none.
        in_the_way: a file where the new master belongs that neither meta tells of, or None.
    """

    new: tuple[MasterFacts, Path] | None
    is_there: bool
    older: Path | None
    in_the_way: Path | None

    @classmethod
    def of(cls, target: Target, meta: VideoMeta) -> Self:
        published = target.read_meta()
        old, new = None if published is None else published.master, meta.master
        # Masters may be gigabytes: each file is hashed once.
        found = {
            path: files.sha256_of(path) if path.is_file() else ""
            for path in {target.master(each.master) for each in (old, new) if each is not None}
            if path.exists()
        }
        older = None
        if old is not None and (new is None or new.sha256 != old.sha256):
            path = target.master(old.master)
            older = path if found.get(path) == old.sha256 else None
        if new is None:
            return cls(None, is_there=False, older=older, in_the_way=None)
        place = target.master(new.master)
        is_there = found.get(place) == new.sha256
        free = is_there or place not in found or place == older
        return cls((new, place), is_there=is_there, older=older, in_the_way=None if free else place)

    def arriving(self, staged_clip: Path) -> Sequence[_Arriving]:
        """The new master, unless it is there."""
        if self.new is None or self.is_there:
            return ()
        facts, place = self.new
        return (("master", place, staged_master(staged_clip, facts.master)),)
