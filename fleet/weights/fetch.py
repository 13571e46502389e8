"""Published weights into the fleet's folder: read, checked, converted, put in place whole.

Called by ``fleet models fetch``.  Nothing takes its place in the folder before all of it was read
and found to be the model's; a file that is there already stays until then.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final

from companions.files import Pending, ensure_writable, remove_durably
from fleet.weights.catalogue import Entry
from fleet.weights.errors import WeightsRefused
from fleet.weights.reading import (
    MOST_BYTES,
    check_table,
    is_checkpoint,
    shapes_of,
    tensors,
)
from fleet.weights.receipt import Receipt, receipt_path
from fleet.weights.shelf import SUFFIX
from fleet.weights.tables import Table

_SUFFIXES: Final = frozenset({".safetensors", ".pkl", ".pth", ".pt"})


@dataclass(frozen=True, slots=True)
class Published:
    """A file as it was given or downloaded.

    Attributes:
        data: its bytes.
        path: its name, for messages.
        source: where it came from, for the receipt.
    """

    data: bytes
    path: Path
    source: str


def need_readers() -> None:
    """Find out before anything is downloaded whether what reads weights is installed.

    Raises:
        ModuleNotFoundError: torch or safetensors is not; the command line names the extra.
    """
    import safetensors  # noqa: F401
    import torch  # noqa: F401


def put(
    published: Published,
    *,
    entry: Entry,
    expected: Callable[[Table], Table],
    folder: Path,
    now: datetime,
) -> tuple[Path, Receipt]:
    """Check ``published`` and put it into ``folder`` as safetensors, with a receipt beside it.

    The same weights give the same bytes, on every node.

    Args:
        published: safetensors, a checkpoint of torch, or a zip archive with one of either.
        entry: the model they should be of.
        expected: gives, for the shapes that a file has, those it should have; of several
            versions, those of the nearest.
        folder: the fleet's models; made if it is missing.
        now: for the receipt.

    Raises:
        WeightsRefused: they are not that model's, damaged or hostile; nothing was changed.
        FileUnwritable: the folder cannot be written.
    """
    import safetensors.torch

    data = unpacked(published.data, path=published.path, file=entry.file)
    state = tensors(data, path=published.path)
    check_table(state, expected(shapes_of(state)), path=published.path, model=entry.name)
    converted = safetensors.torch.save(dict(sorted(state.items())))
    receipt = Receipt(
        name=entry.name,
        source=published.source,
        source_sha256=hashlib.sha256(published.data).hexdigest(),
        sha256=hashlib.sha256(converted).hexdigest(),
        licence=entry.licence,
        fetched_at=now,
    )
    ensure_writable(folder)
    path = folder / f"{entry.name}{SUFFIX}"
    told = receipt.model_dump_json(indent=2).encode() + b"\n"
    with Pending(path, converted) as weights, Pending(receipt_path(path), told) as proof:
        # The receipt last: cut off between the two, the old one does not fit and says so.
        weights.commit()
        proof.commit()
    return path, receipt


def remove(name: str, *, folder: Path) -> bool:
    """Remove what was fetched for ``name``; whether there was anything.

    Raises:
        FileUnwritable: the folder refuses.
    """
    path = folder / f"{name}{SUFFIX}"
    there = path.exists() or receipt_path(path).exists()
    if there:
        remove_durably(path)
        remove_durably(receipt_path(path))
    return there


def unpacked(data: bytes, *, path: Path, file: str) -> bytes:
    """The one file of weights in a zip archive, preferably called ``file``; or ``data`` itself if
    it is no archive.

    Raises:
        WeightsRefused: the archive is damaged, or has none or several such files.
    """
    if data[:4] != b"PK\x03\x04" or is_checkpoint(data):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            chosen = _one_of(archive.infolist(), file=file, path=path)
            with archive.open(chosen) as stream:
                found = stream.read(MOST_BYTES + 1)
    except (
        zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError,
        ValueError,
    ) as error:  # fmt: skip
        raise WeightsRefused(
            path=path,
            what=f"is a damaged archive ({error})",
            remedy="Fetch it again from where its authors publish it.",
        ) from error
    if len(found) > MOST_BYTES:
        what = f"holds a file of more than {MOST_BYTES} bytes"
        raise WeightsRefused(path=path, what=what, remedy="Give the file of weights itself.")
    return found


def _one_of(entries: Sequence[zipfile.ZipInfo], *, file: str, path: Path) -> zipfile.ZipInfo:
    names = {entry: PurePosixPath(entry.filename) for entry in entries if not entry.is_dir()}
    weights = [
        entry
        for entry, name in names.items()
        if name.suffix in _SUFFIXES and not name.name.startswith("._")
    ]
    found = [entry for entry in weights if names[entry].name == file] or weights
    if len(found) != 1:
        raise WeightsRefused(
            path=path,
            what=f"is an archive with {len(found)} files of weights, and one is wanted",
            remedy="Unpack it and give the file of weights itself.",
        )
    return found[0]
