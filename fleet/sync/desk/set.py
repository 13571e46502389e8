"""What goes together: one manifest and every file it names.  Read here, never written.

A manifest that did not change since it was read last is not read again: the record keeps what it
names, for as long as the file has the same size, time and inode.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from companions import codec, names, upgrade
from companions.errors import NameCollision
from companions.named_files import named_files
from companions.names import MANIFEST_SUFFIX
from companions.video_manifest import VideoManifest
from fleet.sync.desk.record import Record, stamp_of
from fleet.sync.errors import SetStale
from fleet.sync.wire.sets import Member

_NAMED: Final = 3
"""Files that a message names; it counts the others."""
_SETTLED_S: Final = 2.0
"""A file that was written so shortly before it was read may change again without its time telling
so: file systems count in steps."""


@dataclass(frozen=True, slots=True)
class LocalSet:
    """One manifest and what it names.

    Attributes:
        manifest: the manifest's file, absolute.
        sha256: of the manifest's bytes.
        created_at: when it was written, in seconds since the epoch.
        shots: how many it has.
        pictures: paths of its pictures, in its order, each once.
        files: hash of every file it names, by path: pictures, and what their moves name.
    """

    manifest: Path
    sha256: str
    created_at: float
    shots: int
    pictures: tuple[str, ...]
    files: Mapping[str, str]

    @property
    def set_id(self) -> str:
        """The set's name on every host."""
        return self.sha256[:16]

    @property
    def root(self) -> Path:
        """The folder that its paths are relative to."""
        return self.manifest.parent


def manifests_below(folder: Path) -> Iterator[Path]:
    """Every manifest in ``folder`` and the folders below it, in order; none in hidden folders."""
    for here, folders, found in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(found):
            if name.endswith(MANIFEST_SUFFIX) and not name.startswith("."):
                yield Path(here, name)


def read_set(manifest: Path, *, record: Record) -> LocalSet:
    """What the manifest at ``manifest`` takes with it.

    Raises:
        DocumentInvalid, DocumentTooNew: it is no manifest.
        NameCollision: two of its pictures would become one clip.
        SetStale: it names one file by two hashes.
        SyncRecordUnusable: the record cannot be read or written.
    """
    path = manifest.resolve()
    stamp = _stamp(path)
    kept = record.manifest(path, stamp=stamp) if stamp else None
    if kept is not None:
        found = _from_kept(path, kept)
        if found is not None:
            return found
    data = codec.read_bytes(path)
    loaded = upgrade.decode(data, VideoManifest, file=str(path), around=upgrade.Beside(path))
    found = named_by(loaded.document, path, sha256=hashlib.sha256(data).hexdigest())
    # Version 0 has no hashes: they are those of the pictures as they are now, whatever its stamp.
    if loaded.version > 0 and stamp and stamp == _stamp(path):
        record.keep_manifest(path, stamp=stamp, contents=_kept(found))
    return found


def named_by(document: VideoManifest, path: Path, *, sha256: str) -> LocalSet:
    """What the manifest at ``path``, whose bytes hash to ``sha256``, takes with it.

    Raises:
        NameCollision, SetStale: as ``read_set``.
    """
    pictures = tuple(dict.fromkeys(shot.image_path for shot in document.shots))
    pair = names.first_collision(pictures)
    if pair is not None:
        raise NameCollision(
            file=str(path), first=pair[0], second=pair[1], clip=names.clip_of(pair[1])
        )
    files: dict[str, str] = {}
    for name, digest in _named(document):
        if files.setdefault(name, digest) != digest:
            raise SetStale(manifest=str(path), what=f"it names {name!r} by two hashes")
    return LocalSet(
        manifest=path,
        sha256=sha256,
        created_at=document.created_at.timestamp(),
        shots=len(document.shots),
        pictures=pictures,
        files=files,
    )


def members_of(wanted: LocalSet) -> tuple[Member, ...]:
    """The set's files with their sizes as they are now.

    Raises:
        SetStale: some are missing, or are not plain files.
    """
    root = str(wanted.root)
    members, faults = [], []
    straight: dict[str, bool] = {}
    for path, sha256 in wanted.files.items():
        fault, size = _looked_at(root, path, straight)
        if fault:
            faults.append(f"{path} {fault}")
        else:
            members.append(Member(path=path, sha256=sha256, size_bytes=size))
    if faults:
        raise SetStale(manifest=str(wanted.manifest), what=counted(faults))
    return tuple(members)


def _looked_at(root: str, path: str, straight: dict[str, bool]) -> tuple[str, int]:
    """What is wrong with a member's file (nothing: empty), and its size."""
    place = f"{root}/{path}"
    folder = path.rpartition("/")[0]
    if folder and folder not in straight:
        straight[folder] = os.path.realpath(f"{root}/{folder}") == f"{root}/{folder}"
    if folder and not straight[folder] and os.path.lexists(f"{root}/{folder}"):
        return "is reached through a symbolic link", 0
    try:
        facts = os.lstat(place)
    except OSError as error:
        return f"cannot be found ({error.strerror or error})", 0
    if stat.S_ISLNK(facts.st_mode):
        return "is a symbolic link", 0
    if not stat.S_ISREG(facts.st_mode):
        return "is not a file", 0
    return "", facts.st_size


def counted(faults: Sequence[str]) -> str:
    """The first few of ``faults``, and how many more there are."""
    more = len(faults) - _NAMED
    return ", ".join(faults[:_NAMED]) + (f", and {more} more" if more > 0 else "")


def _named(document: VideoManifest) -> Iterator[tuple[str, str]]:
    for shot in document.shots:
        yield shot.image_path, shot.sha256
        for named in named_files(shot.motion):
            yield named.path, named.sha256


def _stamp(path: Path) -> str:
    """The file's stamp; empty where it cannot be trusted to tell of the next change."""
    try:
        facts = path.stat()
    except OSError:
        return ""
    return stamp_of(facts) if abs(time.time() - facts.st_mtime) > _SETTLED_S else ""


def _kept(found: LocalSet) -> Mapping[str, object]:
    return {
        "sha256": found.sha256,
        "created_at": found.created_at,
        "shots": found.shots,
        "pictures": found.pictures,
        "files": dict(found.files),
    }


def _from_kept(path: Path, kept: Mapping[str, object]) -> LocalSet | None:
    match kept:
        case {
            "sha256": str(sha256),
            "created_at": float(created_at),
            "shots": int(shots),
            "pictures": list(pictures),
            "files": dict(files),
        }:
            return LocalSet(path, sha256, created_at, shots, tuple(pictures), files)
        case _:
            return None  # another version wrote it: read again
