"""Which files of a published pipeline are needed, and whether any of them could run code.  Pure.

A pipeline is a folder as diffusers' ``save_pretrained`` lays it out: ``model_index.json`` names
its parts and their classes, and each part has a folder with its configuration and its weights.
Whoever publishes one decides what lies in it: names are taken only as they are checked here.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from fleet.weights.errors import WeightsRefused

INDEX: Final = "model_index.json"
SAFETENSORS: Final = ".safetensors"
SMALL: Final = frozenset({".json", ".txt", ".model", ".jinja"})
"""Configuration, vocabularies and templates: data alone."""
_FOREIGN: Final = frozenset({
    ".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".msgpack", ".h5", ".npy", ".npz", ".onnx",
    ".pb", ".joblib",
})  # fmt: skip
UNSAFE: Final = _FOREIGN | {".py", ".pyc", ".so", ".dll", ".dylib"}
"""Formats of weights that can hold code or that nothing here reads, and code itself."""
MOST_SMALL_BYTES: Final = 256 * 1024**2
"""Largest file that is no weights; the largest vocabularies known have a seventh of it."""

_LIBRARIES: Final = frozenset({"diffusers", "transformers"})
_PART: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CLASS: Final = re.compile(r"[A-Z][A-Za-z0-9_]{0,127}")
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_STEMS: Final = ("diffusion_pytorch_model", "model")
_INDEX_SUFFIX: Final = ".safetensors.index.json"
_AUTHORS: Final = "Use the folder as the model's authors publish it."


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a pipeline: the name of its folder, and whose class it is."""

    name: str
    library: str


def parts_of(index: bytes, *, path: Path, needed: Collection[str] = ()) -> tuple[Part, ...]:
    """The parts that ``index``, the content of the ``model_index.json`` at ``path``, names.

    Args:
        index: JSON.
        path: for messages.
        needed: parts that have to be among them.

    Raises:
        WeightsRefused: it is no such file, it names code of its own or of other packages than
            diffusers and transformers, or it lacks a part.
    """
    try:
        told = json.loads(index)
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"is not JSON ({type(error).__name__})") from error
    if not isinstance(told, dict) or "_class_name" not in told:
        raise _refused(path, "names no pipeline")
    kind = told["_class_name"]
    if not isinstance(kind, str) or not _CLASS.fullmatch(kind):
        raise _refused(path, f"names a pipeline of its own ({_short(kind)}), which is code")
    parts = [
        part
        for name, value in told.items()
        if _is_part(value) and (part := _part(name, value, path=path))
    ]
    if missing := sorted({*needed} - {part.name for part in parts}):
        raise _refused(path, f"is of another model: it has no {', '.join(missing)}")
    return tuple(parts)


def _is_part(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(each is None or isinstance(each, str) for each in value)
    )


def _part(name: str, value: Sequence[str | None], *, path: Path) -> Part | None:
    library, kind = value
    if library is None or kind is None:
        return None  # optional, and not used
    if not _PART.fullmatch(name) or not _CLASS.fullmatch(kind) or not _is_trusted(library):
        raise _refused(
            path,
            f"names {_short(library)}.{_short(kind)} for {_short(name)}, which is no class of "
            f"diffusers or transformers",
        )
    return Part(name, library)


def _is_trusted(library: str) -> bool:
    """Whether it is one of the two libraries, or one of diffusers' own folders of pipelines, by
    which it names parts that only one pipeline has."""
    if library in _LIBRARIES:
        return True
    found = importlib.util.find_spec("diffusers")  # looked up, not imported: that takes seconds
    if found is None or found.origin is None or not _PART.fullmatch(library):
        return False
    return (Path(found.origin).parent / "pipelines" / library).is_dir()


def is_plain(path: str) -> bool:
    """Whether ``path`` is a file's name, or a folder's and a file's, without any surprise."""
    names = PurePosixPath(path).parts
    return 1 <= len(names) <= 2 and "/".join(names) == path and all(map(_FILE.fullmatch, names))


def small_files(paths: Collection[str], parts: Sequence[Part]) -> tuple[str, ...]:
    """What is needed beside weights: the index, configurations, vocabularies; sorted.

    Indices of weights are among it, but not those of other formats or of variants.
    """
    folders = {part.name for part in parts}
    return tuple(
        path
        for path in sorted(paths)
        if path == INDEX
        or (
            is_plain(path)
            and path.partition("/")[0] in folders
            and "/" in path
            and PurePosixPath(path).suffix in SMALL
            and _is_known_index(PurePosixPath(path).name)
        )
    )


def _is_known_index(name: str) -> bool:
    return ".index." not in name or name in {f"{stem}{_INDEX_SUFFIX}" for stem in _STEMS}


def weight_files(
    paths: Collection[str], parts: Sequence[Part], *, read: Callable[[str], bytes], path: Path
) -> tuple[str, ...]:
    """The files of weights that diffusers and transformers load where no variant is named; sorted.

    Args:
        paths: all that there are.
        parts: of the pipeline.
        read: gives the content of one of ``small_files``.
        path: of the pipeline, for messages.

    Raises:
        WeightsRefused: a part has weights, but not as safetensors, or not all of them.
    """
    found: list[str] = []
    for part in parts:
        names = {each.partition("/")[2] for each in paths if each.startswith(f"{part.name}/")}
        found += [f"{part.name}/{name}" for name in _weights_of(part, names, read=read, path=path)]
    return tuple(sorted(found))


def _weights_of(
    part: Part, names: Collection[str], *, read: Callable[[str], bytes], path: Path
) -> Collection[str]:
    for stem in _STEMS:
        whole, index = f"{stem}{SAFETENSORS}", f"{stem}{_INDEX_SUFFIX}"
        # Where there are both, transformers takes the whole file, and diffusers the pieces.
        if whole in names and (index not in names or part.library == "transformers"):
            return {whole}
        if index in names:
            pieces = _pieces(read(f"{part.name}/{index}"), path=path / part.name / index)
            if missing := sorted(pieces - set(names)):
                raise _refused(path / part.name, f"lacks {missing[0]}, which its index names")
            return pieces
    weights = sorted(
        name for name in names if PurePosixPath(name).suffix in _FOREIGN | {SAFETENSORS}
    )
    if weights:
        raise _refused(
            path / part.name,
            f"has weights, but none that are used here: {_short(weights[0])} is a pickle, a "
            f"variant, or of another format than safetensors",
        )
    return ()


def _pieces(index: bytes, *, path: Path) -> set[str]:
    try:
        pieces = set(json.loads(index)["weight_map"].values())
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise _refused(path, f"is no index of weights ({type(error).__name__})") from error
    for name in pieces:
        if not isinstance(name, str) or not _FILE.fullmatch(name) or not name.endswith(SAFETENSORS):
            raise _refused(path, f"names {_short(name)}, which is no file of weights beside it")
    return pieces


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def _refused(path: Path, what: str) -> WeightsRefused:
    return WeightsRefused(path=path, what=what, remedy=_AUTHORS)
