"""Edits of a motion: each takes one and returns another, kept whole.

A *stop* is START, a keyframe or END, by its number in the order of time: 0 is START, the last is
END.  The label and the verdict of the safety check follow every edit, so that what is on the disk
is never a move that was not judged; whatever an edit does not name stays as it was, users' own
keys included.  An edit that changes nothing, or of a stop that is not there (any more), gives
the same motion again.

Every edit raises ``ValueError``, and changes nothing, for a value that the contract refuses, and
for a clip so unlike the picture in shape that no window of it is a rectangle.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from companions.easing import Easing
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import (
    MAX_KEYFRAMES,
    MotionCompanion,
    MotionKeyframe,
    MotionOrigin,
    MotionType,
    Move,
    OutputSize,
    Provenance,
    Rotation,
)
from companions.preset import Preset
from companions.trajectory import ObjectTrajectory
from companions.wishes import Wishes
from selector.core.kinds import kind_of_move
from selector.core.presets import backwards, draw
from selector.core.release import TOOL, tool_version
from selector.core.safety import PROFILES, STANDARD, Profile, judge

LEAST_BETWEEN: Final = 0.01
"""Two stops are put at least so far apart in time, as a fraction of the duration."""
_ROUNDING: Final = 1e-9

Edit = Callable[[MotionCompanion], MotionCompanion]


@dataclass(frozen=True, slots=True)
class StopView:
    """One stop as it is drawn: when, where, how far turned."""

    at: float
    rect: Rect
    rotation_deg: float | None


def stops(motion: MotionCompanion) -> tuple[StopView, ...]:
    """Every stop in the order of time; never fewer than two."""
    turned = motion.rotation or Rotation()
    return (
        StopView(0.0, motion.start_rect, turned.start_deg),
        *(StopView(k.at, k.rect, k.rotation_deg) for k in motion.keyframes),
        StopView(1.0, motion.end_rect, turned.end_deg),
    )


def picture_size(motion: MotionCompanion) -> Size:
    """Size of the picture the motion lies on."""
    return Size(motion.image.width, motion.image.height)


def output_size(motion: MotionCompanion) -> Size:
    """Size of the clip."""
    return Size(motion.output.width, motion.output.height)


def with_rect(motion: MotionCompanion, stop: int, rect: Rect) -> MotionCompanion:
    """Draw a stop's rectangle; what was a preset is drawn freely from then on."""
    now = stops(motion)
    if not 0 <= stop < len(now) or now[stop].rect == rect:
        return motion
    if stop == 0:
        return _changed(motion, start_rect=rect, preset=None)
    if stop == len(now) - 1:
        return _changed(motion, end_rect=rect, preset=None)
    return _changed(motion, keyframes=_with_frame(motion, stop, rect=rect), preset=None)


def with_rotation(motion: MotionCompanion, stop: int, degrees: float | None) -> MotionCompanion:
    """Turn a stop's window, degrees clockwise, whole turns taken off.

    None: a keyframe's follows from its neighbours again, START's and END's is upright.
    """
    if degrees is not None and not -180.0 <= degrees <= 180.0:
        degrees = (degrees + 180.0) % 360.0 - 180.0
    now = stops(motion)
    last = len(now) - 1
    if not 0 <= stop <= last or now[stop].rotation_deg == degrees:
        return motion
    if 0 < stop < last:
        frames = _with_frame(motion, stop, rotation_deg=degrees)
        return _changed(motion, keyframes=frames, preset=None)
    turned = motion.rotation or Rotation()
    start = degrees or 0.0 if stop == 0 else turned.start_deg
    end = degrees or 0.0 if stop == last else turned.end_deg
    if (start, end) == (turned.start_deg, turned.end_deg):
        return motion
    rotation = Rotation(start_deg=start, end_deg=end) if start or end else None
    return _changed(motion, rotation=rotation, preset=None)


def with_duration(motion: MotionCompanion, duration_s: float) -> MotionCompanion:
    """Another duration in seconds, over 0 and at most 60."""
    return _changed(motion, duration_sec=duration_s)


