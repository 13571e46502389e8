import sys

sys.path.insert(0, "/tmp/gen")
for k in list(sys.modules):
    if k.startswith("fleet"):
        del sys.modules[k]
sys.meta_path = [
    m
    for m in sys.meta_path
    if "editable" not in type(m).__name__.lower() and "editable" not in str(m).lower()
]
import fleet

print(fleet.__file__)
import torch, numpy as np
from PIL import Image
from tiny import tiny_wan
from fleet.generate.diffusion.steering import Steered, Guide
from fleet.generate.diffusion.layouts import *
from fleet.generate.diffusion.clocks import Window, Clocks, window

p = tiny_wan(True)
p.set_progress_bar_config(disable=True)
im = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
seen = []
for t in (p.transformer, p.transformer_2):
    t.register_forward_pre_hook(
        lambda mod, k, w: seen.append(w["hidden_states"][:, :16].clone()), with_kwargs=True
    )
z = torch.randn(1, 16, 3, 8, 8)
m = torch.zeros(1, 1, 3, 8, 8)
m[..., :4] = 1
for exact in (True, False):
    seen.clear()
    g = Guide(z, m, lambda s: window(Clocks(0.97, 0.7), s.fractions), exact=exact)
    with Steered(p, layout=ChannelsFirst(), guide=g, tell=lambda s: None) as st:
        p(
            image=im,
            prompt_embeds=torch.zeros(1, 8, 32),
            negative_prompt_embeds=torch.zeros(1, 8, 32),
            height=64,
            width=64,
            num_frames=9,
            num_inference_steps=10,
            output_type="latent",
            generator=torch.Generator().manual_seed(0),
        )
    print(st.window, st.held, len(seen) // 2)
    print(
        [
            round(
                float(
                    ((x - st.schedule.noised(z, st._noise, step=st.window.begin + j)) * m)
                    .abs()
                    .max()
                ),
                5,
            )
            for j, x in enumerate(seen[::2])
        ]
    )
print(
    [k for k in vars(p.scheduler) if k in ("step", "set_timesteps")], p.scheduler.disable_corrector
)
