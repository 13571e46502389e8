import sys

sys.path.insert(0, "/tmp/gen")
sys.meta_path = [m for m in sys.meta_path if "editable" not in str(m).lower()]
import torch, numpy as np
from PIL import Image
import tiny2
from fleet.generate.diffusion.steering import Steered, Guide
from fleet.generate.diffusion.layouts import *
from fleet.generate.diffusion.clocks import Window, Clocks, window

im = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))


def go(name, p, layout, net, pick, shape, kw, c=(0.97, 0.8), first=False):
    p.set_progress_bar_config(disable=True)
    seen = []

    def hook(mod, a, w):
        seen.append(pick(a, w).clone())

    net.register_forward_pre_hook(hook, with_kwargs=True)
    torch.manual_seed(3)
    z = torch.randn(1, *shape)
    m = torch.zeros(1, 1, *shape[1:])
    m[..., : shape[-1] // 2] = 1
    g = Guide(z, m, lambda s: window(Clocks(*c), s.fractions), first_is_given=first)
    with Steered(p, layout=layout, guide=g) as st:
        p(
            image=im,
            height=64,
            width=64,
            num_inference_steps=10,
            output_type="latent",
            generator=torch.Generator().manual_seed(0),
            **kw,
        )
    print(name, st.window, st.held, len(seen), seen[0].shape)
    return st, seen, z, m


e = dict(prompt_embeds=torch.zeros(1, 8, 32), negative_prompt_embeds=torch.zeros(1, 8, 32))
for dpm in (0, 1):
    p = tiny2.cog(dpm)
    st, seen, z, m = go(
        "cog",
        p,
        TimeFirst(),
        p.transformer,
        lambda a, w: w["hidden_states"][:1, :, :4],
        (4, 3, 8, 8),
        dict(num_frames=9, **e),
    )
    print(
        [
            round(
                float(
                    (
                        (
                            x.transpose(1, 2)
                            - st.schedule.noised(z, st._noise, step=st.window.begin + j)
                        )
                        * m
                    )
                    .abs()
                    .max()
                ),
                5,
            )
            for j, x in enumerate(seen)
        ]
    )
p = tiny2.svd()
st, seen, z, m = go(
    "svd", p, TimeFirst(), p.unet, lambda a, w: a[0][:1, :, :4], (4, 3, 32, 32), dict(num_frames=3)
)
print(
    [
        round(
            float(
                (
                    (
                        x.transpose(1, 2)
                        - st.schedule.noised(z, st._noise, step=st.window.begin + j)
                        / (st.schedule.noise[st.window.begin + j] ** 2 + 1) ** 0.5
                    )
                    * m
                )
                .abs()
                .max()
            ),
            5,
        )
        for j, x in enumerate(seen)
    ]
)
p = tiny2.ltx()
e.update(prompt_attention_mask=torch.ones(1, 8), negative_prompt_attention_mask=torch.ones(1, 8))
st, seen, z, m = go(
    "ltx",
    p,
    Tokens(),
    p.transformer,
    lambda a, w: w["hidden_states"][:1],
    (8, 3, 16, 16),
    dict(num_frames=9, **e),
    first=True,
)
L = Tokens()
print(
    [
        round(
            float(
                (
                    (L.unpacked(x, z) - st.schedule.noised(z, st._noise, step=st.window.begin + j))
                    * m
                )[:, :, 1:]
                .abs()
                .max()
            ),
            5,
        )
        for j, x in enumerate(seen)
    ],
    "first kept",
    float((L.unpacked(seen[0], z) - L.unpacked(seen[3], z))[:, :, 0].abs().max()),
)
