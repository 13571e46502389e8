"""From a folder of weights to a pipeline: safetensors only, nothing from the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from fleet.generate.diffusion.family import Family


def load(family: Family, folder: Path) -> Any:
    """The pipeline of ``family`` from ``folder``, as ``save_pretrained`` lays it out."""
    import diffusers

    kind = getattr(diffusers, family.pipeline)
    pipeline = kind.from_pretrained(
        folder, use_safetensors=True, local_files_only=True, torch_dtype=torch.float32
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
