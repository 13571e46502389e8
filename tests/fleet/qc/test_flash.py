"""Lights that flash: the exercised cases of WCAG 2.3.1 and ITU-R BT.1702."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest

from companions.geometry import Rect, Size
from companions.picture import Pixels
from companions.video_meta import CheckVerdict
from fleet.qc.flash import Flashes
from fleet.qc.glance import Glance
from fleet.qc.profile import STANDARD
from tests.fleet.footage import PHOTOS, filmed, flat, move, photo

WIDE, TALL = Size(640, 360), Size(360, 640)
DARK, BRIGHT = 20, 230
RATES = [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60)]


def blinking(
    hertz: float,
    *,
    rate: Fraction = Fraction(24),
    seconds: float = 3.0,
    area: float = 1.0,
    off: int | tuple[int, int, int] = DARK,
    on: int | tuple[int, int, int] = BRIGHT,
    output: Size = WIDE,
) -> Iterator[Pixels]:
    """A patch in the middle, ``area`` of the frame, on for half of every period."""
    width, height = (round(side * area**0.5) for side in (output.width, output.height))
    x, y = (output.width - width) // 2, (output.height - height) // 2
    for index in range(round(seconds * rate)):
        frame = flat(off, output=output)
        # A quarter frame late, so that no edge falls on a frame's own instant.
        if (float((index + Fraction(1, 4)) / rate) * hertz) % 1.0 >= 0.5:
            frame[y : y + height, x : x + width] = on
        yield frame


def judged(
    frames: Iterable[Pixels], *, rate: Fraction = Fraction(24), output: Size = WIDE
) -> dict[str, tuple[CheckVerdict, float | None]]:
    flashes = Flashes(output=output, rate=rate, limits=STANDARD)
    for index, frame in enumerate(frames):
        flashes.see(Glance.at(index, frame))
    return {check.name: (check.verdict, check.value) for check in flashes.checks()}


@pytest.mark.parametrize("output", [WIDE, TALL, Size(480, 480)], ids=str)
@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize(
    ("hertz", "expected"),
    [
        (2, CheckVerdict.PASS),
        (3, CheckVerdict.PASS),
        (4, CheckVerdict.FAIL),
        (8, CheckVerdict.FAIL),
    ],
)
def test_up_to_three_flashes_in_a_second_are_safe(
    hertz: int, expected: CheckVerdict, rate: Fraction, output: Size
) -> None:
    found = judged(blinking(hertz, rate=rate, output=output), rate=rate, output=output)

    assert found["flashes"] == (expected, float(hertz))
    assert found["red_flashes"] == (CheckVerdict.PASS, 0.0)


@pytest.mark.parametrize(
    ("area", "expected"), [(0.02, CheckVerdict.PASS), (0.06, CheckVerdict.FAIL)]
)
@pytest.mark.parametrize("output", [WIDE, TALL], ids=str)
def test_a_flash_counts_from_a_quarter_of_a_tenth_of_the_frame(
    area: float, expected: CheckVerdict, output: Size
) -> None:
    assert judged(blinking(6, area=area, output=output), output=output)["flashes"][0] is expected


def test_a_flash_counts_wherever_it_is() -> None:
    corner = [np.roll(frame, (140, 250), (0, 1)) for frame in blinking(6, area=0.06)]

    assert judged(corner)["flashes"][0] is CheckVerdict.FAIL


def two_lights(*, apart_s: float) -> Iterator[Pixels]:
    """Two lights side by side, each a sixth of a window, at 4 Hz; one lags the other."""
    rate = 60
    width, height = WIDE.width // 8, WIDE.height // 7
    for index in range(2 * rate):
        frame = flat(DARK, output=WIDE)
        for light, lag in enumerate((0.0, apart_s)):
            if (((index + 0.25) / rate - lag) * 4) % 1.0 < 0.5:
                frame[100 : 100 + height, 160 + light * width : 160 + (light + 1) * width] = BRIGHT
        yield frame


def test_lights_that_follow_each_other_within_80_ms_are_one_flash() -> None:
    def found(apart_s: float) -> CheckVerdict:
        return judged(two_lights(apart_s=apart_s), rate=Fraction(60))["flashes"][0]

    assert found(0.0) is CheckVerdict.FAIL
    assert found(0.05) is CheckVerdict.FAIL
    assert found(0.1) is CheckVerdict.PASS


def test_the_frame_rate_of_the_clip_is_the_clock() -> None:
    frames = list(blinking(6, rate=Fraction(24), seconds=4.0))

    assert judged(frames, rate=Fraction(24))["flashes"][0] is CheckVerdict.FAIL
    assert judged(frames, rate=Fraction(12))["flashes"] == (CheckVerdict.PASS, 3.0)


def test_every_second_frame_lit_is_the_fastest_flash_there_is() -> None:
    for rate in (Fraction(24), Fraction(60)):
        lit = [flat(BRIGHT if i % 2 else DARK, output=WIDE) for i in range(2 * int(rate))]

        assert judged(lit, rate=rate)["flashes"] == (CheckVerdict.FAIL, float(rate // 2))


def test_four_flashes_are_counted_though_the_rest_is_calm() -> None:
    calm = [flat(DARK, output=WIDE)] * 60
    burst = list(blinking(8, seconds=0.5))

    assert judged([*calm, *burst, *calm])["flashes"] == (CheckVerdict.FAIL, 4.0)
    assert judged([*calm, *burst[:18], *calm])["flashes"][0] is CheckVerdict.FAIL
    assert judged([*calm, *burst[:9], *calm])["flashes"] == (CheckVerdict.PASS, 3.0)


@pytest.mark.parametrize(("off", "on"), [(100, 112), (240, 255), (232, 255)])
def test_low_contrast_and_bright_scenes_do_not_flash(off: int, on: int) -> None:
    # 0.127 -> 0.162 is under 0.10; 0.80 and more is too bright to count however it changes.
    assert judged(blinking(6, off=off, on=on))["flashes"] == (CheckVerdict.PASS, 0.0)


def test_a_change_of_a_tenth_counts() -> None:
    # 0.0331 against 0.1328 and 0.1356: one level decides.
    assert judged(blinking(6, off=51, on=102))["flashes"][0] is CheckVerdict.PASS
    assert judged(blinking(6, off=51, on=103))["flashes"][0] is CheckVerdict.FAIL


def test_red_flashes_are_found_though_their_luminance_hardly_changes() -> None:
    # Pure red of luminance 0.093 against black: under the general limit, deadly all the same.
    found = judged(blinking(6, off=(0, 0, 0), on=(175, 0, 0)))

    assert found["flashes"][0] is CheckVerdict.PASS
    assert found["red_flashes"] == (CheckVerdict.FAIL, 6.0)


def test_slow_or_pale_red_is_safe() -> None:
    assert judged(blinking(3, off=(0, 0, 0), on=(175, 0, 0)))["red_flashes"] == (
        CheckVerdict.PASS,
        3.0,
    )
    # R - G - B changes by 0.15, but red is only two thirds of the light.
    pale = judged(blinking(6, off=(0, 0, 0), on=(148, 89, 63)))
    assert pale["red_flashes"] == (CheckVerdict.PASS, 0.0)


def test_a_slow_swell_is_one_change_and_not_many() -> None:
    swell = [flat(int(120 + 100 * np.sin(i / 24 * 2 * np.pi)), output=WIDE) for i in range(72)]

    assert judged(swell)["flashes"] == (CheckVerdict.PASS, 1.0)


def test_white_noise_does_not_flash() -> None:
    noise = np.random.default_rng(1)

    found = judged(noise.integers(0, 256, (360, 640, 3), dtype=np.uint8) for _ in range(48))

    assert {verdict for verdict, _ in found.values()} == {CheckVerdict.PASS}


@pytest.mark.parametrize("name", PHOTOS)
def test_camera_moves_do_not_flash(name: str) -> None:
    picture = photo(name)
    zoom = move(picture, Rect.of(0.0, 0.0, 1.0, 1.0), Rect.of(0.25, 0.25, 0.75, 0.75), output=WIDE)
    pan = move(picture, Rect.of(0.0, 0.2, 0.5, 0.7), Rect.of(0.5, 0.2, 1.0, 0.7), output=WIDE)

    for path in (zoom, pan):
        found = judged(filmed(picture, path, frames=48, output=WIDE))
        assert found["flashes"][0] is CheckVerdict.PASS
        assert found["red_flashes"][0] is CheckVerdict.PASS


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(60)], ids=str)
@pytest.mark.parametrize("stripe_px", [40, 80, 160])
def test_a_camera_gliding_along_a_fence_does_not_flash(rate: Fraction, stripe_px: int) -> None:
    # A fifth of the frame's width per second, the fastest move the safety limits allow.
    def fence() -> Iterator[Pixels]:
        x = np.arange(WIDE.width)
        for index in range(2 * int(rate)):
            shift = float(index / rate) * 0.2 * WIDE.width
            bars = np.where((x + shift) % (2 * stripe_px) < stripe_px, DARK, BRIGHT)
            yield np.broadcast_to(bars[None, :, None], (360, 640, 3)).astype(np.uint8)

    assert judged(fence(), rate=rate)["flashes"][0] is CheckVerdict.PASS


def test_a_flash_is_found_in_a_moving_photograph() -> None:
    picture = photo("coffee.png")
    frames = filmed(picture, move(picture, output=WIDE), frames=48, output=WIDE)
    lit = [
        cv2.convertScaleAbs(frame, alpha=0.3) if index // 2 % 2 else frame
        for index, frame in enumerate(frames)
    ]

    assert judged(np.asarray(f, dtype=np.uint8) for f in lit)["flashes"] == (
        CheckVerdict.FAIL,
        6.0,
    )
