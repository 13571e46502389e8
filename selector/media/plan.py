"""What to decode next: pure, so that it can be shown to end.

The operator's wants come as two rows, pictures for the screen and thumbs, each with the most
urgent first.  Only as much of them as the budgets hold is ever loaded: a row longer than its
budget would otherwise be decoded in a circle, each image in place of one that is wanted again.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from companions.geometry import Size

URGENT: Final = 8
"""So many pictures for the screen go before the thumbs."""
BYTES_PER_PIXEL: Final = 4


class Tier(Enum):
    """How large an image is wanted."""

    THUMB = 256
    SCREEN = 1500  # a quarter of what cameras of 24 megapixels make, which a JPEG gives for less

    @property
    def long_side(self) -> int:
        """Longest side in pixels."""
        return self.value


Key = tuple[Path, Tier]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted, the most urgent first in each row."""

    screens: tuple[Path, ...] = ()
    thumbs: tuple[Path, ...] = ()


def fitted(size: Size, *, long_side: int) -> Size:
    """``size`` with its longest side at most ``long_side``, and no side under one pixel."""
    share = min(1.0, long_side / max(size.width, size.height))
    return Size(max(1, round(size.width * share)), max(1, round(size.height * share)))


def image_bytes(tier: Tier, size: Size | None) -> int:
    """Bytes of a picture's image; of the largest there can be while its size is not known."""
    if size is None:
        return tier.long_side**2 * BYTES_PER_PIXEL
    return fitted(size, long_side=tier.long_side).pixels * BYTES_PER_PIXEL


def kept(
    plan: Plan,
    *,
    budgets: Mapping[Tier, int],
    size_of: Callable[[Path], Size | None],
    refused: Container[Path],
) -> dict[Key, None]:
    """What of the plan is to be held, in the order in which it is to be loaded.

    Together these are within the budget of their tier, whatever the sizes turn out to be.  (A
    dictionary without values: an order, and a quick answer to whether something is in it.)
    """

    def held(row: Sequence[Path], tier: Tier) -> list[Key]:
        room, keys = budgets[tier], dict[Key, None]()
        for picture in row:
            if picture in refused or (picture, tier) in keys:
                continue
            room -= image_bytes(tier, size_of(picture))
            if room < 0:
                break
            keys[picture, tier] = None
        return list(keys)

    screens = held(plan.screens, Tier.SCREEN)
    thumbs = held(plan.thumbs, Tier.THUMB)
    return dict.fromkeys([*screens[:URGENT], *thumbs, *screens[URGENT:]])


def next_key(
    wanted: Mapping[Key, None],
    *,
    held: Mapping[Tier, Container[Key]],
    under_way: Container[Key],
    only: Path | None = None,
) -> Key | None:
    """The most urgent that is neither there nor under way.

    A thumb waits while its picture is being decoded for the screen: after that it costs nothing.
    With ``only``, that picture for the screen or nothing.
    """
    for key in wanted if only is None else {(only, Tier.SCREEN): None}.keys() & wanted.keys():
        picture, tier = key
        if key in under_way or key in held[tier]:
            continue
        if tier is Tier.THUMB and (picture, Tier.SCREEN) in under_way:
            continue
        return key
    return None
