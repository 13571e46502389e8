"""Moves worth considering over one picture, each with a score: zooms, pans, tilts, a still.

The amount of a move follows its duration, so that a long clip moves further and none moves fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from companions.geometry import MIN_EXTENT, Rect, Size, largest_window
from selector.core.interest import Boxes, InterestMap, Values
from selector.core.windows import Framing, inside, keep_faces, quality, windows_at

RATIOS: Final = (1.03, 1.06, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4, 1.5, 1.6)
"""Zoom ratios that are tried; proposals stay well below the limit at which zooms warn."""
PAN_SCALES: Final = (1.0, 1 / 1.06, 1 / 1.15, 1 / 1.25, 1 / 1.4)
"""Window sizes, over the largest, at which pans and tilts are tried."""
SCALES: Final = (1.0, *(1.0 / ratio for ratio in RATIOS))
"""Every window size that is looked at, over the largest, widest first."""

OCTAVES_PER_S: Final = 0.10
FRAMES_PER_S: Final = 0.075
"""Comfortable mean speeds of a zoom (doublings) and of a pan (frame widths) per second."""

_DRIFT_COST: Final = 0.8
_KEPT_PER_SCALE: Final = 6
_LEAST_TRAVEL: Final = 0.03
_STILL_SCORE: Final = -2.0
_LEVEL: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two rectangles, how good the move between them is, and what speaks for it."""

    start: Rect
    end: Rect
    score: float
    why: str


@dataclass(frozen=True)
class Scene:
    """All that is known about a picture when moves are sought."""

    framing: Framing
    interest: InterestMap
    faces: tuple[Rect, ...]
    duration_s: float
    views: Mapping[float, View]
    """The windows of each size that cut no face."""


@dataclass(frozen=True)
class View:
    """Windows of one size and how well each frames the picture, best first."""

    boxes: Boxes
    values: Values


def has_room(*, picture: Size, output: Size) -> bool:
    """Whether windows of every size are rectangles; in a strip of a picture they are not."""
    return min(largest_window(picture=picture, output=output)) * SCALES[-1] >= MIN_EXTENT


def scene_of(
    *,
    picture: Size,
    output: Size,
    interest: InterestMap,
    faces: Sequence[Rect],
    duration_s: float,
) -> Scene:
    """The scene with as many of ``faces`` (largest first) as some window can keep whole.

    Where a face is larger than the largest window, or faces lie so that every window cuts one,
    the smallest are given up first.
    """
    framing = Framing(picture=picture, output=output)
    kept = tuple(faces)
    views = _views(framing, interest, faces=kept)
    while kept and not any(len(view.boxes) for view in views.values()):
        kept = kept[:-1]
        views = _views(framing, interest, faces=kept)
    return Scene(framing=framing, interest=interest, faces=kept, duration_s=duration_s, views=views)


def candidates(scene: Scene) -> list[Candidate]:
    """Every move that keeps faces whole, best first, and last the stills; never empty."""
    found = [*_zooms(scene), *_slides(scene, axis=0), *_slides(scene, axis=1), *_still(scene)]
    # The order in which they were found decides ties, so that equal pictures get equal moves.
    return sorted(found, key=lambda c: -round(c.score, 9))


def _views(
    framing: Framing, interest: InterestMap, *, faces: tuple[Rect, ...]
) -> dict[float, View]:
    return {scale: _view(framing, interest, faces=faces, scale=scale) for scale in SCALES}


def _view(
    framing: Framing, interest: InterestMap, *, faces: tuple[Rect, ...], scale: float
) -> View:
    boxes = windows_at(scale, framing=framing, faces=faces)
    values = quality(boxes, interest, has_face=bool(faces))
    order = np.argsort(-values, kind="stable")
    return View(boxes=boxes[order], values=values[order])


def _sharp_enough(scene: Scene, scale: float) -> bool:
    return scale >= scene.framing.smallest_scale - _LEVEL


def _zooms(scene: Scene) -> Iterator[Candidate]:
    wide = scene.views[1.0]
    for scale in SCALES[1:]:
        if not _sharp_enough(scene, scale):
            continue
        tight = scene.views[scale].boxes[:_KEPT_PER_SCALE]
        tight_values = scene.views[scale].values[:_KEPT_PER_SCALE]
        for outer, outer_value in zip(
            wide.boxes[:_KEPT_PER_SCALE], wide.values[:_KEPT_PER_SCALE], strict=True
        ):
            start = Rect.of(*outer)
            fits = inside(tight, start) & keep_faces(start, tight, scene.faces)
            for inner, inner_value in zip(tight[fits], tight_values[fits], strict=True):
                framed = float(0.25 * outer_value + 0.75 * inner_value)
                yield from _zoom_both_ways(scene, wide=start, tight=Rect.of(*inner), framed=framed)


