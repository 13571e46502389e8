"""Objects that move by themselves: where they are at every moment, and where their pixels go."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.easing import Easing, EasingName, eased
from companions.geometry import Size
from companions.objects import Pose, picture_to_moved, polygon_box, pose_at
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint
from tests.companions import documents

PICTURE = Size(600, 400)
KITE = PolygonRegion(shape="polygon", points=((0.2, 0.3), (0.4, 0.3), (0.4, 0.5), (0.2, 0.5)))
BOX = polygon_box(KITE)


def trajectory(*points: TrajectoryPoint, easing: Easing = EasingName.LINEAR) -> ObjectTrajectory:
    return ObjectTrajectory(name="kite", region=KITE, points=points, easing=easing)


def point(at: float, x: float, y: float, **more: float) -> TrajectoryPoint:
    return TrajectoryPoint(at=at, position=(x, y), **more)


def pose_of(stated: TrajectoryPoint) -> Pose:
    return Pose(*stated.position, stated.scale, stated.rotation_deg)


def trajectories() -> st.SearchStrategy[ObjectTrajectory]:
    return documents.objects()


@given(moving=trajectories())
def test_an_object_is_at_each_point_at_that_points_moment(moving: ObjectTrajectory) -> None:
    for stated in moving.points:
        assert pose_at(moving, stated.at) == pose_of(stated)


@given(moving=trajectories(), u=documents.unit())
def test_before_the_first_point_and_after_the_last_an_object_rests(
    moving: ObjectTrajectory, u: float
) -> None:
    first, last = moving.points[0], moving.points[-1]

    assert pose_at(moving, first.at * u) == pose_of(first)
    assert pose_at(moving, last.at + (1.0 - last.at) * u) == pose_of(last)


@given(easing=documents.easings(), u=documents.unit())
def test_between_two_points_all_follows_the_eased_time_from_the_first_to_the_last(
    easing: Easing, u: float
) -> None:
    moving = trajectory(
        point(0.2, 0.1, 0.9, scale=0.5, rotation_deg=-90.0),
        point(0.7, 0.5, 0.1, scale=2.0, rotation_deg=270.0),
        easing=easing,
    )

    pose = pose_at(moving, 0.2 + 0.5 * u)

    done = eased(easing, (0.2 + 0.5 * u - 0.2) / (0.7 - 0.2))
    assert (pose.x, pose.y) == pytest.approx((0.1 + 0.4 * done, 0.9 - 0.8 * done), abs=1e-9)
    assert pose.scale == pytest.approx(0.5 * 4.0**done, abs=1e-9)
    assert pose.rotation_deg == pytest.approx(-90.0 + 360.0 * done, abs=1e-7)


def test_halfway_between_two_sizes_an_object_has_their_geometric_mean() -> None:
    moving = trajectory(point(0.0, 0.5, 0.5, scale=1.0), point(1.0, 0.5, 0.5, scale=4.0))

    assert pose_at(moving, 0.5).scale == pytest.approx(2.0)


@given(easing=documents.easings(), u=st.floats(0.0, 1.0))
def test_a_stop_between_is_passed_at_the_share_of_eased_time_between_its_neighbours(
    easing: Easing, u: float
) -> None:
    moving = trajectory(
        point(0.0, 0.0, 0.5), point(0.6, 0.9, 0.5), point(1.0, 1.0, 0.5), easing=easing
    )
    at = 0.6 + 0.4 * u

    x = pose_at(moving, at).x

    middle, now = eased(easing, 0.6), eased(easing, at)
    if 1.0 - middle > 1e-6:
        assert x == pytest.approx(0.9 + 0.1 * (now - middle) / (1.0 - middle), abs=1e-6)


def test_between_points_where_the_curve_is_flat_an_object_still_arrives() -> None:
    late = (1.0, 0.0, 1.0, 0.0)
    moving = trajectory(
        point(0.0, 0.0, 0.5), point(2e-4, 1.0, 0.5), point(1.0, 1.0, 0.5), easing=late
    )

    assert eased(late, 2e-4) < 1e-9
    assert pose_at(moving, 1e-4).x == pytest.approx(0.5)


@given(moving=trajectories(), u=documents.unit())
def test_an_object_is_never_beyond_the_points_it_is_between(
    moving: ObjectTrajectory, u: float
) -> None:
    pose = pose_at(moving, u)

    for value, stated in (
        (pose.x, [p.position[0] for p in moving.points]),
        (pose.y, [p.position[1] for p in moving.points]),
        (pose.scale, [p.scale for p in moving.points]),
        (pose.rotation_deg, [p.rotation_deg for p in moving.points]),
    ):
        slack = 1e-9 * max(1.0, *(abs(each) for each in stated))
        assert min(stated) - slack <= value <= max(stated) + slack


def test_a_polygons_box_goes_around_its_corners() -> None:
    region = PolygonRegion(shape="polygon", points=((0.1, 0.9), (0.5, 0.2), (0.7, 0.6)))

    assert polygon_box(region) == (0.1, 0.2, 0.7, 0.9)


def test_an_object_in_its_own_place_stays_pixel_for_pixel() -> None:
    at_home = Pose(x=0.3, y=0.4, scale=1.0, rotation_deg=0.0)

    there = picture_to_moved(at_home, BOX, picture=PICTURE)

    assert there == pytest.approx(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), abs=1e-9)


@given(x=st.floats(-1.0, 2.0), y=st.floats(-1.0, 2.0), scale=st.floats(0.01, 100.0))
def test_the_middle_of_a_regions_box_goes_to_the_pose(x: float, y: float, scale: float) -> None:
    pose = Pose(x=x, y=y, scale=scale, rotation_deg=33.0)

    there = picture_to_moved(pose, BOX, picture=PICTURE)

    # OpenCV's coordinates: half a pixel less than those that count from the corner.
    middle = np.array([0.3 * 600 - 0.5, 0.4 * 400 - 0.5, 1.0])
    assert there @ middle == pytest.approx((x * 600 - 0.5, y * 400 - 0.5), abs=1e-6)


def test_an_object_turns_clockwise_and_grows_in_pixels_not_in_fractions() -> None:
    pose = Pose(x=0.5, y=0.5, scale=2.0, rotation_deg=90.0)

    there = picture_to_moved(pose, BOX, picture=PICTURE)

    # 30 pixels to the right of the middle become 60 below it.
    right = np.array([0.3 * 600 - 0.5 + 30.0, 0.4 * 400 - 0.5, 1.0])
    assert there @ right == pytest.approx((299.5, 199.5 + 60.0))


def test_an_object_carried_by_whole_pixels_has_the_pixels_it_had() -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (400, 600), dtype=np.uint8)
    pose = Pose(x=0.3 + 60 / 600, y=0.4 - 40 / 400, scale=1.0, rotation_deg=0.0)

    there = picture_to_moved(pose, BOX, picture=PICTURE)
    moved = cv2.warpAffine(pixels, there, (600, 400), flags=cv2.INTER_LINEAR)

    assert np.array_equal(moved[80:160, 180:300], pixels[120:200, 120:240])
