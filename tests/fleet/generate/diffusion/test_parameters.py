"""What a family cannot honour is refused at submit, with the field and what is possible."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.attached import DepthMap
from companions.generation_params import (
    Control,
    Expert,
    GenerationParams,
    Hold,
    Long,
    LoraUse,
    MemoryPlan,
    Speed,
    StepCache,
)
from companions.geometry import Rect
from companions.motion import MotionType, Move, Rotation
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint
from fleet.errors import ParameterRefused
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.family import Family
from fleet.generate.diffusion.parameters import check, steps_of

EACH = pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
WHOLE, PART = Rect.of(0.0, 0.0, 1.0, 1.0), Rect.of(0.2, 0.2, 0.8, 0.8)
ZOOM = Move(start_rect=WHOLE, end_rect=PART, duration_sec=2.0, type=MotionType.ZOOM_IN)
REST = Move(start_rect=WHOLE, end_rect=WHOLE, duration_sec=2.0)
ORBIT = ZOOM.model_copy(update={"type": MotionType.ORBIT})
BIRD = ObjectTrajectory(
    name="bird",
    region=PolygonRegion(shape="polygon", points=((0.4, 0.4), (0.6, 0.4), (0.5, 0.6))),
    points=(
        TrajectoryPoint(at=0.0, position=(0.5, 0.5)),
        TrajectoryPoint(at=1.0, position=(0.6, 0.5)),
    ),
)
FLYING = ZOOM.model_copy(update={"objects": (BIRD,)})
DEEP = ZOOM.model_copy(update={"depth": DepthMap(path="a.depth.png", sha256="a" * 64)})

HIGH = Expert.HIGH_NOISE
LORAS = [LoraUse(name=name, expert=expert) for name in "ab" for expert in (None, *Expert)]


def of(name: str, **asked: Any) -> GenerationParams:
    """Parameters of ``name``'s own size with ``asked`` over them."""
    size = FAMILIES[name].defaults.size
    return GenerationParams(**{"model": name, "width": size.width, "height": size.height, **asked})


@EACH
def test_what_a_family_was_trained_for_is_taken(family: Family) -> None:
    check(family, of(family.name), ZOOM if family.takes_picture else REST, prompt="a calm sea")


