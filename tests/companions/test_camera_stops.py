"""Moves with stops and turns: every stop is hit, nothing jumps, what leaves the picture is told."""

from __future__ import annotations

import math
import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from companions.camera import CameraPath, turned_corners
from companions.easing import EasingName, eased
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import MotionKeyframe, Move, Rotation
from tests.companions import documents

PICTURE = Size(6000, 4000)
HD = Size(1280, 720)
EVERYWHERE = [i / 500 for i in range(501)]


def degrees() -> st.SearchStrategy[float]:
    return st.floats(-180.0, 180.0)


@st.composite
def moves(draw: st.DrawFn, *, turned: bool) -> Move:
    """Moves of up to five stops on the way, a twentieth of the time apart."""
    moments = sorted(draw(st.sets(st.integers(1, 19), max_size=5)))
    turns = st.none() | degrees() if turned else st.none()
    return Move(
        start_rect=draw(documents.rects()),
        end_rect=draw(documents.rects()),
        duration_sec=4.0,
        easing=draw(st.sampled_from(EasingName)),
        keyframes=tuple(
            MotionKeyframe(at=at / 20, rect=draw(documents.rects()), rotation_deg=draw(turns))
            for at in moments
        ),
        rotation=draw(st.none() | st.builds(Rotation, start_deg=degrees(), end_deg=degrees()))
        if turned
        else None,
    )


def path_of(move: Move) -> CameraPath:
    return CameraPath.of(move, picture=PICTURE, output=HD)


def window(share: float, *, cx: float = 0.5, cy: float = 0.5) -> Rect:
    """A 16:9 window, ``share`` of the picture wide."""
    return Rect.around(cx, cy, share, share * PICTURE.width / PICTURE.height / HD.aspect)


def turned(share: float, start_deg: float, end_deg: float, **more: Any) -> CameraPath:
    """A window that stays where it is and turns."""
    rotation = Rotation(start_deg=start_deg, end_deg=end_deg)
    here = window(share, **more)
    return CameraPath(here, here, EasingName.LINEAR, rotation=rotation)


@given(move=moves(turned=False), u=documents.unit())
def test_without_turns_the_window_stays_inside_whatever_its_stops(move: Move, u: float) -> None:
    path = path_of(move)
    shown = path.window(u)

    assert 0.0 <= shown.x1 < shown.x2 <= 1.0
    assert 0.0 <= shown.y1 < shown.y2 <= 1.0
    assert path.overhang(picture=PICTURE).px == 0.0
    assert not path.turns


@given(move=moves(turned=True))
def test_every_stop_is_hit_exactly_and_at_its_own_time(move: Move) -> None:
    path = path_of(move)

    for stop in move.keyframes:
        assert path.window(stop.at) == fit_aspect(stop.rect, picture=PICTURE, output=HD)
        if stop.rotation_deg is not None:
            assert path.rotation_deg(stop.at) == stop.rotation_deg
    rotation = move.rotation or Rotation()
    assert (path.window(0.0), path.window(1.0)) == (path.start, path.end)
    assert (path.rotation_deg(0.0), path.rotation_deg(1.0)) == (
        rotation.start_deg,
        rotation.end_deg,
    )


@given(move=moves(turned=True), u=documents.unit())
def test_nothing_jumps(move: Move, u: float) -> None:
    path = path_of(move)
    for near in (u, *(stop.at for stop in move.keyframes)):
        a, b = path.window(near), path.window(min(1.0, near + 1e-7))

        assert np.allclose(a.root, b.root, atol=1e-4)
        before, after = path.rotation_deg(near), path.rotation_deg(min(1.0, near + 1e-7))
        assert after == pytest.approx(before, abs=0.02)
        before, after = path.rotation_deg(max(0.0, near - 1e-7)), path.rotation_deg(near)
        assert after == pytest.approx(before, abs=0.02)


