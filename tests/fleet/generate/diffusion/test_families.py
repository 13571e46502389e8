"""Each declaration agrees with itself and with the pipeline that it declares."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise
from typing import Any, get_type_hints

import pytest
from pydantic import TypeAdapter

from companions.generation_params import Control, GenerationParams, MemoryPlan
from companions.geometry import Size
from companions.motion import MotionType
from companions.wishes import BackendName
from fleet.generate import registry
from fleet.generate.diffusion.families import FAMILIES, _hunyuan
from fleet.generate.diffusion.family import OPTIONAL, Family, Given, Hub, Offload, Stored, Tried
from fleet.generate.diffusion.memory import Measures, needed, places

EACH = pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
GB = 1e9


def pipeline_of(family: Family) -> Any:
    import diffusers

    return getattr(diffusers, family.pipeline)


def call_of(family: Family) -> frozenset[str]:
    return frozenset(inspect.signature(pipeline_of(family).__call__).parameters)


def denoiser_of(family: Family) -> Any:
    hints = get_type_hints(pipeline_of(family).__init__)
    return hints[family.denoisers[0]]


def hubs_of(family: Family) -> Iterator[Hub]:
    yield family.hub
    yield from (part.hub for part in family.parts.values())
    yield from family.camera_loras.values()
    if family.distilled is not None:
        yield family.distilled.hub


@EACH
def test_its_name_can_stand_in_a_manifest_and_finds_its_generator(family: Family) -> None:
    TypeAdapter(BackendName).validate_python(family.name)

    assert registry.generator(family.name).card.name == family.name
    assert family.name in registry.known()


@EACH
def test_its_own_size_length_steps_and_rate_are_ones_it_makes(family: Family) -> None:
    own = family.defaults

    assert family.grid.holds(own.frames)
    assert family.clip_grid.holds(own.frames)
    assert own.size.width % family.multiple == own.size.height % family.multiple == 0
    assert not family.sizes or own.size in family.sizes
    assert own.steps >= 1
    assert 1.0 <= own.fps <= 240.0


@EACH
def test_the_pipeline_takes_the_arguments_that_it_is_given(family: Family) -> None:
    taken = call_of(family)

    assert {*family.arguments, *family.fixed, "generator", "output_type"} <= taken
    assert not family.arguments.keys() & family.fixed.keys()


@EACH
def test_the_pipeline_takes_back_what_it_makes_of_the_prompt(family: Family) -> None:
    assert set(family.text.outputs) <= call_of(family)
    assert not family.text.outputs or "encode_prompt" in dir(pipeline_of(family))


@EACH
def test_it_is_shown_the_picture_unless_it_is_text_to_video(family: Family) -> None:
    shown = family.gives(Given.PICTURE) or family.gives(Given.REFERENCE)

    assert shown is family.takes_picture
    assert family.both_ends is family.gives(Given.LAST_PICTURE)


@EACH
def test_its_controls_have_what_they_need(family: Family) -> None:
    needs = {
        Control.TIME_TO_MOVE: family.time_to_move is not None and family.latents is not None,
        Control.VACE: family.gives(Given.REFERENCE) and family.gives(Given.UNKNOWN),
        Control.MOTION_BUCKET: family.gives(Given.MOTION_BUCKET),
        Control.CAMERA_LORA: bool(family.camera_loras),
        Control.NONE: True,
    }

    assert family.controls
    assert [each for each in family.controls if not needs[each]] == []
    assert (Control.TIME_TO_MOVE in family.controls) is (family.time_to_move is not None)


@EACH
def test_what_it_takes_are_fields_of_the_contract_that_reach_the_model(family: Family) -> None:
    assert family.takes <= OPTIONAL <= GenerationParams.model_fields.keys()
    assert ("motion_bucket_id" in family.takes) is family.gives(Given.MOTION_BUCKET)
    assert ("noise_aug_strength" in family.takes) is family.gives(Given.NOISE_AUG)
    assert ("loras" in family.takes) is hasattr(pipeline_of(family), "load_lora_weights")


@EACH
def test_it_takes_a_step_cache_only_where_diffusers_knows_how(family: Family) -> None:
    if "step_cache" in family.takes:
        called = inspect.getsource(pipeline_of(family).__call__)
        assert "cache_context" in called

        from diffusers.hooks._helpers import TransformerBlockRegistry

        blocks = inspect.getsource(inspect.getmodule(denoiser_of(family)))  # type: ignore[arg-type]
        TransformerBlockRegistry._register()
        known = {each.__name__ for each in TransformerBlockRegistry._registry}
        assert any(f"class {name}(" in blocks for name in known)


@EACH
def test_each_revision_is_a_commit_or_unknown_and_each_licence_can_be_read(family: Family) -> None:
    for hub in hubs_of(family):
        assert re.fullmatch(r"[0-9a-f]{40}|", hub.revision), hub
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", hub.repo), hub
        assert hub.licence
        assert hub.licence_page.startswith("https://huggingface.co/")


@EACH
def test_a_smaller_plan_needs_no_more_memory(family: Family) -> None:
    order = list(MemoryPlan)
    have = [plan for plan in order if plan in family.plans]
    sizes = [family.plans[plan].gpu_bytes for plan in have]

    assert have == list(family.plans)
    assert sizes
    assert all(a >= b > 0 for a, b in pairwise([*sizes, sizes[-1]]))
    assert {plan.source for plan in family.plans.values()} <= {"published", "measured", "reckoned"}


@EACH
def test_the_pieces_of_a_long_clip_are_on_its_grid(family: Family) -> None:
    assert family.overlap < family.defaults.frames
    if family.overlap:
        assert family.latents is not None
        assert (family.overlap - family.grid.offset) % family.grid.step == 0
    longer = family.clip_grid.at_least(family.defaults.frames + 1)
    assert (longer > family.defaults.frames) is bool(family.longs)


@EACH
def test_few_steps_have_weights_for_each_denoiser(family: Family) -> None:
    if family.distilled is not None:
        assert set(family.distilled.files) == set(family.denoisers)
        assert all(name.endswith(".safetensors") for name in family.distilled.files.values())


@EACH
def test_camera_weights_are_for_moves_that_the_contract_knows(family: Family) -> None:
    assert set(family.camera_loras) <= {move.value for move in MotionType}


@EACH
def test_it_says_what_of_it_was_tried(family: Family) -> None:
    from tests.fleet.generate.diffusion import tiny

    if family.tried is not Tried.DECLARED:
        assert family.name in tiny.TINY
    if family.tried is Tried.STEERED:
        assert family.time_to_move is not None


def test_each_attribute_of_a_declaration_is_described() -> None:
    described = inspect.getdoc(Family) or ""

    missing = [
        each.name for each in fields(Family) if not re.search(rf"\b{each.name}\b.*:", described)
    ]

    assert missing == []


def test_hunyuan_1_5_is_given_only_sizes_that_its_pipeline_makes_of_them() -> None:
    from diffusers.pipelines.hunyuan_video1_5.image_processor import (
        HunyuanVideo15ImageProcessor,
        generate_crop_size_list,
    )

    processor = HunyuanVideo15ImageProcessor(vae_scale_factor=16)
    made = {
        Size(width, height)
        for height, width in generate_crop_size_list(640, 16)
        if processor.calculate_default_height_width(height, width, 640) == (height, width)
    }

    assert set(_hunyuan.sizes(640)) == made


@pytest.mark.parametrize(
    ("size", "published"), [(Size(832, 480), 41.0), (Size(1280, 720), 59.7)], ids=str
)
def test_reckoned_memory_agrees_with_what_wan_s_authors_publish(
    size: Size, published: float
) -> None:
    measures = Measures(
        denoisers=(14.3, 14.3), others=(5.7, 0.13), width=5120, places=places(size, 81)
    )

    reckoned = needed(measures, offload=Offload.MODEL, stored=Stored.BF16)

    assert reckoned / GB == pytest.approx(published, rel=0.05)


def test_reckoned_memory_agrees_with_what_hunyuan_video_s_authors_publish() -> None:
    measures = Measures(
        denoisers=(12.8,), others=(8.3,), width=3072, places=places(Size(1280, 720), 129)
    )

    reckoned = needed(measures, offload=Offload.MODEL, stored=Stored.BF16)

    assert reckoned / GB == pytest.approx(60.0, rel=0.1)
