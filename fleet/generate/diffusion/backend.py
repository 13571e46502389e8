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
from fleet.generate.base import GenerateRequest, ModelCard, Piece
from fleet.generate.diffusion import chunks, long, parameters, published
from fleet.generate.diffusion.family import Family
from fleet.generate.tuning import PLAIN, Tuning
from fleet.weights.errors import WeightsMissing
from fleet.weights.folders import Opened, open_folder
from fleet.weights.shelf import Shelf

if TYPE_CHECKING:
    from fleet.generate.diffusion.loaded import Loaded


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

    def check_here(self) -> None:
        """As ``Generator.check_here``."""
        published.check_here(self._family, self._shelf)

    def how(self, memory_plan: str) -> str:
        """As ``Generator.how``."""
        from fleet.generate.diffusion import loaded

        return repr(loaded.setup_here(self._family, memory_plan, self._tuning))

    def unload(self) -> None:
        """As ``Generator.unload``."""
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
        self.check_here()
        from fleet.generate.diffusion import loaded, shot

        setup = loaded.setup_here(self._family, request.memory_plan, self._tuning)
        if self._loaded is not None and self._loaded.setup != setup:
            self.unload()
        if self._loaded is None:
            self._loaded = loaded.Loaded(self._family, self._open(), setup, self._tuning)
        return shot.made(self._loaded, request, self._shelf, number=number, of=of)

    def _open(self) -> Opened:
        # Once for as long as it is loaded: a folder without a receipt is hashed for it.
        if self._opened is None:
            self._opened = open_folder(self._family.name, self._shelf)
        return self._opened
