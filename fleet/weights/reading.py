"""Weights from files that strangers made: safetensors, or what ``torch.save`` wrote.

Called by the backends when they load their model, and by ``fleet models fetch`` before a file is
put in place.  Nothing in a file is ever executed: pickles are read with ``weights_only``, where
whatever is no tensor in plain containers is refused by its name.  A file is read once, so that
what was hashed is what is loaded.  Only functions that give tensors import torch.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from companions.files import read_limited
from fleet.weights.errors import WeightsRefused
from fleet.weights.receipt import check_receipt
from fleet.weights.tables import Shape, Table, check_shapes

if TYPE_CHECKING:  # heavy: imported where tensors are made
    import torch

MOST_BYTES: Final = 512 * 1024**2
"""Largest file that is read: seven times the largest model known here."""
MOST_HEADER_BYTES: Final = 4 * 1024**2
NESTED: Final = ("params_ema", "params")
"""Where Real-ESRGAN's checkpoints keep their weights, the averaged ones first."""
_PARALLEL: Final = "module."
"""What torch's DataParallel puts before every name; RIFE's checkpoints have it, and beside such
names only what was needed for training."""
_ANOTHER: Final = "Fetch the file again from where its authors publish it."
_FLOATS: Final = {"F32": 4, "F16": 2, "BF16": 2}


@dataclass(frozen=True, slots=True)
class Weights:
    """What a file held.

    Attributes:
        state: tensors by name: float32, on the CPU, contiguous, finite.
        sha256: of the file's bytes.
        size_bytes: of the file.
    """

    state: dict[str, torch.Tensor]
    sha256: str
    size_bytes: int


def load(path: Path, *, nested: Sequence[str] = NESTED) -> Weights:
    """The weights in ``path``, told by its content and not by its suffix.

    ``nested``: names under which a checkpoint may keep its weights; the first it has counts.

    Raises:
        WeightsRefused: unreadable, too large, damaged, changed since it was fetched, neither
            safetensors nor a checkpoint of torch, a pickle with more in it than weights, or a
            value that is not finite.
    """
    data = content_of(path)
    sha256 = hashlib.sha256(data).hexdigest()
    check_receipt(path, sha256=sha256)
    return Weights(tensors(data, path=path, nested=nested), sha256, len(data))


def load_state(path: Path, *, nested: Sequence[str] = NESTED) -> dict[str, torch.Tensor]:
    """As ``load``, the tensors alone."""
    return load(path, nested=nested).state


def check_table(state: Mapping[str, torch.Tensor], table: Table, *, path: Path, model: str) -> None:
    """Refuse ``state``, read from ``path``, unless it has the names and shapes of ``table``.

    Raises:
        WeightsRefused: it has not; the first few differences are named.
    """
    check_shapes(shapes_of(state), table, path=path, model=model)


def shapes_of(state: Mapping[str, torch.Tensor]) -> dict[str, Shape]:
    """The shape of each tensor."""
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def content_of(path: Path) -> bytes:
    """The bytes of a file of weights.

    Raises:
        WeightsRefused: it cannot be read, is no regular file, or is too large.
    """
    try:
        return read_limited(path, limit=MOST_BYTES)
    except OSError as error:
        what = f"cannot be read ({error.strerror or error})"
        raise WeightsRefused(path=path, what=what, remedy="Give another file.") from error


def shapes(path: Path) -> dict[str, Shape]:
    """The names and shapes in the header of a safetensors file; no torch, no tensor read.

    Raises:
        WeightsRefused: it is no safetensors file, or its header is damaged.
    """
    data = content_of(path)
    if not is_safetensors(data):
        raise _refused(path, "is no safetensors file", f"Convert it: {_FETCH}")
    return {name: shape for name, (shape, _) in _header(data, path=path).items()}


_FETCH: Final = "fleet models fetch NAME --from FILE"


def is_safetensors(data: bytes) -> bool:
    """Whether ``data`` begins as safetensors do: the header's length, then its brace."""
    return len(data) > 8 and data[8:9] == b"{"


def is_checkpoint(data: bytes) -> bool:
    """Whether ``data`` is what ``torch.save`` writes: a pickle, or a zip archive with one."""
    if data[:1] == b"\x80":
        return True
    return data[:4] == b"PK\x03\x04" and any(name.endswith("/data.pkl") for name in _entries(data))


