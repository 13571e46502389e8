"""Results that were fetched and not judged yet: what their files are, and whether they count.

A meta counts by the recipe it was made for, a clip by the hash in its meta.  Everything is read
through ``Incoming``, so that no link of a hostile host leads anywhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from companions import codec, files, names
from companions.errors import CompanionError
from companions.video_meta import VideoMeta
from fleet.sync.desk.asked import Asked, Judgement
from fleet.sync.desk.incoming import Incoming
from fleet.sync.desk.sniff import clip_fault
from fleet.sync.transport.base import Item
from fleet.sync.wire.results import Result

MAX_META_BYTES: Final = 4_000_000
MAX_CLIP_BYTES: Final = 20_000_000_000
_BATCH_FILES: Final = 4_000
_BATCH_BYTES: Final = 1_000_000_000
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Fetch:
    """A result whose meta, and clip if ``clip``, are to be fetched.

    Attributes:
        items: the files that travel.
        size_bytes: their bytes.
    """

    result: Result
    clip: bool
    items: tuple[Item, ...] = field(init=False)
    size_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        picture = self.result.picture
        items = [Item(names.meta_of(picture), self.result.meta_size)]
        if self.clip:
            items.append(Item(names.clip_of(picture), self.result.clip_size))
        object.__setattr__(self, "items", tuple(items))
        object.__setattr__(self, "size_bytes", sum(item.size_bytes for item in items))

    @property
    def paths(self) -> list[str]:
        """Their paths."""
        return [item.path for item in self.items]


def batches(wanted: Sequence[Fetch]) -> Iterator[list[Fetch]]:
    """``wanted`` in portions that are each fetched in one go: what came takes its place soon."""
    batch: list[Fetch] = []
    count = size_bytes = 0
    for each in wanted:
        count += 1 + each.clip
        size_bytes += each.size_bytes
        if batch and (count > _BATCH_FILES or size_bytes > _BATCH_BYTES):
            yield batch
            batch, count, size_bytes = [], 1 + each.clip, each.size_bytes
        batch.append(each)
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class Looked:
    """What a fetched result's files are.

    Attributes:
        meta: the meta's bytes; they hash to what was announced.
        torn: why its files are not those that were announced; such a result may be asked for
            once more, since it may have been published anew meanwhile.
        fault: why a clip that is as announced is none.
    """

    meta: bytes = b""
    torn: str = ""
    fault: str = ""


def look(incoming: Incoming, fetch: Fetch) -> Looked:
    """Read a fetched result's files, and make them durable if they are as announced."""
    result = fetch.result
    try:
        with incoming.open(names.meta_of(result.picture)) as stream:
            meta = stream.read(MAX_META_BYTES + 1)
            if hashlib.sha256(meta).hexdigest() != result.meta_sha256:
                return Looked(torn="the meta's bytes are not those that were announced")
            files.flush_to_disk(stream.fileno())
    except OSError as error:
        return Looked(torn=f"its meta cannot be read: {error.strerror or error}")
    if not fetch.clip:
        return Looked(meta)
    try:
        with incoming.open(names.clip_of(result.picture)) as stream:
            if _sha256(stream) != result.clip_sha256:
                return Looked(torn="the clip's bytes are not those that its meta names")
            fault = clip_fault(stream)
            files.flush_to_disk(stream.fileno())
    except OSError as error:
        return Looked(torn=f"its clip cannot be read: {error.strerror or error}")
    return Looked(meta, fault=f"its clip {fault}" if fault else "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a result counts.

    Attributes:
        fault: why it does not, if nobody here can have asked for it.
        outdated: it answers a manifest that was sent from here and is not here any more.
    """

    fault: str = ""
    outdated: bool = False

    @property
    def counts(self) -> bool:
        """Whether it may be put in place."""
        return not self.fault and not self.outdated


def judged(looked: Looked, result: Result, *, asked: Asked, delivered: Collection[str]) -> Verdict:
    """Whether a result whose files are as announced counts.

    ``delivered`` are hashes of manifests that were sent from here.
    """
    try:
        meta = codec.decode(looked.meta, VideoMeta, file=names.meta_of(result.picture))
    except CompanionError as error:
        return Verdict(f"its meta is none: {error}")
    fault = meta_fault(meta, result=result)
    if fault is not None:
        return Verdict(f"its meta is not to be believed: {fault}")
    match asked.judge(meta, picture=result.picture, delivered=delivered):
        case Judgement.FOREIGN:
            return Verdict("it was made for a recipe that nobody here asked for")
        case Judgement.OUTDATED:
            return Verdict(outdated=True)
        case Judgement.ASKED:
            return Verdict(looked.fault)


def meta_fault(meta: VideoMeta, *, result: Result) -> str | None:
    """What a fetched meta says that its host did not announce, or None."""
    clip = meta.clip
    if meta.image != result.picture:
        return f"it speaks of {meta.image!r}"
    if (clip.sha256 if clip else None) != result.clip_sha256:
        return "its clip is not the one that was announced"
    if clip is not None:
        if clip.file != names.clip_of(result.picture).rpartition("/")[2]:
            return f"its clip is called {clip.file!r}"
        if clip.size_bytes != result.clip_size:
            return "its clip has not the size that was announced"
    return None


def admitted(results: Sequence[Result], asked: Collection[str]) -> tuple[list[Result], list[str]]:
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
            bad.append(fault)
        else:
            good.append(result)
    return good, bad


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
