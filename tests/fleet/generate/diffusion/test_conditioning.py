"""Shots through tiny models by every way of following a move, and what the meta says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch

from companions.camera import CameraPath
from companions.geometry import Size
from companions.motion import Rotation
from companions.picture import Pixels
from companions.reference import ReferenceFrame
from companions.video_meta import ConditioningUsed
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion import conditioning
from fleet.generate.diffusion.backend import Diffusion
from fleet.generate.diffusion.clocks import END, AtNoise
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.motion_bucket import motion_bucket
from fleet.generate.diffusion.published import REPOSITORIES
from fleet.weights.licences import accept
from fleet.weights.shelf import Shelf
from tests.fleet.generate.diffusion import tiny
from tests.fleet.generate.diffusion.shots import WAN, shot

ONE_OF_EACH: Final = sorted(
    {FAMILIES[name].latents: name for name in tiny.TINY if FAMILIES[name].time_to_move}.values()
)
"""A family for each way of keeping latents; each family by itself is in ``test_steering``."""
FRAMES: Final = {"ltx-video": 9, "ltx-2": 9, "cogvideox-5b-i2v": 9, "cogvideox-1.5-5b-i2v": 17}
VACE: Final = "wan-2.1-vace-14b"


@pytest.fixture(scope="module")
def make(models: Callable[[str], Path]) -> Callable[..., tuple[list[Pixels], ConditioningUsed]]:
    """The frames that a model makes of a shot, and what it says of how it was held."""
    made: dict[str, Diffusion] = {}

    def of(request: GenerateRequest) -> tuple[list[Pixels], ConditioningUsed]:
        name = request.params.model
        if name not in made:
            shelf = Shelf(models(name).parent)
            if FAMILIES[name].hub.to_accept:
                now = datetime(2026, 1, 1, tzinfo=UTC)
                accept(REPOSITORIES[name], folder=shelf.folder, who="tests", now=now)
            made[name] = Diffusion(FAMILIES[name], shelf)
        used: list[ConditioningUsed] = []
        frames = list(made[name].frames(replace(request, used=used.append)))
        return frames, used[0]

    return of


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_shot_is_held_to_its_move_and_the_meta_says_so(
    name: str, make: Callable[..., tuple[list[Pixels], ConditioningUsed]]
) -> None:
    frames = FRAMES.get(name, 5)

    made, used = make(shot(name, frames=frames, steps=4, tweak_index=1, tstrong_index=3))

    assert len(made) == frames
    assert (used.control, used.steps, used.steps_run) == ("time_to_move", 4, 3)
    assert used.weak_clock is not None
    assert used.strong_clock is not None
    assert 1.0 >= used.weak_clock > used.strong_clock > 0.0
    assert (used.hold, used.held_share) == ("exact", 1.0)


def test_a_soft_hold_and_clocks_as_noise_are_told_as_they_were_used(
    make: Callable[..., tuple[list[Pixels], ConditioningUsed]],
) -> None:
    _, used = make(shot(WAN, steps=8, weak_clock=0.95, strong_clock=0.9, hold="soft"))

    # The nearest that eight steps have: 1, .972, .9375, .893, ...
    assert used.weak_clock == pytest.approx(0.9375, abs=1e-3)
    assert used.strong_clock == pytest.approx(0.893, abs=1e-3)
    assert (used.steps, used.steps_run, used.hold) == (8, 6, "soft")


def test_a_shot_without_control_runs_all_steps_and_holds_nothing(
    make: Callable[..., tuple[list[Pixels], ConditioningUsed]],
) -> None:
    _, used = make(shot(WAN, steps=3, control="none"))

    assert used == ConditioningUsed(control="none", steps=3, steps_run=3)


def test_a_model_that_paints_holes_is_given_the_reference_and_runs_all_steps(
    make: Callable[..., tuple[list[Pixels], ConditioningUsed]],
) -> None:
    made, used = make(shot(VACE, steps=3))

    assert len(made) == 5
    assert used == ConditioningUsed(control="vace", steps=3, steps_run=3)


def test_an_amount_of_motion_is_asked_for_by_the_moves_speed(
    make: Callable[..., tuple[list[Pixels], ConditioningUsed]],
) -> None:
    moving = shot("svd-xt", steps=2, control="motion_bucket")
    slower = replace(moving, fps=0.8)

    (fast, used), (slow, _) = make(moving), make(slower)

    assert used == ConditioningUsed(control="motion_bucket", steps=2, steps_run=2)
    assert any(not np.array_equal(a, b) for a, b in zip(fast, slow, strict=True))


def arguments(request: GenerateRequest) -> dict[str, Any]:
    family = FAMILIES[request.params.model]
    return dict(conditioning.of(request, family, None).arguments)


def values(pictures: Sequence[Any]) -> list[set[int]]:
    return [set(np.unique(np.asarray(picture)).tolist()) for picture in pictures]


def turned_out() -> GenerateRequest:
    """A move whose window leaves the picture at its end."""
    path = shot(VACE).path
    turning = CameraPath(path.start, path.start, path.easing, rotation=Rotation(end_deg=40.0))
    return replace(shot(VACE), path=turning)


def test_vace_is_shown_grey_where_the_picture_ends_and_told_to_paint_there() -> None:
    given = arguments(turned_out())

    masks, frames = given["mask"], given["video"]
    assert values(masks)[0] == {0}
    assert values(masks)[-1] == {0, 255}
    painted = np.asarray(masks[-1])[:, :, 0] > 127
    assert set(np.unique(np.asarray(frames[-1])[painted])) == {128}
    assert not (np.asarray(frames[-1])[~painted] == 128).all()


def test_vace_keeps_the_frames_of_the_piece_that_it_continues() -> None:
    before = [np.full((64, 64, 3), 9, np.uint8)] * 3

    given = arguments(replace(turned_out(), before=before))

    assert values(given["mask"])[:3] == [{0}] * 3
    assert values(given["video"])[:3] == [{9}] * 3


def test_a_manifests_own_amount_of_motion_goes_before_the_moves() -> None:
    assert arguments(shot("svd-xt", control="motion_bucket"))["motion_bucket_id"] == 127
    named = shot("svd-xt", control="motion_bucket", motion_bucket_id=33, noise_aug_strength=0.1)
    assert arguments(named) == {"motion_bucket_id": 33, "noise_aug_strength": 0.1}


def test_an_amount_of_motion_is_that_of_the_whole_way_and_not_of_its_ends() -> None:
    slow = replace(shot("svd-xt", control="motion_bucket"), fps=0.8)

    asked = arguments(slow)["motion_bucket_id"]

    assert asked == motion_bucket(slow)
    assert asked != motion_bucket(replace(slow, move_fractions=[0.0, 1.0]))


@pytest.mark.parametrize(("control", "looked_at"), [("none", [0.0, 1.0]), ("time_to_move", None)])
def test_of_a_move_that_is_not_followed_only_the_ends_are_rendered(
    control: str, looked_at: list[float] | None
) -> None:
    asked: list[float] = []

    class Given:
        def frames(self, at: Sequence[float], *, output: Size) -> Iterator[ReferenceFrame]:
            asked.extend(at)
            mask = np.full((output.height, output.width), 255, np.uint8)
            for u in at:
                yield ReferenceFrame(np.full((*mask.shape, 3), int(200 * u), np.uint8), mask, mask)

    request = replace(shot(WAN, control=control), given=Given())

    made = conditioning.of(request, FAMILIES[WAN], tiny.TINY[WAN]())

    assert asked == (looked_at or list(request.move_fractions))
    assert made.frames == len(request.move_fractions)
    assert (made.picture.max(), made.last.max()) == (0, 200)


def test_a_piece_that_continues_another_is_held_to_its_frames_and_ends_equal_to_them() -> None:
    request = shot(WAN, frames=9)
    before = [np.full((64, 64, 3), 10 * i, np.uint8) for i in range(5)]

    made = conditioning.of(replace(request, before=before), FAMILIES[WAN], tiny.TINY[WAN]())

    assert made.guide is not None
    *_, continued = made.guide.holds
    assert np.array_equal(made.picture, before[0])
    assert (made.guide.start, continued.until) == (AtNoise(0.992), END)
    assert continued.mask.amax(dim=(3, 4)).flatten().tolist() == [1.0, 1.0, 0.0]
    assert torch.equal(continued.mask[:, :, :2], torch.ones(1, 1, 2, 8, 8))
