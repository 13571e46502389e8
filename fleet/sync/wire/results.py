"""How shots ended: what the far side has published for a label, as hashes and sizes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import FailFast, Field

from companions.base import Closed, Sha256
from companions.names import RelativePath
from fleet.sync.wire.base import Label, Size


class AskResults(Closed):
    """What is published for these pictures of the label?

    ``known`` are digests of metas the desk has, so that an unchanged result costs one word.
    """

    do: Literal["ask_results"] = "ask_results"
    label: Label
    pictures: Annotated[tuple[RelativePath, ...], Field(max_length=400_000), FailFast()]
    """Paths of pictures, as their manifests name them."""


class Result(Closed):
    """What lies in the outbox for one picture."""

    picture: RelativePath
    meta_sha256: Sha256
    meta_size: Size
    clip_sha256: Sha256 | None = None
    """As the meta says; None where the shot ended without a clip."""
    clip_size: Size = 0


class ResultsFound(Closed):
    """The answer to ``AskResults``: one for each picture that has a whole result.

    ``outbox`` is the label's folder as the transport has to name it; a picture's clip and meta lie
    there under the picture's own path with their suffixes.
    """

    say: Literal["results_found"] = "results_found"
    outbox: Annotated[str, Field(max_length=4096)]
    results: Annotated[tuple[Result, ...], FailFast()]
