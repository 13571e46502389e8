"""Writing manifests: one for the batch, one per picture, or both; all of them or none begun.

Every manifest is built, and so checked against the contract, before the first is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Self

from companions import codec
from companions.names import MANIFEST_SUFFIX, companion_path
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


def write_manifests(
    settings: BatchSettings, gathered: Sequence[Gathered], *, target: Target
) -> tuple[Path, ...]:
    """Write the manifests of all that is ready in ``gathered``; returns their paths.

    Raises:
        NoShots: nothing is ready.
        DocumentInvalid: settings or shots break the contract; nothing was written.
        FileUnwritable: the folder or disk refuses.
    """
    ready = [(one.picture, one.source) for one in gathered if one.source is not None]
    if not ready:
        raise NoShots(
            folder=target.folder, left_out=sum(one.left_out is not None for one in gathered)
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
        alone = replace(source, image_path=PurePosixPath(source.image_path).name)
        manifests[path] = build_manifest(settings, [alone], file=str(path))
    for path, document in manifests.items():
        codec.write(path, document)
    return tuple(manifests)
