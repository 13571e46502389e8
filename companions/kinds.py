"""Which document a companion's name promises."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from companions.base import Document
from companions.motion import MotionCompanion
from companions.review import Review
from companions.video_manifest import VideoManifest
from companions.video_meta import VideoMeta

DOCUMENTS: Final[Mapping[str, type[Document]]] = {
    kind.SUFFIX: kind for kind in (MotionCompanion, Review, VideoManifest, VideoMeta)
}
"""Every kind of document by the suffix of its files."""


def suffix_of(path: Path) -> str | None:
    """The suffix that makes ``path`` a document by its name; None if it is none."""
    return next((suffix for suffix in DOCUMENTS if path.name.endswith(suffix)), None)
