"""How shots ended, as it stands in the outbox: hashes and sizes, read once and remembered.

A meta that cannot be understood is told all the same, as one without a clip: the desk fetches it,
refuses it, and says so to a person.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from companions.base import Sha256
from companions.names import clip_of, meta_of
from fleet.sync.far.disk import told
from fleet.sync.far.index import Index, MetaRead
from fleet.sync.far.tree import Stamp, below, by_folder, mark_of, names_in, opened
from fleet.sync.wire.base import Size
from fleet.sync.wire.results import AskResults, Result, ResultsFound

META_BYTES: Final = 16 * 1024 * 1024
"""A larger meta is none."""
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class _Clip(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    sha256: Sha256
    size_bytes: Size


class _Meta(BaseModel):
    """Of a meta only what is told of it; the desk reads all of it."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    clip: _Clip | None = None


class _Asked(NamedTuple):
    picture: str
    path: str


def found(outbox: Path, request: AskResults, *, index: Index, outbox_root: str) -> ResultsFound:
    """The whole results of the pictures that are asked for.

    Raises:
        SyncRecordUnusable: the index cannot be used.
        FileUnwritable: the label's folder cannot be read.
    """
    folder = outbox / request.label
    where = f"{outbox_root}{request.label}"
    with told(folder):
        try:
            with opened(folder) as root:
                results = _look(root, request, known=_Known(index, folder))
        except (FileNotFoundError, NotADirectoryError):
            results = ()
    return ResultsFound(outbox=where, results=results)


class _Known:
    """Metas that were read before, and those that are new."""

    def __init__(self, index: Index, folder: Path) -> None:
        self._index, self._folder = index, folder
        self._before = index.metas(folder)
        self._new: dict[str, MetaRead] = {}

    def read(self, picture: str, name: str, stamp: Stamp, *, folder: int) -> MetaRead | None:
        before = self._before.get(picture)
        if before is not None and before.stamp == stamp:
            return before
        meta = _read(name, stamp, folder=folder)
        if meta is not None:
            self._new[picture] = meta
        return meta

    def keep(self) -> None:
        if self._new:
            self._index.keep_metas(self._folder, self._new)


def _look(root: int, request: AskResults, *, known: _Known) -> tuple[Result, ...]:
    results: list[Result] = []
    asked = [_Asked(each, meta_of(each)) for each in request.pictures]
    for where, names in by_folder(asked).items():
        with below(root, where) as folder:
            if folder is None:
                continue
            for name in names.keys() & names_in(folder):
                result = _result(names[name].picture, name, folder=folder, known=known)
                if result is not None:
                    results.append(result)
    known.keep()
    return tuple(results)


def _result(picture: str, name: str, *, folder: int, known: _Known) -> Result | None:
    mark = mark_of(name, folder=folder)
    if mark is None:
        return None
    meta = known.read(picture, name, mark.stamp, folder=folder)
    if meta is None:
        return None
    if meta.clip_sha256:
        clip = mark_of(clip_of(picture).rpartition("/")[2], folder=folder)
        if clip is None or clip.stamp.size != meta.clip_size:
            return None
    return Result.model_construct(
        picture=picture,
        meta_sha256=meta.sha256,
        meta_size=meta.stamp.size,
        clip_sha256=meta.clip_sha256 or None,
        clip_size=meta.clip_size,
    )


def _read(name: str, stamp: Stamp, *, folder: int) -> MetaRead | None:
    if stamp.size > META_BYTES:
        return None
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        if Stamp.of(os.fstat(descriptor)) != stamp:
            return None  # it changes under way: the next question finds what came of it
        data = stream.read(META_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    try:
        clip = _Meta.model_validate_json(data).clip
    except ValidationError:
        clip = None
    if clip is None:
        return MetaRead(stamp, digest, "", 0)
    return MetaRead(stamp, digest, clip.sha256, clip.size_bytes)
