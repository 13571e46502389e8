"""Tiny random pipelines of every family, saved as the real ones are: the real loading code, the
real denoising loop, in a second.  Sizes are those of diffusers' own tests; how much each
autoencoder shrinks a clip, how a pipeline packs its latents and which scheduler it takes are as in
the real ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import torch

from tests.fleet.generate.diffusion import tiny_parts as parts


def _wan_vae(*, shrinks_by: int = 8) -> Any:
    from diffusers import AutoencoderKLWan

    torch.manual_seed(0)
    settings: dict[str, Any] = {"z_dim": 16}
    if shrinks_by == 16:
        # Wan 2.2's own: patches of two before it, residuals around its blocks, more channels.
        settings = {
            "z_dim": 48, "is_residual": True, "patch_size": 2, "in_channels": 12,
            "out_channels": 12, "scale_factor_spatial": 16, "decoder_base_dim": 3,
            "latents_mean": [0.1 * (i % 5) for i in range(48)],
            "latents_std": [1.0 + 0.1 * (i % 7) for i in range(48)],
        }  # fmt: skip
    return AutoencoderKLWan(
        base_dim=3, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
        temperal_downsample=[False, True, True], **settings,
    ).eval()  # fmt: skip


_WAN = MappingProxyType({
    "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12,
    "out_channels": 16, "text_dim": 32, "freq_dim": 256, "ffn_dim": 32, "num_layers": 2,
    "cross_attn_norm": True, "qk_norm": "rms_norm_across_heads", "rope_max_seq_len": 64,
})  # fmt: skip


def _wan_denoiser(**settings: Any) -> Any:
    from diffusers import WanTransformer3DModel

    torch.manual_seed(0)
    return WanTransformer3DModel(**{**_WAN, "in_channels": 36, **settings}).eval()


def _wan_two_experts() -> Any:
    from diffusers import WanImageToVideoPipeline

    return WanImageToVideoPipeline(
        tokenizer=parts.tokenizer(), text_encoder=parts.umt5(), vae=_wan_vae(),
        scheduler=parts.unipc(5.0), transformer=_wan_denoiser(), transformer_2=_wan_denoiser(),
        boundary_ratio=0.9,
    )  # fmt: skip


def _wan_2_1(**settings: Any) -> Any:
    from diffusers import WanImageToVideoPipeline

    return WanImageToVideoPipeline(
        tokenizer=parts.tokenizer(), text_encoder=parts.umt5(), vae=_wan_vae(),
        scheduler=parts.unipc(3.0),
        transformer=_wan_denoiser(image_dim=32, added_kv_proj_dim=24, **settings),
        image_encoder=parts.clip_vision(projected=False), image_processor=parts.clip_processor(),
    )  # fmt: skip


def _wan_both_ends() -> Any:
    # What it sees of both pictures together has places of its own.
    return _wan_2_1(pos_embed_seq_len=2 * 257)


def _wan_5b() -> Any:
    from diffusers import WanImageToVideoPipeline

    return WanImageToVideoPipeline(
        tokenizer=parts.tokenizer(), text_encoder=parts.umt5(), vae=_wan_vae(shrinks_by=16),
        scheduler=parts.unipc(5.0), transformer=_wan_denoiser(in_channels=48, out_channels=48),
        expand_timesteps=True,
    )  # fmt: skip


def _wan_vace() -> Any:
    from diffusers import WanVACEPipeline, WanVACETransformer3DModel

    torch.manual_seed(0)
    return WanVACEPipeline(
        tokenizer=parts.tokenizer(), text_encoder=parts.umt5(), vae=_wan_vae(),
        scheduler=parts.unipc(3.0),
        transformer=WanVACETransformer3DModel(
            **{**_WAN, "in_channels": 16, "vace_layers": [0], "vace_in_channels": 96}
        ).eval(),
    )  # fmt: skip


def _skyreels() -> Any:
    from diffusers import SkyReelsV2ImageToVideoPipeline, SkyReelsV2Transformer3DModel

    torch.manual_seed(0)
    return SkyReelsV2ImageToVideoPipeline(
        tokenizer=parts.tokenizer(), text_encoder=parts.umt5(), vae=_wan_vae(),
        scheduler=parts.unipc(5.0),
        transformer=SkyReelsV2Transformer3DModel(
            **{**_WAN, "in_channels": 36, "image_dim": 32, "added_kv_proj_dim": 24}
        ).eval(),
        image_encoder=parts.clip_vision(projected=True), image_processor=parts.clip_processor(),
    )  # fmt: skip


def _hunyuan_vae() -> Any:
    from diffusers import AutoencoderKLHunyuanVideo

    torch.manual_seed(0)
    return AutoencoderKLHunyuanVideo(
        in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(8, 8, 8, 8),
        layers_per_block=1, act_fn="silu", norm_num_groups=4, scaling_factor=0.476986,
        spatial_compression_ratio=8, temporal_compression_ratio=4, mid_block_add_attention=True,
    ).eval()  # fmt: skip


_HUNYUAN = MappingProxyType({
    "out_channels": 4, "num_attention_heads": 2, "attention_head_dim": 10, "num_layers": 1,
    "num_single_layers": 1, "num_refiner_layers": 1, "text_embed_dim": 16,
    "pooled_projection_dim": 8, "rope_axes_dim": (2, 4, 4),
})  # fmt: skip


def hunyuan(*, replaced: bool) -> Any:
    """HunyuanVideo, of the kind that takes the picture as its first latent frame, or of the one
    that takes it beside each."""
    from diffusers import HunyuanVideoImageToVideoPipeline, HunyuanVideoTransformer3DModel

    torch.manual_seed(0)
    denoiser = HunyuanVideoTransformer3DModel(
        **_HUNYUAN, in_channels=4 if replaced else 9, patch_size=2, patch_size_t=1,
        guidance_embeds=replaced,
        image_condition_type="token_replace" if replaced else "latent_concat",
    )  # fmt: skip
    return HunyuanVideoImageToVideoPipeline(
        text_encoder=parts.llava(), tokenizer=parts.tokenizer(), text_encoder_2=parts.clip_text(),
        tokenizer_2=parts.tokenizer(), image_processor=parts.clip_processor(48),
        transformer=denoiser.eval(), vae=_hunyuan_vae(), scheduler=parts.euler(shift=7.0),
    )  # fmt: skip


def _hunyuan_replaced() -> Any:
    return hunyuan(replaced=True)


def _framepack() -> Any:
    from diffusers import (
        HunyuanVideoFramepackPipeline,
        HunyuanVideoFramepackTransformer3DModel,
    )

    torch.manual_seed(0)
    denoiser = HunyuanVideoFramepackTransformer3DModel(
        **_HUNYUAN, in_channels=4, patch_size=2, patch_size_t=1, guidance_embeds=True,
        has_image_proj=True, image_proj_dim=12, has_clean_x_embedder=True,
    )  # fmt: skip
    return HunyuanVideoFramepackPipeline(
        text_encoder=parts.llama(), tokenizer=parts.tokenizer(), text_encoder_2=parts.clip_text(),
        tokenizer_2=parts.tokenizer(), image_encoder=parts.siglip(),
        feature_extractor=parts.siglip_processor(), transformer=denoiser.eval(),
        vae=_hunyuan_vae(), scheduler=parts.euler(shift=7.0),
    )  # fmt: skip


def _hunyuan_1_5() -> Any:
    from diffusers import (
        AutoencoderKLHunyuanVideo15,
        ClassifierFreeGuidance,
        HunyuanVideo15ImageToVideoPipeline,
        HunyuanVideo15Transformer3DModel,
    )

    torch.manual_seed(0)
    denoiser = HunyuanVideo15Transformer3DModel(
        in_channels=9, out_channels=4, num_attention_heads=2, attention_head_dim=8, num_layers=1,
        num_refiner_layers=1, mlp_ratio=2.0, patch_size=1, patch_size_t=1, text_embed_dim=16,
        text_embed_2_dim=32, image_embed_dim=12, rope_axes_dim=(2, 2, 4), target_size=64,
        task_type="i2v",
    )  # fmt: skip
    vae = AutoencoderKLHunyuanVideo15(
        in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(16,) * 5,
        layers_per_block=1, spatial_compression_ratio=16, temporal_compression_ratio=4,
        downsample_match_channel=False, upsample_match_channel=False,
    )  # fmt: skip
    return HunyuanVideo15ImageToVideoPipeline(
        text_encoder=parts.qwen(), tokenizer=parts.tokenizer(), text_encoder_2=parts.t5(),
        tokenizer_2=parts.tokenizer(), guider=ClassifierFreeGuidance(guidance_scale=6.0),
        image_encoder=parts.siglip(), feature_extractor=parts.siglip_processor(),
        transformer=denoiser.eval(), vae=vae.eval(), scheduler=parts.euler(shift=7.0),
    )  # fmt: skip


def cogvideox(*, newer: bool = False, scheduler: str = "CogVideoXDDIMScheduler") -> Any:
    """CogVideoX, or 1.5, which is ``newer`` and denoises two latent frames as one."""
    import diffusers
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXImageToVideoPipeline,
        CogVideoXTransformer3DModel,
    )

    torch.manual_seed(0)
    vae = AutoencoderKLCogVideoX(
        in_channels=3, out_channels=3, down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4, block_out_channels=(8, 8, 8, 8),
        latent_channels=4, layers_per_block=1, norm_num_groups=2, temporal_compression_ratio=4,
        scaling_factor=0.7, invert_scale_latents=newer,
    )  # fmt: skip
    # The older keeps learned places of its whole window and size: no more than it is asked for.
    newer_only: dict[str, Any] = (
        {"patch_size_t": 2, "ofs_embed_dim": 2, "patch_bias": False} if newer else {}
    )
    denoiser = CogVideoXTransformer3DModel(
        num_attention_heads=2, attention_head_dim=16, in_channels=8, out_channels=4,
        time_embed_dim=2, text_embed_dim=32, num_layers=1, sample_width=8, sample_height=8,
        sample_frames=9, patch_size=2, temporal_compression_ratio=4, max_text_seq_length=226,
        use_rotary_positional_embeddings=True, **newer_only,
    )  # fmt: skip
    return CogVideoXImageToVideoPipeline(
        tokenizer=parts.tokenizer(), text_encoder=parts.t5(), vae=vae.eval(),
        transformer=denoiser.eval(),
        scheduler=getattr(diffusers, scheduler)(**parts.COGVIDEOX_NOISE),
    )  # fmt: skip


def _cogvideox_1_5() -> Any:
    return cogvideox(newer=True)


def _svd() -> Any:
    from diffusers import (
        AutoencoderKLTemporalDecoder,
        StableVideoDiffusionPipeline,
        UNetSpatioTemporalConditionModel,
    )

    torch.manual_seed(0)
    unet = UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=32, in_channels=8,
        out_channels=4, cross_attention_dim=32, num_attention_heads=2,
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        projection_class_embeddings_input_dim=96, addition_time_embed_dim=32, num_frames=9,
    )  # fmt: skip
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32, 32, 32), in_channels=3, out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4, latent_channels=4, layers_per_block=1,
    )  # fmt: skip
    return StableVideoDiffusionPipeline(
        unet=unet.eval(), vae=vae.eval(),
        image_encoder=parts.clip_vision(projected=True, side=224, patch=56),
        scheduler=parts.svd_euler(), feature_extractor=parts.clip_processor(),
    )  # fmt: skip


_LTX_SHIFT = MappingProxyType({
    "use_dynamic_shifting": True, "base_shift": 0.95, "max_shift": 2.05,
    "base_image_seq_len": 1024, "max_image_seq_len": 4096, "shift_terminal": 0.1,
})  # fmt: skip


def _ltx() -> Any:
    from diffusers import AutoencoderKLLTXVideo, LTXImageToVideoPipeline, LTXVideoTransformer3DModel

    torch.manual_seed(0)
    denoiser = LTXVideoTransformer3DModel(
        in_channels=8, out_channels=8, patch_size=1, patch_size_t=1, num_attention_heads=4,
        attention_head_dim=8, cross_attention_dim=32, num_layers=1, caption_channels=32,
    )  # fmt: skip
    vae = AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(8, 8, 8, 8), layers_per_block=(1, 1, 1, 1, 1),
        decoder_block_out_channels=(8, 8, 8, 8), decoder_layers_per_block=(1, 1, 1, 1, 1),
        scaling_factor=1.0,
    )  # fmt: skip
    vae.latents_mean.copy_(torch.linspace(-0.3, 0.3, 8))
    vae.latents_std.copy_(torch.linspace(0.8, 1.4, 8))
    return LTXImageToVideoPipeline(
        scheduler=parts.euler(**_LTX_SHIFT), vae=vae.eval(), text_encoder=parts.t5(),
        tokenizer=parts.tokenizer(), transformer=denoiser.eval(),
    )  # fmt: skip


def _ltx_2() -> Any:
    from diffusers import (
        AutoencoderKLLTX2Audio,
        AutoencoderKLLTX2Video,
        LTX2ImageToVideoPipeline,
        LTX2VideoTransformer3DModel,
    )
    from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder

    torch.manual_seed(0)
    denoiser = LTX2VideoTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=8,
        cross_attention_dim=16, audio_in_channels=4, audio_out_channels=4,
        audio_num_attention_heads=2, audio_attention_head_dim=4, audio_cross_attention_dim=8,
        num_layers=2, caption_channels=16, rope_double_precision=False,
    )  # fmt: skip
    connectors = LTX2TextConnectors(
        caption_channels=16, text_proj_in_factor=4, video_connector_num_attention_heads=4,
        video_connector_attention_head_dim=4, video_connector_num_layers=1,
        video_connector_num_learnable_registers=None, audio_connector_num_attention_heads=4,
        audio_connector_attention_head_dim=4, audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None, connector_rope_base_seq_len=32,
        rope_double_precision=False,
    )  # fmt: skip
    vae = AutoencoderKLLTX2Video(
        latent_channels=4, block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1,) * 5, decoder_layers_per_block=(1,) * 4, scaling_factor=1.0,
        spatial_compression_ratio=32, temporal_compression_ratio=8,
    )  # fmt: skip
    vae.latents_mean.copy_(torch.linspace(-0.3, 0.3, 4))
    vae.latents_std.copy_(torch.linspace(0.8, 1.4, 4))
    hearing = AutoencoderKLLTX2Audio(
        base_channels=4, output_channels=2, ch_mult=(1,), num_res_blocks=1, in_channels=2,
        resolution=32, latent_channels=2, sample_rate=16000, mel_hop_length=160, mel_bins=8,
    )  # fmt: skip
    vocoder = LTX2Vocoder(
        in_channels=16, hidden_channels=32, out_channels=2, upsample_kernel_sizes=[4, 4],
        upsample_factors=[2, 2], resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]],
    )  # fmt: skip
    return LTX2ImageToVideoPipeline(
        scheduler=parts.euler(**_LTX_SHIFT), vae=vae.eval(), audio_vae=hearing.eval(),
        text_encoder=parts.gemma(), tokenizer=parts.tokenizer(), connectors=connectors.eval(),
        transformer=denoiser.eval(), vocoder=vocoder.eval(),
    )  # fmt: skip


def _mochi() -> Any:
    from diffusers import AutoencoderKLMochi, MochiPipeline, MochiTransformer3DModel

    torch.manual_seed(0)
    vae = AutoencoderKLMochi(
        latent_channels=12, layers_per_block=(1,) * 5, encoder_block_out_channels=(32, 32, 32, 32),
        decoder_block_out_channels=(32, 32, 32, 32), add_attention_block=(False,) * 5,
    )  # fmt: skip
    denoiser = MochiTransformer3DModel(
        patch_size=2, num_attention_heads=2, attention_head_dim=8, num_layers=2,
        pooled_projection_dim=16, in_channels=12, out_channels=None, text_embed_dim=32,
        time_embed_dim=4, activation_fn="swiglu", max_sequence_length=16,
    )  # fmt: skip
    return MochiPipeline(
        scheduler=parts.euler(invert_sigmas=True), vae=vae.eval(), text_encoder=parts.t5(),
        tokenizer=parts.tokenizer(), transformer=denoiser.eval(),
    )  # fmt: skip


TINY: Final[Mapping[str, Callable[[], Any]]] = MappingProxyType({
    "wan-2.2-i2v-a14b": _wan_two_experts,
    "wan-2.1-i2v-14b-480p": _wan_2_1,
    "wan-2.1-i2v-14b-720p": _wan_2_1,
    "wan-2.1-flf2v-14b": _wan_both_ends,
    "wan-2.1-vace-14b": _wan_vace,
    "wan-2.2-ti2v-5b": _wan_5b,
    "skyreels-v2-i2v-14b": _skyreels,
    "hunyuan-video-i2v": _hunyuan_replaced,
    "hunyuan-video-1.5-i2v": _hunyuan_1_5,
    "framepack": _framepack,
    "cogvideox-5b-i2v": cogvideox,
    "cogvideox-1.5-5b-i2v": _cogvideox_1_5,
    "svd-xt": _svd,
    "ltx-video": _ltx,
    "ltx-2": _ltx_2,
    "mochi-1": _mochi,
})  # fmt: skip
"""By the family's name."""


def saved(name: str, folder: Path) -> Path:
    """The tiny pipeline of that family in ``folder``, as ``save_pretrained`` lays it out; one that
    lies there already is taken as it is."""
    there = folder / name
    if not (there / "model_index.json").is_file():
        being_made = folder / f".{name}"
        shutil.rmtree(being_made, ignore_errors=True)
        TINY[name]().save_pretrained(being_made, safe_serialization=True)
        being_made.rename(there)
    return there
