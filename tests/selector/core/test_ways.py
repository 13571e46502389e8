"""Ways of objects: what a hand drew becomes points with moments."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.easing import Easing, EasingName, eased
from companions.geometry import Size
from companions.objects import pose_at
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint
from selector.core.ways import (
    LEAST_BETWEEN,
    MOST_POINTS,
    SIMPLER_BY,
    carried,
    circle,
    line,
    retimed,
    simplified,
    timed,
)
from tests.companions import documents

PICTURE = Size(6000, 4000)
TALL = 4000 / 6000
KITE = PolygonRegion(shape="polygon", points=((0.2, 0.3), (0.4, 0.3), (0.4, 0.5)))
Way = list[tuple[float, float]]


def strokes() -> st.SearchStrategy[Way]:
    """Strokes over and beyond the picture, some with points on the spot."""
    place = st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))
    return st.lists(place, min_size=1, max_size=40)


def spans() -> st.SearchStrategy[tuple[float, float]]:
    """A way's start and end in time."""
    return st.tuples(st.floats(0.0, 0.9), st.floats(0.05, 1.0)).map(
        lambda pair: (pair[0], min(1.0, pair[0] + pair[1]))
    )


def object_on(points: tuple[TrajectoryPoint, ...], easing: Easing) -> ObjectTrajectory:
    return ObjectTrajectory(name="kite", region=KITE, points=points, easing=easing)


def far(point: tuple[float, float], way: Way) -> float:
    """How far ``point`` lies from ``way``, in picture widths."""
    p = np.array(point) * (1.0, TALL)
    corners = np.array(way) * (1.0, TALL)
    nearest = math.inf
    for a, b in itertools.pairwise(corners):
        along = b - a
        length = float(along @ along)
        share = min(max(float((p - a) @ along) / length, 0.0), 1.0) if length else 0.0
        nearest = min(nearest, float(np.hypot(*(p - a - share * along))))
    return nearest if len(way) > 1 else float(np.hypot(*(p - corners[0])))


@given(stroke=strokes())
def test_a_simplified_stroke_is_nowhere_further_from_what_was_drawn_than_it_says(
    stroke: Way,
) -> None:
    kept = simplified(stroke, picture=PICTURE)

    assert kept[0] == stroke[0]
    assert kept[-1] == stroke[-1]
    assert all(far(point, kept) <= SIMPLER_BY + 1e-9 for point in stroke)
    if len(stroke) == len(kept):
        assert kept == stroke


def test_points_on_a_straight_line_are_left_out() -> None:
    drawn = [(i / 50, i / 100) for i in range(50)]

    assert simplified(drawn, picture=PICTURE) == [drawn[0], drawn[-1]]


def test_a_restless_stroke_keeps_no_more_points_than_a_way_may_have() -> None:
    restless = [(i / 3000, 0.5 + 0.4 * (-1) ** i) for i in range(3000)]

    assert len(simplified(restless, picture=PICTURE)) <= MOST_POINTS
    assert len(simplified(restless, picture=PICTURE, by=0.0)) <= MOST_POINTS


def test_a_long_stroke_is_followed_as_closely_as_so_few_points_can() -> None:
    angles = np.linspace(0.0, 60.0 * math.pi, 3000)
    curls = [
        (0.5 + 0.4 * math.sin(a / 30.0) + 0.05 * math.cos(a), 0.5 + 0.05 * math.sin(a))
        for a in angles.tolist()
    ]

    kept = simplified(curls, picture=PICTURE)

    assert MOST_POINTS / 4 < len(kept) <= MOST_POINTS
    assert (kept[0], kept[-1]) == (curls[0], curls[-1])
    assert max(far(point, kept) for point in curls[::7]) < 0.02


def test_a_stroke_of_nothing_is_nothing() -> None:
    assert simplified([], picture=PICTURE) == []
    assert carried([], (0.5, 0.5)) == []
    assert simplified([(0.1, 0.2)], picture=PICTURE) == [(0.1, 0.2)]


