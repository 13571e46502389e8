"""The camera generator: where its frames look, how sharp they are, what it refuses."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size
from companions.picture import Pixels
from companions.preset import DollyZoom, Orbit, PushIn
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint
from fleet.errors import ParameterRefused
from fleet.generate.base import GenerateRequest, Generator
from fleet.generate.camera import Camera
from tests.contracts.generator_contract import PLAIN, RenderingContract, fractions, move
from tests.contracts.photographs import large, photograph, psnr, seen_through

HD = Size(640, 360)


class TestCamera(RenderingContract):
    fidelity_db = 42.0
    refused = {"steps": 30}  # noqa: RUF012

    @pytest.fixture(scope="class")
    def generator(self) -> Generator:
        return Camera()


def render(
    picture: Pixels, path: CameraPath, at: list[float], *, output: Size = HD
) -> list[Pixels]:
    request = GenerateRequest(picture, path, at, output, "", "", GenerationParams())
    return list(Camera().frames(request))


def pan(picture: Pixels, *, x: float, dx: float, width: float, output: Size) -> CameraPath:
    height = width * picture.shape[1] / output.aspect / picture.shape[0]
    ends = [Rect.of(at, 0.2, at + width, 0.2 + height) for at in (x, x + dx)]
    return CameraPath(ends[0], ends[1], EasingName.LINEAR)


def detail(frame: Pixels) -> float:
    return float(np.mean(np.diff(frame.astype(np.float64), axis=1) ** 2))


def test_a_smooth_pattern_is_seen_at_the_planned_place_to_a_fiftieth_of_a_pixel() -> None:
    # A wave whose value tells the place; 40 grey levels to the frame pixel.
    wave = 16.0 * 3.0
    x, y = np.arange(3000), np.arange(2000)[:, None]
    pattern = 128.0 + 50.0 * np.sin(2 * np.pi * x / wave) + 50.0 * np.sin(2 * np.pi * y / wave)
    picture = np.repeat(np.rint(pattern).astype(np.uint8)[..., None], 3, axis=2)
    path = move(picture, start=(0.01, 0.02, 0.9, 0.91), end=(0.31, 0.41, 0.71, 0.81), output=HD)
    size = Size(3000, 2000)

    for u in (0.0, 0.13, 0.5, 0.77, 1.0):
        frame = render(picture, path, [u])[0][..., 0].astype(np.float64)
        m = path.output_to_picture(u, picture=size, output=HD)
        px, py = m[0, 0] * np.arange(640) + m[0, 2], m[1, 1] * np.arange(360)[:, None] + m[1, 2]
        slope = 2 * np.pi / wave * 50.0 * np.cos(2 * np.pi * px / wave) * m[0, 0]
        planned = (
            128.0 + 50.0 * np.sin(2 * np.pi * px / wave) + 50.0 * np.sin(2 * np.pi * py / wave)
        )
        off_x = np.sum((frame - planned) * slope) / np.sum(slope**2 * np.ones_like(frame))
        assert abs(off_x) < 0.02
        assert np.sqrt(np.mean((frame - planned) ** 2)) < 1.5


@pytest.mark.parametrize("scale", [0.5, 1.2, 2.0, 2.6, 3.5, 4.6])
def test_frames_are_as_good_as_exact_resampling_at_every_scale(scale: float) -> None:
    picture = large("motorcycle_left.png", width=2400)
    output = Size(480, 270)
    width = scale * output.width / 2400
    path = pan(picture, x=0.021, dx=0.0, width=width, output=output)

    frame = render(picture, path, [0.0], output=output)[0]

    exact = seen_through(picture, path, 0.0, output)
    assert psnr(frame, exact, border=8) > 42.0


def test_sharpness_glides_through_a_zoom() -> None:
    picture = large("coffee.png", width=2400)
    path = move(picture, start=(0.0, 0.0, 0.99, 0.99), end=(0.3, 0.3, 0.63, 0.63), output=HD)
    at = fractions(40)

    made = render(picture, path, at)
    ratio = [
        detail(frame) / detail(seen_through(picture, path, u, HD))
        for frame, u in zip(made, at, strict=True)
    ]

    assert 0.9 < min(ratio) <= max(ratio) < 1.05
    assert max(abs(a - b) for a, b in pairwise(ratio)) < 0.02


def test_a_slow_pan_over_fine_grain_does_not_shimmer() -> None:
    picture = large("motorcycle_left.png", width=1800)
    output = Size(480, 270)
    one_frame_pixel = 2.4 / 1800
    path = pan(picture, x=0.05, dx=one_frame_pixel, width=480 * one_frame_pixel, output=output)

    sharpness = [detail(frame[:, :-2]) for frame in render(picture, path, fractions(9))]

    assert (max(sharpness) - min(sharpness)) / np.mean(sharpness) < 0.02


def test_detail_too_fine_for_the_frame_turns_grey_and_not_into_patterns() -> None:
    checks = (np.indices((2000, 3000)).sum(axis=0) % 2 * 255).astype(np.uint8)
    picture = np.repeat(checks[..., None], 3, axis=2)
    path = move(picture, start=(0, 0, 1, 1), end=(0.21, 0.2, 0.8, 0.8), output=HD)

    for frame in render(picture, path, fractions(4)):
        assert frame[4:-4, 4:-4].std() < 2.0


def test_the_border_of_the_picture_leaves_no_dark_edge() -> None:
    picture = np.full((700, 1000, 3), 255, dtype=np.uint8)
    path = move(picture, start=(0, 0, 1, 1), end=(0.6, 0.6, 1, 1), output=HD)

    assert min(frame.min() for frame in render(picture, path, fractions(5))) >= 254


def test_a_static_move_gives_one_frame_again_and_again() -> None:
    picture = photograph("chelsea.png")
    path = move(picture, start=(0.1, 0.1, 0.7, 0.7), end=(0.1, 0.1, 0.7, 0.7))

    made = render(picture, path, fractions(4))

    assert all(np.array_equal(made[0], frame) for frame in made[1:])


def test_a_frame_does_not_depend_on_which_others_are_asked_for() -> None:
    picture = large("rocket.jpg", width=1500)
    path = move(picture, output=HD)

    together = render(picture, path, [0.0, 0.2, 0.4, 0.6, 1.0])[2]
    alone = render(picture, path, [0.4])[0]

    assert np.abs(together.astype(int) - alone).max() <= 3
    assert psnr(together, alone) > 60.0


def test_frames_may_be_asked_for_in_any_order() -> None:
    picture = photograph("coffee.png")
    path = move(picture, start=(0, 0, 1, 1), end=(0.4, 0.4, 0.6, 0.6))

    forth = render(picture, path, [0.0, 0.5, 1.0])
    back = render(picture, path, [1.0, 0.5, 0.0])

    assert all(psnr(a, b) > 55.0 for a, b in zip(forth, reversed(back), strict=True))


def test_a_closer_view_than_the_picture_has_pixels_is_smooth() -> None:
    picture = photograph("astronaut.png")
    path = move(picture, start=(0.4, 0.2, 0.41, 0.21), end=(0.4, 0.2, 0.402, 0.202), output=HD)

    for frame in render(picture, path, fractions(3)):
        steps = np.abs(np.diff(frame.astype(int), axis=1))
        assert frame.shape == (360, 640, 3)
        assert steps.max() <= 12


def test_a_long_move_holds_no_more_memory_than_a_short_one() -> None:
    picture = large("coffee.png", width=1500)
    path = move(picture, output=HD)

    def peak_bytes(count: int) -> int:
        request = GenerateRequest(picture, path, fractions(count), HD, "", "", GenerationParams())
        tracemalloc.start()
        try:
            for _ in Camera().frames(request):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    short, long = peak_bytes(8), peak_bytes(80)

    assert short > 640 * 360 * 3
    assert long < short * 1.3


def test_a_deep_zoom_lets_go_of_the_copies_it_has_passed() -> None:
    picture = large("coffee.png", width=3000)
    path = move(picture, start=(0, 0, 1, 1), end=(0.4, 0.4, 0.5, 0.5), output=HD)
    request = GenerateRequest(picture, path, fractions(30), HD, "", "", GenerationParams())
    tracemalloc.start()
    try:
        made = Camera().frames(request)
        for _ in range(29):
            next(made)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    # Two copies at a time, of at most a dozen frames' size each; ten are made in all.
    assert held < 30 * HD.pixels * 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 30),
        ("guidance", 0.0),
        ("motion_bucket_id", 127),
        ("noise_aug_strength", 0.02),
        ("tweak_index", 3),
        ("tstrong_index", 7),
    ],
)
def test_parameters_of_diffusion_models_are_refused_by_name(name: str, value: Any) -> None:
    params = GenerationParams.model_validate({name: value})

    with pytest.raises(ParameterRefused, match="remove it or name another model") as refused:
        Camera().check(params, PLAIN)

    assert refused.value.field == f"generation_params.{name}"


def test_objects_that_move_by_themselves_are_refused_by_name() -> None:
    balloon = ObjectTrajectory(
        name="balloon",
        region=PolygonRegion(shape="polygon", points=((0.1, 0.1), (0.3, 0.1), (0.2, 0.4))),
        points=(
            TrajectoryPoint(at=0.0, position=(0.2, 0.2)),
            TrajectoryPoint(at=1.0, position=(0.6, 0.1)),
        ),
    )
    moving = PLAIN.model_copy(update={"objects": (balloon,)})

    with pytest.raises(ParameterRefused, match=r"balloon.*name another model") as refused:
        Camera().check(GenerationParams(), moving)

    assert refused.value.field == "motion.objects"


@pytest.mark.parametrize(
    "preset",
    [
        DollyZoom(name="dolly_zoom", direction="in", strength=2.0, subject=(0.5, 0.5)),
        Orbit(name="orbit", angle_deg=20.0, subject=(0.5, 0.5)),
        PushIn(name="push_in", zoom=2.0),
    ],
    ids=lambda preset: preset.name,
)
def test_a_preset_is_what_its_rectangles_show(preset: DollyZoom | Orbit | PushIn) -> None:
    Camera().check(GenerationParams(), PLAIN.model_copy(update={"preset": preset}))


def test_a_single_frame_is_on_its_grid() -> None:
    assert Camera().grid.holds(1)
    assert Camera().grid.at_least(97) == 97
