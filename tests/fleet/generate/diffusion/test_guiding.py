"""What is held, and by which clocks: the camera's, the objects', or each cell by its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect
from companions.masks import Mask
from companions.trajectory import ObjectTrajectory
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion.clocks import END, AtNoise, AtStep, Clocks, Moment
from fleet.generate.diffusion.family import TimeToMove
from fleet.generate.diffusion.guiding import conditioned, holds_of, start_of
from fleet.generate.diffusion.motion_bucket import motion_bucket
from tests.fleet.generate.diffusion.shots import shot

OWN: Final = TimeToMove(
    camera=Clocks(weak=0.992, strong=0.978), objects=Clocks(weak=0.987, strong=0.968)
)
LINEAR: Final = EasingName.LINEAR
STILL: Final = CameraPath(Rect.of(0.1, 0.1, 0.9, 0.9), Rect.of(0.1, 0.1, 0.9, 0.9), LINEAR)
BIRD: Final = ObjectTrajectory.model_validate(
    {
        "name": "bird",
        "region": {
            "shape": "polygon",
            "points": [[0.3, 0.3], [0.5, 0.3], [0.5, 0.5], [0.3, 0.5]],
        },
        "points": [{"at": 0.0, "position": [0.4, 0.4]}, {"at": 1.0, "position": [0.7, 0.6]}],
    },
    strict=False,
)


def request(*, camera: bool, objects: bool, **params: Any) -> GenerateRequest:
    made = shot(**params)
    return replace(made, path=made.path if camera else STILL, objects=(BIRD,) if objects else ())


def when(asked: GenerateRequest) -> tuple[Moment, list[Moment]]:
    found = conditioned(asked)
    held = holds_of(asked.params, OWN, found)
    return start_of(asked.params, OWN, found), [each.until for each in held]


@pytest.mark.parametrize(
    ("camera", "objects", "start", "until"),
    [
        (True, False, 0.992, [0.978]),
        (False, False, 0.992, [0.978]),
        (False, True, 0.987, [0.968]),
        # Each cell by the clock of what it shows; what is held by neither begins with more noise.
        (True, True, 0.992, [0.968, 0.978]),
    ],
    ids=["camera", "nothing", "objects", "both"],
)
def test_clocks_are_those_of_what_moves(
    *, camera: bool, objects: bool, start: float, until: list[float]
) -> None:
    asked = request(camera=camera, objects=objects)

    assert when(asked) == (AtNoise(start), [AtNoise(each) for each in until])


def test_a_manifests_clocks_go_before_the_models_as_noise_and_as_steps() -> None:
    by_noise = request(camera=True, objects=True, weak_clock=0.9, strong_clock=0.5)
    by_step = request(camera=True, objects=True, tweak_index=3, tstrong_index=7)

    assert when(by_noise) == (AtNoise(0.9), [AtNoise(0.5)] * 2)
    assert when(by_step) == (AtStep(3), [AtStep(7)] * 2)


def test_a_camera_move_holds_all_that_the_picture_shows() -> None:
    found = conditioned(request(camera=True, objects=False))

    (held,) = holds_of(GenerationParams(), OWN, found)

    assert all(mask.min() == 255 for mask in held.masks)


def test_a_still_camera_holds_the_objects_and_nothing_around_them() -> None:
    found = conditioned(request(camera=False, objects=True))

    (held,) = holds_of(GenerationParams(), OWN, found)

    assert [0.02 < share(mask) < 0.2 for mask in held.masks] == [True] * 5


def test_what_objects_leave_behind_is_held_by_neither() -> None:
    found = conditioned(request(camera=True, objects=True))

    moved, known = holds_of(GenerationParams(), OWN, found)

    left = [share(mask) for mask in known.masks]
    assert left[0] == 1.0
    assert left[-1] < 0.99
    assert all((a <= b).all() for a, b in zip(moved.masks, known.masks, strict=True))


def test_a_piece_that_continues_another_begins_with_its_frames_and_holds_them_to_the_end() -> None:
    before = [np.full((64, 64, 3), value, np.uint8) for value in (10, 20)]

    found = conditioned(replace(request(camera=True, objects=False), before=before))

    *_, continued = holds_of(GenerationParams(), OWN, found)
    assert [frame.mean() for frame in found.frames[:2]] == [10.0, 20.0]
    assert found.frames[2].std() > 5.0
    assert continued.until == END
    assert [share(mask) for mask in continued.masks] == [1.0, 1.0, 0.0, 0.0, 0.0]


def share(mask: Mask) -> float:
    return float(np.mean(mask > 127))


def bucket(path: CameraPath, *, seconds: float, objects: bool = False) -> int:
    made = replace(shot(frames=9), path=path, fps=8.0 / seconds)
    return motion_bucket(replace(made, objects=(BIRD,) if objects else ()))


def pan(distance: float) -> CameraPath:
    return CameraPath(
        Rect.of(0.0, 0.0, 0.5, 0.5), Rect.of(distance, 0.0, 0.5 + distance, 0.5), LINEAR
    )


@pytest.mark.parametrize(
    ("path", "seconds", "expected"),
    [
        (STILL, 4.0, 10),
        # A tenth of the picture is a fifth of the frame: the limit in a second, half of it in two.
        (pan(0.1), 1.0, 100),
        (pan(0.1), 2.0, 55),
        (pan(0.4), 1.0, 100),
        # ln 2 / 2 of the frame at its edge.
        (CameraPath(Rect.of(0, 0, 1, 1), Rect.of(0.25, 0.25, 0.75, 0.75), LINEAR), 1.0, 127),
        (CameraPath(Rect.of(0, 0, 1, 1), Rect.of(0.25, 0.25, 0.75, 0.75), LINEAR), 4.0, 61),
    ],
    ids=["still", "pan at the limit", "half of it", "over it", "zoom", "slow zoom"],
)
def test_an_amount_of_motion_grows_with_speed_up_to_the_limit(
    path: CameraPath, seconds: float, expected: int
) -> None:
    assert bucket(path, seconds=seconds) == expected


def test_objects_on_their_way_are_motion_before_a_still_camera() -> None:
    assert bucket(STILL, seconds=4.0, objects=True) == 100
