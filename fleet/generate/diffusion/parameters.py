"""What a family cannot honour is refused when a manifest comes in, and not after an hour.  Pure.

Asked on machines that have no torch; everything follows from the family's declaration.  What is
not refused here is honoured.  A count of frames that is not on the family's grid is refused by
``plan_frames_of``, which knows how many the shot needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, NoReturn

from companions.generation_params import (
    MOST_GPUS,
    Control,
    GenerationParams,
    Long,
    LoraUse,
    Speed,
    StepCache,
)
from companions.geometry import Size
from companions.motion import Move
from fleet.errors import ParameterRefused
from fleet.generate.diffusion.family import OPTIONAL, Distilled, Family, Given

_HELD: Final = frozenset({Control.TIME_TO_MOVE, Control.VACE})
"""Ways in which frames follow what is rendered, and not a word or an amount for it."""
_CLOCKS: Final = ("tweak_index", "tstrong_index", "weak_clock", "strong_clock", "hold")
_NOTHING: Final = (None, ())


def check(
    family: Family,
    params: GenerationParams,
    move: Move,
    *,
    prompt: str = "",
    negative_prompt: str = "",
) -> None:
    """Refuse what ``family`` cannot do.

    Raises:
        ParameterRefused: names the field and what is possible.
    """
    control = params.control or family.controls[0]
    _check_size(family, params)
    _check_control(family, control, move)
    _check_optional(family, params)
    _check_steps(family, params)
    # A given clip is held by the clocks for what moves in it.
    objects = bool(move.objects) or move.reference is not None
    _check_clocks(family, params, control, objects=objects)
    _check_long(family, params)
    _check_text(family, params, prompt=prompt, negative_prompt=negative_prompt)


def _refuse(field: str, what: str) -> NoReturn:
    raise ParameterRefused(field=f"generation_params.{field}", what=what)


def _names(each: Iterable[object]) -> str:
    return ", ".join(str(one) for one in each)


def _check_size(family: Family, params: GenerationParams) -> None:
    if family.sizes:
        asked = Size(params.width, params.height)
        if asked not in family.sizes:
            near = min(
                family.sizes,
                key=lambda size: abs(size.width - asked.width) + abs(size.height - asked.height),
            )
            _refuse(
                "width",
                f"{family.name} makes no frames of {asked.width} x {asked.height}; the nearest "
                f"that it makes is {near.width} x {near.height}",
            )
        return
    for name in ("width", "height"):
        value = getattr(params, name)
        if value % family.multiple:
            near_side = max(1, round(value / family.multiple)) * family.multiple
            _refuse(
                name,
                f"{family.name} makes frames in steps of {family.multiple} pixels, and {value} is "
                f"none; the nearest is {near_side}",
            )


def _check_control(family: Family, control: Control, move: Move) -> None:
    if control not in family.controls:
        _refuse(
            "control",
            f"{family.name} does not follow a move by {control.value}; it has "
            f"{_names(each.value for each in family.controls)}",
        )
    if not family.takes_picture and not _rests(move):
        raise ParameterRefused(
            field="motion.end_rect",
            what=f"{family.name} makes frames from the prompt alone and follows no rectangles; "
            f"give START and END the same and nothing between, or name another model",
        )
    if control is Control.CAMERA_LORA and move.type.value not in family.camera_loras:
        raise ParameterRefused(
            field="motion.type",
            what=f"{family.name} has no weights for moves of type {move.type.value}, but for "
            f"{_names(sorted(family.camera_loras))}; choose another control, or another type",
        )
    if control not in _HELD:
        _check_rendered(family, control, move)


def _check_rendered(family: Family, control: Control, move: Move) -> None:
    """What of a move can only be followed by frames that are held to it."""
    parts = (("objects", move.objects), ("depth", move.depth), ("reference", move.reference))
    for name, part in parts:
        if part not in _NOTHING:
            ways = [each.value for each in family.controls if each in _HELD]
            remedy = f"choose control {' or '.join(ways)}" if ways else "name another model"
            raise ParameterRefused(
                field=f"motion.{name}",
                what=f"{family.name} with control {control.value} is not held to what is rendered "
                f"of a move, and so cannot follow its {name}; remove them, or {remedy}",
            )


def _rests(move: Move) -> bool:
    turns = move.rotation is not None and move.rotation.start_deg != move.rotation.end_deg
    return (
        move.start_rect == move.end_rect
        and not move.keyframes
        and not turns
        and not move.objects
        and move.depth is None
        and move.reference is None
    )


def _check_optional(family: Family, params: GenerationParams) -> None:
    for name in sorted(OPTIONAL - family.takes):
        if getattr(params, name) not in _NOTHING:
            _refuse(name, f"{family.name} takes no {name}; remove it")
    _check_gpus(family, params)
    missing = [plan.value for plan in params.memory_plans if plan not in family.plans]
    if missing:
        _refuse(
            "memory_plans",
            f"{family.name} does not fit into the memory of {_names(missing)}; it has "
            f"{_names(plan.value for plan in family.plans)}",
        )
    if params.step_cache is StepCache.MAG and not family.mag_ratios:
        _refuse(
            "step_cache",
            f"a mag cache is told how the steps of a model differ, and nobody has measured that "
            f"of {family.name}; choose {StepCache.FIRST_BLOCK.value} or {StepCache.TAYLOR.value}",
        )
    _check_loras(family, params.loras)


def _check_loras(family: Family, loras: Sequence[LoraUse]) -> None:
    for index, lora in enumerate(loras):
        if lora.expert is not None and len(family.denoisers) == 1:
            _refuse(
                f"loras[{index}].expert",
                f"{family.name} has one denoiser, and no expert for {lora.expert.value}; leave it "
                f"out",
            )
    for name, uses in groupby(sorted(loras, key=_name_of), key=_name_of):
        experts = [use.expert for use in uses]
        if len(experts) > 1 and (None in experts or len(set(experts)) < len(experts)):
            _refuse("loras", f"two have one name ({name}); say once how strongly it counts")


def _name_of(lora: LoraUse) -> str:
    return lora.name


def _check_gpus(family: Family, params: GenerationParams) -> None:
    gpus = params.gpus_per_shot or 1
    if gpus == 1:
        return
    if not family.heads:
        _refuse("gpus_per_shot", f"a shot of {family.name} is made on one GPU; leave it at 1")
    if family.heads % gpus:
        _refuse(
            "gpus_per_shot",
            f"the {family.heads} attention heads of {family.name} do not go into {gpus} equal "
            f"parts; {_names(gpu_counts(family))} GPUs can share them",
        )
    across, down = params.width // family.multiple, params.height // family.multiple
    if across * down % gpus:
        side = family.multiple * gpus
        _refuse(
            "gpus_per_shot",
            f"the {across} x {down} places of a frame of {params.width} x {params.height} do not "
            f"go into {gpus} equal parts; make the width or the height a multiple of {side}",
        )
    if params.step_cache is not None:
        # Each would find out from its own share whether a step may be left out, and not agree.
        _refuse("step_cache", "several GPUs that make one shot take every step; remove it")


def gpu_counts(family: Family) -> Sequence[int]:
    """How many GPUs one shot of ``family`` can be made on."""
    counts = range(1, MOST_GPUS + 1) if family.heads else [1]
    return [count for count in counts if family.heads % count == 0]


def _check_steps(family: Family, params: GenerationParams) -> None:
    if params.guidance is not None and not family.gives(Given.GUIDANCE):
        _refuse(
            "guidance",
            f"{family.name} has the scale it was published with ({family.defaults.guidance:g}) "
            f"and takes no other; remove it",
        )
    if params.speed is not Speed.DISTILLED:
        return
    if family.distilled is None:
        _refuse("speed", f"{family.name} has no weights for few steps; remove it, or say full")
    _check_distilled(family, family.distilled, params)


def _check_distilled(family: Family, few: Distilled, params: GenerationParams) -> None:
    if params.steps not in {None, few.steps}:
        _refuse(
            "steps",
            f"the distilled weights of {family.name} are for {few.steps} steps; leave it out, or "
            f"say speed full",
        )
    if params.guidance not in {None, few.guidance}:
        _refuse(
            "guidance",
            f"the distilled weights of {family.name} are for a scale of {few.guidance:g}; leave it "
            f"out, or say speed full",
        )
    if params.step_cache is not None:
        _refuse(
            "step_cache",
            f"{few.steps} steps differ too much for one to stand for the next; remove it, or say "
            f"speed full",
        )


def steps_of(family: Family, params: GenerationParams) -> int:
    """How many denoising steps the schedule of that shot has."""
    if params.speed is Speed.DISTILLED and family.distilled is not None:
        return family.distilled.steps
    return params.steps or family.defaults.steps


def _check_clocks(
    family: Family, params: GenerationParams, control: Control, *, objects: bool
) -> None:
    if control is not Control.TIME_TO_MOVE or family.time_to_move is None:
        for name in _CLOCKS:
            if getattr(params, name) is not None:
                _refuse(
                    name,
                    f"it is Time-to-Move's, and {family.name} with control {control.value} does "
                    f"without; remove it",
                )
        return
    steps = steps_of(family, params)
    begin, end = params.tweak_index, params.tstrong_index
    if begin is not None and begin >= steps:
        _refuse("tweak_index", f"of {steps} steps at least one has to run; at most {steps - 1}")
    if end is not None and end > steps:
        _refuse("tstrong_index", f"there are {steps} steps, counted from 0; at most {steps}")
    if begin is not None and end is not None and end < begin:
        _refuse(
            "tstrong_index",
            f"denoising starts at step {begin} (tweak_index); the reference is held until then or "
            f"later",
        )
    own = family.time_to_move.objects if objects else family.time_to_move.camera
    weak = own.weak if params.weak_clock is None else params.weak_clock
    if params.strong_clock is not None and params.strong_clock > weak:
        _refuse(
            "strong_clock",
            f"{family.name} starts with a share of noise of {weak:g} (weak_clock); the reference "
            f"is held to that share or less",
        )


def _check_long(family: Family, params: GenerationParams) -> None:
    if params.long is not None and params.long not in family.longs:
        ways = _names(way.value for way in family.longs)
        remedy = f"it goes by {ways}" if ways else f"it makes {family.defaults.frames} at most"
        _refuse(
            "long",
            f"{family.name} does not make clips of more than {family.defaults.frames} frames by "
            f"{params.long.value}; {remedy}",
        )
    way = params.long or next(iter(family.longs), None)
    if (params.parallel_segments or 1) > 1 and way is not Long.SEGMENTS:
        remedy = "say long segments" if Long.SEGMENTS in family.longs else "leave it at 1"
        _refuse(
            "parallel_segments",
            f"pieces of {family.name} need the one before, unless it is given both ends of each; "
            f"{remedy}",
        )


def _check_text(
    family: Family, params: GenerationParams, *, prompt: str, negative_prompt: str
) -> None:
    if not family.takes_picture and not prompt.strip():
        raise ParameterRefused(
            field="prompt",
            what=f"{family.name} makes frames from the prompt alone, and there is none; write one",
        )
    if not negative_prompt.strip():
        return
    distilled = family.distilled if params.speed is Speed.DISTILLED else None
    scale = params.guidance if params.guidance is not None else family.defaults.guidance
    if not family.text.takes_negative:
        why = f"{family.name} takes none"
    elif distilled is not None and distilled.guidance <= 1.0:
        why = f"the distilled weights of {family.name} run without guidance"
    elif scale <= 1.0:
        why = f"a guidance of {scale:g} is none, and without it nothing is kept away from"
    else:
        return
    raise ParameterRefused(field="negative_prompt", what=f"{why}; remove it")
