"""What an upgrade step is given, and what it gives.

A step takes the plain form of one version of a document to the next version's.  It is pure: what
it must know of the world around the document it asks ``Surroundings``, and what it has to assume
it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class PictureAbsent(Exception):
    """A picture that an upgrade needs is not there to be read; ``str`` says why."""


class Surroundings(Protocol):
    """What an upgrade must know beside the document itself."""

    def sha256_of(self, image_path: str) -> str:
        """SHA-256 of a picture's bytes, by its path in the document.

        Raises:
            PictureAbsent: it is not inside the document's folder, or cannot be read.
        """
        ...

    @property
    def written_at(self) -> datetime:
        """When the document was written, as far as is known."""
        ...


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something a document did not say and its upgrade supplied.

    Attributes:
        field: the field of the older form, in dotted form; ``[*]`` stands for several members.
        what: in words, what was taken and why.
    """

    field: str
    what: str

    def __str__(self) -> str:
        return f"{self.field}: {self.what}"


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of one upgrade step: the next version's plain form and what was assumed."""

    plain: Mapping[str, object]
    assumed: Sequence[Assumption]
