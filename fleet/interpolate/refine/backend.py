"""``flow-refine``, the default interpolator: few motions, and a learned choice between them.

Optical flow alone smears the edges of what moves, and loses what enters the view.  Here the flow
is one candidate among others: the planes found in it (``planes``) carry both frames to the instant
as well, exactly and across edges, and a small network says for each pixel which of the candidates
to show.  docs/flow-refine.md tells how it was trained and what it measured.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from companions.picture import Pixels
from fleet.interpolate.blend import mix
from fleet.interpolate.flow import (
    LEAST_SIDE,
    NEARLY_EQUAL,
    flow_scale,
    followed,
    moved_along,
    reduced,
)
from fleet.interpolate.refine.candidates import MOTIONS, SOURCES, Candidates, Motion, places, seen
from fleet.interpolate.refine.network import BUNDLED, STEP, Chooser
from fleet.interpolate.refine.planes import Matrix, inverse

Field = npt.NDArray[np.float32]

_SEEN_FROM: Final = 1.0 / 512.0
"""Share of a candidate below which it changes no level of any colour."""


class FlowRefine:
    """Interpolator by learned choice between the flow and the planes in it."""

    name = "flow-refine"
    side_by_side = True

    def __init__(self, weights: Path = BUNDLED) -> None:
        """``weights``: those of the network, which is loaded at the first pair."""
        self._weights = weights
        self._loading = threading.Lock()
        self._loaded: Chooser | None = None

    @property
    def memory_bytes(self) -> int:
        """Memory of the network, which computes in twice the precision it is kept in."""
        return 2 * self._weights.stat().st_size

    @property
    def weights_sha256(self) -> Mapping[str, str]:
        """The weights, by their file's name."""
        return {self._weights.name: self._chooser.sha256}

    @property
    def _chooser(self) -> Chooser:
        with self._loading:
            if self._loaded is None:
                self._loaded = Chooser(self._weights)
            return self._loaded

    def between(self, before: Pixels, after: Pixels, fractions: Sequence[float]) -> list[Pixels]:
        """One frame for each fraction; things move along straight lines at constant speed."""
        if cv2.norm(before, after, cv2.NORM_INF) <= NEARLY_EQUAL:
            return [mix(before, after, fraction) for fraction in fractions]
        height, width = before.shape[:2]
        scale = flow_scale(width, height)
        size = (max(round(width * scale), LEAST_SIDE), max(round(height * scale), LEAST_SIDE))
        small = reduced(before, size), reduced(after, size)
        motion = Motion.of(*small)
        return [self._at(motion, small, (before, after), fraction) for fraction in fractions]

    def _at(
        self, motion: Motion, small: tuple[Pixels, Pixels], frames: tuple[Pixels, Pixels], at: float
    ) -> Pixels:
        looks, shares = self._judged(motion, small, at)
        height, width = frames[0].shape[:2]
        if small[0].shape == frames[0].shape:
            shown = ((looks[source], shares[source]) for source in _that_show(shares))
            return _mixed(shown, height=height, width=width)
        del looks
        return _mixed(_full_size(motion, shares, frames, at), height=height, width=width)

    def _judged(
        self, motion: Motion, small: tuple[Pixels, Pixels], at: float
    ) -> tuple[npt.NDArray[np.uint8], Field]:
        """The candidates' looks on the grid, and the share of each at every place."""
        candidates = Candidates.of(motion, *small, at)
        told, looks = candidates.told(step=STEP), candidates.looks
        del candidates  # at full HD a fifth of what the network needs
        height, width = told.doubt.shape
        corrections = self._chooser.corrections(told.channels)[:, :height, :width]
        return looks, softmax(told.believed + told.doubt * corrections)


def softmax(weights: Field) -> Field:
    """Shares, (n, ...) with a sum of 1 over n, from the logarithms of weights."""
    shares = np.exp(weights - weights.max(axis=0))
    shares /= shares.sum(axis=0)
    return np.asarray(shares, dtype=np.float32)


def _mixed(looks: Iterable[tuple[Pixels, Field]], *, height: int, width: int) -> Pixels:
    """Pictures in their shares.  One at a time is held, of up to eight at full size."""
    made = np.zeros((height, width, 3), dtype=np.float32)
    for look, share in looks:
        cv2.accumulate(cv2.multiply(look, cv2.merge([share] * 3), dtype=cv2.CV_32F), made)
    return np.asarray(np.clip(np.rint(made), 0.0, 255.0), dtype=np.uint8)


def _full_size(
    motion: Motion, shares: Field, frames: tuple[Pixels, Pixels], at: float
) -> Iterator[tuple[Pixels, Field]]:
    """The candidates at full size, each only if it is shown, in the shares found on the grid."""
    height, width = frames[0].shape[:2]
    coarse_height, coarse_width = shares.shape[1:]
    scale = _scaling(width / coarse_width, height / coarse_height)
    for source in _that_show(shares):
        side, k = divmod(source, MOTIONS)
        larger = cv2.resize(shares[source], (width, height), interpolation=cv2.INTER_LINEAR)
        share = np.asarray(larger, dtype=np.float32)
        if k == 0:
            flow, part = ((motion.forward, at), (motion.backward, 1.0 - at))[side]
            yield moved_along(frames[side], followed(flow, part)), share
        else:
            place = places(motion.planes[k - 1], at)[side]
            fine = scale @ place @ inverse(scale)
            yield seen(frames[side], fine, cv2.INTER_CUBIC), share


def _that_show(shares: Field) -> list[int]:
    return [source for source in range(SOURCES) if float(shares[source].max()) > _SEEN_FROM]


def _scaling(x: float, y: float) -> Matrix:
    """From the grid to the frame; both have their middles, not their corners, in one place."""
    return np.array([[x, 0.0, (x - 1.0) / 2.0], [0.0, y, (y - 1.0) / 2.0], [0.0, 0.0, 1.0]])