def _zoom_both_ways(scene: Scene, *, wide: Rect, tight: Rect, framed: float) -> Iterator[Candidate]:
    ratio = wide.width / tight.width
    share_wide, share_tight = scene.interest.share(np.array([wide.root, tight.root]))
    focus = float(np.log2(max(share_tight, 1e-6) * ratio**2 / max(share_wide, 1e-6)))
    # A zoom that also slides far pulls the eye two ways.
    (x0, y0), (x1, y1) = wide.centre, tight.centre
    framed -= _DRIFT_COST * float(np.hypot((x1 - x0) / wide.width, (y1 - y0) / wide.height))
    amount = _near(np.log2(ratio), min(0.65, max(0.05, OCTAVES_PER_S * scene.duration_s)))
    x, y = scene.interest.subject
    subject = "the largest face" if scene.faces else f"the subject at ({x:.2f}, {y:.2f})"
    yield Candidate(
        start=wide,
        end=tight,
        score=framed + 0.3 * amount + 0.2 * focus + (0.1 if scene.faces else 0.0),
        why=f"zoom in {ratio:.2f}x toward {subject}, where {share_tight:.0%} of the interest lies",
    )
    # Pulling back pays where what comes into view is worth seeing.
    revealed = float(share_wide - share_tight)
    yield Candidate(
        start=tight,
        end=wide,
        score=framed + 0.3 * amount - 0.12 + 0.5 * revealed,
        why=f"zoom out {ratio:.2f}x from {subject}, which reveals {revealed:.0%} of the interest",
    )


def _slides(scene: Scene, *, axis: int) -> Iterator[Candidate]:
    """Pans (axis 0) and tilts (axis 1): one window size, one direction."""
    largest = scene.framing.largest
    room = max(0.0, 1.0 / largest[axis] - 1.0)
    wanted = min(0.5, max(0.04, FRAMES_PER_S * scene.duration_s))
    # In frame widths, as the eye and the speed limit measure both directions.
    unit = 1.0 if axis == 0 else 1.0 / scene.framing.output.aspect
    for scale in PAN_SCALES:
        if not _sharp_enough(scene, scale):
            continue
        boxes, values = scene.views[scale].boxes, scene.views[scale].values
        # From every good end, back along the axis to every start on the same line.
        for index in range(min(_KEPT_PER_SCALE, len(boxes))):
            end = Rect.of(*boxes[index])
            level = np.abs(boxes[:, 1 - axis] - boxes[index, 1 - axis]) < _LEVEL
            travel = (boxes[index, axis] - boxes[:, axis]) / (scale * largest[axis]) * unit
            usable = level & (np.abs(travel) >= _LEAST_TRAVEL)
            usable &= keep_faces(end, boxes, scene.faces)
            for other in np.flatnonzero(usable):
                far = abs(float(travel[other]))
                direction = (("right", "left"), ("down", "up"))[axis][int(travel[other] < 0)]
                framed = float(0.65 * values[index] + 0.35 * values[other])
                tight = 0.5 * (1.0 - scale)
                yield Candidate(
                    start=Rect.of(*boxes[other]),
                    end=end,
                    score=framed + 0.4 * _near(far, wanted) + 0.8 * min(room, 0.6) - 0.25 - tight,
                    why=f"{('pan', 'tilt')[axis]} {direction} by {far:.2f} frame widths, arriving "
                    f"where the interest is; the picture has {room:.0%} room that way",
                )


def _still(scene: Scene) -> Iterator[Candidate]:
    for scale, view in scene.views.items():
        if len(view.boxes):
            frame = Rect.of(*view.boxes[0])
            yield Candidate(
                start=frame,
                end=frame,
                score=_STILL_SCORE - (1.0 - scale),
                why="a still frame, since no move passes the safety limits and keeps faces whole",
            )


def _near(value: float, wanted: float) -> float:
    """1 where the amount is as wanted, falling off to either side in octaves."""
    return float(np.exp(-(np.log2(value / wanted) ** 2) / (2 * 0.9**2)))