@given(move=moves(turned=False), u=documents.unit())
def test_a_turn_of_nothing_changes_not_one_bit(move: Move, u: float) -> None:
    plain = path_of(move)
    still = path_of(move.model_copy(update={"rotation": Rotation()}))

    assert still.window(u) == plain.window(u)
    assert np.array_equal(
        still.output_to_picture(u, picture=PICTURE, output=HD),
        plain.output_to_picture(u, picture=PICTURE, output=HD),
    )
    assert still.bounds(picture=PICTURE) == plain.bounds(picture=PICTURE)
    shown = plain.window(u)
    sx, sy = shown.width * 6000 / 1280, shown.height * 4000 / 720
    assert plain.output_to_picture(u, picture=PICTURE, output=HD).tolist() == [
        [sx, 0.0, shown.x1 * 6000 + 0.5 * sx - 0.5],
        [0.0, sy, shown.y1 * 4000 + 0.5 * sy - 0.5],
    ]


@given(
    a=documents.rects(),
    b=documents.rects(),
    easing=documents.easings(),
    at=st.floats(0.05, 0.95),
    u=documents.unit(),
)
def test_a_stop_that_lies_on_the_way_changes_nothing(
    a: Rect, b: Rect, easing: Any, at: float, u: float
) -> None:
    a, b = (fit_aspect(rect, picture=PICTURE, output=HD) for rect in (a, b))
    plain = CameraPath(a, b, easing)
    assume(0.01 < eased(easing, at) < 0.99)
    stopping = CameraPath(a, b, easing, (MotionKeyframe(at=at, rect=plain.window(at)),))

    assert np.allclose(stopping.window(u).root, plain.window(u).root, atol=1e-9)


def test_a_move_starts_and_ends_as_softly_as_its_easing_and_does_not_wait_on_its_way() -> None:
    start, middle, end = (window(0.4, cx=cx) for cx in (0.25, 0.5, 0.75))
    path = CameraPath(start, end, EasingName.EASE_IN_OUT, (MotionKeyframe(at=0.5, rect=middle),))

    at = [path.window(i / 100).x1 for i in range(101)]
    speed = [b - a for a, b in pairwise(at)]

    assert speed[0] < 0.1 * max(speed) > speed[-1]
    assert min(speed[45:55]) > 0.95 * max(speed)


def test_two_equal_stops_hold_the_camera() -> None:
    held = window(0.5, cx=0.4)
    stops = (MotionKeyframe(at=0.3, rect=held), MotionKeyframe(at=0.6, rect=held))
    path = CameraPath(window(0.8), window(0.3), EasingName.LINEAR, stops)

    assert {path.window(u).root for u in EVERYWHERE if 0.3 <= u <= 0.6} == {held.root}
    assert path.window(0.29) != held != path.window(0.61)


def test_the_zoom_speed_is_constant_on_each_leg() -> None:
    stops = (MotionKeyframe(at=0.25, rect=window(0.2)), MotionKeyframe(at=0.5, rect=window(0.8)))
    path = CameraPath(window(0.8), window(0.4), EasingName.LINEAR, stops)

    widths = [path.window(i / 40).width for i in range(41)]

    steps = [math.log2(b / a) for a, b in pairwise(widths)]
    assert steps == pytest.approx([-0.2] * 10 + [0.2] * 10 + [-0.05] * 20, rel=1e-9)


def test_stops_that_the_easing_never_tells_apart_are_still_both_hit() -> None:
    # Flat at both ends: its first millionth passes in no eased time at all.
    flat = (0.0, 0.0, 1.0, 0.0)
    moments = (1e-7, 2e-7, 3e-7)
    stops = tuple(MotionKeyframe(at=u, rect=window(0.5, cx=0.3 + 4e5 * u)) for u in moments)
    path = CameraPath(window(0.5, cx=0.3), window(0.5, cx=0.7), flat, stops, Rotation(end_deg=5.0))

    assert path.stops[2].progress - path.stops[1].progress < 1e-9
    for stop in stops:
        assert path.window(stop.at) == stop.rect
    half = path.window(1.5e-7)
    assert half.x1 == pytest.approx((stops[0].rect.x1 + stops[1].rect.x1) / 2)
    assert path.window(0.9).x1 < path.window(0.999).x1


