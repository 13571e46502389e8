"""What a folder's manifests ask for: the pictures, and for each the recipes of its clips.

A meta that comes back is held against this.  Manifests are read whole only once a result came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

from companions import codec, upgrade
from companions.errors import CompanionError
from companions.video_manifest import Shot, VideoManifest
from companions.video_meta import VideoMeta
from fleet.sync.desk.set import LocalSet


class Judgement(StrEnum):
    """What a meta that came back is."""

    ASKED = "asked"  #: it answers a shot of a manifest that is here
    OUTDATED = "outdated"  #: it answers a manifest that was sent from here and is not here any more
    FOREIGN = "foreign"  #: nobody here ever asked for it


class Asked:
    """The manifests of one folder, as requests.

    Attributes:
        pictures: what they name, in order, less those in ``but``.
        digest: changes when any of them does.
    """

    def __init__(self, sets: Sequence[LocalSet], *, but: Collection[str] = ()) -> None:
        self._sets = sets
        self._shots: dict[str, list[tuple[VideoManifest, Shot]]] | None = None
        self.pictures = tuple(
            dict.fromkeys(
                name for each in sets for name in each.pictures if not but or name not in but
            )
        )
        ids = ",".join(sorted(each.set_id for each in sets))
        self.digest = hashlib.sha256(ids.encode()).hexdigest()[:16]
        self.manifests = frozenset(each.sha256 for each in sets)

    def judge(self, meta: VideoMeta, *, picture: str, delivered: Collection[str]) -> Judgement:
        """What ``meta`` is, which came for ``picture``.

        ``delivered`` are hashes of manifests that were sent from here.
        """
        for manifest, shot in self._shots_of(picture):
            if codec.fingerprint(manifest.recipe(shot)) == meta.shot_fingerprint:
                return Judgement.ASKED
        sent = meta.manifest.sha256 in delivered or meta.manifest.sha256 in self.manifests
        return Judgement.OUTDATED if sent else Judgement.FOREIGN

    def _shots_of(self, picture: str) -> Iterable[tuple[VideoManifest, Shot]]:
        if self._shots is None:
            self._shots = {}
            for each in self._sets:
                try:
                    manifest = upgrade.read(each.manifest, VideoManifest).document
                except CompanionError:
                    continue  # changed this very moment: it is told by whoever reads it next
                for shot in manifest.shots:
                    self._shots.setdefault(shot.image_path, []).append((manifest, shot))
        return self._shots.get(picture, ())
