from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size
from companions.picture import Pixels
from companions.timing import FrameGrid, FramePlan, plan_frames
from companions.video_manifest import QcParams, QcThresholds
from companions.video_meta import Check, CheckVerdict, Verdict
from fleet.qc.inspector import Inspector
from fleet.qc.verdict import verdict
from tests.fleet.footage import PHOTOS, WIDE, filmed, flat, move, photo, plan

OUTPUT = Size(320, 180)
FRAMES = 24
NAMES = [
    "black_ratio", "frozen_ratio", "flashes", "red_flashes", "luma_flicker", "brightness_swing",
    "brightness_step", "adherence", "first_frame_ssim", "first_frame_psnr", "temporal_ssim",
]  # fmt: skip


def inspect(
    picture: Pixels,
    path: CameraPath,
    frames: Iterable[Pixels],
    *,
    planned: FramePlan | None = None,
    params: QcParams | None = None,
    output: Size = OUTPUT,
    holds: bool = False,
) -> dict[str, Check]:
    inspector = Inspector(
        picture=picture,
        path=path,
        output=output,
        plan=planned or plan(FRAMES),
        params=params or QcParams(),
        holds=holds,
    )
    for index, frame in enumerate(frames):
        inspector.see(index, frame)
    return {check.name: check for check in inspector.checks()}


def good(picture: Pixels, path: CameraPath) -> list[Pixels]:
    return list(filmed(picture, path, frames=FRAMES, output=OUTPUT))


def value(check: Check) -> float:
    assert check.value is not None
    return check.value


@pytest.mark.parametrize("name", PHOTOS)
def test_a_good_clip_passes_every_check(name: str) -> None:
    picture = photo(name)
    path = move(picture, output=OUTPUT)

    found = inspect(picture, path, good(picture, path))

    assert list(found) == NAMES
    assert {check.verdict for check in found.values()} == {CheckVerdict.PASS}
    assert verdict(found.values()) == (Verdict.PASS, ())
    assert value(found["luma_flicker"]) < 0.5
    assert value(found["first_frame_ssim"]) > 0.95
    assert value(found["first_frame_psnr"]) > 30.0


@pytest.mark.parametrize("size", [Size(64, 64), Size(64, 512), Size(1024, 64)], ids=str)
@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_smallest_clips_can_be_inspected(size: Size, frames: int) -> None:
    picture = photo("astronaut.png")
    path = move(picture, output=size)

    found = inspect(
        picture,
        path,
        filmed(picture, path, frames=frames, output=size),
        planned=plan(frames),
        output=size,
    )

    assert verdict(found.values())[0] is Verdict.PASS


@settings(max_examples=12, deadline=None)
@given(
    name=st.sampled_from(PHOTOS),
    centre=st.tuples(st.floats(0.3, 0.7), st.floats(0.3, 0.7)),
    first=st.floats(0.35, 1.0),
    ratio=st.floats(0.5, 2.0),
)
def test_whatever_the_move_an_exact_render_is_never_flagged(
    name: str, centre: tuple[float, float], first: float, ratio: float
) -> None:
    picture = photo(name)
    last = min(1.0, max(0.3, first * ratio))
    path = move(
        picture,
        Rect.around(*centre, first, first),
        Rect.around(centre[1], centre[0], last, last),
        output=OUTPUT,
    )

    found = inspect(picture, path, good(picture, path))

    assert verdict(found.values()) == (Verdict.PASS, ())


def test_one_black_frame_is_flagged_and_named() -> None:
    picture = photo("coffee.png")
    path = move(picture, output=OUTPUT)
    frames = good(picture, path)
    frames[5] = flat(0, output=OUTPUT)

    found = inspect(picture, path, frames)

    assert found["black_ratio"].verdict is CheckVerdict.FAIL
    assert found["black_ratio"].value == pytest.approx(1 / FRAMES)
    assert "frame 5" in found["black_ratio"].detail


def test_a_black_clip_is_flagged_unless_the_picture_is_black() -> None:
    night = flat(4, output=Size(640, 360))
    day = photo("coffee.png")
    dark = [flat(0, output=OUTPUT)] * FRAMES

    assert value(inspect(day, move(day, output=OUTPUT), dark)["black_ratio"]) == 1.0
    assert value(inspect(night, move(night, output=OUTPUT), dark)["black_ratio"]) == 0.0