def test_a_turn_between_two_stops_that_the_easing_never_tells_apart_takes_their_real_time() -> None:
    here = window(0.5)
    turns = ((1e-7, 0.0), (2e-7, None), (3e-7, 8.0))
    stops = tuple(MotionKeyframe(at=u, rect=here, rotation_deg=d) for u, d in turns)
    path = CameraPath(here, here, (0.0, 0.0, 1.0, 0.0), stops)

    assert [path.rotation_deg(u) for u in (1e-7, 1.5e-7, 2e-7, 3e-7)] == pytest.approx(
        [0.0, 2.0, 4.0, 8.0]
    )


def test_turns_are_linear_in_eased_time_past_stops_that_do_not_state_one() -> None:
    stops = (
        MotionKeyframe(at=0.2, rect=window(0.6)),
        MotionKeyframe(at=0.5, rect=window(0.3), rotation_deg=8.0),
        MotionKeyframe(at=0.7, rect=window(0.5)),
    )
    path = CameraPath(
        window(0.5), window(0.4), EasingName.EASE_IN, stops, Rotation(start_deg=-4.0, end_deg=2.0)
    )
    middle = eased(EasingName.EASE_IN, 0.5)

    for u in EVERYWHERE:
        e = eased(EasingName.EASE_IN, u)
        wanted = -4.0 + 12.0 * e / middle if u < 0.5 else 8.0 - 6.0 * (e - middle) / (1.0 - middle)
        assert path.rotation_deg(u) == pytest.approx(wanted, abs=1e-9)


def test_no_rotation_block_means_upright_at_both_ends() -> None:
    stop = MotionKeyframe(at=0.5, rect=window(0.3), rotation_deg=10.0)
    path = CameraPath(window(0.5), window(0.5), EasingName.LINEAR, (stop,))

    assert [path.rotation_deg(u) for u in (0.0, 0.25, 0.5, 1.0)] == [0.0, 5.0, 10.0, 0.0]


