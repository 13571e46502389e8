"""A frame that repeats the one before amid a motion is found; what rests or turns back is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np
import pytest

from companions.geometry import Size
from companions.picture import Pixels
from fleet.interpolate.duplicates import Sketch, repeats, standstill
from tests.contracts.photographs import NAMES, photograph, shifted

SIZE = Size(240, 136)
Places = Sequence[float]


def pan(name: str, places: Places) -> list[Pixels]:
    """A photograph panned to each of ``places``, in pixels."""
    picture = photograph(name)
    return [shifted(picture, dx=20.0 + x, dy=40.0 + x / 3.0, size=SIZE) for x in places]


def zoom(name: str, places: Places) -> list[Pixels]:
    """A photograph enlarged by each of ``places``, in pixels at its sides."""
    picture = photograph(name)
    frames = []
    for x in places:
        scale = 0.8 * (1.0 - x / (SIZE.width / 2.0))
        across, down = (
            length / 2.0 - scale * side / 2.0
            for length, side in ((picture.shape[1], SIZE.width), (picture.shape[0], SIZE.height))
        )
        matrix = np.array([[scale, 0.0, across], [0.0, scale, down]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        frame = cv2.warpAffine(picture, matrix, (SIZE.width, SIZE.height), flags=flags)
        frames.append(np.asarray(frame, dtype=np.uint8))
    return frames


def thing(name: str, places: Places) -> list[Pixels]:
    """A small piece of another photograph that moves over a still one."""
    ground = shifted(photograph(name), dx=20.0, dy=40.0, size=SIZE)
    other = photograph(NAMES[(NAMES.index(name) + 1) % len(NAMES)])
    frames = []
    for x in places:
        over = np.zeros(ground.shape[:2], dtype=np.uint8)
        centre = (round((90.0 + x) * 16), round(68.0 * 16))
        cv2.circle(over, centre, 24 * 16, 255, cv2.FILLED, cv2.LINE_AA, shift=4)
        moved = shifted(other, dx=150.0 - x, dy=100.0, size=SIZE)
        share = over[..., None] / 255.0
        frames.append((ground * (1.0 - share) + moved * share).astype(np.uint8))
    return frames


def noisy(frames: Sequence[Pixels], *, levels: float) -> list[Pixels]:
    rng = np.random.default_rng(5)
    return [np.clip(f + rng.normal(0, levels, f.shape), 0, 255).astype(np.uint8) for f in frames]


def told(frames: Sequence[Pixels]) -> bool:
    """Whether the third of four frames repeats the second."""
    first, second, third, fourth = (Sketch.of(frame) for frame in frames)
    return repeats(first, second, third, fourth)


MOVES: Final[dict[str, Callable[[str, Places], list[Pixels]]]] = {
    "pan": pan,
    "zoom": zoom,
    "thing": thing,
}
moves = pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
names = pytest.mark.parametrize("name", NAMES)


@moves
@names
def test_a_frame_shown_twice_amid_a_motion_is_found(
    move: Callable[[str, Places], list[Pixels]], name: str
) -> None:
    shown_again = move(name, [0.0, 1.0, 1.0, 2.0])
    caught_up = move(name, [0.0, 8.0, 8.0, 24.0])

    assert told(shown_again)
    assert told(caught_up)


@moves
@names
def test_it_is_found_under_the_noise_of_an_encoder(
    move: Callable[[str, Places], list[Pixels]], name: str
) -> None:
    assert told(noisy(move(name, [0.0, 6.0, 6.0, 12.0]), levels=3.0))


@moves
@names
def test_an_even_motion_repeats_nothing(
    move: Callable[[str, Places], list[Pixels]], name: str
) -> None:
    for px in (0.25, 1.0, 4.0, 12.0):
        assert not told(move(name, [0.0, px, 2.0 * px, 3.0 * px]))


@moves
def test_a_motion_that_slows_down_or_speeds_up_repeats_nothing(
    move: Callable[[str, Places], list[Pixels]],
) -> None:
    assert not told(move("coffee.png", [0.0, 6.0, 9.0, 10.0]))
    assert not told(move("coffee.png", [0.0, 1.0, 4.0, 10.0]))


REST = {
    "it never moved": [0.0, 0.0, 0.0, 0.0],
    "the motion ends": [0.0, 6.0, 6.0, 6.0],
    "the motion begins": [0.0, 0.0, 0.0, 6.0],
    "it turns back": [0.0, 6.0, 6.0, 0.0],
}


@moves
@pytest.mark.parametrize("places", REST.values(), ids=REST)
def test_what_rests_or_turns_back_is_left_as_it_is(
    move: Callable[[str, Places], list[Pixels]], places: Places
) -> None:
    frames = move("coffee.png", places)

    assert not told(frames)
    assert not told(noisy(frames, levels=3.0))


def test_a_still_scene_whose_encoder_refreshes_it_repeats_nothing() -> None:
    frame = pan("chelsea.png", [0.0])[0]
    refreshed = [cv2.GaussianBlur(frame, (0, 0), s) for s in (0.3, 0.32, 0.32, 0.34)]

    assert not told([np.asarray(each, dtype=np.uint8) for each in refreshed])


def test_a_frame_before_a_cut_or_after_one_is_not_passed_over() -> None:
    scene, other = pan("coffee.png", [0.0, 6.0, 6.0, 12.0]), pan("rocket.jpg", [0.0])

    assert told(scene)
    assert not told([*scene[:3], other[0]])
    assert not told([other[0], *scene[1:]])


def test_the_size_of_a_frame_does_not_change_what_is_found() -> None:
    frames = pan("coffee.png", [0.0, 3.0, 3.0, 6.0])
    large = [np.asarray(cv2.resize(f, None, fx=4.0, fy=4.0), dtype=np.uint8) for f in frames]
    upright = [np.ascontiguousarray(np.rot90(f)) for f in frames]

    assert told(large)
    assert told(upright)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (3, 200)], ids=str)
def test_tiny_frames_are_compared_too(size: tuple[int, int]) -> None:
    frames = [np.full((*size, 3), level, dtype=np.uint8) for level in (0, 50, 50, 100)]

    evidence = standstill(*(Sketch.of(frame) for frame in frames))

    assert (evidence.came, evidence.stood, evidence.went, evidence.across) == (50, 0, 50, 100)


def test_a_sketch_does_not_keep_its_frame() -> None:
    small, large = (np.zeros((90 * n, 160 * n, 3), dtype=np.uint8) for n in (1, 8))

    assert not np.shares_memory(Sketch.of(small).small, small)
    assert Sketch.of(large).small.shape == (180, 320, 3)
