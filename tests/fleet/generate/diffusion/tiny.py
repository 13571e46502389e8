"""Tiny random pipelines of every family, saved as the real ones are: the real loading code, the
real denoising loop, in a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import torch


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {"<pad>": 0, "</s>": 1, "<unk>": 2, "a": 3, "bird": 4, "sea": 5, "calm": 6}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def _t5() -> Any:
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(0)
    sizes = {"vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 37}
    return T5EncoderModel(T5Config(**sizes, num_layers=2, num_heads=4))


def _wan_two_experts() -> Any:
    from diffusers import (
        AutoencoderKLWan,
        UniPCMultistepScheduler,
        WanImageToVideoPipeline,
        WanTransformer3DModel,
    )

    torch.manual_seed(0)
    vae = AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
        temperal_downsample=[False, True, True],
    )  # fmt: skip

    def expert() -> Any:
        return WanTransformer3DModel(
            patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=36,
            out_channels=16, text_dim=32, freq_dim=256, ffn_dim=32, num_layers=2,
            cross_attn_norm=True, qk_norm="rms_norm_across_heads", rope_max_seq_len=32,
        )  # fmt: skip

    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000,
        flow_shift=5.0,
    )  # fmt: skip
    return WanImageToVideoPipeline(
        tokenizer=_tokenizer(), text_encoder=_t5(), vae=vae, scheduler=scheduler,
        transformer=expert(), transformer_2=expert(), boundary_ratio=0.9,
    )  # fmt: skip


TINY: Final[Mapping[str, Callable[[], Any]]] = {"wan-2.2-i2v-a14b": _wan_two_experts}
"""By the family's name."""


def saved(name: str, folder: Path) -> Path:
    """The tiny pipeline of that family in ``folder``, as ``save_pretrained`` lays it out."""
    TINY[name]().save_pretrained(folder / name, safe_serialization=True)
    return folder / name
