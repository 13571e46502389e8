"""What a fleet's settings say about how models run: speed and places, never what is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Tuning:
    """Of one machine or fleet; picklable, because workers are given it with their work.

    Attributes:
        attention: what computes attention, a name of diffusers (``native``, ``flash``, ``sage``);
            empty: its own choice.
        compile: whether repeated blocks of denoisers are compiled.
        quantise: how torchao stores weights, ``int8`` or ``fp8``, instead of what a memory plan
            says; empty: as the plan says.
        cache: folder for encoded prompts; None: none are kept.
        cache_bytes: the most it may hold.
    """

    attention: str = ""
    compile: bool = False
    quantise: str = ""
    cache: Path | None = None
    cache_bytes: int = 1024**3


PLAIN: Final = Tuning()
"""Nothing is tuned, nothing is kept."""
