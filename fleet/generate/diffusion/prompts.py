"""Encoded prompts, kept on disk: a text encoder of ten gigabytes is not asked twice.

What a pipeline's ``encode_prompt`` returns is kept under the hash of everything that went into it.
A prompt that is found needs no text encoder; where weights are offloaded, it stays in the host's
memory.  A pipeline that encodes its prompt together with the picture is passed through.

The folder holds at most so many bytes: what was used longest ago goes first.  Entries are written
whole or not at all; one that is damaged is encoded anew.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import safetensors
import safetensors.torch
import torch

from companions import files
from companions.errors import FileUnwritable

SUFFIX: Final = ".prompt.safetensors"
_MOST_ENTRY_BYTES: Final = 256 * 1024**2
_LEFT: Final = "padded_left"

_log = logging.getLogger("fleet.generate")


@dataclass(frozen=True, slots=True)
class _Encoded:
    """What ``encode_prompt`` returned, and how it left the tokenizer."""

    made: tuple[torch.Tensor | None, ...]
    padded_left: bool


class Prompts:
    """Encoded prompts in a folder.

    Attributes:
        hits, misses: how many were found, and how many had to be encoded.
    """

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self.hits = self.misses = 0

    def remembered(
        self, encode: Callable[..., Any], *, encoder: str, tokenizer: Any
    ) -> Callable[..., Any]:
        """``encode``, a pipeline's ``encode_prompt``, which looks here first.

        ``encoder`` names the text encoder: another one's encodings mean nothing to a model.
        ``tokenizer`` is the pipeline's: some pipelines turn its padding to the left when they
        encode, and ask it for that afterwards (LTX-2).
        """
        signature = inspect.signature(encode)

        @functools.wraps(encode)
        def looked_up(*args: Any, **named: Any) -> Any:
            bound = signature.bind(*args, **named)
            bound.apply_defaults()
            device = bound.arguments.pop("device", None)
            key = _key(encoder, bound.arguments)
            if key is None:
                return encode(*args, **named)
            found = self._read(key)
            if found is not None:
                self.hits += 1
                if found.padded_left:
                    tokenizer.padding_side = "left"
                return tuple(None if each is None else each.to(device) for each in found.made)
            self.misses += 1
            made = encode(*args, **named)
            if isinstance(made, tuple) and all(
                each is None or isinstance(each, torch.Tensor) for each in made
            ):
                left = getattr(tokenizer, "padding_side", "") == "left"
                self._write(key, _Encoded(made, padded_left=left))
            return made

        return looked_up

    def _read(self, key: str) -> _Encoded | None:
        path = self._folder / f"{key}{SUFFIX}"
        try:
            data = files.read_limited(path, limit=_MOST_ENTRY_BYTES)
            tensors = safetensors.torch.load(data)
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, safetensors.SafetensorError) as error:
            _log.warning("%s is encoded anew (%s)", path, error)
            return None
        left = tensors.pop(_LEFT, None) is not None
        made = tuple(tensors.pop(f"{index}.tensor", None) for index in range(len(tensors)))
        marks = {f"{index}.nothing" for index, each in enumerate(made) if each is None}
        if not made or marks != tensors.keys():
            _log.warning("%s is encoded anew (it is no encoded prompt)", path)
            return None
        return _Encoded(made, padded_left=left)

    def _write(self, key: str, encoded: _Encoded) -> None:
        # What is nothing gets an empty mark, so that the places of the others are known.
        held = {
            f"{index}.nothing" if each is None else f"{index}.tensor": (
                torch.zeros(0) if each is None else each.detach().cpu().contiguous()
            )
            for index, each in enumerate(encoded.made)
        }
        if encoded.padded_left:
            held[_LEFT] = torch.zeros(0)
        data = safetensors.torch.save(held)
        path = self._folder / f"{key}{SUFFIX}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room(len(data))
            files.write_atomic(path, data)
        except (OSError, FileUnwritable) as error:
            # The shot has its prompt; only the next one is encoded again.
            _log.warning("an encoded prompt could not be kept: %s", error)

    def _make_room(self, size_bytes: int) -> None:
        kept = sorted(
            ((entry.stat(), Path(entry.path)) for entry in os.scandir(self._folder)
             if entry.name.endswith(SUFFIX)),
            key=lambda each: each[0].st_mtime_ns,
        )  # fmt: skip
        held = sum(stat.st_size for stat, _ in kept)
        for stat, path in kept:
            if held + size_bytes <= self._most_bytes:
                return
            path.unlink(missing_ok=True)
            held -= stat.st_size


def encoder_of(folder: Path, *, half: bool) -> str:
    """What tells one text encoder from another: the files of its weights and its tokenizer."""
    told: list[object] = [half]
    for part in sorted(folder.glob("*")):
        if part.is_dir() and part.name.startswith(("text_encoder", "tokenizer", "connectors")):
            for path in sorted(part.iterdir()):
                stat = path.stat()
                told.append([part.name, path.name, stat.st_size, stat.st_mtime_ns])
    return hashlib.sha256(json.dumps([str(folder.resolve()), told]).encode()).hexdigest()


def _key(encoder: str, arguments: dict[str, Any]) -> str | None:
    """The name of an encoding; None where more than text went into it."""
    try:
        told = json.dumps([encoder, sorted((k, _plain(v)) for k, v in arguments.items())])
    except TypeError:
        return None
    return hashlib.sha256(told.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, torch.dtype):
        return str(value)
    return value
