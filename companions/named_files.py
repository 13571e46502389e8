"""The files that a move names beside its picture: masks, a depth map, a given reference.

The one list of them: what travels with a picture, what a check looks for and what a worker is
given are all told by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from companions.motion import Move
from companions.trajectory import MaskRegion


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a move names.

    Attributes:
        field: where, from the move on: ``objects[0].region``.
        path: relative to the folder of the document.
        sha256: of its bytes.
    """

    field: str
    path: str
    sha256: str


def named_files(move: Move) -> Iterator[NamedFile]:
    """Every file that ``move`` names, in order; one that is named twice, twice."""
    for index, moving in enumerate(move.objects):
        if isinstance(moving.region, MaskRegion):
            yield NamedFile(f"objects[{index}].region", moving.region.path, moving.region.sha256)
    if move.depth is not None:
        yield NamedFile("depth", move.depth.path, move.depth.sha256)
    if move.reference is not None:
        clips = move.reference
        yield NamedFile("reference", clips.path, clips.sha256)
        yield NamedFile("reference.mask", clips.mask_path, clips.mask_sha256)


def with_files(move: Move, renamed: Callable[[str], str]) -> Move:
    """``move`` with the files it names under other paths; the same object if it names none."""
    if next(named_files(move), None) is None:
        return move
    changed: dict[str, object] = {}
    if move.objects:
        changed["objects"] = tuple(
            moving.model_copy(
                update={
                    "region": moving.region.model_copy(update={"path": renamed(moving.region.path)})
                }
            )
            if isinstance(moving.region, MaskRegion)
            else moving
            for moving in move.objects
        )
    if move.depth is not None:
        changed["depth"] = move.depth.model_copy(update={"path": renamed(move.depth.path)})
    if move.reference is not None:
        clips = move.reference
        changed["reference"] = clips.model_copy(
            update={"path": renamed(clips.path), "mask_path": renamed(clips.mask_path)}
        )
    return move.model_copy(update=changed)
