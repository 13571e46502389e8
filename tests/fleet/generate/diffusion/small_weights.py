"""Small weights for tests, saved as diffusers saves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def save_lora(
    denoiser: Any, path: Path, *, seed: int, pipeline: str = "WanImageToVideoPipeline"
) -> None:
    """Small weights for the attention of ``denoiser``, as ``pipeline`` saves them."""
    import diffusers
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    path.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    denoiser.add_adapter(
        LoraConfig(r=4, lora_alpha=4, target_modules=["to_q", "to_v"], init_lora_weights=False)
    )
    getattr(diffusers, pipeline).save_lora_weights(
        path.parent,
        transformer_lora_layers=get_peft_model_state_dict(denoiser),
        weight_name=path.name,
    )
    denoiser.unload_lora()