def test_a_shot_may_allow_black_frames() -> None:
    picture = photo("coffee.png")
    path = move(picture, output=OUTPUT)
    frames = [flat(0, output=OUTPUT), *good(picture, path)[1:]]
    allowing = QcParams(thresholds=QcThresholds(black_ratio=0.1))

    assert inspect(picture, path, frames)["black_ratio"].verdict is CheckVerdict.FAIL
    allowed = inspect(picture, path, frames, params=allowing)
    assert allowed["black_ratio"].verdict is CheckVerdict.PASS


@pytest.mark.parametrize("output", [OUTPUT, Size(1280, 720)], ids=str)
def test_frames_that_stand_still_in_a_move_are_flagged(output: Size) -> None:
    picture = photo("coffee.png")
    path = move(picture, output=output)
    frames = list(filmed(picture, path, frames=FRAMES, output=output))
    stuck = frames[:8] + [frames[8]] * 8 + frames[16:]

    found = inspect(picture, path, stuck, output=output)["frozen_ratio"]

    assert found.verdict is CheckVerdict.FAIL
    assert found.value == pytest.approx(7 / (FRAMES - 1), abs=0.01)


def test_frozen_frames_with_grain_are_frozen() -> None:
    picture = photo("coffee.png")
    path = move(picture, output=OUTPUT)
    grain = np.random.default_rng(2)
    still = good(picture, path)[0].astype(int)
    frames = [
        np.clip(still + grain.integers(0, 2, still.shape), 0, 255).astype(np.uint8)
        for _ in range(FRAMES)
    ]

    assert value(inspect(picture, path, frames)["frozen_ratio"]) > 0.5


def test_a_still_move_is_right_to_stand_still() -> None:
    picture = photo("coffee.png")
    path = move(picture, WIDE, WIDE, output=OUTPUT)

    found = inspect(picture, path, good(picture, path))["frozen_ratio"]

    assert (found.verdict, found.value) == (CheckVerdict.PASS, 0.0)


def test_a_window_gliding_over_a_blank_wall_is_not_frozen() -> None:
    picture = flat(140, output=Size(800, 500))
    path = move(picture, output=OUTPUT)

    found = inspect(picture, path, good(picture, path))["frozen_ratio"]

    assert (found.verdict, found.value) == (CheckVerdict.PASS, 0.0)


def test_standing_still_where_the_move_would_show_nothing_is_not_frozen() -> None:
    ramp = np.linspace(140.0, 142.4, 800)
    picture = np.rint(np.broadcast_to(ramp[None, :, None], (500, 800, 3))).astype(np.uint8)
    path = move(picture, output=OUTPUT)

    found = inspect(picture, path, [good(picture, path)[0]] * FRAMES)["frozen_ratio"]

    assert found.value == 0.0


def test_fine_texture_creeping_by_a_fifth_of_a_pixel_is_not_frozen() -> None:
    output = Size(1280, 720)
    noise = np.random.default_rng(6).normal(128, 25, (760, 1340, 3))
    picture = np.clip(noise, 0, 255).astype(np.uint8)
    shift = 0.2 * (FRAMES - 1) / picture.shape[1]
    path = move(
        picture,
        Rect.of(0.01, 0.01, 0.01 + 1280 / 1340, 0.01 + 720 / 760),
        Rect.of(0.01 + shift, 0.01, 0.01 + shift + 1280 / 1340, 0.01 + 720 / 760),
        output=output,
        easing=EasingName.LINEAR,
    )
    frames = filmed(picture, path, frames=FRAMES, output=output)

    assert value(inspect(picture, path, frames, output=output)["frozen_ratio"]) == 0.0


def test_a_move_of_a_tenth_of_a_pixel_per_frame_is_not_frozen() -> None:
    picture = photo("astronaut.png")
    path = move(
        picture, Rect.of(0.1, 0.1, 0.9, 0.9), Rect.of(0.1, 0.106, 0.9, 0.906), output=OUTPUT
    )

    assert value(inspect(picture, path, good(picture, path))["frozen_ratio"]) == 0.0


