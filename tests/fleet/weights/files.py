"""Files of weights, whole and hostile, for tests."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch

TABLE: Mapping[str, tuple[int, ...]] = {"a.weight": (4, 3), "a.bias": (4,)}
"""A model that is no more than one layer."""


def state(seed: int = 0) -> dict[str, torch.Tensor]:
    """Its weights."""
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) for name, shape in TABLE.items()}


class Marker:
    """What a hostile pickle does: here it makes a folder, so that it is seen."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def checkpoint(content: object) -> bytes:
    """As ``torch.save`` writes it."""
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def old_checkpoint(content: object) -> bytes:
    """As torch wrote it before version 1.6: pickles, one after the other."""
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def plain_pickle(content: object) -> bytes:
    """Without torch, in the words that torch uses."""
    return pickle.dumps(content, protocol=2)


def newer_pickle(content: object) -> bytes:
    """In words that torch does not use."""
    return pickle.dumps(content, protocol=5)


def safe(content: dict[str, torch.Tensor]) -> bytes:
    return safetensors.torch.save(content)


def archive(members: Mapping[str, bytes]) -> bytes:
    """A zip archive, compressed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return stream.getvalue()


def with_header(header: object, body: bytes = b"") -> bytes:
    """Safetensors whose header is ``header``, right or wrong."""
    told = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(told)) + told + body
