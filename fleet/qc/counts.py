"""Frames and seconds of the encoded clip against the plan: both are promises, so both are exact."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from companions.timing import FramePlan
from companions.video_meta import Check, CheckVerdict


class Counted(Protocol):
    """What is needed of a measured clip."""

    @property
    def frames(self) -> int:
        """Pictures in the file."""
        ...

    @property
    def duration_s(self) -> Fraction:
        """Seconds, exact."""
        ...

    @property
    def even(self) -> bool:
        """Whether every frame is shown equally long."""
        ...


def count_checks(probe: Counted, plan: FramePlan) -> tuple[Check, ...]:
    """``frame_count`` and ``duration`` of the file ``probe`` measured, against ``plan``.

    Any difference fails: a clip that is one frame off no longer fits the edit it was made for.
    """
    planned_s = Fraction(plan.clip) / plan.target_fps
    count_right = probe.frames == plan.clip
    length_right = probe.duration_s == planned_s and probe.even
    uneven = "" if probe.even else "; frames are not shown equally long"
    return (
        Check(
            name="frame_count",
            value=float(probe.frames),
            threshold=float(plan.clip),
            verdict=CheckVerdict.PASS if count_right else CheckVerdict.FAIL,
            detail=f"{probe.frames} frames, {plan.clip} planned",
        ),
        Check(
            name="duration",
            value=float(probe.duration_s),
            threshold=float(planned_s),
            verdict=CheckVerdict.PASS if length_right else CheckVerdict.FAIL,
            detail=f"{float(probe.duration_s):.4f} s, {float(planned_s):.4f} s planned{uneven}",
        ),
    )
