"""Folders of weights that are here: looked through before anything is loaded from them.

Called by the backends when they load, by ``fleet submit`` to ask whether this machine can do the
work, and by ``fleet models``.  Reads local files alone, never the network.  Whoever made a folder
may be hostile: what could run code is refused by its name, unread.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from companions.files import open_regular, pieces_of, read_limited, resolve_inside, sha256_of
from fleet.weights import folder_receipt, layout
from fleet.weights.errors import WeightsMissing, WeightsRefused
from fleet.weights.folder_receipt import FolderReceipt
from fleet.weights.layout import INDEX, MOST_SMALL_BYTES, SAFETENSORS, SMALL, UNSAFE
from fleet.weights.repository import is_pipeline
from fleet.weights.shelf import Shelf

_MOST_FILES: Final = 10_000
_MOST_HEADER_BYTES: Final = 100 * 1024**2
_AGAIN: Final = "Fetch it again, or give another folder."


@dataclass(frozen=True, slots=True)
class Opened:
    """Weights that were looked through and may be loaded.

    Attributes:
        path: of their folder, or of their file.
        revision: the commit they were fetched at; empty: they are the user's own.
        licence: as their authors state it; empty: not known here.
        weights_sha256: of each file of weights, by its name in the folder.
    """

    path: Path
    revision: str
    licence: str
    weights_sha256: dict[str, str]


def open_folder(name: str, shelf: Shelf) -> Opened:
    """What ``shelf`` has as ``name``, looked through.

    Quick where a receipt knows the hashes; a folder of the user's own is hashed unless ``fleet
    models verify`` noted them.

    Raises:
        WeightsMissing: there is no such folder.
        WeightsRefused: it holds code or pickles, leads elsewhere, is damaged, or was changed.
    """
    path, files, receipt = look_through(name, shelf)
    if receipt is None:
        hashes = {file: sha256_of(place) for file, place in files.items() if _is_weights(file)}
        return Opened(path, "", "", hashes)
    hashes = {note.path: note.sha256 for note in receipt.files if _is_weights(note.path)}
    return Opened(path, receipt.commit, receipt.licence, hashes)


def open_lora(name: str, shelf: Shelf) -> Opened:
    """The LoRA that settings call ``name``, looked at and hashed.

    Raises:
        LoraMissing: settings name none, or there is no such file.
        WeightsRefused: it is no safetensors, or damaged.
    """
    path = shelf.find_lora(name)
    check_safetensors(path)
    return Opened(path, "", "", {path.name: sha256_of(path)})


def look_through(name: str, shelf: Shelf) -> tuple[Path, Mapping[str, Path], FolderReceipt | None]:
    """The folder of ``name``, its files that are used, and its receipt; nothing is hashed.

    Raises:
        WeightsMissing, WeightsRefused: as for ``open_folder``.
    """
    path = shelf.find_folder(name)
    receipt = folder_receipt.receipt_of(name, path, shelf_folder=shelf.folder)
    try:
        files = check_folder(path, pipeline=is_pipeline(name))
        if receipt is not None:
            folder_receipt.check_unchanged(receipt, files, path=path)
    except FileNotFoundError as error:
        # Replaced or removed while it was looked at.
        raise WeightsMissing(name=name, folder=path.parent) from error
    return path, files, receipt


def check_folder(path: Path, *, pipeline: bool) -> dict[str, Path]:
    """The files of a folder that may be loaded, by their names in it; refused as a whole if any
    file in it could run code.

    ``pipeline``: whether it has to be a whole one, as ``save_pretrained`` lays it out.

    Raises:
        WeightsRefused: see ``open_folder``.
    """
    files: dict[str, Path] = {}
    for name, place in _walk(path):
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in UNSAFE:
            what = "could run code: no pickles and no programs are taken, only safetensors"
            raise WeightsRefused(path=place, what=what, remedy="Remove it, or use another folder.")
        if suffix in SMALL or suffix == SAFETENSORS:
            files[name] = place
    files.pop(folder_receipt.INSIDE, None)
    if pipeline:
        parts = layout.parts_of(read_small(path / INDEX), path=path / INDEX)
        chosen = layout.weight_files(
            files, parts, read=lambda name: read_small(path / name), path=path
        )
    else:
        chosen = tuple(filter(_is_weights, files))
    for name in chosen:
        check_safetensors(files[name])
    return files


def _walk(path: Path) -> Iterator[tuple[str, Path]]:
    count = 0
    for folder, folders, names in os.walk(path):
        # What tools and desktops keep for themselves, the hub's client among them.
        folders[:] = [each for each in folders if not each.startswith(".")]
        for each in (*folders, *names):
            place = Path(folder, each)
            relative = place.relative_to(path).as_posix()
            if place.is_symlink() and resolve_inside(path, relative) is None:
                what = "is a link that leads out of the folder"
                remedy = "Take the folder in, links resolved: fleet models fetch NAME --from PATH."
                raise WeightsRefused(path=place, what=what, remedy=remedy)
            if each in names and not each.startswith("."):
                count += 1
                yield relative, place
        if count > _MOST_FILES:
            what = f"holds more than {_MOST_FILES} files"
            raise WeightsRefused(path=path, what=what, remedy="Give the pipeline's own folder.")


def read_small(path: Path) -> bytes:
    """The bytes of a file that is no weights.

    Raises:
        WeightsRefused: it is missing, cannot be read, is no regular file, or is too large.
    """
    try:
        return read_limited(path, limit=MOST_SMALL_BYTES)
    except OSError as error:
        what = f"cannot be read ({error.strerror or error})"
        raise WeightsRefused(path=path, what=what, remedy=_AGAIN) from error


def check_safetensors(path: Path) -> None:
    """Refuse ``path`` unless it is a whole file of safetensors, as its header tells; no tensor is
    read.

    Raises:
        WeightsRefused: it cannot be read, is of another format, or is cut short.
    """
    try:
        with open_regular(path) as stream:
            length = int.from_bytes(stream.read(8), "little")
            size = os.fstat(stream.fileno()).st_size
            if not 2 <= length <= min(_MOST_HEADER_BYTES, size - 8):
                raise ValueError("no header")  # noqa: TRY301  (told below with the others)
            header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        end = max((int(entry["data_offsets"][1]) for entry in header.values()), default=0)
    except OSError as error:
        what = f"cannot be read ({error.strerror or error})"
        raise WeightsRefused(path=path, what=what, remedy=_AGAIN) from error
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError) as error:
        what = "is no whole file of safetensors"
        raise WeightsRefused(path=path, what=what, remedy=_AGAIN) from error
    if end != size - 8 - length:
        what = "is shorter or longer than its header says"
        raise WeightsRefused(path=path, what=what, remedy=_AGAIN)


def hashed(files: Mapping[str, Path], *, tell: Callable[[int, int], None]) -> dict[str, str]:
    """The SHA-256 of each of ``files``; ``tell`` is told how many bytes are done, and how many
    there are.

    Raises:
        WeightsRefused: one cannot be read.
    """
    import hashlib

    total = sum(place.stat().st_size for place in files.values())
    done, found = 0, {}
    for name, place in sorted(files.items()):
        digest = hashlib.sha256()
        try:
            for piece in pieces_of(place):
                digest.update(piece)
                done += len(piece)
                tell(done, total)
        except OSError as error:
            what = f"cannot be read ({error.strerror or error})"
            raise WeightsRefused(path=place, what=what, remedy=_AGAIN) from error
        found[name] = digest.hexdigest()
    return found


def _is_weights(name: str) -> bool:
    return name.endswith(SAFETENSORS)
