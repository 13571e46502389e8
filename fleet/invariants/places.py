"""What must lie in the place where clips of one name are published.  Pure: facts in, breaches out.

A place may have had several shots, one after the other.  The clip that the ledger published last
is the one that must lie there; those before it were replaced.  While a shot is on its way there,
the place is in its hands, and is judged when that shot has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from companions.video_meta import Verdict, VideoMeta
from fleet.invariants.listing import Breach, Invariant, Reopen, WriteMeta
from fleet.jobs.model import JobState


@dataclass(frozen=True, slots=True)
class Comer:
    """A shot that is, or was, to be published in a place.

    Attributes:
        publish: state of its last stage.
        clip_sha256: hash of the clip it made, if it made one.
        clip_bytes: that clip's size.
        reason_codes: the ledger's reasons for its end.
    """

    id: str
    picture: str
    verdict: str | None
    finished_at: float
    publish: str
    reason_codes: Sequence[str]
    clip_sha256: str | None
    clip_bytes: int | None

    @property
    def has_clip(self) -> bool:
        """Whether it ended with a clip."""
        return self.verdict in {Verdict.PASS, Verdict.FLAGGED}

    @property
    def has_words(self) -> bool:
        """Whether it ended without a clip, and a meta could say why."""
        return (
            self.verdict in {Verdict.FAILED, Verdict.QUARANTINED}
            and self.publish == JobState.SUCCEEDED
        )


@dataclass(frozen=True, slots=True)
class Record:
    """One clip that the ledger says was published in a place.

    ``elsewhere`` says that its shot is to be published in another one.  A shot that is in no
    place was archived.
    """

    sha256: str
    shot_id: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What lies in a place.

    Attributes:
        there: whether anything has the clip's name.
        size_bytes: the clip's size; None if it is no file.
        sha256: its hash; None if it was not taken or could not be.
        meta_there: whether anything has the meta's name.
        meta: the meta, if it can be read.
        picture_there: whether the picture still lies where it was.
    """

    there: bool
    size_bytes: int | None
    sha256: str | None
    meta_there: bool
    meta: VideoMeta | None
    picture_there: bool

    @property
    def taken_away(self) -> bool:
        """Whether a person moved or trashed the whole set, which is theirs to do."""
        return not (self.there or self.meta_there or self.picture_there)


def on_record(target: Path, comers: Sequence[Comer], records: Sequence[Record]) -> Iterator[Breach]:
    """Breaches of ``one-a-place``, by the ledger alone; ``records`` are the oldest first."""

    def breach(what: str) -> Breach:
        return Breach(Invariant.ONE_A_PLACE, str(target), what)

    coming = [comer.id for comer in comers if comer.verdict is None]
    if len(coming) > 1:
        yield breach(f"{', '.join(coming)} are all on their way to it")
    hashes = {record.sha256 for record in records}
    for record in records:
        if record.elsewhere:
            yield breach(f"a clip of {record.shot_id} is on record, which belongs elsewhere")
    for comer in comers:
        if comer.has_clip and comer.clip_sha256 is not None and comer.clip_sha256 not in hashes:
            yield breach(f"the clip of {comer.id} is published, and not on record")


def on_disk(
    target: Path, comers: Sequence[Comer], records: Sequence[Record], seen: Seen
) -> Iterator[Breach]:
    """Breaches of ``clips-stand`` and ``metas-tell`` in one place."""
    if any(comer.verdict is None for comer in comers):
        return
    last = records[-1] if records else None
    owner = next((comer for comer in comers if last and comer.id == last.shot_id), None)
    if last is not None and owner is not None and owner.has_clip:
        if seen.taken_away:
            return
        fault = _clip_fault(target, owner, last, seen)
        if fault is not None:
            yield fault
        else:
            yield from _meta_faults(target, owner, last, seen)
        return
    yield from _without_a_clip(target, comers, seen)


def _clip_fault(target: Path, owner: Comer, last: Record, seen: Seen) -> Breach | None:
    def breach(what: str, remedy: Reopen | None = None) -> Breach:
        return Breach(Invariant.CLIPS_STAND, str(target), what, remedy)

    if not seen.there:
        return breach(f"the clip of {owner.id} is gone", Reopen(owner.id))
    if seen.size_bytes is None:
        return breach(f"what lies there is no file, and no clip of {owner.id}")
    changed = seen.sha256 != last.sha256 if seen.sha256 is not None else False
    if changed or (owner.clip_bytes is not None and owner.clip_bytes != seen.size_bytes):
        return breach(f"it is no longer the clip that {owner.id} was published with")
    return None


def _meta_faults(target: Path, owner: Comer, last: Record, seen: Seen) -> Iterator[Breach]:
    def breach(what: str) -> Breach:
        return Breach(Invariant.METAS_TELL, str(target), what, WriteMeta(owner.id))

    meta = seen.meta
    if meta is None:
        kind = "cannot be read" if seen.meta_there else "is missing"
        yield breach(f"the meta of {owner.id} {kind}")
    elif meta.shot_id != owner.id:
        yield breach(f"its meta is of {meta.shot_id}, and the clip of {owner.id}")
    elif meta.clip is None or meta.clip.sha256 != last.sha256:
        yield breach(f"the meta of {owner.id} is not that of its clip")
    elif not _same_end(meta, owner):
        yield breach(f"the meta of {owner.id} tells another end than the ledger")


def _without_a_clip(target: Path, comers: Sequence[Comer], seen: Seen) -> Iterator[Breach]:
    if seen.there:
        by = seen.meta.shot_id if seen.meta is not None and seen.meta.clip is not None else None
        if any(comer.id == by and not comer.has_clip for comer in comers):
            what = f"it is the clip of {by}, which ended without one"
            yield Breach(Invariant.CLIPS_STAND, str(target), what)
        return  # what a person put there is theirs, and no place for our words
    told = [comer for comer in comers if comer.has_words]
    if not told or seen.taken_away:
        return
    last = max(told, key=lambda comer: comer.finished_at)
    meta = seen.meta

    def breach(what: str) -> Breach:
        return Breach(Invariant.METAS_TELL, str(target), what, WriteMeta(last.id))

    if meta is None:
        kind = "cannot be read" if seen.meta_there else "is missing"
        yield breach(f"{last.id} ended without a clip, and the meta that says why {kind}")
    elif meta.shot_id not in {comer.id for comer in told}:
        yield breach(f"its meta is of {meta.shot_id}, and {last.id} ended last")
    elif meta.shot_id == last.id and not _same_end(meta, last):
        yield breach(f"the meta of {last.id} tells another end than the ledger")


def _same_end(meta: VideoMeta, shot: Comer) -> bool:
    codes = [reason.code for reason in meta.reasons]
    return meta.verdict == shot.verdict and codes == list(shot.reason_codes)