REFUSED: list[tuple[str, dict[str, Any], Move, str, str]] = [
    ("wan-2.2-i2v-a14b", {"width": 850}, ZOOM, "width", "nearest is 848"),
    ("wan-2.2-i2v-a14b", {"height": 490}, ZOOM, "height", "nearest is 496"),
    ("wan-2.2-ti2v-5b", {"height": 720}, ZOOM, "height", "nearest is 704"),
    ("svd-xt", {"width": 1000}, ZOOM, "width", "nearest is 1024"),
    ("cogvideox-5b-i2v", {"width": 736}, ZOOM, "width", "720 x 480"),
    ("hunyuan-video-1.5-i2v", {"width": 1280, "height": 720}, ZOOM, "width", "nearest"),
    ("wan-2.2-i2v-a14b", {"control": Control.VACE}, ZOOM, "control", "time_to_move, none"),
    ("framepack", {"control": Control.TIME_TO_MOVE}, ZOOM, "control", "it has none"),
    ("wan-2.2-i2v-a14b", {"motion_bucket_id": 90}, ZOOM, "motion_bucket_id", "remove it"),
    ("ltx-video", {"noise_aug_strength": 0.0}, ZOOM, "noise_aug_strength", "remove it"),
    ("svd-xt", {"loras": (LoraUse(name="warm"),)}, ZOOM, "loras", "remove it"),
    ("svd-xt", {"step_cache": StepCache.TAYLOR}, ZOOM, "step_cache", "remove it"),
    ("wan-2.2-i2v-a14b", {"step_cache": StepCache.MAG}, ZOOM, "step_cache", "first_block"),
    ("wan-2.2-i2v-a14b", {"loras": (LoraUse(name="a"), LoraUse(name="a", weight=0.5))}, ZOOM,
     "loras", "one name"),
    ("wan-2.2-i2v-a14b", {"loras": (LoraUse(name="a", expert=HIGH), LoraUse(name="a"))}, ZOOM,
     "loras", "one name"),
    ("wan-2.2-i2v-a14b", {"loras": (LoraUse(name="a", expert=HIGH),) * 2}, ZOOM, "loras",
     "one name"),
    ("wan-2.2-ti2v-5b", {"loras": (LoraUse(name="b"), LoraUse(name="a", expert=HIGH))}, ZOOM,
     "loras[1].expert", "leave it out"),
    ("svd-xt", {"gpus_per_shot": 2}, ZOOM, "gpus_per_shot", "leave it at 1"),
    ("wan-2.2-i2v-a14b", {"gpus_per_shot": 3}, ZOOM, "gpus_per_shot", "1, 2, 4, 5, 8, 10 GPUs"),
    ("wan-2.2-i2v-a14b", {"gpus_per_shot": 8, "width": 816}, ZOOM, "gpus_per_shot",
     "multiple of 128"),
    ("wan-2.2-i2v-a14b", {"gpus_per_shot": 2, "step_cache": StepCache.TAYLOR}, ZOOM, "step_cache",
     "several GPUs"),
    ("wan-2.1-i2v-14b-720p", {"memory_plans": (MemoryPlan.FAST,)}, ZOOM, "memory_plans",
     "it has cinema, balanced"),
    ("hunyuan-video-1.5-i2v", {"guidance": 5.0}, ZOOM, "guidance", "remove it"),
    ("ltx-2", {"speed": Speed.DISTILLED}, ZOOM, "speed", "full"),
    ("wan-2.2-i2v-a14b", {"speed": Speed.DISTILLED, "steps": 8}, ZOOM, "steps", "4 steps"),
    ("wan-2.2-i2v-a14b", {"speed": Speed.DISTILLED, "guidance": 3.5}, ZOOM, "guidance", "of 1"),
    ("wan-2.2-i2v-a14b", {"speed": Speed.DISTILLED, "step_cache": StepCache.TAYLOR}, ZOOM,
     "step_cache", "speed full"),
    ("wan-2.2-i2v-a14b", {"tweak_index": 40}, ZOOM, "tweak_index", "at most 39"),
    ("wan-2.2-i2v-a14b", {"steps": 8, "tstrong_index": 9}, ZOOM, "tstrong_index", "at most 8"),
    ("wan-2.2-i2v-a14b", {"speed": Speed.DISTILLED, "tweak_index": 4}, ZOOM, "tweak_index",
     "at most 3"),
    ("wan-2.2-i2v-a14b", {"tweak_index": 5, "tstrong_index": 4}, ZOOM, "tstrong_index", "step 5"),
    ("wan-2.2-i2v-a14b", {"strong_clock": 0.995}, ZOOM, "strong_clock", "0.992"),
    ("wan-2.2-i2v-a14b", {"strong_clock": 0.99}, FLYING, "strong_clock", "0.987"),
    ("wan-2.2-i2v-a14b", {"control": Control.NONE, "weak_clock": 0.9}, ZOOM, "weak_clock",
     "remove it"),
    ("svd-xt", {"control": Control.MOTION_BUCKET, "tweak_index": 2}, ZOOM, "tweak_index",
     "remove it"),
    ("wan-2.1-vace-14b", {"hold": Hold.SOFT}, ZOOM, "hold", "remove it"),
    ("wan-2.2-i2v-a14b", {"long": Long.SEGMENTS}, ZOOM, "long", "goes by overlap"),
    ("mochi-1", {"long": Long.OVERLAP}, REST, "long", "163 at most"),
    ("wan-2.2-i2v-a14b", {"parallel_segments": 2}, ZOOM, "parallel_segments", "leave it at 1"),
    ("wan-2.1-flf2v-14b", {"parallel_segments": 2, "long": Long.OVERLAP}, ZOOM,
     "parallel_segments", "say long segments"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "asked", "move", "field", "remedy"),
    REFUSED,
    ids=[f"{name}-{'-'.join(asked)}" for name, asked, *_ in REFUSED],
)
def test_a_parameter_that_cannot_be_honoured_is_refused_with_what_can(
    name: str, asked: dict[str, Any], move: Move, field: str, remedy: str
) -> None:
    with pytest.raises(ParameterRefused, match=remedy) as refused:
        check(FAMILIES[name], of(name, **asked), move, prompt="a calm sea")

    assert refused.value.field == f"generation_params.{field}"


@pytest.mark.parametrize(
    ("name", "asked", "move", "field"),
    [
        ("mochi-1", {}, ZOOM, "motion.end_rect"),
        ("mochi-1", {}, REST.model_copy(update={"rotation": Rotation(end_deg=5.0)}),
         "motion.end_rect"),
        ("ltx-2", {"control": Control.CAMERA_LORA}, ORBIT, "motion.type"),
        ("framepack", {}, FLYING, "motion.objects"),
        ("framepack", {}, DEEP, "motion.depth"),
        ("svd-xt", {"control": Control.MOTION_BUCKET}, FLYING, "motion.objects"),
        ("wan-2.2-i2v-a14b", {"control": Control.NONE}, FLYING, "motion.objects"),
    ],
)  # fmt: skip
def test_a_part_of_the_move_that_cannot_be_followed_is_refused(
    name: str, asked: dict[str, Any], move: Move, field: str
) -> None:
    with pytest.raises(ParameterRefused) as refused:
        check(FAMILIES[name], of(name, **asked), move, prompt="a calm sea")

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("svd-xt", {}),
        ("hunyuan-video-i2v", {}),
        ("wan-2.2-i2v-a14b", {"speed": Speed.DISTILLED}),
        ("wan-2.2-i2v-a14b", {"guidance": 1.0}),
    ],
)
def test_a_negative_prompt_that_nobody_would_read_is_refused(
    name: str, asked: dict[str, Any]
) -> None:
    with pytest.raises(ParameterRefused, match="remove it") as refused:
        check(FAMILIES[name], of(name, **asked), ZOOM, negative_prompt="blurred")

    assert refused.value.field == "negative_prompt"


