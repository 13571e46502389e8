"""What an operator asks of one shot besides its move; what is not said follows the batch.

Kept in the motion companion, because the desk's window edits move and wishes together; turned
into the shot's own values when a manifest is built.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from companions.base import Closed, portable
from companions.timing import Rate

_BACKEND: Final = r"^[A-Za-z0-9_.:/@+-]+$"

BackendName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        pattern=_BACKEND,
        json_schema_extra={"pattern": portable(_BACKEND)},
    ),
]
PromptText = Annotated[str, Field(max_length=20_000)]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]


class Wishes(Closed):
    """What one shot asks for by itself; null: as the manifest's defaults say."""

    prompt: PromptText | None = None
    """What the clip should show, up to 20000 characters; null: the picture's caption, if any."""
    negative_prompt: PromptText | None = None
    """What it should not show, up to 20000 characters."""
    model: BackendName | None = None
    """Generator to use."""
    target_fps: Rate | None = None
    """The clip's rate in frames per second, 1 to 240."""
    seed: Seed | None = None
    """Seed of the generator's noise, 0 to 2^63 - 1."""


def said_or_none(wishes: Wishes | None) -> Wishes | None:
    """``wishes``, or None if nothing is said in them: two ways to ask for nothing are one."""
    return None if wishes == Wishes() else wishes
