"""What is published on the Hugging Face hub under one name here: where, what, on what terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

DISTILLED: Final = ".distilled"
_CAMERA: Final = ".camera-"
LORA: Final = "lora"
"""What the one file of a camera's small weights is called here."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def distilled_name(family: str) -> str:
    """What the few-step weights of ``family`` are called here: a folder with a file for each of its
    denoisers."""
    return f"{family}{DISTILLED}"


def camera_name(family: str, move: str) -> str:
    """What the small weights of ``family`` for moves of type ``move`` are called here."""
    return f"{family}{_CAMERA}{move}"


def is_pipeline(name: str) -> bool:
    """Whether what is called so holds a whole pipeline, and not small weights to lay over one."""
    return not name.endswith(DISTILLED) and _CAMERA not in name


@dataclass(frozen=True, slots=True)
class Terms:
    """A licence that a person has to accept once: its name, and where it can be read."""

    licence: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """One part of a pipeline that is published in a repository of its own.

    Attributes:
        part: its name in the pipeline.
        repo, revision: as those of ``Repository``.
        folder: of that repository; empty: its top.
        library, kind: the library and the name of its class.
        terms: of its licence; None: it sets none.
    """

    part: str
    repo: str
    revision: str
    folder: str
    library: str
    kind: str
    terms: Terms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Weights that lie in a folder of their own, as their authors publish them.

    Attributes:
        name: what they are called here.
        purpose: what they do, for the listing.
        repo: id on the hub.
        revision: the commit that is fetched, 40 hexadecimal digits; empty: the one that is current
            at the first fetch.
        licence: SPDX name, or the licence's own.
        licence_page: where it can be read.
        to_accept: whether a person has to accept it once.
        total_bytes: of what is fetched, roughly; 0: not known.
        parts: of a pipeline, those it cannot do without.
        pipeline: its class; what the index says of it is replaced where parts come from elsewhere.
        elsewhere: those parts.
        files: what is fetched where it is no pipeline: the file in the repository by its name
            here, without suffix; an empty name stands for the one safetensors file at its top.
    """

    name: str
    purpose: str
    repo: str
    revision: str
    licence: str
    licence_page: str
    to_accept: bool
    total_bytes: int = 0
    parts: tuple[str, ...] = ()
    pipeline: str = ""
    elsewhere: tuple[Elsewhere, ...] = ()
    files: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    @property
    def terms(self) -> tuple[Terms, ...]:
        """All that have to be accepted, those of parts from elsewhere among them; each once."""
        own = [Terms(self.licence, self.licence_page)] if self.to_accept else []
        its = [each.terms for each in self.elsewhere if each.terms is not None]
        return tuple(dict.fromkeys((*own, *its)))

    @property
    def page(self) -> str:
        """The repository, for people."""
        return f"https://huggingface.co/{self.repo}"
