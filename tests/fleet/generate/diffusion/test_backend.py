"""One model, shot after shot: nothing of one reaches the next, and nothing stays behind."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import DiffusionPipeline

from companions.generation_params import MemoryPlan
from companions.video_meta import ConditioningUsed
from fleet.cluster.failures import meaning
from fleet.errors import (
    AttemptStopped,
    AttentionUnavailable,
    ExtraMissing,
    FleetError,
    OutOfMemory,
)
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion.backend import OWN, Diffusion
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.family import Offload, Plan, Stored
from fleet.generate.tuning import Tuning
from fleet.jobs.progress import Progress
from fleet.jobs.retry import failure_of
from fleet.weights.errors import WeightsMissing, WeightsRefused
from fleet.weights.shelf import Shelf
from tests.fleet.generate.diffusion.shots import WAN, sha256, shot


@pytest.fixture(scope="module")
def shelf(models: Callable[[str], Path]) -> Shelf:
    return Shelf(models(WAN).parent)


@pytest.fixture(scope="module")
def warm(shelf: Shelf) -> Diffusion:
    """One that stays loaded through this file."""
    return Diffusion(FAMILIES[WAN], shelf)


@pytest.fixture(scope="module")
def plain(warm: Diffusion) -> str:
    """The hash of what a fresh model makes of the plain shot."""
    return sha256(list(warm.frames(shot())))


def test_the_same_shot_is_the_same_bytes_after_loading_anew(shelf: Shelf, plain: str) -> None:
    fresh = Diffusion(FAMILIES[WAN], shelf)

    assert sha256(list(fresh.frames(shot()))) == plain


@pytest.mark.parametrize(
    "between",
    [
        shot(seed=8),
        shot(steps=6, step_cache="first_block"),
        shot(steps=6, step_cache="taylor"),
        shot(control="none", guidance=1.0),
    ],
    ids=["another seed", "first-block cache", "taylor cache", "without a reference"],
)
def test_the_same_shot_is_the_same_bytes_whatever_was_made_between(
    warm: Diffusion, plain: str, between: GenerateRequest
) -> None:
    apart = sha256(list(warm.frames(between)))

    assert apart != plain
    assert sha256(list(warm.frames(shot()))) == plain


def test_a_shot_that_is_called_off_ends_at_the_next_step_and_leaves_no_trace(
    warm: Diffusion, plain: str
) -> None:
    told: list[Progress] = []
    request = replace(shot(steps=8), tell=told.append, stopped=lambda: len(told) >= 2)

    with pytest.raises(AttemptStopped):
        list(warm.frames(request))

    assert [each.done for each in told] == [told[0].done, told[0].done + 1]
    assert sha256(list(warm.frames(shot()))) == plain


def test_a_run_that_fails_half_way_leaves_no_trace(warm: Diffusion, plain: str) -> None:
    def fail(progress: Progress) -> None:
        if progress.done > 4:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    with pytest.raises(torch.OutOfMemoryError) as full:
        list(warm.frames(replace(shot(steps=8, step_cache="first_block"), tell=fail)))

    found = meaning(full.value, stage="generate", deadline_s=1.0, node="n")
    assert (found.failure.code, found.worker_gone) == (OutOfMemory.code, True)
    assert sha256(list(warm.frames(shot()))) == plain


def test_every_step_is_told(warm: Diffusion) -> None:
    told: list[Progress] = []

    list(warm.frames(replace(shot(steps=5, control="none"), tell=told.append)))

    assert told == [Progress(done, 5) for done in range(1, 6)]


def test_memory_is_declared_before_loading_measured_after_it_and_freed_by_unloading(
    shelf: Shelf,
) -> None:
    family = FAMILIES[WAN]
    made = Diffusion(family, shelf)
    declared = made.memory_bytes
    list(made.frames(shot()))
    held = made.memory_bytes
    loaded = made._loaded
    assert loaded is not None
    weights = [weakref.ref(p) for p in loaded.pipeline.transformer.parameters()]
    size = sum(p().nbytes for p in weights)  # type: ignore[union-attr]
    loaded = None

    made.unload()
    gc.collect()

    assert declared == min(plan.gpu_bytes for plan in family.plans.values())
    assert size < held < 100 * size
    assert {ref() for ref in weights} == {None}
    assert made.memory_bytes == declared


def test_unloading_what_was_never_loaded_does_nothing(shelf: Shelf) -> None:
    Diffusion(FAMILIES[WAN], shelf).unload()


def test_the_card_names_every_file_of_weights_before_and_after_loading(
    warm: Diffusion, shelf: Shelf, plain: str
) -> None:
    del plain  # it is loaded

    assert warm.card == Diffusion(FAMILIES[WAN], shelf).card
    assert warm.card.revision == OWN
    assert {name.split("/")[0] for name in warm.card.weights_sha256} >= {
        "transformer", "transformer_2", "vae", "text_encoder"
    }  # fmt: skip


def test_without_weights_the_card_is_as_declared_and_no_shot_is_made(tmp_path: Path) -> None:
    nothing = Diffusion(FAMILIES[WAN], Shelf(tmp_path))

    assert nothing.card.revision == FAMILIES[WAN].hub.revision
    with pytest.raises(WeightsMissing, match="fleet models fetch"):
        list(nothing.frames(shot()))


def test_weights_of_another_model_are_refused(
    models: Callable[[str], Path], tmp_path: Path
) -> None:
    strange = Shelf(tmp_path, {WAN: models("svd-xt")})

    with pytest.raises(WeightsRefused):
        list(Diffusion(FAMILIES[WAN], strange).frames(shot()))


PLANNED = replace(
    FAMILIES[WAN],
    plans={
        MemoryPlan.CINEMA: Plan(gpu_bytes=72 * 1024**3, source="reckoned"),
        MemoryPlan.FAST: Plan(
            gpu_bytes=22 * 1024**3,
            source="reckoned",
            offload=Offload.GROUP,
            stored=Stored.FP8_LAYERWISE,
            tiled=True,
        ),
    },
)


@pytest.mark.parametrize("plan", list(PLANNED.plans))
def test_a_memory_plan_is_carried_out_as_far_as_it_needs_no_gpu_and_the_meta_tells_it(
    shelf: Shelf, plan: MemoryPlan
) -> None:
    used: list[ConditioningUsed] = []
    made = Diffusion(PLANNED, shelf)

    frames = list(made.frames(replace(shot(), memory_plan=plan.value, used=used.append)))

    declared = PLANNED.plans[plan]
    loaded = made._loaded
    assert loaded is not None
    assert loaded.pipeline.vae.use_tiling is declared.tiled
    assert ("vae:tiled" in used[0].shortcuts) is declared.tiled
    small = loaded.pipeline.transformer.blocks[0].ffn.net[2].weight.dtype
    assert (small is torch.float8_e4m3fn) is (declared.stored is Stored.FP8_LAYERWISE)
    assert len(frames) == 5


def test_a_shot_of_another_memory_plan_loads_the_model_anew(shelf: Shelf, plain: str) -> None:
    made = Diffusion(PLANNED, shelf)
    whole = [sha256(list(made.frames(shot())))]

    small = sha256(list(made.frames(replace(shot(), memory_plan="fast"))))
    whole.append(sha256(list(made.frames(shot()))))

    assert whole == [plain, plain]
    assert small != plain


def test_a_step_cache_begins_once_nothing_is_held_and_is_told(warm: Diffusion) -> None:
    used: list[ConditioningUsed] = []
    cached: dict[int, bool] = {}
    request = shot(steps=8, step_cache="first_block", tweak_index=1, tstrong_index=4)
    loaded = warm._loaded
    assert loaded is not None
    experts = [loaded.pipeline.transformer, loaded.pipeline.transformer_2]

    def tell(progress: Progress) -> None:
        cached[progress.done] = all(each.is_cache_enabled for each in experts)

    list(warm.frames(replace(request, tell=tell, used=used.append)))

    assert cached == {2: False, 3: False, 4: True, 5: True, 6: True, 7: True, 8: True}
    assert not any(each.is_cache_enabled for each in experts)
    assert used[0].shortcuts == ("cache:first_block",)


def test_the_attention_that_settings_ask_for_is_used_and_told(shelf: Shelf, plain: str) -> None:
    used: list[ConditioningUsed] = []
    made = Diffusion(FAMILIES[WAN], shelf, Tuning(attention="native"))

    frames = list(made.frames(replace(shot(), used=used.append)))

    assert used[0].shortcuts == ("attention:native",)
    assert sha256(frames) == plain


@pytest.mark.parametrize(
    ("tuning", "refusal", "names"),
    [
        (Tuning(attention="flash"), AttentionUnavailable, "'flash'"),
        (Tuning(quantise="int8"), ExtraMissing, r"motionfleet\[quant\]"),
    ],
)
def test_what_the_settings_ask_for_and_is_not_there_is_refused_by_name_before_anything_is_loaded(
    shelf: Shelf, tuning: Tuning, refusal: type[FleetError], names: str
) -> None:
    before = pipelines()

    with pytest.raises(refusal, match=names) as refused:
        list(Diffusion(FAMILIES[WAN], shelf, tuning).frames(shot()))

    assert pipelines() == before
    reason = failure_of(refused.value)
    assert (reason.retryable, reason.curable) == (False, True), "installed, it can be made"


def pipelines() -> int:
    """How many there are; what a traceback still holds is counted too."""
    gc.collect()
    return sum(isinstance(each, DiffusionPipeline) for each in gc.get_objects())