@given(
    start=st.tuples(documents.unit(), documents.unit()),
    centre=st.tuples(documents.unit(), documents.unit()),
    turns=st.floats(-20.0, 20.0),
)
def test_a_circle_is_round_in_pixels_and_begins_where_it_was_begun(
    start: tuple[float, float], centre: tuple[float, float], turns: float
) -> None:
    way = circle(start, centre, picture=PICTURE, turns=turns)

    def radius(at: tuple[float, float]) -> float:
        return math.hypot(at[0] - centre[0], (at[1] - centre[1]) * TALL)

    assert way[0] == pytest.approx(start, abs=1e-9)
    assert all(radius(at) == pytest.approx(radius(start), abs=1e-9) for at in way)
    assert len(way) <= MOST_POINTS


def test_positive_turns_go_clockwise_and_a_quarter_ends_a_quarter_on() -> None:
    way = circle((0.5, 0.2), (0.5, 0.5), picture=PICTURE, turns=0.25)

    assert way[-1] == pytest.approx((0.5 + 0.3 * TALL, 0.5))


@given(way=strokes(), start=st.tuples(documents.unit(), documents.unit()))
def test_a_carried_way_begins_where_it_is_carried_to_and_keeps_its_shape(
    way: Way, start: tuple[float, float]
) -> None:
    moved = carried(way, start)

    assert moved[0] == pytest.approx(start)
    for (ax, ay), (bx, by) in zip(way, moved, strict=True):
        assert (bx - ax, by - ay) == pytest.approx((start[0] - way[0][0], start[1] - way[0][1]))


@given(way=strokes(), span=spans(), easing=documents.easings())
def test_a_timed_way_is_a_way_that_a_document_takes_from_start_to_end(
    way: Way, span: tuple[float, float], easing: Easing
) -> None:
    points = timed(way, picture=PICTURE, start=span[0], end=span[1], easing=easing)

    object_on(points, easing)
    assert points[0].at == span[0]
    assert points[-1].at == pytest.approx(span[1], abs=1e-12)
    assert points[0].position == pytest.approx(way[0])
    assert points[-1].position == pytest.approx(way[-1])
    assert all(b.at - a.at >= LEAST_BETWEEN * 0.999 for a, b in itertools.pairwise(points))


@given(u=documents.unit(), easing=st.sampled_from(EasingName))
def test_an_object_has_gone_that_share_of_its_way_that_the_easing_says(
    u: float, easing: EasingName
) -> None:
    # Unevenly drawn: slowly first, then in leaps.
    way = [(0.1 + 0.002 * i, 0.2) for i in range(50)] + [(0.5, 0.2), (0.9, 0.2)]
    moving = object_on(timed(way, picture=PICTURE, start=0.2, end=0.7, easing=easing), easing)

    pose = pose_at(moving, 0.2 + 0.5 * u)

    assert pose.x == pytest.approx(0.1 + 0.8 * eased(easing, u), abs=1e-4)


def test_speed_is_even_in_pixels_also_around_a_corner() -> None:
    way = [(0.1, 0.1), (0.5, 0.1), (0.5, 0.7)]

    points = timed(way, picture=PICTURE)

    assert points[1].at == pytest.approx(0.4 / (0.4 + 0.6 * TALL))


@given(scale=st.tuples(st.floats(0.01, 100.0), st.floats(0.01, 100.0)), u=documents.unit())
def test_size_grows_geometrically_and_turns_evenly_along_the_way(
    scale: tuple[float, float], u: float
) -> None:
    way = line((0.1, 0.1), (0.9, 0.1))

    points = timed(way, picture=PICTURE, scale=scale, rotation_deg=(-90.0, 270.0))

    moving = object_on(points, EasingName.LINEAR)
    assert (points[0].scale, points[-1].scale) == pytest.approx(scale)
    pose = pose_at(moving, u)
    assert pose.scale == pytest.approx(scale[0] * (scale[1] / scale[0]) ** u, rel=1e-6)
    assert pose.rotation_deg == pytest.approx(-90.0 + 360.0 * u, abs=1e-6)


def test_a_way_that_does_not_move_is_a_rest_from_start_to_end() -> None:
    for way in ([(0.3, 0.4)], [(0.3, 0.4)] * 5):
        points = timed(way, picture=PICTURE, start=0.25, end=0.75, scale=(1.0, 2.0))

        assert [point.at for point in points] == [0.25, 0.75]
        assert [point.position for point in points] == [(0.3, 0.4)] * 2
        assert [point.scale for point in points] == [1.0, 2.0]


