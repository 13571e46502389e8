from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import pytest

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size, largest_window
from companions.picture import Pixels
from companions.registration import SAMPLES
from companions.video_manifest import QcParams, QcThresholds
from companions.video_meta import Check, CheckVerdict
from fleet.qc.adherence import Adherence
from fleet.qc.glance import Glance
from fleet.qc.keyframe import PlannedShot
from fleet.qc.profile import STANDARD, Limits, limits_of
from tests.fleet.footage import CLOSE, PHOTOS, WIDE, filmed, flat, move, photo, plan, size_of

OUTPUT = Size(480, 270)
FRAMES = 17


def adherence(
    picture: Pixels,
    path: CameraPath,
    frames: Iterable[Pixels],
    *,
    limits: Limits = STANDARD,
    output: Size = OUTPUT,
    count: int = FRAMES,
) -> Check:
    check = Adherence(
        shot=PlannedShot.of(picture, path), plan=plan(count), output=output, limits=limits
    )
    for index, frame in enumerate(frames):
        check.see(Glance.at(index, frame))
    (result,) = check.checks()
    return result


def value(check: Check) -> float:
    assert check.value is not None
    return check.value


def centred(picture: Pixels, share: float, *, right: float = 0.0) -> Rect:
    """A window of ``share`` of the largest there is, ``right`` of the picture's width aside."""
    width, height = largest_window(picture=size_of(picture), output=OUTPUT)
    return Rect.around(0.5 + right, 0.5, width * share, height * share)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (WIDE, CLOSE),
        (CLOSE, WIDE),
        (Rect.of(0.05, 0.2, 0.6, 0.8), Rect.of(0.4, 0.3, 0.95, 0.9)),
        (WIDE, WIDE),
    ],
    ids=["in", "out", "pan", "static"],
)
def test_an_exact_render_measures_next_to_nothing(name: str, start: Rect, end: Rect) -> None:
    picture = photo(name)
    path = move(picture, start, end, output=OUTPUT)

    check = adherence(picture, path, filmed(picture, path, frames=FRAMES, output=OUTPUT))

    assert check.verdict is CheckVerdict.PASS
    assert value(check) < 0.003
    assert f"{SAMPLES} of {SAMPLES}" in check.detail


def test_a_large_picture_is_searched_at_the_detail_that_frames_have() -> None:
    picture = np.repeat(np.repeat(photo("chelsea.png"), 4, axis=0), 4, axis=1)
    path = move(picture, Rect.of(0, 0, 0.9, 0.9), Rect.of(0.1, 0.1, 1, 1), output=OUTPUT)

    check = adherence(picture, path, filmed(picture, path, frames=FRAMES, output=OUTPUT))

    assert value(check) < 0.0003  # 0.0005 where features finer than a frame's pixels are among them


@pytest.mark.parametrize("name", PHOTOS)
def test_noise_and_compression_do_not_disturb_the_measure(name: str) -> None:
    picture = photo(name)
    path = move(picture, output=OUTPUT)

    def worn() -> Iterator[Pixels]:
        noise = np.random.default_rng(5)
        for frame in filmed(picture, path, frames=FRAMES, output=OUTPUT):
            grainy = np.clip(frame + noise.normal(0, 5, frame.shape), 0, 255).astype(np.uint8)
            _, jpeg = cv2.imencode(".jpg", grainy, [cv2.IMWRITE_JPEG_QUALITY, 40])
            yield np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)

    assert value(adherence(picture, path, worn())) < 0.01


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("ratio", [1.478, 2.0])
def test_a_clip_that_never_moves_is_off_by_half_of_what_the_zoom_adds(
    name: str, ratio: float
) -> None:
    picture = photo(name)
    path = move(picture, centred(picture, 0.9), centred(picture, 0.9 / ratio), output=OUTPUT)
    still = move(picture, path.start, path.start, output=OUTPUT)

    check = adherence(picture, path, filmed(picture, still, frames=FRAMES, output=OUTPUT))

    assert check.verdict is CheckVerdict.FAIL
    assert value(check) == pytest.approx((ratio - 1) / 2, abs=0.01)


@pytest.mark.parametrize("name", PHOTOS)
def test_half_the_zoom_fails(name: str) -> None:
    picture = photo(name)
    path = move(picture, centred(picture, 0.9), centred(picture, 0.45), output=OUTPUT)
    middle = path.window(0.5)
    half = CameraPath(path.start, middle, path.easing)

    check = adherence(picture, path, filmed(picture, half, frames=FRAMES, output=OUTPUT))

    assert check.verdict is CheckVerdict.FAIL
    assert value(check) == pytest.approx((middle.width / path.end.width - 1) / 2, abs=0.01)


def test_a_clip_that_leaves_the_rectangle_sideways_fails() -> None:
    picture = photo("astronaut.png")
    window = centred(picture, 0.5)
    path = move(picture, window, window, output=OUTPUT)
    aside = move(picture, window, centred(picture, 0.5, right=0.09), output=OUTPUT)

    check = adherence(picture, path, filmed(picture, aside, frames=FRAMES, output=OUTPUT))

    assert check.verdict is CheckVerdict.FAIL
    # 0.09 of the picture's width, over the diagonal of a 16:9 window of half that width.
    assert value(check) == pytest.approx(0.09 / 0.5 / np.hypot(1, 9 / 16), abs=0.005)


def test_another_easing_is_worth_a_warning() -> None:
    picture = photo("chelsea.png")
    path = move(picture, output=OUTPUT)
    linear = move(picture, output=OUTPUT, easing=EasingName.LINEAR)

    check = adherence(picture, path, filmed(picture, linear, frames=FRAMES, output=OUTPUT))

    assert check.verdict is CheckVerdict.WARN
    assert STANDARD.adherence_pass < value(check) < STANDARD.adherence_fail