def test_a_positive_turn_is_clockwise() -> None:
    corners = turned(0.4, 90.0, 90.0).corners(0.5, picture=PICTURE)
    x1, y1, x2, y2 = (
        side * size for side, size in zip(window(0.4).root, (6000, 4000) * 2, strict=True)
    )
    cx, cy, half_w, half_h = (x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2, (y2 - y1) / 2

    # What was the top left is the top right now.
    assert corners[0] == pytest.approx((cx + half_h, cy - half_w))
    assert corners[1] == pytest.approx((cx + half_h, cy + half_w))


@given(move=moves(turned=True), u=documents.unit())
def test_the_affine_maps_the_frames_corners_to_the_turned_windows_corners(
    move: Move, u: float
) -> None:
    path = path_of(move)
    matrix = path.output_to_picture(u, picture=PICTURE, output=HD)
    # A picture's edge is half a pixel outside the centre of its outermost pixels.
    right, bottom = HD.width - 0.5, HD.height - 0.5
    frame = np.array([[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]])

    there = frame @ matrix[:, :2].T + matrix[:, 2] + 0.5

    corners = path.corners(u, picture=PICTURE)
    assert np.allclose(there, corners, atol=1e-6)
    # Still a rectangle of its own size.
    shown = path.window(u)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    assert sides == pytest.approx([shown.width * 6000, shown.height * 4000] * 2)
    assert abs(np.linalg.det(matrix[:, :2])) * HD.pixels == pytest.approx(
        shown.width * shown.height * PICTURE.pixels
    )
    assert float(matrix[:, 0] @ matrix[:, 1]) == pytest.approx(0.0, abs=1e-6)


@given(move=moves(turned=True), u=documents.unit())
def test_the_bounds_hold_every_window_and_no_more_than_that(move: Move, u: float) -> None:
    path = path_of(move)
    x1, y1, x2, y2 = path.bounds(picture=PICTURE)

    corners = path.corners(u, picture=PICTURE) / (6000, 4000)
    assert np.all(corners >= (x1 - 1e-5, y1 - 1e-5))
    assert np.all(corners <= (x2 + 1e-5, y2 + 1e-5))
    if not path.turns:
        rects = [stop.rect for stop in path.stops]
        assert (x1, x2) == (min(r.x1 for r in rects), max(r.x2 for r in rects))
        assert (y1, y2) == (min(r.y1 for r in rects), max(r.y2 for r in rects))


@given(move=moves(turned=True))
def test_the_overhang_is_the_farthest_corner_of_any_window(move: Move) -> None:
    path = path_of(move)

    told = path.overhang(picture=PICTURE)

    every = np.stack([path.corners(u, picture=PICTURE) for u in EVERYWHERE])
    seen = float(np.maximum(-every, every - (6000, 4000)).max())
    assert told.px >= 0.0
    assert told.px + 0.05 >= seen
    if told.px > 0.0:
        a, b = path.stops[told.leg], path.stops[told.leg + 1]
        fine = np.stack(
            [path.corners(a.at + (b.at - a.at) * i / 4000, picture=PICTURE) for i in range(4001)]
        )
        assert float(np.maximum(-fine, fine - (6000, 4000)).max()) == pytest.approx(
            told.px, abs=0.5
        )


def test_a_window_that_touches_the_edge_exactly_while_turned_is_inside() -> None:
    # Upright on its side: 16:9 turned by 90 degrees, as high as the picture.
    height = 4000 / 6000
    share = Rect.around(0.5, 0.5, height, height * 6000 / 4000 / HD.aspect)
    path = CameraPath(
        share, share, EasingName.LINEAR, rotation=Rotation(start_deg=90.0, end_deg=90.0)
    )

    corners = path.corners(0.5, picture=PICTURE)

    assert corners[:, 1].min() == pytest.approx(0.0, abs=1e-6)
    assert corners[:, 1].max() == pytest.approx(4000.0)
    assert path.overhang(picture=PICTURE).px == 0.0


def test_the_whole_picture_on_its_head_is_inside() -> None:
    whole = Rect.of(0.0, 0.0, 1.0, 1.0)
    path = CameraPath(
        whole, whole, EasingName.LINEAR, rotation=Rotation(start_deg=180.0, end_deg=180.0)
    )

    assert path.overhang(picture=PICTURE).px == 0.0


def test_a_window_that_leaves_the_picture_between_two_stops_only_is_found() -> None:
    # Both stops fit, one upright and one on its head; a quarter turn between them does not.
    path = turned(0.95, 0.0, 180.0)

    told = path.overhang(picture=PICTURE)

    half_diagonal = math.hypot(0.95 * 6000, 0.95 * 6000 / HD.aspect) / 2
    assert told.px == pytest.approx(half_diagonal - 2000.0, abs=0.1)
    assert told.leg == 0
    for u in (0.0, 1.0):
        corners = path.corners(u, picture=PICTURE)
        assert corners.min() >= -1e-6
        assert np.all(corners <= np.array([6000, 4000]) + 1e-6)


def test_a_small_turn_of_a_window_that_fills_the_picture_is_told_to_the_pixel() -> None:
    path = turned(1.0, 0.0, 0.5)

    told = path.overhang(picture=PICTURE).px

    assert told == pytest.approx(
        6000 / 2 * math.cos(math.radians(0.5))
        + 6000 / HD.aspect / 2 * math.sin(math.radians(0.5))
        - 3000,
        abs=0.01,
    )


def test_the_leg_that_leaves_is_named() -> None:
    stop = MotionKeyframe(at=0.5, rect=window(0.5), rotation_deg=0.0)
    path = CameraPath(window(0.5), window(0.98), EasingName.LINEAR, (stop,), Rotation(end_deg=15.0))

    assert path.overhang(picture=PICTURE).leg == 1


def test_a_path_travels_to_another_process_whole() -> None:
    path = turned(0.5, 0.0, 9.0)

    again = pickle.loads(pickle.dumps(path))  # noqa: S301

    assert again == path
    assert again.rotation_deg(0.5) == pytest.approx(4.5)
    assert hash(again) == hash(path)


def test_turned_corners_of_an_upright_window_are_its_own_to_the_last_bit() -> None:
    rect = Rect.of(0.1, 0.2, 0.7, 0.9)

    assert turned_corners(rect, 0.0, picture=PICTURE).tolist() == [
        [0.1 * 6000, 0.2 * 4000],
        [0.7 * 6000, 0.2 * 4000],
        [0.7 * 6000, 0.9 * 4000],
        [0.1 * 6000, 0.9 * 4000],
    ]
