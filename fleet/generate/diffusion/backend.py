"""The generator of a family: its model loaded once, then shot after shot through it.

No state of one shot reaches the next: schedulers are made anew for each run, LoRAs and few-step
weights lie on the model for as long as shots ask for the same ones, caches go with their run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from companions.generation_params import GenerationParams
from companions.motion import Move
from companions.picture import Pixels
from companions.timing import FrameGrid
from fleet.errors import ParameterRefused
from fleet.generate.base import GenerateRequest, ModelCard, Need, Piece
from fleet.generate.diffusion import chunks, long, parameters, published
from fleet.generate.diffusion.family import Family
from fleet.generate.tuning import PLAIN, Tuning
from fleet.weights.errors import WeightsMissing
from fleet.weights.folders import Opened, open_folder
from fleet.weights.shelf import Shelf

if TYPE_CHECKING:
    from fleet.generate.diffusion.loaded import Loaded
    from fleet.generate.diffusion.partners import Partners
    from fleet.generate.diffusion.plans import Setup


OWN: Final = "own"
"""The revision of weights that were not fetched, but named by settings or copied."""
UNPINNED: Final = "unpinned"
"""That of weights which are not here and for which no commit is declared."""


class Diffusion:
    """``Generator`` of one family.  Imports torch only when a shot is made."""

    def __init__(self, family: Family, shelf: Shelf, tuning: Tuning = PLAIN) -> None:
        self._family, self._shelf, self._tuning = family, shelf, tuning
        self._loaded: Loaded | None = None
        self._opened: Opened | None = None
        self._partners: Partners | None = None

    @property
    def card(self) -> ModelCard:
        """As ``Generator.card``: of the very files that are here; as declared where none are."""
        hub, name = self._family.hub, self._family.name
        try:
            opened = self._open()
        except WeightsMissing:
            return ModelCard(name, hub.revision or UNPINNED, hub.licence, {})
        return ModelCard(
            name, opened.revision or OWN, opened.licence or hub.licence, opened.weights_sha256
        )

    @property
    def grid(self) -> FrameGrid:
        """As ``Generator.grid``."""
        return self._family.clip_grid

    @property
    def memory_bytes(self) -> int:
        """As ``Generator.memory_bytes``: measured once it is loaded, declared before."""
        if self._loaded is not None:
            return self._loaded.memory_bytes
        return min(plan.gpu_bytes for plan in self._family.plans.values())

    def needs(self, params: GenerationParams, *, move_type: str) -> Sequence[Need]:
        """As ``Generator.needs``."""
        return tuple(published.needs_of(self._family, params, move_type=move_type))

    def check_here(self, need: Need) -> None:
        """As ``Generator.check_here``."""
        published.check_here(self._family, need, self._shelf)

    def how(self, params: GenerationParams, *, memory_plan: str, move_type: str) -> str:
        """As ``Generator.how``."""
        from fleet.generate.diffusion import loaded, shot

        setup = loaded.setup_here(self._family, memory_plan, self._tuning)
        small = shot.wanted(self._family, params, self._shelf, move_type=move_type)
        return repr((setup, [sorted(lora.sha256.items()) for lora in small]))

    def unload(self) -> None:
        """As ``Generator.unload``."""
        self._alone()
        loaded, self._loaded, self._opened = self._loaded, None, None
        if loaded is not None:
            loaded.let_go()

    def check(
        self,
        params: GenerationParams,
        move: Move,
        *,
        prompt: str = "",
        negative_prompt: str = "",
    ) -> None:
        """As ``Generator.check``."""
        parameters.check(self._family, params, move, prompt=prompt, negative_prompt=negative_prompt)

    def pieces(self, params: GenerationParams, frames: int) -> Sequence[Piece]:
        """As ``Generator.pieces``."""
        return chunks.plan(self._family, params, frames)

    def frames(self, request: GenerateRequest) -> Iterator[Pixels]:
        """As ``Generator.frames``."""
        pieces = self.pieces(request.params, len(request.move_fractions))
        if request.piece is None and len(pieces) > 1:
            yield from long.whole(request, pieces=pieces, frames=self.frames)
            return
        number, part = long.part(request, pieces=pieces)
        made = self._made(part, number=number, of=len(pieces))
        yield from long.faded(made, before=part.before)

    def _made(self, request: GenerateRequest, *, number: int, of: int) -> Sequence[Pixels]:
        """The frames of ``request``, piece ``number`` (from 0) of ``of``: it fits the window."""
        for need in self.needs(request.params, move_type=request.move_type):
            # What is loaded was looked through then; small weights come and go with each shot.
            if self._loaded is None or need.name != self._family.name:
                self.check_here(need)
        from fleet.generate.diffusion import loaded, shot

        setup = loaded.setup_here(self._family, request.memory_plan, self._tuning)
        if self._loaded is not None and self._loaded.setup != setup:
            self.unload()
        partners = self._with(request.params.gpus_per_shot or 1, setup)
        if self._loaded is None:
            self._loaded = loaded.Loaded(self._family, self._open(), setup, self._tuning)
        if partners is not None:
            return partners.made(self._loaded, request, number=number, of=of)
        return shot.made(self._loaded, request, self._shelf, number=number, of=of)

    def _with(self, gpus: int, setup: Setup) -> Partners | None:
        """Those with whom a shot on so many GPUs is made; None: it is made on one.

        Raises:
            ParameterRefused: this machine's worker has fewer.
        """
        from fleet.generate.diffusion import placing

        # Without any, the processor does the work of all: slow, and as true.
        if setup.on_gpu and gpus > placing.gpus():
            raise ParameterRefused(
                field="generation_params.gpus_per_shot",
                what=f"it asks for {gpus} GPUs, and this worker has {placing.gpus()}; give workers "
                f"more (generation_gpus of the settings), or ask for fewer",
            )
        there = self._partners
        if there is not None and (
            not there.are_there or (there.gpus, there.setup) != (gpus, setup)
        ):
            self._alone()
        if gpus > 1 and self._partners is None:
            from fleet.generate.diffusion.partner_words import Beginning
            from fleet.generate.diffusion.partners import Partners

            self._partners = Partners(
                Beginning(
                    family=self._family.name, opened=self._open(), shelf=self._shelf,
                    setup=setup, tuning=self._tuning, rank=0, of=gpus,
                )
            )  # fmt: skip
        return self._partners

    def _alone(self) -> None:
        """End the partners, if there are any."""
        partners, self._partners = self._partners, None
        if partners is not None:
            partners.end()

    def _open(self) -> Opened:
        # Once for as long as it is loaded: a folder without a receipt is hashed for it.
        if self._opened is None:
            self._opened = open_folder(self._family.name, self._shelf)
        return self._opened