def with_easing(motion: MotionCompanion, easing: Easing) -> MotionCompanion:
    """Another easing."""
    return _changed(motion, easing=easing)


def with_output(motion: MotionCompanion, output: Size) -> MotionCompanion:
    """Another clip size; rectangles are grown to its shape, a preset is drawn anew in it."""
    if output == output_size(motion):
        return motion
    size = OutputSize(width=output.width, height=output.height)
    return _changed(
        motion, output=size, **_drawn_for(motion, picture=picture_size(motion), output=output)
    )


def with_wishes(motion: MotionCompanion, **wishes: object) -> MotionCompanion:
    """Other wishes, by their names in ``Wishes``; None takes one back."""
    # Not ``model_dump``: it makes text of a frame rate, and not the text that is read again.
    values = {**(dict(motion.wishes) if motion.wishes else {}), **wishes}
    said = {name: value for name, value in values.items() if value is not None}
    return _changed(motion, wishes=Wishes.model_validate(said) if said else None)


def with_preset(
    motion: MotionCompanion, preset: Preset, *, start: Rect, end: Rect
) -> MotionCompanion:
    """The move of a preset, drawn as these rectangles; keyframes and turns are gone."""
    return _changed(
        motion, start_rect=start, end_rect=end, keyframes=(), rotation=None, preset=preset
    )


def with_objects(motion: MotionCompanion, objects: tuple[ObjectTrajectory, ...]) -> MotionCompanion:
    """Other objects that move by themselves, the lowest first."""
    return _changed(motion, objects=objects)


def swapped(motion: MotionCompanion) -> MotionCompanion:
    """START and END exchanged, the stops between them in their reverse order; the easing stays.

    A preset becomes the one that draws this, where there is such a one.
    """
    turned = motion.rotation
    frames: list[MotionKeyframe] = []
    after = 1.0
    for stop in motion.keyframes:
        # Moments nearer to 0 than floats are to 1 would all become 1.
        after = min(1.0 - stop.at, math.nextafter(after, 0.0))
        frames.insert(0, stop.model_copy(update={"at": after}))
    return _changed(
        motion,
        start_rect=motion.end_rect,
        end_rect=motion.start_rect,
        keyframes=tuple(frames),
        rotation=Rotation(start_deg=turned.end_deg, end_deg=turned.start_deg) if turned else None,
        preset=backwards(motion.preset) if motion.preset is not None else None,
    )


def pasted(motion: MotionCompanion, source: MotionCompanion) -> MotionCompanion:
    """``source``'s move on this picture: its rectangles grown to this clip's shape, its preset
    drawn anew; what belongs to the picture (objects, wishes) stays."""
    return _changed(
        motion,
        rotation=source.rotation,
        duration_sec=source.duration_sec,
        easing=source.easing,
        preset=source.preset,
        **_drawn_for(source, picture=picture_size(motion), output=output_size(motion)),
    )


def with_move(motion: MotionCompanion, move: Move) -> MotionCompanion:
    """Another way and time for the camera, such as a remedy's; objects stay."""
    return _changed(
        motion,
        start_rect=move.start_rect,
        end_rect=move.end_rect,
        keyframes=move.keyframes,
        rotation=move.rotation,
        duration_sec=move.duration_sec,
        easing=move.easing,
        preset=move.preset,
    )


def with_keyframe(motion: MotionCompanion, at: float, rect: Rect) -> MotionCompanion:
    """A further stop at the fraction ``at`` of the time; as it was where there is no room."""
    times = [0.0, *(stop.at for stop in motion.keyframes), 1.0]
    is_room = 0.0 < at < 1.0 and min(abs(at - t) for t in times) >= LEAST_BETWEEN
    if len(motion.keyframes) >= MAX_KEYFRAMES or not is_room:
        return motion
    added = (*motion.keyframes, MotionKeyframe(at=at, rect=rect))
    return _changed(motion, keyframes=tuple(sorted(added, key=lambda k: k.at)), preset=None)


