"""What a generator and its partners, the processes on its further GPUs, say to each other.

Over a pair of sockets that nobody else holds an end of, so what arrives is our own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from companions.video_meta import ConditioningUsed
from fleet.generate.base import GenerateRequest
from fleet.generate.diffusion.plans import Setup
from fleet.generate.tuning import Tuning
from fleet.jobs.progress import Progress
from fleet.weights.folders import Opened
from fleet.weights.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Beginning:
    """Said first: which model to load, and how; ``rank`` of ``of`` processes."""

    family: str
    opened: Opened
    shelf: Shelf
    setup: Setup
    tuning: Tuning
    rank: int
    of: int


@dataclass(frozen=True, slots=True)
class Order:
    """One shot, or one piece of a long one, that is made together.

    Attributes:
        request: it, as ``travelling`` gives it.
        number, of: which piece, from 0, of how many.
        meeting: where the processes find each other.
    """

    request: GenerateRequest
    number: int
    of: int
    meeting: Path


@dataclass(frozen=True, slots=True)
class BeforeStep:
    """Said before each step is taken over: whether it is the last, because the work is called
    off.  One process decides that, so that none waits in vain for another."""

    stop: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """The partner's model is loaded."""


@dataclass(frozen=True, slots=True)
class Over:
    """The partner's part in the order is done, or was called off."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The partner's last word.

    Attributes:
        what: the error, in words.
        memory: whether it is that memory was full.
    """

    what: str
    memory: bool


def travelling(request: GenerateRequest) -> GenerateRequest:
    """``request`` without what only its own process can be asked or told."""
    return replace(request, stopped=_never, tell=_unheard, used=_unread)


def _never() -> bool:
    return False


def _unheard(progress: Progress) -> None:
    del progress


def _unread(used: ConditioningUsed) -> None:
    del used
