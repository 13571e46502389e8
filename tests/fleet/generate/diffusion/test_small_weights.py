"""Small weights over a model: few-step weights with their schedule, LoRAs a manifest names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from companions.generation_params import Expert, LoraUse, Speed
from companions.video_meta import ConditioningUsed
from fleet.generate.diffusion.backend import Diffusion
from fleet.generate.diffusion.distilled import scheduler_for
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.loras import Laid, Lora
from fleet.weights.errors import LoraMissing, WeightsMissing, WeightsRefused
from fleet.weights.repository import distilled_name
from fleet.weights.shelf import Shelf
from tests.fleet.generate.diffusion import tiny
from tests.fleet.generate.diffusion.shots import WAN, sha256, shot
from tests.fleet.generate.diffusion.small_weights import save_lora

FAMILY = FAMILIES[WAN]
EXPERTS = ("transformer", "transformer_2")


def few_steps() -> Any:
    assert FAMILY.distilled is not None
    return FAMILY.distilled


@pytest.fixture(scope="module")
def shelf(models: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The tiny model, its few-step weights, and two LoRAs: one that fits and one that does not."""
    import diffusers

    folder, model = tmp_path_factory.mktemp("small"), models(WAN)
    for index, name in enumerate(EXPERTS):
        expert = diffusers.WanTransformer3DModel.from_pretrained(model / name)
        save_lora(expert, folder / distilled_name(WAN) / f"{name}.safetensors", seed=index)
    save_lora(expert, folder / "glow.safetensors", seed=9)
    state = safetensors.torch.load_file(folder / "glow.safetensors")
    wide = {key: torch.zeros(t.shape[0], t.shape[1] * 2) for key, t in state.items()}
    safetensors.torch.save_file(wide, folder / "wide.safetensors")
    strange = {key.replace("blocks", "layers"): t for key, t in state.items()}
    safetensors.torch.save_file(strange, folder / "strange.safetensors")
    theirs = {key.replace("transformer.", "diffusion_model."): t for key, t in state.items()}
    half = {key: t for key, t in theirs.items() if ".blocks.0.attn1.to_q.lora_A" not in key}
    safetensors.torch.save_file(half, folder / "half.safetensors")
    loras = {path.stem: path for path in folder.glob("*.safetensors")}
    return Shelf(folder, {WAN: model}, loras)


@pytest.fixture(scope="module")
def warm(shelf: Shelf) -> Diffusion:
    return Diffusion(FAMILY, shelf)


@pytest.fixture(scope="module")
def plain(warm: Diffusion) -> str:
    return sha256(list(warm.frames(shot())))


def layers(made: Diffusion) -> Mapping[str, Any]:
    """The parts of the model's denoisers, by name."""
    loaded = made._loaded
    assert loaded is not None
    return {
        f"{name}.{inner}": part
        for name in EXPERTS
        for inner, part in getattr(loaded.pipeline, name).named_modules()
    }


def test_few_step_weights_bring_their_steps_their_guidance_and_their_schedule(
    warm: Diffusion, plain: str
) -> None:
    used: list[ConditioningUsed] = []
    request = replace(shot(steps=None, speed=Speed.DISTILLED), used=used.append)

    made = sha256(list(warm.frames(request)))

    assert made != plain
    assert (used[0].speed, used[0].steps) == ("distilled", 4)
    assert len(used[0].loras_sha256) == len(EXPERTS)


def test_after_few_step_weights_and_loras_the_model_is_as_it_was(
    warm: Diffusion, plain: str
) -> None:
    assert sha256(list(warm.frames(shot()))) == plain
    before = set(layers(warm))
    kind = type(warm._loaded.pipeline.scheduler)  # type: ignore[union-attr]
    for request in (
        shot(steps=None, speed=Speed.DISTILLED),
        shot(loras=(LoraUse(name="glow", weight=0.8),)),
        shot(steps=4, speed=Speed.DISTILLED, loras=(LoraUse(name="glow"),)),
    ):
        assert sha256(list(warm.frames(request))) != plain

    assert sha256(list(warm.frames(shot()))) == plain
    assert set(layers(warm)) == before
    assert type(warm._loaded.pipeline.scheduler) is kind  # type: ignore[union-attr]


def test_the_weight_of_a_lora_counts_and_its_hash_is_told(warm: Diffusion, plain: str) -> None:
    used: list[ConditioningUsed] = []

    def with_weight(weight: float) -> str:
        glow = (LoraUse(name="glow", weight=weight),)
        return sha256(list(warm.frames(replace(shot(loras=glow), used=used.append))))

    made = [with_weight(weight) for weight in (0.5, 1.0, 1.0, 0.0)]

    assert made[1] == made[2]
    assert len({plain, *made[:3]}) == 3
    assert made[3] == plain
    assert [*used[0].loras_sha256] == ["glow"]


