"""One image by the quickest way there is: from memory, from a proxy, from the picture itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtGui import QImage

from companions.geometry import Size
from selector.media.decode import Decoded, decode, shrunk
from selector.media.disk_cache import Stamp, stamp_of
from selector.media.plan import Tier
from selector.media.proxies import Proxies


@dataclass(frozen=True, slots=True)
class Fetched:
    """An image that was fetched.

    Attributes:
        decoded: the image, and the size of its picture.
        tier: what it was fetched for.
        keep_as: the stamp under which a proxy of it is worth keeping; None: it is not.
    """

    decoded: Decoded
    tier: Tier
    keep_as: Stamp | None


def fetch(
    picture: Path, tier: Tier, *, at_hand: Decoded | None, proxies: Proxies | None
) -> Fetched:
    """The picture's image; ``at_hand`` is its image for the screen, if that is in memory.

    Raises:
        PictureRefused, MemoryError: as ``decode``.
    """
    # A stamp is read before and after: a file that changes under our hands leaves no proxy.
    stamp = stamp_of(picture) if proxies is not None else None
    if stamp is not None and proxies is not None:
        kept = proxies.load(stamp, tier)
        if kept is not None:
            return Fetched(kept, tier, None)
        if at_hand is None and tier is Tier.THUMB:
            at_hand = proxies.load(stamp, Tier.SCREEN)
    if at_hand is not None and tier is Tier.THUMB:
        decoded = Decoded(shrunk(at_hand.image, long_side=tier.long_side), at_hand.size)
    else:
        decoded = decode(picture, long_side=tier.long_side)
    worth = proxies is not None and proxies.is_worth(decoded, tier)
    return Fetched(decoded, tier, stamp if worth and stamp == stamp_of(picture) else None)


def at_hand(image: QImage | None, size: Size | None) -> Decoded | None:
    """What is in memory of a picture, if all of it is known."""
    return Decoded(image, size) if image is not None and size is not None else None