def test_a_way_that_leaves_the_picture_far_is_cut_off_where_documents_end() -> None:
    points = timed([(0.5, 0.5), (9.0, -7.0)], picture=PICTURE)

    assert points[-1].position == (2.0, -1.0)


@pytest.mark.parametrize(
    "asked",
    [
        {"start": 0.5, "end": 0.5},
        {"start": 0.6, "end": 0.5},
        {"start": -0.1},
        {"end": 1.1},
        {"start": float("nan")},
        {"scale": (0.0001, 1.0)},
        {"scale": (0.0, 1.0)},
        {"rotation_deg": (0.0, 4000.0)},
    ],
)
def test_what_no_document_takes_is_refused(asked: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"ends after it starts|validation error|over 0"):
        timed([(0.1, 0.1), (0.5, 0.5)], picture=PICTURE, **asked)  # type: ignore[arg-type]


def test_a_way_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        timed([], picture=PICTURE)


def length_of(moving: ObjectTrajectory) -> float:
    """Of its way, in picture widths."""
    legs = itertools.pairwise(point.position for point in moving.points)
    return sum(math.hypot(bx - ax, (by - ay) * TALL) for (ax, ay), (bx, by) in legs)


@given(way=strokes(), span=spans(), easing=st.sampled_from(EasingName))
def test_a_way_at_another_time_and_easing_is_the_same_way(
    way: Way, span: tuple[float, float], easing: EasingName
) -> None:
    before = object_on(timed(way, picture=PICTURE), EasingName.LINEAR)

    after = retimed(before, start=span[0], end=span[1], easing=easing)

    ObjectTrajectory.model_validate_json(after.model_dump_json())
    assert after.easing is easing
    assert (after.points[0].at, after.points[-1].at) == pytest.approx(span, abs=1e-12)
    expected = timed(way, picture=PICTURE, start=span[0], end=span[1], easing=easing)
    assert length_of(after) == pytest.approx(length_of(object_on(expected, easing)), abs=1e-4)
    for u in (0.25, 0.5, 0.75):
        at = span[0] + (span[1] - span[0]) * u
        there, meant = pose_at(after, at), pose_at(object_on(expected, easing), at)
        assert (there.x, there.y) == pytest.approx((meant.x, meant.y), abs=1e-3)


def test_sizes_and_turns_that_a_file_gives_each_point_survive_another_timing() -> None:
    points = (
        TrajectoryPoint(at=0.0, position=(0.1, 0.1), scale=1.0),
        TrajectoryPoint(at=0.5, position=(0.4, 0.1), scale=3.0, rotation_deg=45.0),
        TrajectoryPoint(at=1.0, position=(0.5, 0.1), scale=2.0),
    )

    after = retimed(
        object_on(points, EasingName.LINEAR), start=0.2, end=0.6, easing=EasingName.EASE_IN_OUT
    )

    assert [point.at for point in after.points] == pytest.approx([0.2, 0.4, 0.6])
    assert [(p.scale, p.rotation_deg) for p in after.points] == [
        (1.0, 0.0),
        (3.0, 45.0),
        (2.0, 0.0),
    ]


@given(way=strokes(), easing=st.sampled_from(EasingName))
def test_an_easing_that_is_taken_back_leaves_the_even_way_there_was(
    way: Way, easing: EasingName
) -> None:
    even = object_on(timed(way, picture=PICTURE), EasingName.LINEAR)

    there = retimed(even, start=0.1, end=0.6, easing=easing)
    back = retimed(there, start=0.0, end=1.0, easing=EasingName.LINEAR)

    for u in (0.1, 0.25, 0.5, 0.75, 0.9):
        a, b = pose_at(even, u), pose_at(back, u)
        assert (b.x, b.y) == pytest.approx((a.x, a.y), abs=1e-3)


def test_a_new_timing_that_is_none_is_refused() -> None:
    moving = object_on(timed([(0.1, 0.1), (0.5, 0.5)], picture=PICTURE), EasingName.LINEAR)

    with pytest.raises(ValueError, match="ends after it starts"):
        retimed(moving, start=0.5, end=0.4, easing=EasingName.LINEAR)
