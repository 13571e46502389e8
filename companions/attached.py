"""What a move may name beside its picture: a depth map, and a reference that is given as a clip.

Both are files that travel with the picture, as masks do; ``named_files`` lists all of them.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from companions.base import Closed, Sha256
from companions.geometry import Fraction01
from companions.names import RelativePath


class DepthMap(Closed):
    """How far away what each pixel shows is: a map of inverse depth, as monocular estimators give
    it."""

    path: RelativePath
    """Grey PNG of 8 or 16 bits, or a NumPy array of float16 or float32 (``.npy``), of the picture's
    aspect, relative to this document's folder: 0 farthest, 1 (white) nearest, in proportion to one
    over the distance. Named ``X.depth.png`` or ``X.depth.npy`` it travels with picture X."""
    sha256: Sha256
    """SHA-256 of the file's bytes."""
    far_over_near: Annotated[float, Field(gt=1.0, le=1000.0)] = 8.0
    """How many times as far what measures 0 is as what measures 1, over 1, at most 1000; larger:
    more parallax. A map does not tell it; the default suits most rooms and streets."""
    focus: Fraction01 | None = None
    """The value, 0 to 1, at which rectangles hold exactly: nearer things move more, farther ones
    less; null: the median of the map within END, for an orbit or a dolly zoom its subject's."""


class ReferenceClip(Closed):
    """A reference that is given, frame by frame, instead of being rendered from the rectangles:
    the two clips of a Time-to-Move folder (``motion_signal.mp4``, ``mask.mp4``)."""

    path: RelativePath
    """The clip to be held to, an MP4, relative to this document's folder. Named
    ``X.signal.mp4`` it travels with picture X."""
    sha256: Sha256
    """SHA-256 of the file's bytes."""
    mask_path: RelativePath
    """A clip as long, white where the first is held to. Named ``X.signal_mask.mp4`` it travels
    with picture X."""
    mask_sha256: Sha256
    """SHA-256 of the file's bytes."""
