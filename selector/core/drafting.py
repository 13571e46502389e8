"""Edits of a motion: each takes one and returns another, kept whole.

A *stop* is START, a keyframe or END, by its number in the order of time: 0 is START, the last is
END.  Rectangles are clamped here, last and in fractions; the label and the verdict of the safety
check follow every edit, so that what is on the disk is never a move that was not judged.
"""

from __future__ import annotations

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
    OutputSize,
    Provenance,
    Rotation,
)
from companions.preset import Preset
from companions.trajectory import ObjectTrajectory
from companions.wishes import Wishes
from selector.core.kinds import kind_of_move
from selector.core.release import TOOL, tool_version
from selector.core.safety import PROFILES, STANDARD, Profile, judge

LEAST_BETWEEN: Final = 0.01
"""Two stops are at least so far apart in time, as a fraction of the duration."""

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
    return _changed(motion, **_stop_values(motion, stop, rect=rect), preset=None)


def with_rotation(motion: MotionCompanion, stop: int, degrees: float) -> MotionCompanion:
    """Turn a stop's window, -180 to 180 degrees clockwise."""
    degrees = (degrees + 180.0) % 360.0 - 180.0
    turned = motion.rotation or Rotation()
    last = len(motion.keyframes) + 1
    if 0 < stop < last:
        return _changed(motion, **_stop_values(motion, stop, rotation_deg=degrees), preset=None)
    start = degrees if stop == 0 else turned.start_deg
    end = degrees if stop == last else turned.end_deg
    rotation = Rotation(start_deg=start, end_deg=end) if start or end else None
    return _changed(motion, rotation=rotation, preset=None)


def with_duration(motion: MotionCompanion, duration_s: float) -> MotionCompanion:
    """Another duration in seconds, over 0 and at most 60."""
    return _changed(motion, duration_sec=duration_s)


def with_easing(motion: MotionCompanion, easing: Easing) -> MotionCompanion:
    """Another easing."""
    return _changed(motion, easing=easing)


def with_output(motion: MotionCompanion, output: Size) -> MotionCompanion:
    """Another clip size; rectangles are grown to its shape."""
    picture = picture_size(motion)

    def fitted(rect: Rect) -> Rect:
        return fit_aspect(rect, picture=picture, output=output)

    return _changed(
        motion,
        output=OutputSize(width=output.width, height=output.height),
        start_rect=fitted(motion.start_rect),
        end_rect=fitted(motion.end_rect),
        keyframes=tuple(
            stop.model_copy(update={"rect": fitted(stop.rect)}) for stop in motion.keyframes
        ),
    )


def with_wishes(motion: MotionCompanion, **wishes: object) -> MotionCompanion:
    """Other wishes; None takes one back."""
    values = {**(motion.wishes.model_dump() if motion.wishes else {}), **wishes}
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
    """START and END exchanged: the move backwards."""
    turned = motion.rotation
    return _changed(
        motion,
        start_rect=motion.end_rect,
        end_rect=motion.start_rect,
        keyframes=tuple(
            stop.model_copy(update={"at": 1.0 - stop.at}) for stop in reversed(motion.keyframes)
        ),
        rotation=Rotation(start_deg=turned.end_deg, end_deg=turned.start_deg) if turned else None,
        preset=None,
    )


def pasted(motion: MotionCompanion, source: MotionCompanion) -> MotionCompanion:
    """``source``'s move on this picture: its rectangles grown to this clip's shape."""
    picture, output = picture_size(motion), output_size(motion)

    def fitted(rect: Rect) -> Rect:
        return fit_aspect(rect, picture=picture, output=output)

    return _changed(
        motion,
        start_rect=fitted(source.start_rect),
        end_rect=fitted(source.end_rect),
        keyframes=tuple(
            stop.model_copy(update={"rect": fitted(stop.rect)}) for stop in source.keyframes
        ),
        rotation=source.rotation,
        duration_sec=source.duration_sec,
        easing=source.easing,
        preset=source.preset,
    )


def with_keyframe(motion: MotionCompanion, at: float, rect: Rect) -> MotionCompanion:
    """A further stop at the fraction ``at`` of the time; as it was where there is no room."""
    times = [0.0, *(stop.at for stop in motion.keyframes), 1.0]
    if len(motion.keyframes) >= MAX_KEYFRAMES or min(abs(at - t) for t in times) < LEAST_BETWEEN:
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
    at = min(max(at, times[stop - 1] + LEAST_BETWEEN), times[stop + 1] - LEAST_BETWEEN)
    return _changed(motion, **_stop_values(motion, stop, at=at))


def judged(motion: MotionCompanion, *, profile: Profile = STANDARD) -> MotionCompanion:
    """With its label and its safety verdict as they follow from the move."""
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
    labelled = motion.model_copy(update={"type": kind})
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
    copied = motion.model_copy(update=values).model_dump_json()
    return judged(MotionCompanion.model_validate_json(copied), profile=PROFILES.get(name, STANDARD))


def _stop_values(motion: MotionCompanion, stop: int, **values: object) -> dict[str, object]:
    last = len(motion.keyframes) + 1
    if stop == 0:
        return {"start_rect": values["rect"]} if "rect" in values else {}
    if stop == last:
        return {"end_rect": values["rect"]} if "rect" in values else {}
    frames = list(motion.keyframes)
    frames[stop - 1] = frames[stop - 1].model_copy(update=values)
    return {"keyframes": tuple(frames)}
