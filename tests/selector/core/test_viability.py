"""Viability flags, each raised by the fault it names and by no other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from companions.geometry import Size
from companions.picture import Pixels
from selector.core.viability import assess
from tests.selector.stills import FIVE, photograph

SMALL = Size(480, 270)


def flags(pixels: Pixels, *, output: Size = SMALL) -> tuple[str, ...]:
    size = Size(pixels.shape[1], pixels.shape[0])
    return assess(pixels, picture=size, output=output).flags


@pytest.mark.parametrize(
    "name", ["astronaut.png", "coffee.png", "motorcycle_left.png", "rocket.jpg"]
)
def test_a_good_photograph_has_no_flag(name: str) -> None:
    assert flags(photograph(name)) == ()


@pytest.mark.parametrize("name", FIVE)
def test_a_blurred_photograph_is_soft(name: str) -> None:
    assert "soft" in flags(np.asarray(cv2.GaussianBlur(photograph(name), (0, 0), 2.0), np.uint8))


def test_a_sharp_subject_before_a_blurred_ground_is_not_soft() -> None:
    sharp = photograph("coffee.png")
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 4.0), np.uint8)
    blurred[100:300, 200:400] = sharp[100:300, 200:400]

    assert "soft" not in flags(blurred)


@pytest.mark.parametrize("name", FIVE)
def test_a_grainy_photograph_is_noisy(name: str) -> None:
    grain = np.random.default_rng(1).normal(0.0, 10.0, photograph(name).shape)

    assert "noisy" in flags(np.clip(photograph(name) + grain, 0, 255).astype(np.uint8))


def test_grass_is_not_taken_for_grain() -> None:
    grass = np.repeat(photograph("grass.png")[:, :, :1], 3, axis=2)

    assert "noisy" not in flags(grass)


def test_a_blown_out_photograph_is_clipped() -> None:
    blown = np.clip(photograph("coffee.png").astype(int) * 4, 0, 255).astype(np.uint8)
    blown[:200] = 255

    assert "clipped" in flags(blown)


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png", "motorcycle_left.png"])
def test_subtitles_are_suspected_to_be_text(name: str) -> None:
    image = Image.fromarray(photograph(name))
    ImageDraw.Draw(image).text(
        (image.width * 0.1, image.height * 0.86),
        "He never came back that evening.",
        fill="white",
        stroke_fill="black",
        stroke_width=2,
        font=ImageFont.load_default(size=22),
    )

    assert "text?" in flags(np.asarray(image, np.uint8))


def test_a_picture_smaller_than_the_clip_has_few_pixels() -> None:
    assert flags(photograph("chelsea.png")) == ("few_pixels",)
    assert flags(photograph("coffee.png"), output=Size(1280, 720)) == ("few_pixels",)


def test_every_flag_lowers_the_score() -> None:
    size = Size(600, 400)
    sharp = photograph("coffee.png")
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 2.0), np.uint8)

    scores = [
        assess(pixels, picture=size, output=output).score
        for pixels, output in ((sharp, SMALL), (blurred, SMALL), (blurred, Size(1280, 720)))
    ]

    assert scores[0] == 1.0
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3


@pytest.mark.parametrize(("width", "height"), [(1, 1), (5, 300), (64, 64)])
def test_pictures_of_any_size_are_assessed(width: int, height: int) -> None:
    assert (
        0.0
        <= assess(
            np.zeros((height, width, 3), np.uint8), picture=Size(width, height), output=SMALL
        ).score
        <= 1.0
    )
