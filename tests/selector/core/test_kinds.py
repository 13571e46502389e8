"""What a move is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.geometry import Rect
from companions.motion import MotionKeyframe, MotionType, Rotation
from selector.core.kinds import kind_of_move

MIRRORED: Final[Mapping[MotionType, MotionType]] = {
    MotionType.STATIC: MotionType.STATIC,
    MotionType.ZOOM_IN: MotionType.ZOOM_OUT,
    MotionType.ZOOM_OUT: MotionType.ZOOM_IN,
    MotionType.PAN_LEFT: MotionType.PAN_RIGHT,
    MotionType.PAN_RIGHT: MotionType.PAN_LEFT,
    MotionType.TILT_UP: MotionType.TILT_DOWN,
    MotionType.TILT_DOWN: MotionType.TILT_UP,
    MotionType.CUSTOM: MotionType.CUSTOM,
}

FULL = Rect.of(0.0, 0.0, 1.0, 1.0)
MIDDLE = Rect.of(0.25, 0.25, 0.75, 0.75)


def rects() -> st.SearchStrategy[Rect]:
    sizes = st.floats(0.05, 1.0)
    return st.builds(Rect.around, st.floats(0.0, 1.0), st.floats(0.0, 1.0), sizes, sizes)


@pytest.mark.parametrize(
    ("start", "end", "kind"),
    [
        pytest.param(MIDDLE, MIDDLE, MotionType.STATIC, id="nothing moves"),
        pytest.param(FULL, MIDDLE, MotionType.ZOOM_IN, id="to a smaller one inside"),
        pytest.param(MIDDLE, FULL, MotionType.ZOOM_OUT, id="to a larger one around"),
        pytest.param(
            MIDDLE, Rect.of(0.35, 0.25, 0.85, 0.75), MotionType.PAN_RIGHT, id="to the right"
        ),
        pytest.param(
            MIDDLE, Rect.of(0.15, 0.25, 0.65, 0.75), MotionType.PAN_LEFT, id="to the left"
        ),
        pytest.param(MIDDLE, Rect.of(0.25, 0.1, 0.75, 0.6), MotionType.TILT_UP, id="upwards"),
        pytest.param(MIDDLE, Rect.of(0.25, 0.4, 0.75, 0.9), MotionType.TILT_DOWN, id="downwards"),
        pytest.param(
            MIDDLE, Rect.of(0.4, 0.4, 0.9, 0.9), MotionType.CUSTOM, id="both ways at once"
        ),
        pytest.param(
            Rect.of(0.0, 0.0, 0.5, 0.5),
            Rect.of(0.6, 0.6, 0.9, 0.9),
            MotionType.CUSTOM,
            id="smaller but elsewhere",
        ),
        pytest.param(
            Rect.of(0.0, 0.0, 0.5, 1.0),
            Rect.of(0.0, 0.25, 0.5, 0.75),
            MotionType.ZOOM_IN,
            id="only its height shrinks",
        ),
        pytest.param(
            Rect.of(0.3, 0.4, 0.7, 0.6),
            Rect.of(0.4, 0.3, 0.6, 0.7),
            MotionType.CUSTOM,
            id="another shape around the same centre",
        ),
        pytest.param(
            MIDDLE, Rect.of(0.251, 0.25, 0.751, 0.75), MotionType.STATIC, id="less than is seen"
        ),
    ],
)
def test_the_rectangles_say_what_the_move_is_called(
    start: Rect, end: Rect, kind: MotionType
) -> None:
    assert kind_of_move(start, end) is kind


@given(start=rects(), end=rects())
def test_swapping_start_and_end_mirrors_the_kind(start: Rect, end: Rect) -> None:
    assert kind_of_move(end, start) is MIRRORED[kind_of_move(start, end)]


def stops(*rects: Rect, turned: float | None = None) -> tuple[MotionKeyframe, ...]:
    return tuple(
        MotionKeyframe(at=(i + 1) / (len(rects) + 1), rect=rect, rotation_deg=turned)
        for i, rect in enumerate(rects)
    )


@pytest.mark.parametrize(
    ("start", "end", "keyframes", "rotation", "kind"),
    [
        pytest.param(
            FULL, MIDDLE, stops(Rect.of(0.1, 0.1, 0.9, 0.9)), None, MotionType.CUSTOM,
            id="a zoom with a stop",
        ),
        pytest.param(
            MIDDLE, MIDDLE, stops(FULL), None, MotionType.CUSTOM, id="away and back again"
        ),
        pytest.param(
            MIDDLE, MIDDLE, stops(MIDDLE, MIDDLE), None, MotionType.STATIC, id="the same thrice"
        ),
        pytest.param(
            FULL, MIDDLE, (), Rotation(end_deg=5.0), MotionType.CUSTOM, id="a zoom that turns"
        ),
        pytest.param(
            FULL, MIDDLE, (), Rotation(start_deg=5.0, end_deg=5.0), MotionType.CUSTOM,
            id="a zoom on a slant",
        ),
        pytest.param(
            MIDDLE, MIDDLE, (), Rotation(end_deg=5.0), MotionType.CUSTOM, id="a turn alone"
        ),
        pytest.param(
            MIDDLE, MIDDLE, stops(MIDDLE, turned=5.0), None, MotionType.CUSTOM,
            id="a turn there and back",
        ),
        pytest.param(
            MIDDLE, MIDDLE, (), Rotation(start_deg=5.0, end_deg=5.0), MotionType.STATIC,
            id="a slant that stands still",
        ),
        pytest.param(
            MIDDLE, MIDDLE, (), Rotation(end_deg=0.1), MotionType.STATIC, id="less than is seen"
        ),
        pytest.param(
            FULL, MIDDLE, (), Rotation(), MotionType.ZOOM_IN, id="a turn of nothing"
        ),
    ],
)  # fmt: skip
def test_what_moves_and_stops_or_turns_on_its_way_is_custom(
    start: Rect,
    end: Rect,
    keyframes: tuple[MotionKeyframe, ...],
    rotation: Rotation | None,
    kind: MotionType,
) -> None:
    assert kind_of_move(start, end, keyframes=keyframes, rotation=rotation) is kind