def test_text_to_video_without_a_text_is_refused() -> None:
    with pytest.raises(ParameterRefused, match="write one") as refused:
        check(FAMILIES["mochi-1"], of("mochi-1"), REST, prompt=" ")

    assert refused.value.field == "prompt"


@pytest.mark.parametrize(
    ("name", "asked", "move"),
    [
        ("wan-2.2-i2v-a14b", {"tweak_index": 2, "tstrong_index": 40}, FLYING),
        ("wan-2.2-i2v-a14b", {"weak_clock": 1.0, "strong_clock": 1.0}, DEEP),
        ("wan-2.2-i2v-a14b", {"speed": Speed.DISTILLED, "steps": 4, "guidance": 1.0}, ZOOM),
        ("wan-2.2-i2v-a14b", {"parallel_segments": 1, "gpus_per_shot": 1, "speed": Speed.FULL},
         ZOOM),
        ("svd-xt", {"gpus_per_shot": 1, "motion_bucket_id": 0}, ZOOM),
        ("ltx-2", {"control": Control.CAMERA_LORA}, ZOOM),
        ("wan-2.1-flf2v-14b", {"parallel_segments": 4}, ZOOM),
        ("wan-2.1-vace-14b", {}, FLYING),
    ],
)  # fmt: skip
def test_what_can_be_honoured_is_taken(name: str, asked: dict[str, Any], move: Move) -> None:
    check(FAMILIES[name], of(name, **asked), move)


def test_a_distilled_model_has_as_many_steps_as_it_was_distilled_to() -> None:
    family = FAMILIES["wan-2.2-i2v-a14b"]

    steps = [steps_of(family, of(family.name, **asked)) for asked in (
        {}, {"steps": 12}, {"speed": Speed.DISTILLED},
    )]  # fmt: skip

    assert steps == [40, 12, 4]


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


@st.composite
def asked_for(draw: st.DrawFn) -> GenerationParams:
    clocks: dict[str, Any] = {}
    if draw(st.booleans()):
        clocks = {
            "tweak_index": draw(_maybe(st.integers(0, 60))),
            "tstrong_index": draw(_maybe(st.integers(0, 60))),
        }
    else:
        weak = draw(_maybe(st.floats(0.01, 1.0)))
        clocks = {"weak_clock": weak, "strong_clock": draw(_maybe(st.floats(0.0, weak or 1.0)))}
    return GenerationParams(
        width=2 * draw(st.integers(32, 4096)) if draw(st.booleans()) else 832,
        height=2 * draw(st.integers(32, 4096)) if draw(st.booleans()) else 480,
        steps=draw(_maybe(st.integers(1, 60))),
        guidance=draw(_maybe(st.floats(0.0, 100.0))),
        motion_bucket_id=draw(_maybe(st.integers(0, 255))),
        noise_aug_strength=draw(_maybe(st.floats(0.0, 1.0))),
        memory_plans=tuple(draw(st.lists(st.sampled_from(MemoryPlan), max_size=3))),
        control=draw(_maybe(st.sampled_from(Control))),
        hold=draw(_maybe(st.sampled_from(Hold))),
        loras=tuple(draw(st.lists(st.sampled_from(LORAS), max_size=8))),
        speed=draw(_maybe(st.sampled_from(Speed))),
        step_cache=draw(_maybe(st.sampled_from(StepCache))),
        long=draw(_maybe(st.sampled_from(Long))),
        parallel_segments=draw(_maybe(st.integers(1, 16))),
        gpus_per_shot=draw(_maybe(st.integers(1, 16))),
        **clocks,
    )


@given(
    family=st.sampled_from(list(FAMILIES.values())),
    params=asked_for(),
    move=st.sampled_from([ZOOM, REST, ORBIT, FLYING, DEEP]),
    words=st.sampled_from([("", ""), ("a sea", ""), ("a sea", "fog")]),
)
def test_anything_a_manifest_can_say_is_taken_or_refused_by_name(
    family: Family, params: GenerationParams, move: Move, words: tuple[str, str]
) -> None:
    known = {f"generation_params.{name}" for name in GenerationParams.model_fields}
    known |= {f"generation_params.loras[{index}].expert" for index in range(len(params.loras))}
    known |= {f"motion.{name}" for name in Move.model_fields} | {"prompt", "negative_prompt"}

    said = refusal(family, params, move, prompt=words[0], negative_prompt=words[1])

    assert said is None or said.field in known


def refusal(
    family: Family, params: GenerationParams, move: Move, *, prompt: str, negative_prompt: str
) -> ParameterRefused | None:
    """What ``check`` says against it; anything but a refusal is a bug."""
    try:
        check(family, params, move, prompt=prompt, negative_prompt=negative_prompt)
    except ParameterRefused as refused:
        return refused
    return None
