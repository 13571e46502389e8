"""What comes off a finish stream, put into staging on the head: whole files or none.

A clip arrives in one piece, a master in many.  Both take their names only when all is there and
what arrived is what the worker measured, the master first: a clip in staging has its master beside
it.  Credentials are written here, because keys stay on the head.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from companions import files
from companions.names import CLIP_SUFFIX, stem_of
from companions.video_manifest import Master
from companions.video_meta import ModelUsed
from fleet.errors import BackendFailed
from fleet.ledger.rows import Artifact
from fleet.settings import Settings
from fleet.stages.base import FinishReport, MasterPiece

if TYPE_CHECKING:
    from fleet.encode.signer import Signer


def staged_master(clip: Path, kind: Master) -> Path:
    """Where in staging the master lies that belongs to the staged ``clip``."""
    return Path(stem_of(str(clip)) + kind.suffix)


def masters_of(clips: Collection[Path]) -> Iterator[Path]:
    """Where the masters of staged clips lie, if they have any."""
    for clip in clips:
        for kind in Master:
            yield staged_master(clip, kind)


def has_its_master(clip: Path, report: FinishReport) -> bool:
    """Whether the master that ``report`` tells of lies whole beside the staged clip."""
    if report.master is None:
        return True
    try:
        size = staged_master(clip, report.master.master).stat().st_size
    except OSError:
        return False
    return size == report.master.size_bytes


def signer_of(settings: Settings) -> Signer | None:
    """What signs clips, by settings; None if they are not to be signed.

    Raises:
        CredentialsRefused: certificate or key cannot be used.
        ExtraMissing: the package for it is not installed.
    """
    if settings.credentials_certificate is None and settings.credentials_key is None:
        return None
    # Here and not above: a head without credentials needs no package for them.
    from fleet.encode.signer import configured

    return configured(
        certificate=settings.credentials_certificate,
        key=settings.credentials_key,
        timestamps=settings.credentials_timestamps,
    )


class Arrival:
    """The products of one attempt on their way into staging; a context manager.

    What has not been settled by the end of the block is gone.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Prepare to take products in; they will lie in ``folder`` as ``name`` and a suffix."""
        self._clip = folder / f"{name}{CLIP_SUFFIX}"
        self._master = _Growing(folder)
        self._report: FinishReport | None = None
        self._bytes: bytes | None = None

    def __enter__(self) -> Self:
        """Nothing is written yet."""
        return self

    def take(self, item: MasterPiece | FinishReport | bytes) -> None:
        """Take the next item of the stream in.  May be repeated where it failed.

        Raises:
            FileUnwritable: the disk is full or gone.
        """
        if isinstance(item, MasterPiece):
            self._master.append(item.data)
        elif isinstance(item, FinishReport):
            self._report = item
        else:
            self._bytes = item

    def settle(self, *, signer: Signer | None, model: ModelUsed) -> tuple[Artifact, FinishReport]:
        """Give the products their names in staging; the clip's record, and the report with what
        signing changed.  May be repeated where the disk was full.

        Raises:
            BackendFailed: the stream ended early, something changed on its way, or the clip could
                not be signed.
            CredentialsRefused: the certificate has expired.
            FileUnwritable: the disk is full or gone.
        """
        report, clip = self._report, self._bytes
        if report is None or clip is None:
            raise BackendFailed(backend="finish", what="the stream ended without a clip")
        if hashlib.sha256(clip).hexdigest() != report.clip.sha256:
            raise BackendFailed(backend="finish", what="the clip changed on its way to the head")
        with files.reporting_unwritable(self._clip):
            self._clip.parent.mkdir(parents=True, exist_ok=True)
        if report.master is not None:
            self._master.settle(
                staged_master(self._clip, report.master.master), sha256=report.master.sha256
            )
        files.write_atomic(self._clip, clip)
        if signer is not None:
            report = _signed(self._clip, report, signer=signer, model=model)
        artifact = Artifact(
            path=str(self._clip), sha256=report.clip.sha256, size_bytes=report.clip.size_bytes
        )
        return artifact, report

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove what is not whole, and after an exception all there is."""
        self._master.discard()
        if kind is not None:
            for path in (self._clip, *masters_of([self._clip])):
                with suppress(OSError):
                    path.unlink(missing_ok=True)


def _signed(clip: Path, report: FinishReport, *, signer: Signer, model: ModelUsed) -> FinishReport:
    from fleet.encode.credentials import Claim, sign
    from fleet.encode.marking import source_type_of

    claim = Claim(
        title=report.clip.file,
        source_type=source_type_of(model.name),
        model=model.name,
        revision=model.revision,
    )
    credentials = sign(clip, signer=signer, claim=claim)
    with files.reporting_unwritable(clip):
        changed = {
            "sha256": files.sha256_of(clip),
            "size_bytes": clip.stat().st_size,
            "credentials": credentials,
        }
    return report.model_copy(update={"clip": report.clip.model_copy(update=changed)})


class _Growing:
    """A file that grows piece by piece, and takes its name when it is whole."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / (
            f"{files.TEMPORARY_PREFIX}{secrets.token_hex(8)}{files.TEMPORARY_SUFFIX}"
        )
        self._descriptor: int | None = None
        self._size = 0
        self._digest = hashlib.sha256()
        self._settled = False

    def append(self, data: bytes) -> None:
        with files.reporting_unwritable(self._path):
            if self._descriptor is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                self._descriptor = os.open(self._path, flags, 0o644)
            # At its place and not at the end: a full disk may have taken a part of it before.
            rest, at = memoryview(data), self._size
            while rest:
                done = os.pwrite(self._descriptor, rest, at)
                rest, at = rest[done:], at + done
        self._digest.update(data)
        self._size = at

    def settle(self, path: Path, *, sha256: str) -> None:
        if self._settled:
            return
        if self._descriptor is None or self._digest.hexdigest() != sha256:
            raise BackendFailed(backend="finish", what="the master changed on its way to the head")
        with files.reporting_unwritable(path):
            files.flush_to_disk(self._descriptor)
            self._path.replace(path)
            self._settled = True
            files.flush_folder(path.parent)

    def discard(self) -> None:
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)
        if not self._settled:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
