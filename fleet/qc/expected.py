"""What a clip is to show, where the picture seen through moving rectangles is not all of it.

Objects go their own ways, a camera with a depth map moves through space, and a given reference is
what it is.  Checks then hold frames against the reference itself, rendered (or read) once more at
the small size at which they look: at the sampled moments only, so that it costs little however
long the clip is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import cv2
import numpy as np

from companions.camera import CameraPath
from companions.depth_map import Depth
from companions.geometry import Size
from companions.masks import Mask
from companions.picture import Pixels
from companions.preset import Preset
from companions.reference import Reference, ReferenceFrame
from companions.rendition import scales_of, size_of
from companions.trajectory import ObjectTrajectory

_DETAIL: Final = 1.5
"""The picture keeps so many pixels for each of a frame's where the window is smallest: what is
nearer than the focus is seen larger still."""
_MAP_PX: Final = 1600
"""Longest side of a depth map that frames of some hundred pixels are rendered by."""


class Shown(Protocol):
    """Some frames of it."""

    def frame(self, index: int) -> ReferenceFrame:
        """Frame ``index`` of those asked for."""
        ...


class Expected(Protocol):
    """What a clip is to show."""

    @property
    def told(self) -> str:
        """What it is, in words: frames are placed on it."""
        ...

    @property
    def exact(self) -> bool:
        """Whether neighbouring frames differ by the move alone, and not by a codec's noise."""
        ...

    def shown(self, at: Sequence[float], *, output: Size) -> Shown:
        """Its frames at those fractions (0..1) of the clip, of the size ``output``."""
        ...

    def held(self, frame: ReferenceFrame) -> Mask:
        """Where a clip is held to ``frame`` (not 0); elsewhere it is free."""
        ...


@dataclass(frozen=True, slots=True)
class AsRendered:
    """``Expected`` of a move that is rendered from its picture: with objects, or through space.

    Attributes:
        picture: the keyframe, (height, width, 3) uint8 sRGB, upright.
        masks: of the objects whose region is one, by their names.
        depth: None where nothing is known of it; ``seen_small`` saves time and memory.
    """

    picture: Pixels
    path: CameraPath
    objects: Sequence[ObjectTrajectory] = ()
    masks: Mapping[str, Mask] = field(default_factory=dict)
    depth: Depth | None = None
    preset: Preset | None = None

    @property
    def told(self) -> str:
        """As ``Expected.told``."""
        return "the picture as the move shows it"

    @property
    def exact(self) -> bool:
        """As ``Expected.exact``."""
        return True

    def shown(self, at: Sequence[float], *, output: Size) -> Reference:
        """As ``Expected.shown``; a frame is rendered when it is asked for."""
        return Reference(
            _reduced(self.picture, self.path, output=output),
            self.path,
            self.objects,
            output=output,
            at=at,
            masks=self.masks,
            depth=self.depth,
            preset=self.preset,
        )

    def held(self, frame: ReferenceFrame) -> Mask:
        """All but what is invented: a model may paint there what it likes."""
        return frame.known


class GivenFrames(Protocol):
    """A reference that came with the shot."""

    def frames(self, at: Sequence[float], *, output: Size) -> Iterator[ReferenceFrame]:
        """Its frame at each of those fractions (0..1) of its time, of the size ``output``."""
        ...


@dataclass(frozen=True, slots=True)
class AsGiven:
    """``Expected`` of a given reference."""

    given: GivenFrames

    @property
    def told(self) -> str:
        """As ``Expected.told``."""
        return "the given reference"

    @property
    def exact(self) -> bool:
        """As ``Expected.exact``: it came through a codec, and may have another rate."""
        return False

    def shown(self, at: Sequence[float], *, output: Size) -> Shown:
        """As ``Expected.shown``; the clips are decoded here, once."""
        return _Frames(tuple(self.given.frames(at, output=output)))

    def held(self, frame: ReferenceFrame) -> Mask:
        """Where the mask that came with it is white."""
        return frame.moved


@dataclass(frozen=True, slots=True)
class _Frames:
    frames: Sequence[ReferenceFrame]

    def frame(self, index: int) -> ReferenceFrame:
        return self.frames[index]


def _reduced(picture: Pixels, path: CameraPath, *, output: Size) -> Pixels:
    """The picture with no more detail than frames of ``output`` show."""
    whole = size_of(picture)
    closest, _ = scales_of(path, picture=whole, output=output)
    ratio = _DETAIL / closest
    if ratio >= 1.0:
        return picture
    size = (max(1, round(whole.width * ratio)), max(1, round(whole.height * ratio)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def seen_small(depth: Depth) -> Depth:
    """``depth`` with no more detail than frames of some hundred pixels show."""
    height, width = depth.inverse.shape
    ratio = _MAP_PX / max(height, width)
    if ratio >= 1.0:
        return depth
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    inverse = cv2.resize(depth.inverse, size, interpolation=cv2.INTER_AREA)
    return replace(depth, inverse=np.asarray(inverse, dtype=np.float32))
