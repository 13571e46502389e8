"""Moves of every kind, for what renders them."""

from __future__ import annotations

from companions.easing import EasingName
from companions.geometry import Rect
from companions.motion import MotionKeyframe, Move, Rotation

PUSH_IN = Move(
    start_rect=Rect.of(0.02, 0.05, 0.98, 0.95), end_rect=Rect.of(0.3, 0.35, 0.7, 0.75),
    duration_sec=1.0,
)  # fmt: skip
PAN = Move(
    start_rect=Rect.of(0.05, 0.2, 0.6, 0.75), end_rect=Rect.of(0.4, 0.25, 0.95, 0.8),
    duration_sec=1.0, easing=EasingName.LINEAR,
)  # fmt: skip
TURNED = Move(
    start_rect=Rect.of(0.25, 0.25, 0.75, 0.75), end_rect=Rect.of(0.3, 0.3, 0.7, 0.7),
    duration_sec=1.0, rotation=Rotation(start_deg=-6.0, end_deg=9.0),
)  # fmt: skip
KEYFRAMED = Move(
    start_rect=Rect.of(0.1, 0.1, 0.9, 0.9), end_rect=Rect.of(0.5, 0.4, 0.9, 0.8),
    duration_sec=1.0,
    keyframes=(
        MotionKeyframe(at=0.3, rect=Rect.of(0.2, 0.3, 0.5, 0.6), rotation_deg=None),
        MotionKeyframe(at=0.7, rect=Rect.of(0.3, 0.3, 0.7, 0.7)),
    ),
)  # fmt: skip
EVERY = {"push-in": PUSH_IN, "pan": PAN, "turned": TURNED, "keyframed": KEYFRAMED}
