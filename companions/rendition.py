"""A move over a picture as frames: what the fleet renders and the desk previews, in one place.

The fleet renders a move from front to back (``rendered``); the desk shows any frame of it, again
and again (``Rendition``).  Both look through the same views with the same levels, so equal
picture, path, size and moment give equal bytes on either side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from companions.camera import CameraPath
from companions.geometry import Size
from companions.levels import Levels, View, render
from companions.picture import Pixels

DEFAULT_BUDGET_BYTES: Final = 144 * 1024**2
"""Holds every level of a threefold push-in (measured: 88 MB at 960x540, 138 MB at 1280x720)."""


def rendered(
    picture: Pixels, path: CameraPath, at: Sequence[float], *, output: Size
) -> Iterator[Pixels]:
    """Yield the frame at each fraction (0..1) of the move's time, (height, width, 3), sRGB.

    A frame is rendered only when it is asked for; memory does not grow with their number.
    """
    picture_size = size_of(picture)
    return render(
        picture,
        views_of(path, at, picture=picture_size, output=output),
        scales=scales_of(path, picture=picture_size, output=output),
    )


class Rendition:
    """A clip over one picture, its frames in any order, from any thread."""

    def __init__(
        self,
        picture: Pixels,
        path: CameraPath,
        *,
        output: Size,
        at: Sequence[float],
        budget_bytes: int = DEFAULT_BUDGET_BYTES,
    ) -> None:
        """Nothing is rendered yet; ``at`` is the fraction (0..1) of the move of each frame.

        The path may be of a larger output than ``output`` with nearly its aspect: then frames
        are those of a smaller clip.  Copies of the picture take up to ``budget_bytes``.
        """
        whole = size_of(picture)
        self.output, self.count = output, len(at)
        self._levels = Levels(
            picture,
            views_of(path, at, picture=whole, output=output),
            scales=scales_of(path, picture=whole, output=output),
            budget_bytes=budget_bytes,
        )

    def frame(self, index: int) -> Pixels:
        """Frame ``index`` (0 .. count - 1): bit for bit the one that ``rendered`` gives."""
        return self._levels.frame(index)


def clip_fractions(count: int) -> list[float]:
    """The fraction of the move that each of a clip's frames shows: START first, END last."""
    return [index / (count - 1) for index in range(count)] if count > 1 else [0.0]


def views_of(path: CameraPath, at: Sequence[float], *, picture: Size, output: Size) -> list[View]:
    """What the camera sees at each fraction of its move."""
    return [View(path.output_to_picture(u, picture=picture, output=output), output) for u in at]


def scales_of(path: CameraPath, *, picture: Size, output: Size) -> tuple[float, float]:
    """The smallest and the largest scale of a move, in picture pixels per frame pixel."""
    # Between two stops the scale lies between theirs.
    stops = [stop.at for stop in path.stops]
    scales = [view.scale for view in views_of(path, stops, picture=picture, output=output)]
    return min(scales), max(scales)


def size_of(picture: Pixels) -> Size:
    """Width and height of some pixels."""
    return Size(picture.shape[1], picture.shape[0])
