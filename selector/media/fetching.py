"""One image by the quickest way there is: from memory, from a proxy, from the picture itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from selector.media.decode import Decoded, decode, shrunk
from selector.media.disk_cache import Stamp, stamp_of
from selector.media.plan import Tier, fitted
from selector.media.proxies import Proxies


@dataclass(frozen=True, slots=True)
class Fetched:
    """An image that was fetched.

    Attributes:
        decoded: the image, and the size of its picture.
        stamp: the picture's, before and after it was read; None: it was gone, or changed meanwhile.
        is_worth_keeping: whether a proxy of it would save time and there is none.
    """

    decoded: Decoded
    stamp: Stamp | None
    is_worth_keeping: bool

    @property
    def keep_as(self) -> Stamp | None:
        """The stamp under which a proxy of it is to be kept; None: it is not."""
        return self.stamp if self.is_worth_keeping else None


def fetch(
    picture: Path, tier: Tier, *, at_hand: Fetched | None, proxies: Proxies | None
) -> Fetched:
    """The picture's image; ``at_hand`` is its image for the screen, if that is in memory.

    A thumb is made of that, unless the file is another one since.

    Raises:
        PictureRefused, MemoryError: as ``decode``.
    """
    stamp = stamp_of(picture)
    larger = at_hand.decoded if at_hand is not None and stamp in {None, at_hand.stamp} else None
    if proxies is not None and stamp is not None:
        kept = proxies.load(stamp, tier)
        if kept is not None:
            return Fetched(kept, stamp, is_worth_keeping=False)
        if larger is None and tier is Tier.THUMB:
            larger = proxies.load(stamp, Tier.SCREEN)
    if larger is not None and tier is Tier.THUMB:
        small = fitted(larger.size, long_side=tier.long_side)
        decoded = Decoded(shrunk(larger.image, small), larger.size)
    else:
        decoded = decode(picture, long_side=tier.long_side)
    # What changed under our hands leaves no proxy, and no thumb is made of it.
    unchanged = stamp if stamp == stamp_of(picture) else None
    worth = proxies is not None and unchanged is not None and proxies.is_worth(decoded, tier)
    return Fetched(decoded, unchanged, worth)
