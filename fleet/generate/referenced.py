"""The reference of a request: what the desk previews, or the clip that came with the shot."""

from __future__ import annotations

from collections.abc import Iterator

from companions.reference import Reference, ReferenceFrame
from fleet.generate.base import GenerateRequest


def reference_frames(request: GenerateRequest) -> Iterator[ReferenceFrame]:
    """The reference frame of each of the request's fractions, in order.

    Rendered from the picture, its move, objects and depth; or, where one is given, that.
    """
    if request.given is not None:
        yield from request.given.frames(request.move_fractions, output=request.output)
        return
    yield from Reference(
        request.picture,
        request.path,
        request.objects,
        output=request.output,
        at=request.move_fractions,
        masks=request.masks,
        depth=request.depth,
        preset=request.preset,
    ).frames()
