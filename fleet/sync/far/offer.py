"""What may be offered: decided from the offer alone, before anything touches the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from companions.names import folded, path_fault
from fleet.sync.wire.sets import Offer

PARTIAL: Final = ".rsync-partial"
"""Where rsync keeps a half-arrived file, beside the place it is for."""
SET_ID_DIGITS: Final = 16
_RESERVE_PART: Final = 50
_RESERVE_MOST: Final = 256 * 1024 * 1024


def fault_of(offer: Offer) -> str | None:
    """Why ``offer`` cannot be taken, in words, or None if it can.

    That each path is relative and portable the message itself has made sure of.
    """
    digest = hashlib.sha256(offer.manifest.encode()).hexdigest()
    if not digest.startswith(offer.set_id):
        return f"the manifest's text is not that of the set {offer.set_id}"
    fault = path_fault(offer.manifest_name)
    if fault is not None:
        return f"the manifest's name {fault}"
    return _path_fault([offer.manifest_name, *(member.path for member in offer.members)])


def _path_fault(paths: Iterable[str]) -> str | None:
    files: dict[str, str] = {}
    for path in paths:
        key = folded(path)
        if key in files:
            return f"{files[key]!r} and {path!r} are one file on some disks"
        if PARTIAL in key.split("/"):
            return f"{path!r} lies in {PARTIAL}, which rsync uses for itself"
        files[key] = path
    for key, path in files.items():
        while key := key.rpartition("/")[0]:
            if key in files:
                return f"{path!r} is a file, and {path!r} lies in a folder of that name"
    return None


def shortage(*, needed: int, free: int, total: int) -> str | None:
    """Why ``needed`` more bytes do not fit a disk, or None if they do.

    A fiftieth of the disk, 256 MiB at most, is left for what else lives on it.
    """
    reserve = min(total // _RESERVE_PART, _RESERVE_MOST)
    if needed + reserve <= free:
        return None
    return f"{needed} bytes are to come, {free} are free, of which {reserve} are kept back"
