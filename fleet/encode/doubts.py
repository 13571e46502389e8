"""What speaks against a clip: held against its meta, its marking and its credentials.

For ``fleet verify``.  Clip, meta and master are found by their names, as sets are, so a clip that
was moved or renamed with its companions is still what its meta says.  All of them may be anyone's:
whatever cannot be read is a doubt, and no file makes this fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from companions import codec, files
from companions.errors import CompanionError, DocumentInvalid
from companions.names import CLIP_SUFFIX, META_SUFFIX, is_clip
from companions.video_meta import ClipFacts, MasterFacts, VideoMeta
from fleet.encode import credentials
from fleet.encode.credentials import CredentialReading, CredentialState
from fleet.encode.marking import SourceType, read_marking
from fleet.encode.probe import probe_clip
from fleet.errors import BackendFailed

_LONGEST: Final = 400
_NOTHING: Final = CredentialReading(CredentialState.NONE)


class Standing(StrEnum):
    """What is to be thought of a clip."""

    SOUND = "sound"
    """It is what its meta says."""
    ALONE = "no meta"
    """Nothing speaks against it, but it has no meta to be held against."""
    DOUBTFUL = "doubtful"
    """Something speaks against it."""


@dataclass(frozen=True, slots=True)
class ClipReading:
    """One clip, as held against what is said of it.

    Attributes:
        clip: its path.
        standing: what is to be thought of it.
        doubts: what speaks against it, for people.
        source_type: what it is marked as; None where it is not.
        credentials: its content credentials.
    """

    clip: Path
    standing: Standing
    doubts: tuple[str, ...]
    source_type: SourceType | None
    credentials: CredentialReading


def clips_in(places: Iterable[Path], *, recursive: bool) -> list[Path]:
    """The clips that ``places`` name or hold, each once, in order of place and name.

    A folder holds its clips, also those of which only a meta is left.  Links to folders are not
    followed.
    """
    found: dict[Path, None] = {}
    for place in places:
        for clip in _inside(place, recursive=recursive) if place.is_dir() else [place]:
            found.setdefault(clip)
    return list(found)


def examine(
    clip: Path, *, decode: bool = True, authorities: bytes | None = None
) -> ClipReading | None:
    """What speaks against ``clip``; None where there is none and none is missed.

    Every byte is hashed, of the master too; unless ``decode`` is off, every frame is decoded.
    Where ``authorities`` are given (PEM), a clip that none of them stands behind is doubtful.

    Raises:
        ExtraMissing: it has credentials, and the packages that read them are not installed.
    """
    doubts: list[str] = []
    meta = _meta(clip, doubts)
    if not os.path.lexists(clip):
        if meta is None or meta.clip is None:
            return None
        return _doubtful(clip, ["its meta is there, but the clip is gone"])
    try:
        source_type, found = read_marking(clip), credentials.verify(clip, authorities=authorities)
        sha256, size = files.sha256_of(clip), clip.stat().st_size
    except OSError as error:
        return _doubtful(clip, [f"it cannot be read ({error.strerror or error})"])
    doubts += [f"its credentials: {reason}" for reason in found.reasons]
    if found.state is CredentialState.VALID and found.source_type is not source_type:
        doubts.append(
            f"it is signed as {_said(found.source_type)} and marked as {_said(source_type)}"
        )
    if authorities is not None and not found.trusted:
        doubts.append(
            "it bears no valid signature by a certificate of the authority that was named"
        )
    if meta is not None and meta.clip is None:
        doubts.append("its meta is that of a shot which ended without a clip")
    elif meta is not None and meta.clip is not None:
        doubts += _doubts_of_bytes(meta.clip, sha256=sha256, size=size)
        doubts += _doubts_of_origin(meta.clip, source_type=source_type, found=found)
        if decode:
            doubts += _doubts_of_film(clip, meta.clip, changed=sha256 != meta.clip.sha256)
    if meta is not None and meta.master is not None:
        doubts += _doubts_of_master(clip, meta.master)
    standing = Standing.SOUND if meta is not None else Standing.ALONE
    return ClipReading(
        clip,
        Standing.DOUBTFUL if doubts else standing,
        tuple(each[:_LONGEST] for each in doubts),
        source_type,
        found,
    )


def _meta(clip: Path, doubts: list[str]) -> VideoMeta | None:
    path = _beside(clip, META_SUFFIX)
    if not os.path.lexists(path):
        return None
    try:
        return codec.read(path, VideoMeta)
    except DocumentInvalid as invalid:
        doubts.append(f"its meta cannot be used ({invalid.problems[0]})")
    except CompanionError as error:
        doubts.append(f"its meta cannot be used ({error})")
    return None


def _doubts_of_bytes(facts: ClipFacts, *, sha256: str, size: int) -> Iterator[str]:
    if size != facts.size_bytes:
        yield f"it has {size} bytes, its meta says {facts.size_bytes}"
    if sha256 != facts.sha256:
        yield "its bytes are not those that its meta names (sha256)"


def _doubts_of_origin(
    facts: ClipFacts, *, source_type: SourceType | None, found: CredentialReading
) -> Iterator[str]:
    if (source_type or "") != facts.digital_source_type:
        said = facts.digital_source_type or "nothing"
        yield f"it is marked as {_said(source_type)}, its meta says {said}"
    if facts.credentials is None and found.state is not CredentialState.NONE:
        yield "it is signed, and its meta knows of no signature"
    if facts.credentials is not None and found.state is CredentialState.NONE:
        yield f"it was signed by {facts.credentials.issuer}, and the signature is gone"
    if facts.credentials and found.facts and facts.credentials != found.facts:
        yield (
            f"it is signed by {found.facts.issuer} (certificate {found.facts.serial}), its meta "
            f"says by {facts.credentials.issuer} ({facts.credentials.serial})"
        )


def _doubts_of_film(clip: Path, facts: ClipFacts, *, changed: bool) -> Iterator[str]:
    try:
        film = probe_clip(clip)
    except BackendFailed as failed:
        yield str(failed)
        return
    for what, there, said in (
        ("frames", film.frames, facts.frames),
        ("size", f"{film.width}x{film.height}", f"{facts.width}x{facts.height}"),
        ("codec", film.codec.value, facts.codec.value),
        ("bit depth", film.bit_depth, facts.bit_depth),
    ):
        if there != said:
            yield f"{what}: it has {there}, its meta says {said}"
    if facts.frames_sha256 is None:
        return
    if film.frames_sha256 != facts.frames_sha256:
        yield "its pictures are not those that its meta names (frames_sha256)"
    elif changed:
        yield "its pictures, though, are the same: the file was rewritten, not the film"


def _doubts_of_master(clip: Path, facts: MasterFacts) -> Iterator[str]:
    path = _beside(clip, facts.master.suffix)
    try:
        size, sha256 = path.stat().st_size, files.sha256_of(path)
    except FileNotFoundError:
        yield f"its master {path.name} is gone"
    except OSError as error:
        yield f"its master {path.name} cannot be read ({error.strerror or error})"
    else:
        if (size, sha256) != (facts.size_bytes, facts.sha256):
            yield f"its master {path.name} is not the one that its meta names"


def _inside(folder: Path, *, recursive: bool) -> list[Path]:
    found: set[Path] = set()

    def unreadable(error: OSError) -> None:
        # Listed as what cannot be read: a folder that nobody looked into is not in order.
        found.add(Path(error.filename))

    for place, folders, names in os.walk(folder, onerror=unreadable):
        folders.sort()
        for name in names:
            if name.startswith("."):
                continue  # temporary files and what other programs hide
            if is_clip(name):
                found.add(Path(place, name))
            elif name.endswith(META_SUFFIX):
                found.add(Path(place, name.removesuffix(META_SUFFIX) + CLIP_SUFFIX))
        if not recursive:
            break
    return sorted(found)


def _beside(clip: Path, suffix: str) -> Path:
    return clip.with_name(clip.stem + suffix)


def _doubtful(clip: Path, doubts: list[str]) -> ClipReading:
    return ClipReading(clip, Standing.DOUBTFUL, tuple(doubts), None, _NOTHING)


def _said(source_type: SourceType | None) -> str:
    return "nothing" if source_type is None else source_type.value