def test_frames_held_on_purpose_are_not_frozen() -> None:
    picture = photo("astronaut.png")
    path = move(picture, output=OUTPUT)
    halved = plan_frames(
        duration_s=1.0, target_fps=Fraction(24), generator_fps=Fraction(12), grid=FrameGrid()
    )
    frames = good(picture, path)
    held = [frames[index // 2 * 2] for index in range(FRAMES - 1)] + [frames[-1]]

    by_accident = inspect(picture, path, held, planned=halved)
    on_purpose = inspect(picture, path, held, planned=halved, holds=True)
    all_stuck = inspect(picture, path, [frames[0]] * FRAMES, planned=halved, holds=True)

    assert by_accident["frozen_ratio"].verdict is CheckVerdict.FAIL
    assert on_purpose["frozen_ratio"].value == 0.0
    assert all_stuck["frozen_ratio"].value == 1.0


@pytest.mark.parametrize("at", [0, 11, FRAMES - 1])
@pytest.mark.parametrize("gain", [0.2, 2.2])
def test_a_single_burnt_or_dark_frame_is_flagged(at: int, gain: float) -> None:
    picture = photo("chelsea.png")
    path = move(picture, output=OUTPUT)
    frames = good(picture, path)
    frames[at] = np.asarray(cv2.convertScaleAbs(frames[at], alpha=gain), dtype=np.uint8)

    found = inspect(picture, path, frames)

    assert found["brightness_swing"].verdict is CheckVerdict.FAIL
    assert f"frame {at}" in found["brightness_swing"].detail
    assert found["brightness_step"].verdict is CheckVerdict.WARN


def test_a_lasting_change_of_brightness_only_warns() -> None:
    picture = photo("chelsea.png")
    path = move(picture, output=OUTPUT)
    frames = [
        frame if i < 12 else np.asarray(cv2.convertScaleAbs(frame, alpha=0.5), dtype=np.uint8)
        for i, frame in enumerate(good(picture, path))
    ]

    found = inspect(picture, path, frames)

    assert found["brightness_step"].verdict is CheckVerdict.WARN
    assert found["brightness_swing"].verdict is CheckVerdict.PASS
    assert verdict(found.values())[0] is Verdict.PASS


def test_pumping_brightness_warns() -> None:
    picture = photo("chelsea.png")
    path = move(picture, output=OUTPUT)
    frames = [
        np.asarray(cv2.convertScaleAbs(frame, alpha=1.0, beta=4.0 * (i % 2)), dtype=np.uint8)
        for i, frame in enumerate(good(picture, path))
    ]

    found = inspect(picture, path, frames)["luma_flicker"]

    assert found.verdict is CheckVerdict.WARN
    assert value(found) == pytest.approx(8.0, abs=0.5)


def test_the_first_frame_is_held_against_start_and_only_informs() -> None:
    picture = photo("astronaut.png")
    path = move(picture, output=OUTPUT)
    frames = good(picture, path)
    frames[0] = flat(127, output=OUTPUT)

    found = inspect(picture, path, frames)

    assert value(found["first_frame_ssim"]) < 0.7
    assert value(found["first_frame_psnr"]) < 15.0
    assert found["first_frame_ssim"].threshold is None
    assert found["first_frame_ssim"].verdict is CheckVerdict.PASS


def test_a_brisk_pan_is_steady() -> None:
    picture = photo("motorcycle_left.png")
    path = move(picture, Rect.of(0.0, 0.2, 0.5, 0.7), Rect.of(0.5, 0.2, 1.0, 0.7), output=OUTPUT)

    found = inspect(picture, path, good(picture, path))["temporal_ssim"]

    assert value(found) > 0.95


def test_frames_that_boil_warn() -> None:
    picture = photo("astronaut.png")
    path = move(picture, output=OUTPUT)
    boiling = np.random.default_rng(4)
    frames = [
        np.clip(frame + boiling.normal(0, 60, frame.shape), 0, 255).astype(np.uint8)
        for frame in good(picture, path)
    ]

    assert inspect(picture, path, frames)["temporal_ssim"].verdict is CheckVerdict.WARN


def test_memory_does_not_grow_with_the_clip() -> None:
    picture = photo("coffee.png")
    path = move(picture, output=OUTPUT)
    clip = plan(400)
    inspector = Inspector(picture=picture, path=path, output=OUTPUT, plan=clip, params=QcParams())
    frames = good(picture, path)

    def see(first: int, last: int) -> None:
        for index in range(first, last):
            inspector.see(index, frames[index % FRAMES].copy())

    see(0, 60)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    see(60, 400)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # Of 340 frames: what other threads of this process take meanwhile is counted, too.
    assert after - before < 10 * frames[0].nbytes
