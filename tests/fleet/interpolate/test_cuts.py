"""Scene cuts are found, and fast moves, flashes and noise are not taken for them."""

from __future__ import annotations

from itertools import permutations

import cv2
import numpy as np
import pytest

from companions.geometry import Size
from companions.picture import Pixels
from fleet.interpolate.cuts import CUT_BELOW, cut_evidence
from tests.contracts.photographs import NAMES, photograph, shifted


def whole(name: str) -> Pixels:
    """The middle of a photograph as a 640x360 frame."""
    picture = photograph(name)
    height = min(picture.shape[0], picture.shape[1] * 9 // 16)
    top = (picture.shape[0] - height) // 2
    resized = cv2.resize(picture[top : top + height], (640, 360), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.uint8)


def window(name: str, *, x: float, y: float, width: float) -> Pixels:
    """A 320x180 frame of the part at (x, y), ``width`` pixels wide, of a 1280-wide photograph."""
    large = cv2.resize(whole(name), (1280, 720), interpolation=cv2.INTER_CUBIC)
    scale = width / 320.0
    matrix = np.array([[scale, 0.0, x], [0.0, scale, y]])
    frame = cv2.warpAffine(
        large,
        matrix,
        (320, 180),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(frame, dtype=np.uint8)


@pytest.mark.parametrize(("one", "other"), list(permutations(NAMES, 2)))
def test_two_photographs_are_a_cut(one: str, other: str) -> None:
    assert cut_evidence(whole(one), whole(other)).is_cut


@pytest.mark.parametrize("name", NAMES)
def test_a_pan_of_a_third_of_the_frame_is_not_a_cut(name: str) -> None:
    before, after = (window(name, x=x, y=100.0, width=640.0) for x in (100.0, 310.0))

    assert not cut_evidence(before, after).is_cut
    assert cut_evidence(before, after).found_again > 3 * CUT_BELOW


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ratio", [1.1, 1.25])
def test_a_fast_zoom_is_not_a_cut(name: str, ratio: float) -> None:
    wide = window(name, x=100.0, y=60.0, width=960.0)
    close = window(
        name,
        x=100.0 + 480.0 * (1 - 1 / ratio),
        y=60.0 + 270.0 * (1 - 1 / ratio),
        width=960.0 / ratio,
    )

    assert not cut_evidence(wide, close).is_cut
    assert not cut_evidence(close, wide).is_cut


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("gain", [0.3, 2.0])
def test_a_flash_of_brightness_is_not_a_cut(name: str, gain: float) -> None:
    frame = whole(name)
    flash = np.clip(frame.astype(float) * gain, 0, 255).astype(np.uint8)

    assert not cut_evidence(frame, flash).is_cut


def test_noise_on_a_slow_pan_is_not_a_cut() -> None:
    rng = np.random.default_rng(3)
    picture = photograph("coffee.png")
    before, after = (
        np.clip(
            shifted(picture, dx=dx, dy=20.0, size=Size(320, 180))
            + rng.normal(0, 15, (180, 320, 3)),
            0,
            255,
        ).astype(np.uint8)
        for dx in (50.0, 56.0)
    )

    assert not cut_evidence(before, after).is_cut


def test_fading_to_black_is_not_a_cut() -> None:
    frame = whole("chelsea.png")

    assert not cut_evidence(frame, np.zeros_like(frame)).is_cut


def test_equal_frames_are_wholly_found_again() -> None:
    frame = whole("rocket.jpg")

    assert cut_evidence(frame, frame.copy()).found_again == 1.0


def test_portrait_and_tiny_frames_are_compared_too() -> None:
    upright = [np.ascontiguousarray(np.rot90(whole(name))) for name in NAMES[:2]]
    tiny = [np.ascontiguousarray(whole(name)[:2, :3]) for name in NAMES[:2]]

    assert cut_evidence(upright[0], upright[1]).is_cut
    assert not cut_evidence(upright[0], upright[0]).is_cut
    assert 0.0 <= cut_evidence(tiny[0], tiny[1]).found_again <= 1.0
