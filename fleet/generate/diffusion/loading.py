"""From a folder of weights to a pipeline: safetensors only, nothing from the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from fleet.generate.diffusion.family import Family
from fleet.weights.errors import WeightsRefused


def load(family: Family, folder: Path, *, half: bool = False) -> Any:
    """The pipeline of ``family`` from ``folder``, as ``save_pretrained`` lays it out.

    ``half``: in the 16 bits that the family is published in, but for the parts that need more;
    else in float32.

    Raises:
        WeightsRefused: the folder is not whole, or is of another model.
    """
    import diffusers
    import safetensors

    _quietly(diffusers)
    kind = getattr(diffusers, family.pipeline)
    types = {"default": torch.float32}
    if half:
        types = dict.fromkeys(family.in_float32, torch.float32)
        types["default"] = getattr(torch, family.dtype)
    try:
        pipeline = kind.from_pretrained(
            folder,
            use_safetensors=True,
            local_files_only=True,
            dtype=types,
        )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError,
            safetensors.SafetensorError) as error:  # fmt: skip
        if type(error).__name__ == "OutOfMemoryError":
            raise  # the GPU's memory, not the folder, is at fault
        words = str(error).strip().splitlines()
        raise WeightsRefused(
            path=folder,
            what=f"cannot be loaded as {family.title} ({words[0][:300] if words else error!r})",
            remedy=f"Fetch it again: fleet models fetch {family.name}.",
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _quietly(diffusers: Any) -> None:
    """No bars and hints of libraries in a worker's output: the fleet tells its own progress."""
    from transformers.utils import logging

    diffusers.utils.logging.disable_progress_bar()
    diffusers.utils.logging.set_verbosity_error()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
