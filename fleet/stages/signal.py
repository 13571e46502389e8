"""A reference that came as two clips: what to be held to, and where.

Clips are files from outside: held to sizes and counts before anything of them is kept, decoded
once from front to back, and only the frames that are asked for are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, Self

import av.error
import cv2
import numpy as np

from companions.attached import ReferenceClip
from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Size
from companions.masks import BELONGS, Mask
from companions.picture import Pixels
from companions.reference import ReferenceFrame
from fleet.encode.reading import opened
from fleet.errors import BackendFailed

MOST_FRAMES: Final = 3000
"""A minute at 50 frames per second."""
_REMEDY: Final = "Write the clips again, or remove motion.reference from the shot."


@dataclass(frozen=True, slots=True)
class GivenClip:
    """``GivenReference`` of two clips of equal length."""

    signal: bytes
    mask: bytes
    file: str
    mask_file: str

    @classmethod
    def of(cls, named: ReferenceClip, signal: bytes, mask: bytes) -> Self:
        """The clips that ``named`` names, if these are their bytes.

        Raises:
            PictureRefused: other bytes, no films, or of different lengths.
        """
        for data, sha256, file in (
            (signal, named.sha256, named.path),
            (mask, named.mask_sha256, named.mask_path),
        ):
            if hashlib.sha256(data).hexdigest() != sha256:
                _refuse(file, PictureProblem.CHANGED, "is not the clip that the manifest names")
        clip = cls(signal, mask, named.path, named.mask_path)
        frames = _count(signal, file=named.path)
        if (masks := _count(mask, file=named.mask_path)) != frames:
            what = f"has {masks} frames where {named.path} has {frames}"
            _refuse(named.mask_path, PictureProblem.SHAPE, what)
        return clip

    def frames(self, at: Sequence[float], *, output: Size) -> Iterator[ReferenceFrame]:
        """As ``GivenReference.frames``; the nearest frame of the clips, stretched to ``output``."""
        last = _count(self.signal, file=self.file) - 1
        wanted = [round(min(1.0, max(0.0, u)) * last) for u in at]
        pixels = _kept(self.signal, set(wanted), output=output, file=self.file)
        masks = _kept(self.mask, set(wanted), output=output, file=self.mask_file)
        for index in wanted:
            # Lossy clips: what is nearly white is white.
            held: Mask = np.where(masks[index][..., 1] >= BELONGS, 255, 0).astype(np.uint8)
            yield ReferenceFrame(pixels[index], held, 255 - held)


def _count(data: bytes, *, file: str) -> int:
    count = 0
    try:
        with opened(data) as (container, stream):
            for packet in container.demux(stream):
                count += packet.size > 0
                if count > MOST_FRAMES:
                    _refuse(file, PictureProblem.TOO_LARGE, f"has over {MOST_FRAMES} frames")
    except BackendFailed as error:
        _refuse(file, PictureProblem.NOT_A_PICTURE, f"is no clip that can be read ({error.what})")
    if not count:
        _refuse(file, PictureProblem.EMPTY, "holds no frame")
    return count


def _kept(data: bytes, wanted: set[int], *, output: Size, file: str) -> dict[int, Pixels]:
    """The frames of those numbers, stretched to ``output``."""
    kept: dict[int, Pixels] = {}
    try:
        with opened(data) as (container, stream):
            for index, frame in enumerate(container.decode(stream)):
                if index in wanted:
                    pixels = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
                    kept[index] = _fitted(pixels, output)
                if len(kept) == len(wanted):
                    break
    except (BackendFailed, av.error.FFmpegError) as error:
        _refuse(file, PictureProblem.TRUNCATED, f"cannot be decoded ({error})")
    if len(kept) < len(wanted):
        _refuse(file, PictureProblem.TRUNCATED, f"ends after {len(kept)} of its frames")
    return kept


def _fitted(pixels: Pixels, output: Size) -> Pixels:
    height, width = pixels.shape[:2]
    if (width, height) == (output.width, output.height):
        return pixels
    how = cv2.INTER_AREA if width > output.width else cv2.INTER_CUBIC
    return np.asarray(
        cv2.resize(pixels, (output.width, output.height), interpolation=how), dtype=np.uint8
    )


def _refuse(file: str, problem: PictureProblem, what: str) -> NoReturn:
    raise PictureRefused(file=file, problem=problem, what=what, remedy=_REMEDY) from None