def test_a_lora_of_one_expert_lies_over_that_one_alone(warm: Diffusion, plain: str) -> None:
    def over(*experts: Expert | None) -> str:
        uses = tuple(LoraUse(name="glow", expert=each) for each in experts)
        return sha256(list(warm.frames(shot(loras=uses))))

    made = [over(each) for each in (None, Expert.HIGH_NOISE, Expert.LOW_NOISE)]

    assert len({plain, *made}) == 4
    assert over(Expert.HIGH_NOISE, Expert.LOW_NOISE) == made[0]
    assert over(Expert.HIGH_NOISE) == made[1]
    assert {name.partition(".")[0] for name in layers(warm) if "lora_A" in name} == {EXPERTS[0]}


def test_how_a_shot_is_made_names_the_very_files_of_its_loras(shelf: Shelf, tmp_path: Path) -> None:
    """Pieces of one clip that two attempts made fit only where that is equal."""
    mine = tmp_path / "mine.safetensors"
    generator = Diffusion(FAMILY, replace(shelf, loras={"mine": mine}))
    params = shot(loras=[{"name": "mine"}]).params

    def how() -> str:
        return generator.how(params, memory_plan="", move_type="")

    mine.write_bytes(shelf.loras["glow"].read_bytes())
    before, again = how(), how()
    mine.write_bytes(shelf.loras["strange"].read_bytes())

    assert before == again != how()


def test_without_its_few_step_weights_a_shot_names_what_to_fetch(
    models: Callable[[str], Path], tmp_path: Path
) -> None:
    alone = Diffusion(FAMILY, Shelf(tmp_path, {WAN: models(WAN)}))

    with pytest.raises(WeightsMissing, match=distilled_name(WAN)):
        list(alone.frames(shot(speed=Speed.DISTILLED)))


def test_a_lora_that_no_setting_names_is_refused_with_the_known_ones(warm: Diffusion) -> None:
    with pytest.raises(LoraMissing, match="glow"):
        list(warm.frames(shot(loras=(LoraUse(name="gleam"),))))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("wide", "another size"),
        ("strange", "no LoRA of Wan 2.2 I2V A14B"),
        ("half", "cannot be"),
    ],
)
def test_a_lora_that_does_not_fit_is_refused_and_nothing_of_it_or_others_stays(
    warm: Diffusion, plain: str, name: str, told: str
) -> None:
    assert sha256(list(warm.frames(shot()))) == plain
    before = set(layers(warm))
    both = (LoraUse(name="glow"), LoraUse(name=name))

    with pytest.raises(WeightsRefused, match=told):
        list(warm.frames(shot(loras=both)))

    assert set(layers(warm)) == before
    assert sha256(list(warm.frames(shot()))) == plain


def test_a_lora_of_an_expert_that_these_weights_come_without_is_refused_and_not_left_out(
    shelf: Shelf,
) -> None:
    pipeline = tiny.TINY[WAN]()
    pipeline.transformer_2 = None
    low = Lora("glow", {"transformer_2": shelf.loras["glow"]}, weight=1.0, sha256={})

    with pytest.raises(WeightsRefused, match="is for transformer_2, which"):
        Laid(pipeline, FAMILY).lay([low])


def test_the_few_step_schedule_is_the_one_that_was_distilled_on() -> None:
    # 1 - 1/4, 1/2, 3/4 of the way, shifted by 5; any other grid passes through unknown noise.
    from diffusers import UniPCMultistepScheduler

    own = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    )
    scheduler = scheduler_for(own, few_steps())
    scheduler.set_timesteps(4)

    shifted = [5 * s / (1 + 4 * s) for s in (1.0, 0.75, 0.5, 0.25)]
    assert scheduler.sigmas[:4].tolist() == pytest.approx(shifted, abs=2e-3)
    assert shifted == pytest.approx([1.0, 0.9375, 0.8333, 0.625], abs=1e-4)


def test_the_few_step_scheduler_takes_the_very_steps_of_euler_on_its_schedule() -> None:
    from diffusers import UniPCMultistepScheduler

    scheduler = scheduler_for(UniPCMultistepScheduler(), few_steps())
    scheduler.set_timesteps(4)
    torch.manual_seed(0)
    sample, speeds = torch.randn(1, 4, 2, 2), torch.randn(4, 1, 4, 2, 2)
    sigmas = [*scheduler.sigmas[:4].tolist(), 0.0]

    euler = by_scheduler = sample
    for k, t in enumerate(scheduler.timesteps):
        euler = euler + (sigmas[k + 1] - sigmas[k]) * speeds[k]
        by_scheduler = scheduler.step(speeds[k], t, by_scheduler).prev_sample

    assert torch.allclose(by_scheduler, euler, atol=1e-4)


def test_the_obvious_scheduler_would_be_wrong() -> None:
    # What one would write, and what ruins the clip: Wan's pipeline gives it no schedule.
    from diffusers import FlowMatchEulerDiscreteScheduler

    euler = FlowMatchEulerDiscreteScheduler(shift=5.0)
    euler.set_timesteps(4)

    assert euler.sigmas[:4].tolist() == pytest.approx([1.0, 0.910, 0.717, 0.024], abs=2e-3)


def test_a_scheduler_for_a_run_has_nothing_of_earlier_runs() -> None:
    from diffusers import UniPCMultistepScheduler

    own = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True)
    own.set_timesteps(6)

    fresh = scheduler_for(own, None)

    assert fresh is not own
    assert dict(fresh.config) == dict(own.config)
    assert fresh.step_index is None
