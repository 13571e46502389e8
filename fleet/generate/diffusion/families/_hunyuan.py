"""What Tencent's HunyuanVideo models share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from companions.geometry import Size
from companions.timing import FrameGrid
from fleet.generate.diffusion.family import Axes, Hub, Latents, Rhythm, Scaling

GRID: Final = FrameGrid(step=4, offset=1, least=5)
LATENTS: Final = Latents(axes=Axes.CHANNELS_FIRST, scaling=Scaling.FACTOR, rhythm=Rhythm.GROUPS)
ABROAD: Final = (
    "Its licence is not for the European Union, the United Kingdom and South Korea, and covers "
    "what is made with it."
)


def hub(repo: str, revision: str, *, model: str) -> Hub:
    """A repository of hunyuanvideo-community's, under the licence of Tencent's ``model``."""
    return Hub(
        repo=f"hunyuanvideo-community/{repo}",
        revision=revision,
        licence="Tencent Hunyuan Community License",
        licence_page=f"https://huggingface.co/tencent/{model}/blob/main/LICENSE",
        to_accept=True,
    )


def sizes(base: int, *, step: int = 16, longest: int = 4) -> tuple[Size, ...]:
    """The sizes that HunyuanVideo 1.5 makes of a picture that has one of them.

    Its pipeline takes no size: of all with sides in steps of ``step``, about ``base`` squared in
    area and at most ``longest`` to one, it chooses by the picture's shape, the flatter of two.
    Some lose to a neighbour of nearly the same shape, and cannot be had.
    """
    found = list(_candidates((base // step) ** 2, longest))
    return tuple(
        Size(width * step, height * step)
        for height, width in found
        if _chosen(found, height / width) == (height, width)
    )


def _candidates(area: int, longest: int) -> Iterator[tuple[int, int]]:
    """Heights and widths in steps, from the tallest on."""
    height, width = area, 1
    while height > 0:
        if max(height, width) <= longest * min(height, width):
            yield height, width
        if height * (width + 1) <= area:
            width += 1
        else:
            height -= 1


def _chosen(found: list[tuple[int, int]], shape: float) -> tuple[int, int]:
    shapes = [round(height / width, 5) for height, width in found]
    able = [
        index
        for index, each in enumerate(shapes)
        if (each <= shape if shape >= 1 else each >= shape)
    ]
    return found[min(able, key=lambda index: abs(shapes[index] - shape), default=0)]
