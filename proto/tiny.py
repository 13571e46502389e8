import torch, time
from diffusers import (
    AutoencoderKLWan,
    UniPCMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    WanImageToVideoPipeline,
    WanTransformer3DModel,
)
from transformers import T5Config, T5EncoderModel


def tiny_wan(two=False, expand=False):
    torch.manual_seed(0)
    vae = AutoencoderKLWan(
        base_dim=3,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
    )
    torch.manual_seed(0)
    sch = UniPCMultistepScheduler(
        prediction_type="flow_prediction",
        use_flow_sigmas=True,
        num_train_timesteps=1000,
        flow_shift=5.0,
    )
    te = T5EncoderModel(
        T5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
    )

    def tr():
        torch.manual_seed(0)
        return WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=36,
            out_channels=16,
            text_dim=32,
            freq_dim=256,
            ffn_dim=32,
            num_layers=2,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=32,
        )

    return WanImageToVideoPipeline(
        tokenizer=None,
        text_encoder=te,
        vae=vae,
        scheduler=sch,
        transformer=tr(),
        transformer_2=tr() if two else None,
        boundary_ratio=0.9 if two else None,
    )


if __name__ == "__main__":
    t = time.time()
    p = tiny_wan(True)
    print("built", time.time() - t)
    from PIL import Image
    import numpy as np

    im = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    t = time.time()
    p.set_progress_bar_config(disable=True)
    out = p(
        image=im,
        prompt_embeds=torch.zeros(1, 8, 32),
        negative_prompt_embeds=torch.zeros(1, 8, 32),
        height=64,
        width=64,
        num_frames=9,
        num_inference_steps=4,
        output_type="np",
        generator=torch.Generator().manual_seed(0),
    )
    print(out.frames.shape, time.time() - t, type(p.scheduler).__mro__[:2])
    print(p.scheduler.timesteps, p.scheduler.sigmas)
