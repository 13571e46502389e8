"""The generator of a family: its model loaded once, then shot after shot through it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from companions.generation_params import Control, GenerationParams
from companions.motion import Move
from companions.picture import Pixels
from companions.timing import FrameGrid
from companions.video_meta import ConditioningUsed
from fleet.errors import AttemptStopped
from fleet.generate.base import GenerateRequest, ModelCard, Progress
from fleet.generate.diffusion import parameters
from fleet.generate.diffusion.family import Family
from fleet.weights.shelf import Shelf


class Diffusion:
    """``Generator`` of one family.  Imports torch only when a shot is made."""

    def __init__(self, family: Family, shelf: Shelf) -> None:
        self._family, self._shelf = family, shelf
        self._pipeline: Any = None

    @property
    def card(self) -> ModelCard:
        """As ``Generator.card``."""
        hub = self._family.hub
        return ModelCard(self._family.name, hub.revision, hub.licence, {})

    @property
    def grid(self) -> FrameGrid:
        """As ``Generator.grid``."""
        return self._family.grid

    @property
    def memory_bytes(self) -> int:
        """As ``Generator.memory_bytes``."""
        return min(plan.gpu_bytes for plan in self._family.plans.values())

    def check_here(self) -> None:
        """As ``Generator.check_here``."""
        self._folder()

    def unload(self) -> None:
        """As ``Generator.unload``."""
        self._pipeline = None

    def check(self, params: GenerationParams, move: Move) -> None:
        """As ``Generator.check``."""
        parameters.check(self._family, params, move)

    def frames(self, request: GenerateRequest) -> Iterator[Pixels]:
        """As ``Generator.frames``."""
        from fleet.generate.diffusion import guiding, latents, loading, running
        from fleet.generate.diffusion.steering import Guide, Step, Stopped

        family, params = self._family, request.params
        if self._pipeline is None:
            self._pipeline = loading.load(family, self._folder())
        conditioned = guiding.conditioned(request)
        guide = None
        control = params.control or family.controls[0]
        if control is Control.TIME_TO_MOVE and family.latents and family.time_to_move:
            reference = latents.encoded(
                self._pipeline.vae, latents.clip_tensor(conditioned.frames),
                scaling=family.latents.scaling, rhythm=family.latents.rhythm,
            )  # fmt: skip
            mask = latents.latent_mask(
                conditioned.held,
                shape=(reference.shape[2], reference.shape[3], reference.shape[4]),
                rhythm=family.latents.rhythm,
            )
            clocks = guiding.clocks_of(params, family.time_to_move, objects=bool(request.objects))
            guide = Guide(
                reference, mask, lambda schedule: guiding.window_of(params, clocks, schedule),
                first_is_given=family.latents.first_is_given,
            )  # fmt: skip
        steps = params.steps or family.defaults.steps
        piece = running.Piece(
            picture=conditioned.frames[0], last=None, frames=len(conditioned.frames),
            size=request.output, steps=steps,
            guidance=family.defaults.guidance if params.guidance is None else params.guidance,
            seed=params.seed, fps=request.fps, prompt=request.prompt,
            negative_prompt=request.negative_prompt,
        )  # fmt: skip

        def tell(step: Step) -> None:
            request.tell(Progress(step.index + 1, step.steps))

        try:
            made, steered = running.run(
                self._pipeline, family, piece, guide=guide, stopped=request.stopped, tell=tell
            )
        except Stopped:
            raise AttemptStopped(stage="generate") from None
        request.used(
            ConditioningUsed(
                control=control.value, steps=steps, steps_run=steps - steered.window.begin
            )
        )
        yield from made

    def _folder(self) -> Path:
        return self._shelf.find_folder(self._family.name)
