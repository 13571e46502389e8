"""Writing manifests: one for the batch, one per picture, or both; all of them or none begun.

Every manifest is built, and so checked against the contract, before the first is written.  One
that a person or another program changed since the command began is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from companions import seen
from companions.lock import locked
from companions.names import CLIP_SUFFIX, MANIFEST_SUFFIX, companion_path
from companions.seen import Seen
from companions.video_manifest import VideoManifest
from selector.core.batch import BatchSettings, build_manifest
from selector.core.errors import ManifestMisplaced, NoShots
from selector.core.gathering import Gathered, default_manifest_path, manifest_root


@dataclass(frozen=True, slots=True)
class Target:
    """Which manifests are asked for, and where."""

    folder: Path
    """Folder of the pictures."""
    batch: Path | None
    """Manifest of all shots; None if only per-image ones are wanted."""
    per_image: bool

    @classmethod
    def of(cls, folder: Path, *, out: Path | None, per_image: bool) -> Self:
        """As the command line says it: per-image manifests come instead of the batch's, or with
        it where it is named.

        Raises:
            ManifestMisplaced: the batch's manifest cannot lie there.
        """
        batch = out
        if batch is None and not per_image:
            batch = default_manifest_path(folder)
        if batch is not None:
            manifest_root(batch, pictures_folder=folder)
        return cls(folder=folder, batch=batch, per_image=per_image)

    @property
    def root(self) -> Path:
        """The folder from which pictures are named."""
        return self.folder if self.batch is None else self.batch.parent

    def look(self, pictures: Iterable[Path]) -> Mapping[Path, Seen]:
        """What every manifest that may be written for ``pictures`` is now.

        Raises:
            DocumentInvalid: a folder, or what cannot be read, has a manifest's name.
        """
        own = [companion_path(each, MANIFEST_SUFFIX) for each in pictures if self.per_image]
        batch = [] if self.batch is None else [self.batch]
        return {path: seen.look(path) for path in (*batch, *own)}


def write_manifests(
    settings: BatchSettings,
    gathered: Sequence[Gathered],
    *,
    target: Target,
    before: Mapping[Path, Seen],
) -> tuple[Path, ...]:
    """Write the manifests of all that is ready in ``gathered``; returns their paths.

    ``before`` is what ``target.look`` saw before gathering.

    Raises:
        NoShots: nothing is ready.
        DocumentInvalid: settings or shots break the contract; nothing was written.
        CompanionChanged: a manifest is no longer what it was before; it stays as it is.
        SetBusy: another program is at work on a picture's companions.
        FileUnwritable: the folder or disk refuses.
    """
    ready = [(one.picture, one.source) for one in gathered if one.source is not None]
    if not ready:
        raise NoShots(
            folder=target.folder,
            left_out=sum(one.left_out is not None for one in gathered),
            passed_over=sum(one.passed_over for one in gathered),
        )
    manifests: dict[Path, VideoManifest] = {}
    if target.batch is not None:
        manifests[target.batch] = build_manifest(
            settings, [source for _, source in ready], file=str(target.batch)
        )
    for picture, source in ready if target.per_image else ():
        path = companion_path(picture, MANIFEST_SUFFIX)
        if target.batch is not None and path.resolve() == target.batch.resolve():
            raise ManifestMisplaced(
                file=target.batch,
                why=f"{picture.name}'s own manifest has that name",
                instead="Give the batch's manifest another name.",
            )
        manifests[path] = build_manifest(settings, [source.from_its_folder()], file=str(path))
    for path in manifests:
        seen.refuse_changed(path, seen=before[path])  # all, before the first is written
    for path, document in manifests.items():
        # One at a time: a folder may hold more pictures than a process may hold files open.
        with locked(path.with_name(path.name.removesuffix(MANIFEST_SUFFIX) + CLIP_SUFFIX)):
            seen.replace(path, document, seen=before[path])
    return tuple(manifests)