def _entries(data: bytes) -> tuple[str, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return tuple(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return ()


def tensors(data: bytes, *, path: Path, nested: Sequence[str] = NESTED) -> dict[str, torch.Tensor]:
    """The tensors in ``data``, the content of ``path``, as ``Weights.state`` has them.

    Raises:
        WeightsRefused: as for ``load``.
    """
    if is_safetensors(data):
        found = _from_safetensors(data, path=path)
    elif is_checkpoint(data):
        found = _chosen(_from_checkpoint(data, path=path), path=path, nested=nested)
    else:
        raise _refused(path, "is neither safetensors nor a whole checkpoint of torch", _ANOTHER)
    return _plain(found, path=path, size_bytes=len(data))


def _header(data: bytes, *, path: Path) -> dict[str, tuple[Shape, int]]:
    """The shape and the bytes of each tensor, as the header says."""
    (length,) = struct.unpack_from("<Q", data)
    if length > min(MOST_HEADER_BYTES, len(data) - 8):
        raise _refused(path, "has no whole header: it is damaged or cut short", _ANOTHER)
    room = len(data) - 8 - length
    try:
        header = json.loads(data[8 : 8 + length])
        header.pop("__metadata__", None)
        told = {name: _entry(value) for name, value in header.items()}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        what = f"has a header that cannot be understood ({type(error).__name__})"
        raise _refused(path, what, _ANOTHER) from error
    if sum(size for _, size in told.values()) != room:
        raise _refused(path, "is shorter or longer than its header says", _ANOTHER)
    return told


def _entry(value: dict[str, object]) -> tuple[Shape, int]:
    kind, shape = value["dtype"], value["shape"]
    if kind not in _FLOATS:
        raise ValueError(f"{kind} is no kind of weight")
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise TypeError("a shape is a list of numbers")
    size = _FLOATS[str(kind)]
    for side in shape:
        size *= side
    return tuple(shape), size


def _from_safetensors(data: bytes, *, path: Path) -> dict[str, torch.Tensor]:
    import safetensors.torch

    _header(data, path=path)
    try:
        return safetensors.torch.load(data)
    except safetensors.SafetensorError as error:
        raise _refused(path, f"is damaged ({error})", _ANOTHER) from error


def _from_checkpoint(data: bytes, *, path: Path) -> object:
    import torch

    _check_archive(data, path=path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd pickles: they are refused, or they are read
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refused_pickle(path, str(error)) from error
    except (
        # All that torch's readers raise on damaged archives and on pickles made to confuse them.
        RuntimeError, EOFError, OSError, ValueError, TypeError, KeyError, IndexError,
        AttributeError, AssertionError, MemoryError, OverflowError, struct.error,
    ) as error:  # fmt: skip
        what = f"is a damaged checkpoint ({type(error).__name__})"
        raise _refused(path, what, _ANOTHER) from error


def _check_archive(data: bytes, *, path: Path) -> None:
    """``torch.save`` compresses nothing; an archive that would grow is made to fill memory."""
    if data[:1] == b"\x80":
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if packed or sum(entry.file_size for entry in entries) > len(data):
        raise _refused(path, "is a checkpoint that torch did not write (compressed)", _ANOTHER)


def _refused_pickle(path: Path, told: str) -> WeightsRefused:
    named = re.search(r"\bGLOBAL (\S+)", told)
    if named is None:
        return _refused(path, "is a pickle that is damaged or holds more than weights", _ANOTHER)
    return _refused(
        path,
        f"is a pickle with code in it: it names {named[1][:100]}, which is no part of weights",
        "Do not use it; get the weights from their authors, as safetensors if there are any.",
    )


def _chosen(loaded: object, *, path: Path, nested: Sequence[str]) -> dict[str, torch.Tensor]:
    """The weights of a checkpoint: those nested in it, those of its parallel model, or all."""
    import torch

    if isinstance(loaded, dict):
        loaded = next((loaded[key] for key in nested if key in loaded), loaded)
    if not isinstance(loaded, dict) or not all(isinstance(name, str) for name in loaded):
        raise _refused(path, f"holds a {type(loaded).__name__}, not tensors by name", _ANOTHER)
    parallel = {
        name.removeprefix(_PARALLEL): value
        for name, value in loaded.items()
        if name.startswith(_PARALLEL)
    }
    state = parallel or loaded
    for name, value in state.items():
        if not isinstance(value, torch.Tensor):
            what = f"holds {name[:100]}, a {type(value).__name__} and no tensor"
            raise _refused(path, what, _ANOTHER)
    return state


def _plain(
    state: Mapping[str, torch.Tensor], *, path: Path, size_bytes: int
) -> dict[str, torch.Tensor]:
    """``state`` in float32, if every tensor is dense, real, finite, and really in the file."""
    import torch

    if not state:
        raise _refused(path, "holds no weights", _ANOTHER)
    for name, tensor in state.items():
        dense = tensor.layout is torch.strided and tensor.device.type == "cpu"
        if not dense or tensor.dtype not in {torch.float32, torch.float16, torch.bfloat16}:
            raise _refused(path, f"holds {name[:100]} as {tensor.dtype}, no weights", _ANOTHER)
    # A tensor can claim any size over a few bytes of storage; written out it fills the memory.
    if sum(tensor.numel() * tensor.element_size() for tensor in state.values()) > size_bytes:
        raise _refused(path, "claims to hold more than its own size", _ANOTHER)
    plain = {name: tensor.detach().to(torch.float32).contiguous() for name, tensor in state.items()}
    for name, tensor in plain.items():
        if not bool(torch.isfinite(tensor).all()):
            raise _refused(path, f"holds NaN or infinity in {name[:100]}", _ANOTHER)
    return plain


def _refused(path: Path, what: str, remedy: str) -> WeightsRefused:
    return WeightsRefused(path=path, what=what, remedy=remedy)
