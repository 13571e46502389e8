"""The last stage, on the head: the clip takes its place, then its meta, which commits it.

Every step is whole or absent, and the order holds against a crash between any two: an older
meta is withdrawn before its clip is replaced, a clip without meta is not published, and a clip
this fleet did not write is never touched.  The picture's lock is held throughout, so that nobody
moves or trashes its companions between two steps.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from companions import codec, files
from companions.errors import CompanionError
from companions.lock import PATIENCE_S, locked
from companions.names import CLIP_SUFFIX, META_SUFFIX
from companions.video_meta import VideoMeta
from fleet.errors import TargetTaken


@dataclass(frozen=True, slots=True)
class Target:
    """Where one shot's clip and meta are published."""

    clip: Path

    @property
    def meta(self) -> Path:
        """The meta beside the clip."""
        return self.clip.with_name(self.clip.name.removesuffix(CLIP_SUFFIX) + META_SUFFIX)

    def read_meta(self) -> VideoMeta | None:
        """The meta in place, or None if there is none that can be read."""
        try:
            return codec.read(self.meta, VideoMeta)
        except CompanionError:
            return None

    def holds(self, fingerprint: str) -> bool:
        """Whether the shot with that fingerprint is published here: clip, size and meta agree."""
        meta = self.read_meta()
        if meta is None or meta.shot_fingerprint != fingerprint or meta.clip is None:
            return False
        try:
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
    """Put ``staged`` and ``meta`` in place; without a clip, the meta alone says why.

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
    if target.clip.exists() and files.sha256_of(target.clip) == meta.clip.sha256:
        codec.write(target.meta, meta, only_writer=f"{meta.shot_id}-meta")
        return
    with files.reporting_unwritable(target.clip):
        data = staged.read_bytes()
    # Both are on the disk before anything is withdrawn: a full disk costs no published clip.
    with (
        files.Pending(target.clip, data, only_writer=f"{meta.shot_id}-clip") as clip,
        files.Pending(target.meta, codec.encode(meta), only_writer=f"{meta.shot_id}-meta") as words,
    ):
        files.remove_durably(target.meta)
        clip.commit()
        words.commit()
