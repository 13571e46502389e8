"""One shot, or one piece of a long one, through a loaded pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from companions.generation_params import Control, Expert, GenerationParams, Long
from companions.picture import Pixels
from fleet.errors import AttemptStopped
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion import chunks, conditioning, distilled, loras, parameters, running
from fleet.generate.diffusion.family import Family
from fleet.generate.diffusion.loaded import Loaded
from fleet.generate.diffusion.splitting import Share
from fleet.generate.diffusion.steering import Step, Stopped
from fleet.jobs.progress import Progress
from fleet.weights.folders import open_folder, open_lora
from fleet.weights.repository import camera_name, distilled_name
from fleet.weights.shelf import Shelf


def made(
    loaded: Loaded,
    request: GenerateRequest,
    shelf: Shelf,
    *,
    number: int,
    of: int,
    share: Share | None = None,
) -> Sequence[Pixels]:
    """The frames of ``request``, piece ``number`` (from 0) of ``of``; it fits the model's window.

    ``share``: this process's part in it, where several make them together; the frames are the
    first one's.

    Raises:
        AttemptStopped: it was called off, between two steps.
        LoraMissing, WeightsMissing, WeightsRefused: of small weights that it names.
        BackendFailed: the model gave no numbers.
        AttentionUnavailable: what computes attention cannot be shared.
    """
    family, params = loaded.family, request.params
    few = distilled.chosen(family, params)
    small = tuple(wanted(family, params, shelf, move_type=request.move_type))
    loaded.laid.lay(small)
    pipeline = loaded.begin(few)
    conditioned = conditioning.of(request, family, pipeline)
    steps = parameters.steps_of(family, params)
    ends = family.both_ends and chunks.long_way(family, params) is Long.SEGMENTS
    last = conditioned.last if ends else None
    piece = running.Piece(
        picture=conditioned.picture, last=last, frames=conditioned.frames,
        size=request.output, steps=steps, guidance=distilled.guidance_of(family, params),
        seed=params.seed, fps=request.fps, prompt=request.prompt,
        negative_prompt=request.negative_prompt, cache=params.step_cache,
        more=conditioned.arguments,
    )  # fmt: skip

    parts = running.sections(family, piece.frames)

    def tell(step: Step) -> None:
        part, done = divmod(step.index, step.steps)
        request.tell(Progress(done + 1, step.steps, number * parts + part + 1, of * parts))

    try:
        frames, steered = running.run(
            pipeline, family, piece, guide=conditioned.guide, stopped=request.stopped, tell=tell,
            share=share,
        )  # fmt: skip
    except Stopped:
        raise AttemptStopped(stage="generate") from None
    if loaded.setup.on_gpu or small:
        loaded.measure()  # without a GPU it holds its parameters, and only LoRAs add to them
    shortcuts = loaded.setup.shortcuts
    if loaded.setup.plan is not None and not request.memory_plan:
        shortcuts = (f"plan:{loaded.setup.plan.value}", *shortcuts)
    if params.step_cache is not None:
        shortcuts = (*shortcuts, f"cache:{params.step_cache.value}")
    if share is not None:
        shortcuts = (*shortcuts, f"gpus:{share.of}")
    request.used(
        conditioned.used(steered).model_copy(
            update={
                "loras_sha256": {name: sha for lora in small for name, sha in lora.sha256.items()},
                "speed": params.speed.value if few is not None and params.speed is not None else "",
                "shortcuts": shortcuts,
                "pieces": of,
            }
        )
    )
    return frames


def wanted(
    family: Family, params: GenerationParams, shelf: Shelf, *, move_type: str
) -> Iterator[loras.Lora]:
    """The small weights that a shot asks for: its few-step weights, those for its move, its own.
    The latter two lie over every denoiser of the model, unless they are one expert's.

    Raises:
        LoraMissing, WeightsMissing, WeightsRefused.
    """
    few = distilled.chosen(family, params)
    if few is not None:
        name = distilled_name(family.name)
        opened = open_folder(name, shelf)
        yield loras.Lora(
            name,
            files={part: shelf.find_distilled(family.name, part) for part in few.files},
            weight=1.0,
            sha256={f"{name}/{file}": sha for file, sha in opened.weights_sha256.items()},
        )
    if params.control is Control.CAMERA_LORA:
        name = camera_name(family.name, move_type)
        path, opened = shelf.find_camera_lora(family.name, move_type), open_folder(name, shelf)
        yield loras.Lora(
            name,
            files=dict.fromkeys(family.denoisers, path),
            weight=1.0,
            sha256={name: opened.weights_sha256[path.name]},
        )
    for use in params.loras:
        opened = open_lora(use.name, shelf)
        yield loras.Lora(
            use.name,
            files=dict.fromkeys(_denoisers(family, use.expert), opened.path),
            weight=use.weight,
            sha256={use.name: opened.weights_sha256[opened.path.name]},
        )


def _denoisers(family: Family, expert: Expert | None) -> tuple[str, ...]:
    match expert:
        case None:
            return family.denoisers
        case Expert.HIGH_NOISE:
            return family.denoisers[:1]
        case Expert.LOW_NOISE:
            return family.denoisers[1:]
