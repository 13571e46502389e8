"""Views of a picture through levels: where they look, what they cost, in any order."""

from __future__ import annotations

import numpy as np
import pytest

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size, largest_window
from companions.levels import Levels, View, render
from companions.motion import Rotation
from companions.rendition import clip_fractions, scales_of, size_of, views_of
from tests.contracts.generator_contract import move
from tests.contracts.photographs import large, photograph

OUTPUT = Size(320, 180)


@pytest.mark.parametrize("degrees", [0.0, 30.0, -120.0])
def test_a_views_box_holds_its_four_corners_and_its_scale_is_that_of_its_area(
    degrees: float,
) -> None:
    picture = photograph("coffee.png")
    whole = size_of(picture)
    width, height = largest_window(picture=whole, output=OUTPUT)
    window = Rect.around(0.5, 0.5, width * 0.4, height * 0.4)
    rotation = Rotation(start_deg=degrees, end_deg=degrees)
    path = CameraPath(window, window, EasingName.LINEAR, rotation=rotation)

    view = View(path.output_to_picture(0.0, picture=whole, output=OUTPUT), OUTPUT)

    corners = path.corners(0.0, picture=whole)
    box = [*corners.min(axis=0), *corners.max(axis=0)]
    assert view.bounds == pytest.approx(box)
    assert view.scale == pytest.approx(path.start.width * whole.width / OUTPUT.width)


def test_levels_stay_within_their_budget_and_frames_are_the_same_without_one() -> None:
    picture = large("coffee.png", width=2400)
    path = move(picture, start=(0, 0, 1, 1), end=(0.4, 0.4, 0.55, 0.55), output=OUTPUT)
    views = views_of(path, clip_fractions(16), picture=size_of(picture), output=OUTPUT)
    scales = scales_of(path, picture=size_of(picture), output=OUTPUT)
    free = Levels(picture, views, scales=scales)
    wanted = [free.frame(at) for at in range(16)]
    budget = free.held_bytes // 3
    bounded = Levels(picture, views, scales=scales, budget_bytes=budget)

    held = []
    for at in (15, 0, 7, 8, 3, 15, 12, 0):
        assert np.array_equal(bounded.frame(at), wanted[at])
        held.append(bounded.held_bytes)

    assert max(held) <= budget


def test_a_budget_of_nothing_still_holds_what_the_frame_at_hand_needs() -> None:
    picture = photograph("chelsea.png")
    path = move(picture, output=OUTPUT)
    views = views_of(path, clip_fractions(5), picture=size_of(picture), output=OUTPUT)
    scales = scales_of(path, picture=size_of(picture), output=OUTPUT)

    bounded = Levels(picture, views, scales=scales, budget_bytes=0)

    in_order = render(picture, views, scales=scales)
    assert all(np.array_equal(bounded.frame(at), frame) for at, frame in enumerate(in_order))
    assert bounded.held_bytes > 0


def test_levels_that_are_built_ahead_are_those_that_the_frames_need() -> None:
    picture = large("coffee.png", width=2400)
    path = move(picture, start=(0, 0, 1, 1), end=(0.4, 0.4, 0.55, 0.55), output=OUTPUT)
    views = views_of(path, clip_fractions(9), picture=size_of(picture), output=OUTPUT)
    scales = scales_of(path, picture=size_of(picture), output=OUTPUT)
    asked = Levels(picture, views, scales=scales)
    levels = Levels(picture, views, scales=scales)

    for at in range(9):
        for first, build in levels.builds():
            if first == at:
                build()
        held = levels.held_bytes
        assert np.array_equal(levels.frame(at), asked.frame(at))
        assert levels.held_bytes == held == asked.held_bytes


def test_a_picture_of_one_channel_is_seen_as_one_of_three_equal_channels() -> None:
    picture = large("rocket.jpg", width=1500)
    grey = np.ascontiguousarray(picture[..., 1])
    path = move(picture, output=OUTPUT)
    views = views_of(path, clip_fractions(3), picture=size_of(picture), output=OUTPUT)
    scales = scales_of(path, picture=size_of(picture), output=OUTPUT)

    seen = Levels(grey, views, scales=scales)
    whole = Levels(picture, views, scales=scales)

    for at in range(3):
        assert seen.frame(at).shape == (OUTPUT.height, OUTPUT.width)
        assert np.abs(seen.frame(at).astype(int) - whole.frame(at)[..., 1]).max() <= 1


@pytest.mark.parametrize("aside", [(-400, 0), (500, 0), (0, -400), (0, 500), (500, 500)])
@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_a_view_that_lies_past_the_border_shows_the_border_repeated(
    aside: tuple[int, int], scale: float
) -> None:
    picture = np.zeros((200, 240, 3), dtype=np.uint8)
    picture[:, :] = (10, 120, 230)
    x, y = aside
    view = View(np.array([[scale, 0.0, x * scale], [0.0, scale, y * scale]]), Size(60, 40))

    frame = Levels(picture, [view], scales=(scale, scale)).frame(0)

    assert frame.shape == (40, 60, 3)
    assert (frame == picture[0, 0]).all()