def without_keyframe(motion: MotionCompanion, stop: int) -> MotionCompanion:
    """One stop fewer; START and END stay."""
    if not 0 < stop <= len(motion.keyframes):
        return motion
    left = motion.keyframes[: stop - 1] + motion.keyframes[stop:]
    return _changed(motion, keyframes=left)


def retimed(motion: MotionCompanion, stop: int, at: float) -> MotionCompanion:
    """A keyframe at another moment, between its neighbours."""
    if not 0 < stop <= len(motion.keyframes):
        return motion
    times = [0.0, *(k.at for k in motion.keyframes), 1.0]
    first, last = times[stop - 1] + LEAST_BETWEEN, times[stop + 1] - LEAST_BETWEEN
    if first > last:
        return motion  # between neighbours this near it stays where it is
    return _changed(motion, keyframes=_with_frame(motion, stop, at=min(max(at, first), last)))


def judged(motion: MotionCompanion, *, profile: Profile = STANDARD) -> MotionCompanion:
    """With its label and its safety verdict as they follow from the move."""
    labelled = _labelled(motion)
    safety = judge(
        labelled, picture=picture_size(motion), output=output_size(motion), profile=profile
    )
    return labelled.model_copy(update={"safety": safety})


def edited(motion: MotionCompanion, *, now: datetime) -> MotionCompanion:
    """Told to be drawn by a person, ``now``."""
    drawn = Provenance(tool=TOOL, version=tool_version(), origin=MotionOrigin.EDITED, at=now)
    return motion.model_copy(update={"provenance": drawn})


def _changed(motion: MotionCompanion, **values: object) -> MotionCompanion:
    """``motion`` with other values, valid and judged; itself, where they are no others."""
    if all(getattr(motion, name) == value for name, value in values.items()):
        return motion
    name = motion.safety.profile if motion.safety is not None else STANDARD.name
    # Copies are not validated, and what a slip of this module made must not reach the disk.
    copied = _labelled(motion.model_copy(update=values)).model_dump_json()
    return judged(MotionCompanion.model_validate_json(copied), profile=PROFILES.get(name, STANDARD))


def _labelled(motion: MotionCompanion) -> MotionCompanion:
    # Beside a preset the document takes no word but its name.
    kind = (
        MotionType(motion.preset.name)
        if motion.preset is not None
        else kind_of_move(
            motion.start_rect,
            motion.end_rect,
            keyframes=motion.keyframes,
            rotation=motion.rotation,
        )
    )
    return motion.model_copy(update={"type": kind})


def _with_frame(motion: MotionCompanion, stop: int, **values: object) -> tuple[MotionKeyframe, ...]:
    frames = list(motion.keyframes)
    frames[stop - 1] = frames[stop - 1].model_copy(update=values)
    return tuple(frames)


def _drawn_for(source: MotionCompanion, *, picture: Size, output: Size) -> dict[str, object]:
    """The rectangles of ``source`` for another picture or clip."""
    if (preset := source.preset) is not None and _is_as_drawn(source, preset):
        drawn = draw(preset, picture=picture, output=output)
        return {"start_rect": drawn.start, "end_rect": drawn.end, "keyframes": source.keyframes}

    def fitted(rect: Rect) -> Rect:
        return fit_aspect(rect, picture=picture, output=output)

    return {
        "start_rect": fitted(source.start_rect),
        "end_rect": fitted(source.end_rect),
        "keyframes": tuple(
            stop.model_copy(update={"rect": fitted(stop.rect)}) for stop in source.keyframes
        ),
    }


def _is_as_drawn(motion: MotionCompanion, preset: Preset) -> bool:
    """Whether the rectangles are the preset's, and not somebody's own under its name."""
    if motion.keyframes:
        return False
    drawn = draw(preset, picture=picture_size(motion), output=output_size(motion))
    ours = (*motion.start_rect.root, *motion.end_rect.root)
    return all(
        math.isclose(a, b, abs_tol=_ROUNDING)
        for a, b in zip(ours, (*drawn.start.root, *drawn.end.root), strict=True)
    )
