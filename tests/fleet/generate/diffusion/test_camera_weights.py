"""Weights for one kind of camera move: laid over the model for the shots that ask for them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import safetensors.torch

from companions.generation_params import Control
from companions.video_meta import ConditioningUsed
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion.backend import Diffusion
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.published import REPOSITORIES
from fleet.weights.errors import WeightsMissing
from fleet.weights.licences import accept
from fleet.weights.repository import camera_name
from fleet.weights.shelf import Shelf
from tests.contracts.generator_contract import unplugged
from tests.fleet.generate.diffusion.shots import sha256, shot
from tests.fleet.generate.diffusion.small_weights import save_lora

NAME: Final = "ltx-2"
LEFT, RIGHT = (camera_name(NAME, move) for move in ("pan_left", "pan_right"))


@pytest.fixture(scope="module")
def shelf(models: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The tiny model, and weights for two moves: the same, as diffusers names the parts of a model
    and as the model's authors do."""
    import diffusers

    folder, tiny = tmp_path_factory.mktemp("camera"), models(NAME)
    denoiser = diffusers.LTX2VideoTransformer3DModel.from_pretrained(tiny / "transformer")
    left, right = (folder / name / "lora.safetensors" for name in (LEFT, RIGHT))
    save_lora(denoiser, left, seed=1, pipeline="LTX2ImageToVideoPipeline")
    right.parent.mkdir()
    theirs = {
        key.replace("transformer.", "diffusion_model.", 1): tensor
        for key, tensor in safetensors.torch.load_file(left).items()
    }
    safetensors.torch.save_file(theirs, right)
    accept(REPOSITORIES[NAME], folder=folder, who="tests", now=datetime.now(UTC))
    return Shelf(folder, {NAME: tiny})


@pytest.fixture(scope="module")
def warm(shelf: Shelf) -> Diffusion:
    return Diffusion(FAMILIES[NAME], shelf)


def moved(move: str) -> GenerateRequest:
    request = shot(NAME, frames=9, steps=2, control=Control.CAMERA_LORA)
    return replace(request, move_type=move)


def test_camera_weights_change_the_shot_that_asks_for_them_and_no_other(
    warm: Diffusion, shelf: Shelf
) -> None:
    used: list[ConditioningUsed] = []
    plain = shot(NAME, frames=9, steps=2, control=Control.NONE)

    with unplugged() as attempts:
        before, left, right, after = (
            sha256(list(warm.frames(replace(each, used=used.append))))
            for each in (plain, moved("pan_left"), moved("pan_right"), plain)
        )

    assert (before == after, left == right, before == left) == (True, True, False)
    hashes = {
        name: hashlib.sha256((shelf.folder / name / "lora.safetensors").read_bytes()).hexdigest()
        for name in (LEFT, RIGHT)
    }
    told = [{}, {LEFT: hashes[LEFT]}, {RIGHT: hashes[RIGHT]}, {}]
    assert [each.loras_sha256 for each in used] == told
    assert [each.control for each in used[1:3]] == ["camera_lora", "camera_lora"]
    assert attempts == [], "it asked the network"


def test_without_the_weights_for_its_move_a_shot_names_what_to_fetch(warm: Diffusion) -> None:
    with pytest.raises(WeightsMissing, match=camera_name(NAME, "tilt_up")):
        list(warm.frames(moved("tilt_up")))
