"""Small random parts of tiny pipelines: tokenizers, encoders, schedulers."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

import torch

# Tensors this small are slower in threads, and files of tests run side by side.
torch.set_num_threads(1)

_WORDS = ("<pad>", "</s>", "<unk>", "a", "bird", "sea", "calm", "over", "the", "system", "user")
_MARKS = (
    "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<image>", "<|im_start|>",
    "<|im_end|>",
)  # fmt: skip
_CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }} {{ m['content'] }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>{% endif %}"
)
VOCABULARY = 64
IMAGE_MARK = len(_WORDS) + _MARKS.index("<image>")


def tokenizer() -> Any:
    """Knows a few words, and the marks that the pipelines' own prompt templates use."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = {word: place for place, word in enumerate(_WORDS)}
    made = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        model_max_length=77,
    )  # fmt: skip
    fast.add_special_tokens({"additional_special_tokens": list(_MARKS)})
    fast.chat_template = _CHAT
    return fast


_T5 = {
    "vocab_size": VOCABULARY, "d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 2,
    "num_heads": 4,
}  # fmt: skip


def t5() -> Any:
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(0)
    return T5EncoderModel(T5Config(**_T5)).eval()


def umt5() -> Any:
    from transformers import UMT5Config, UMT5EncoderModel

    torch.manual_seed(0)
    return UMT5EncoderModel(UMT5Config(**_T5)).eval()


_LLM = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": VOCABULARY, "max_position_embeddings": 2048,
    "pad_token_id": 0, "bos_token_id": None, "eos_token_id": 1,
}  # fmt: skip


def llama() -> Any:
    from transformers import LlamaConfig, LlamaModel

    torch.manual_seed(0)
    return LlamaModel(LlamaConfig(**_LLM)).eval()


def llava() -> Any:
    """Sees a picture as the 576 places that the pipeline's template keeps for it."""
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
    )

    torch.manual_seed(0)
    seeing = CLIPVisionConfig(
        hidden_size=8, intermediate_size=8, num_hidden_layers=2, num_attention_heads=2,
        image_size=48, patch_size=2, projection_dim=8,
    )  # fmt: skip
    return LlavaForConditionalGeneration(
        LlavaConfig(
            text_config=LlamaConfig(**_LLM),
            vision_config=seeing,
            image_token_index=IMAGE_MARK,
            pad_token_id=0,
        )
    ).eval()


def qwen() -> Any:
    from transformers import Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel

    torch.manual_seed(0)
    turns = {"rope_type": "default", "mrope_section": [1, 1, 0], "rope_theta": 1000000.0}
    return Qwen2_5_VLTextModel(Qwen2_5_VLTextConfig(**_LLM, rope_parameters=turns)).eval()


def gemma() -> Any:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    torch.manual_seed(0)
    seeing = {
        "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 2, "image_size": 16, "patch_size": 4,
    }  # fmt: skip
    config = Gemma3Config(
        text_config={**_LLM, "head_dim": 4, "bos_token_id": 1}, vision_config=seeing,
        image_token_index=IMAGE_MARK, mm_tokens_per_image=4,
    )  # fmt: skip
    return Gemma3ForConditionalGeneration(config).eval()


def clip_text() -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    return CLIPTextModel(
        CLIPTextConfig(
            hidden_size=8,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            vocab_size=VOCABULARY,
            projection_dim=8,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=1,
        )
    ).eval()


def clip_vision(*, projected: bool, side: int = 32, patch: int = 2) -> Any:
    """At 32 pixels in patches of two it sees 257 places, the number that Wan's pipelines expect."""
    from transformers import CLIPVisionConfig, CLIPVisionModel, CLIPVisionModelWithProjection

    torch.manual_seed(0)
    kind = CLIPVisionModelWithProjection if projected else CLIPVisionModel
    return kind(
        CLIPVisionConfig(
            hidden_size=32,
            projection_dim=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=side,
            intermediate_size=37,
            patch_size=patch,
        )
    ).eval()


def clip_processor(side: int = 32) -> Any:
    from transformers import CLIPImageProcessor

    return CLIPImageProcessor(crop_size=side, size=side)


def siglip() -> Any:
    from transformers import SiglipVisionConfig, SiglipVisionModel

    torch.manual_seed(0)
    # 27 by 27 places, as the real one has.
    return SiglipVisionModel(
        SiglipVisionConfig(
            hidden_size=12,
            intermediate_size=24,
            num_hidden_layers=1,
            num_attention_heads=2,
            image_size=54,
            patch_size=2,
        )
    ).eval()


def siglip_processor() -> Any:
    from transformers import SiglipImageProcessor

    return SiglipImageProcessor(size={"height": 54, "width": 54})


def unipc(shift: float) -> Any:
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000,
        flow_shift=shift,
    )  # fmt: skip


def euler(**settings: Any) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**settings)


COGVIDEOX_NOISE: Final = MappingProxyType({
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012,
    "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "snr_shift_scale": 1.0,
    "timestep_spacing": "trailing",
})  # fmt: skip
"""As published with CogVideoX-5B."""


def svd_euler() -> Any:
    """Its own schedule, sigma 700 to 0.002 after Karras, is where its clocks come from."""
    from diffusers import EulerDiscreteScheduler

    return EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
        interpolation_type="linear", num_train_timesteps=1000, prediction_type="v_prediction",
        sigma_max=700.0, sigma_min=0.002, steps_offset=1, timestep_spacing="leading",
        timestep_type="continuous", use_karras_sigmas=True,
    )  # fmt: skip