def test_a_shot_may_set_its_own_limits() -> None:
    picture = photo("chelsea.png")
    path = move(picture, output=OUTPUT)
    linear = move(picture, output=OUTPUT, easing=EasingName.LINEAR)
    frames = list(filmed(picture, linear, frames=FRAMES, output=OUTPUT))

    def judged(thresholds: QcThresholds) -> CheckVerdict:
        limits = limits_of(QcParams(thresholds=thresholds))
        return adherence(picture, path, frames, limits=limits).verdict

    assert judged(QcThresholds(adherence_pass=0.06)) is CheckVerdict.PASS
    assert judged(QcThresholds(adherence_fail=0.04)) is CheckVerdict.FAIL
    # Below the profile's own pass, above its own fail:
    assert judged(QcThresholds(adherence_fail=0.02)) is CheckVerdict.FAIL
    assert judged(QcThresholds(adherence_pass=0.5)) is CheckVerdict.PASS


def test_the_last_frame_alone_is_enough_to_fail() -> None:
    picture = photo("astronaut.png")
    path = move(picture, output=OUTPUT)
    frames = list(filmed(picture, path, frames=FRAMES, output=OUTPUT))
    frames[-1] = frames[0]

    check = adherence(picture, path, frames)

    assert check.verdict is CheckVerdict.FAIL
    assert f"worst is frame {FRAMES - 1}" in check.detail


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_is_unmeasured(level: int) -> None:
    picture = flat(level, output=Size(600, 400))
    path = move(picture, output=OUTPUT)

    check = adherence(picture, path, filmed(picture, path, frames=FRAMES, output=OUTPUT))

    assert (check.verdict, check.value) == (CheckVerdict.UNMEASURED, None)


def test_a_smooth_gradient_is_unmeasured() -> None:
    ramp = np.linspace(40, 200, 800).astype(np.uint8)
    picture = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (500, 800, 3)))
    path = move(picture, output=OUTPUT)

    check = adherence(picture, path, filmed(picture, path, frames=FRAMES, output=OUTPUT))

    assert check.verdict in {CheckVerdict.UNMEASURED, CheckVerdict.PASS}
    assert check.value is None or check.value < STANDARD.adherence_pass


def test_faint_noise_on_a_sky_accuses_nobody() -> None:
    noise = np.random.default_rng(3).normal(0, 1.0, (500, 800, 1))
    ramp = np.linspace(90, 150, 500)[:, None, None]
    picture = np.ascontiguousarray(np.repeat(np.clip(ramp + noise, 0, 255), 3, axis=2)).astype(
        np.uint8
    )
    path = move(picture, output=OUTPUT)

    check = adherence(picture, path, filmed(picture, path, frames=FRAMES, output=OUTPUT))

    assert check.verdict in {CheckVerdict.UNMEASURED, CheckVerdict.PASS}


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("rocket.jpg", (0.3144, 0.6490, 0.4124, 0.9103), (0.2913, 0.6976, 0.3912, 0.9636)),
        ("astronaut.png", (0.3230, 0.6343, 0.4095, 0.7881), (0.3574, 0.6263, 0.4234, 0.7436)),
    ],
)
def test_features_that_agree_by_accident_accuse_nobody(
    name: str, start: tuple[float, ...], end: tuple[float, ...]
) -> None:
    # Tiny windows, found by search: a dozen features agree on a wrong place in one frame.
    picture, output = photo(name), Size(270, 480)
    path = move(picture, Rect.of(*start), Rect.of(*end), output=output)

    check = adherence(
        picture, path, filmed(picture, path, frames=9, output=output), output=output, count=9
    )

    assert check.verdict in {CheckVerdict.UNMEASURED, CheckVerdict.PASS}


def test_a_clip_of_something_else_fails() -> None:
    picture, other = photo("astronaut.png"), photo("coffee.png")
    path = move(picture, output=OUTPUT)
    elsewhere = filmed(other, move(other, output=OUTPUT), frames=FRAMES, output=OUTPUT)

    check = adherence(picture, path, elsewhere)

    assert check.verdict is CheckVerdict.FAIL
    assert "not recognisable" in check.detail


def test_a_clip_that_dissolves_at_its_end_is_noticed() -> None:
    picture = photo("astronaut.png")
    path = move(picture, output=OUTPUT)
    frames = list(filmed(picture, path, frames=FRAMES, output=OUTPUT))
    frames[-1] = flat(127, output=OUTPUT)

    check = adherence(picture, path, frames)

    assert check.verdict is CheckVerdict.WARN
    assert f"frames {FRAMES - 1}" in check.detail


def test_a_large_picture_is_measured_as_well_as_a_small_one() -> None:
    small = photo("motorcycle_left.png")
    large = cv2.resize(small, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    picture = np.asarray(large, dtype=np.uint8)
    path = move(picture, Rect.of(0.1, 0.1, 0.5, 0.5), Rect.of(0.2, 0.2, 0.4, 0.4), output=OUTPUT)

    def fine() -> Iterator[Pixels]:
        shot = PlannedShot.of(picture, path)
        for index in range(FRAMES):
            yield shot.view(plan(FRAMES).clip_fraction(index), output=OUTPUT)

    assert max(PlannedShot.of(picture, path).pixels.shape) <= 1600
    assert value(adherence(picture, path, fine())) < 0.003


def test_a_single_frame_is_measured() -> None:
    picture = photo("astronaut.png")
    path = move(picture, output=OUTPUT)
    frames = filmed(picture, path, frames=1, output=OUTPUT)

    check = adherence(picture, path, frames, count=1)

    assert check.verdict is CheckVerdict.PASS
