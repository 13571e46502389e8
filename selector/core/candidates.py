"""Moves worth considering over one picture, each with a score: zooms, pans, tilts, a still.

The amount of a move follows its duration, so that a long clip moves further and none moves fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from companions.geometry import Rect, Size
from selector.core.interest import Boxes, InterestMap, Values
from selector.core.windows import Framing, inside, keep_faces, quality, windows_at

RATIOS: Final = (1.03, 1.06, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4, 1.5, 1.6)
"""Zoom ratios that are tried; proposals stay well below the limit at which zooms warn."""
PAN_SCALES: Final = (1.0, 0.94, 0.88, 0.8, 0.7)
"""Window sizes, over the largest, at which pans and tilts are tried."""

OCTAVES_PER_S: Final = 0.10
FRAMES_PER_S: Final = 0.075
"""Comfortable mean speeds of a zoom (doublings) and of a pan (frame widths) per second."""

_DRIFT_COST: Final = 0.8
_KEPT_PER_SCALE: Final = 6
_STILL_SCORE: Final = -1.0


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


def candidates(scene: Scene) -> list[Candidate]:
    """Every move that keeps faces whole, best first; at least one still if any window does."""
    found = [*_zooms(scene), *_slides(scene, axis=0), *_slides(scene, axis=1), *_still(scene)]
    # The order in which they were found decides ties, so that equal pictures get equal moves.
    return sorted(found, key=lambda c: -round(c.score, 9))


def _zooms(scene: Scene) -> Iterator[Candidate]:
    wide, wide_quality = _best(scene, scale=1.0)
    for ratio in RATIOS:
        if 1.0 / ratio < scene.framing.smallest_scale - 1e-9:
            continue
        tight, tight_quality = _best(scene, scale=1.0 / ratio)
        for outer, outer_quality in zip(wide, wide_quality, strict=True):
            start = Rect.of(*outer)
            fits = inside(tight, start) & keep_faces(start, tight, scene.faces)
            for inner, inner_quality in zip(tight[fits], tight_quality[fits], strict=True):
                end = Rect.of(*inner)
                yield from _zoom_both_ways(
                    scene, wide=start, tight=end, framed=0.25 * outer_quality + 0.75 * inner_quality
                )


def _zoom_both_ways(scene: Scene, *, wide: Rect, tight: Rect, framed: float) -> Iterator[Candidate]:
    ratio = wide.width / tight.width
    share_wide, share_tight = scene.interest.share(np.array([wide.root, tight.root]))
    focus = float(np.log2(max(share_tight, 1e-6) * ratio**2 / max(share_wide, 1e-6)))
    # A zoom that also slides far pulls the eye two ways.
    (x0, y0), (x1, y1) = wide.centre, tight.centre
    framed -= _DRIFT_COST * float(np.hypot((x1 - x0) / wide.width, (y1 - y0) / wide.height))
    wanted = min(0.65, max(0.05, OCTAVES_PER_S * scene.duration_s))
    amount = _near(np.log2(ratio), wanted)
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
        if scale < scene.framing.smallest_scale - 1e-9:
            continue
        boxes = windows_at(scale, framing=scene.framing, faces=scene.faces)
        if len(boxes) == 0:
            continue
        values = quality(boxes, scene.interest, has_face=bool(scene.faces))
        # From every good end, back along the axis to every start on the same line.
        for index in np.argsort(-values, kind="stable")[:_KEPT_PER_SCALE]:
            end = Rect.of(*boxes[index])
            level = np.abs(boxes[:, 1 - axis] - boxes[index, 1 - axis]) < 1e-9
            travel = (boxes[index, axis] - boxes[:, axis]) / (scale * largest[axis]) * unit
            usable = level & (np.abs(travel) >= 0.03) & keep_faces(end, boxes, scene.faces)
            for other in np.flatnonzero(usable):
                far = abs(float(travel[other]))
                direction = (("right", "left"), ("down", "up"))[axis][int(travel[other] < 0)]
                yield Candidate(
                    start=Rect.of(*boxes[other]),
                    end=end,
                    score=float(
                        0.65 * values[index]
                        + 0.35 * values[other]
                        + 0.4 * _near(far, wanted)
                        + 0.8 * min(room, 0.6)
                        - 0.25
                        - 0.5 * (1.0 - scale)
                    ),
                    why=f"{('pan', 'tilt')[axis]} {direction} by {far:.2f} frame widths, arriving "
                    f"where the interest is; the picture has {room:.0%} room that way",
                )


def _still(scene: Scene) -> Iterator[Candidate]:
    for scale in (1.0, *(1.0 / r for r in RATIOS)):
        boxes, values = _best(scene, scale=scale)
        if len(boxes):
            frame = Rect.of(*boxes[0])
            yield Candidate(
                start=frame,
                end=frame,
                score=_STILL_SCORE + float(values[0]) - (1.0 - scale),
                why="a still frame, since no move passes the safety limits",
            )


def _best(scene: Scene, *, scale: float) -> tuple[Boxes, Values]:
    boxes = windows_at(scale, framing=scene.framing, faces=scene.faces)
    values = quality(boxes, scene.interest, has_face=bool(scene.faces))
    order = np.argsort(-values, kind="stable")[:_KEPT_PER_SCALE]
    return boxes[order], values[order]


def _near(value: float, wanted: float) -> float:
    """1 where the amount is as wanted, falling off to either side in octaves."""
    return float(np.exp(-(np.log2(value / wanted) ** 2) / (2 * 0.9**2)))


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
    scales = (1.0, *(1.0 / ratio for ratio in RATIOS))
    while kept and not any(len(windows_at(s, framing=framing, faces=kept)) for s in scales):
        kept = kept[:-1]
    return Scene(framing=framing, interest=interest, faces=kept, duration_s=duration_s)
