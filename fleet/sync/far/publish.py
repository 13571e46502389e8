"""Publishing a set that has arrived: on the disk first, then visible in one rename, then noted.

A set that is published already and lacks files gets just those, never over what has their names.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from companions.files import flush_folder
from fleet.sync.far import tree
from fleet.sync.far.apart import leave, set_apart
from fleet.sync.far.arrival import Arrival
from fleet.sync.far.disk import flush_tree, told
from fleet.sync.far.index import Index, Kept
from fleet.sync.far.published import files_of, folder_of
from fleet.sync.wire.sets import Offer

_MANIFEST_MODE: Final = 0o640


def publish(arrival: Arrival, *, inbox: Path, index: Index, now: float) -> None:
    """Give the verified set its place in the inbox, for good.

    Raises:
        NoRoom, FileUnwritable: the disk refuses; what arrived stays where it is.
        SyncRecordUnusable: it is published, and cannot be noted; offered again, it is.
    """
    offer, only = arrival.offer, arrival.only
    final = folder_of(inbox, offer.label, offer.set_id)
    with told(final):
        if only is None or offer.manifest_name in only:
            _write_manifest(offer, root=arrival.root)
        paths = [file.path for file in files_of(offer) if _is_new(file, only)]
        # Flushed before the rename: a power cut must not leave a set that is visible and empty.
        if only is None:
            final.parent.mkdir(mode=tree.FOLDER_MODE, parents=True, exist_ok=True)
            whole = set_apart(arrival.folder, arrival.root)
            with tree.opened(whole) as root:
                flush_tree(root, paths)
                os.fchmod(root, tree.FOLDER_MODE)
            whole.rename(final)
            leave(arrival.folder)
        else:
            flush_tree(arrival.root, paths)
            _bring_back(arrival.folder, final, only)
        for folder in (final, final.parent, arrival.folder.parent, inbox):
            flush_folder(folder)
    _note(arrival, final, index=index, inbox=inbox, now=now)


def _write_manifest(offer: Offer, *, root: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(offer.manifest_name, flags, _MANIFEST_MODE, dir_fd=root)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(offer.manifest.encode())


def _bring_back(arrived: Path, final: Path, only: frozenset[str]) -> None:
    with tree.opened(final) as root:
        for path in sorted(only):
            folder, _, name = path.rpartition("/")
            tree.make_below(root, folder, ours=False)
            with tree.below(root, folder) as descriptor:
                if descriptor is not None:
                    # None where someone has put a file there just now: that one stays.
                    tree.take_over(arrived / path, name, folder=descriptor)
    shutil.rmtree(arrived)


def _note(arrival: Arrival, final: Path, *, index: Index, inbox: Path, now: float) -> None:
    offer, only = arrival.offer, arrival.only
    seen: list[Kept] = []
    for file in files_of(offer):
        if _is_new(file, only):
            # A rename changes no stamp, nor does a link; only the manifest was written just now.
            stamp = arrival.stamp_of(file.path) or _stamp_at(final, file.path)
            seen.append(file._replace(stamp=stamp or file.stamp))
    if only is None:
        index.keep(
            inbox=inbox, label=offer.label, set_id=offer.set_id,
            manifest_name=offer.manifest_name, files=seen, now=now,
        )  # fmt: skip
    else:
        index.refresh(inbox=inbox, label=offer.label, set_id=offer.set_id, files=seen)


def _is_new(file: Kept, only: frozenset[str] | None) -> bool:
    return only is None or file.path in only


def _stamp_at(final: Path, path: str) -> tree.Stamp | None:
    with tree.opened(final) as root:
        mark = tree.mark_of(path, folder=root)
    return mark.stamp if mark is not None else None
