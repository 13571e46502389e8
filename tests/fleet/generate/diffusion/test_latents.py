"""Clips and masks as latents: the same as the pipelines themselves make of their picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest
import torch

from companions.picture import Pixels
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.family import Rhythm, Scaling
from fleet.generate.diffusion.latents import (
    clip_tensor,
    encoded,
    first_frames,
    latent_mask,
    scaled,
)
from tests.fleet.generate.diffusion import tiny

Find = Callable[[str], Any]


def frames(count: int, *, side: int = 64) -> list[Pixels]:
    noise = np.random.default_rng(1)
    return [noise.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]


@pytest.fixture(scope="module")
def pipeline_of() -> Find:
    made: dict[str, Any] = {}

    def find(name: str) -> Any:
        if name not in made:
            made[name] = tiny.TINY[name]()
        return made[name]

    return find


def own(name: str, pipeline: Any, clip: torch.Tensor) -> torch.Tensor:
    how = FAMILIES[name].latents
    assert how is not None
    return encoded(pipeline.vae, clip, scaling=how.scaling, rhythm=how.rhythm)


def as_the_pipeline_does(pipeline: Any, picture: torch.Tensor, **more: Any) -> Any:
    with torch.inference_mode():
        return pipeline.prepare_latents(
            picture, 1, dtype=torch.float32, device="cpu",
            generator=torch.Generator().manual_seed(0), height=64, width=64, num_frames=9, **more,
        )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["wan-2.2-i2v-a14b", "wan-2.1-i2v-14b-480p", "skyreels-v2-i2v-14b"]
)
def test_a_clip_is_encoded_as_wan_encodes_its_picture_and_the_grey_after_it(
    name: str, pipeline_of: Find
) -> None:
    pipeline = pipeline_of(name)
    clip = torch.zeros(1, 3, 9, 64, 64)
    clip[:, :, :1] = clip_tensor(frames(1))

    _, condition = as_the_pipeline_does(pipeline, clip[:, :, 0])

    # Before its latents it keeps a mask of four channels.
    assert torch.allclose(own(name, pipeline, clip), condition[:, 4:], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("wan-2.2-ti2v-5b", {"num_channels_latents": 48}),
        ("hunyuan-video-i2v", {"num_channels_latents": 4, "image_condition_type": "token_replace"}),
    ],
)
def test_a_frame_is_encoded_as_the_pipeline_encodes_its_first(
    name: str, more: dict[str, Any], pipeline_of: Find
) -> None:
    pipeline, clip = pipeline_of(name), clip_tensor(frames(1))

    _, condition, *_ = as_the_pipeline_does(pipeline, clip[:, :, 0], **more)

    assert torch.allclose(own(name, pipeline, clip), condition[:, :, :1], atol=1e-5)


def test_a_frame_is_encoded_as_hunyuanvideo_1_5_encodes_its_picture(pipeline_of: Find) -> None:
    name = "hunyuan-video-1.5-i2v"
    pipeline, (frame,) = pipeline_of(name), frames(1)
    from PIL import Image

    with torch.inference_mode():
        latents, _ = pipeline.prepare_cond_latents_and_mask(
            torch.zeros(1, 4, 3, 4, 4), Image.fromarray(frame), 1, 64, 64, torch.float32, "cpu"
        )

    mine = own(name, pipeline, clip_tensor([frame]))
    assert torch.allclose(mine, latents[:, :, :1], atol=1e-5)


@pytest.mark.parametrize("name", ["ltx-video", "ltx-2"])
def test_a_frame_is_scaled_as_ltx_scales_its_first(name: str, pipeline_of: Find) -> None:
    pipeline, clip = pipeline_of(name), clip_tensor(frames(1))
    channels = pipeline.transformer.config.in_channels

    tokens, _ = as_the_pipeline_does(pipeline, clip[:, :, 0], num_channels_latents=channels)

    # LTX-Video samples the encoder's distribution where LTX-2 takes its middle.
    with torch.inference_mode():
        found = pipeline.vae.encode(clip).latent_dist
    middle = own(name, pipeline, clip)
    sampled = found.sample(torch.Generator().manual_seed(0))
    sampled = scaled(pipeline.vae, sampled, scaling=Scaling.MOMENTS)
    theirs = tokens[:, :4].transpose(1, 2).reshape(1, channels, 1, 2, 2)
    assert torch.allclose(middle if name == "ltx-2" else sampled, theirs, atol=1e-5)


@pytest.mark.parametrize("name", ["cogvideox-5b-i2v", "cogvideox-1.5-5b-i2v", "svd-xt"])
def test_what_is_encoded_is_decoded_by_the_pipeline_as_the_encoder_meant_it(
    name: str, pipeline_of: Find
) -> None:
    """What CogVideoX 1.5 scales the other way round is its picture alone."""
    pipeline, clip = pipeline_of(name), clip_tensor(frames(5))
    latents = own(name, pipeline, clip)

    with torch.inference_mode():
        if name == "svd-xt":
            made = pipeline.decode_latents(latents.transpose(1, 2), 5)
            moments = pipeline.vae.encode(clip[0].transpose(0, 1)).latent_dist.mode()
            expected = pipeline.vae.decode(moments, num_frames=5).sample
            expected = expected.transpose(0, 1).unsqueeze(0)
        else:
            made = pipeline.decode_latents(latents.transpose(1, 2))
            expected = pipeline.vae.decode(pipeline.vae.encode(clip).latent_dist.mode()).sample

    assert torch.allclose(made, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["wan-2.2-i2v-a14b", "hunyuan-video-i2v", "cogvideox-5b-i2v"])
def test_equal_clips_have_equal_latents(name: str, pipeline_of: Find) -> None:
    pipeline, clip = pipeline_of(name), clip_tensor(frames(5))

    assert torch.equal(own(name, pipeline, clip), own(name, pipeline, clip))


def test_frames_become_numbers_from_minus_one_to_one() -> None:
    black, white = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)
    black.setflags(write=False)

    clip = clip_tensor([black, white], dtype=torch.bfloat16)

    assert (clip.shape, clip.dtype) == ((1, 3, 2, 2, 2), torch.bfloat16)
    assert (float(clip[:, :, 0].max()), float(clip[:, :, 1].min())) == (-1.0, 1.0)


HELD_FROM_FRAME_3: Final = [np.full((16, 16), 255 * (i >= 3), np.uint8) for i in range(9)]


@pytest.mark.parametrize(
    ("rhythm", "time", "expected"),
    [
        # Frames 0, 1, 5 speak for their groups; or any frame of 1..4 for the second.
        (Rhythm.GROUPS, 3, [0, 0, 1]),
        (Rhythm.WIDEST, 3, [0, 1, 1]),
        (Rhythm.EACH, 9, [0, 0, 0, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_a_latent_frame_has_the_mask_of_the_frames_it_stands_for(
    rhythm: Rhythm, time: int, expected: list[int]
) -> None:
    mask = latent_mask(HELD_FROM_FRAME_3, shape=(time, 2, 2), rhythm=rhythm)

    assert mask.shape == (1, 1, time, 2, 2)
    assert mask[0, 0, :, 0, 0].tolist() == expected


@pytest.mark.parametrize(
    ("frames_of_clip", "latents", "expected"),
    [(81, 21, [0, 1, 5, 9]), (121, 16, [0, 1, 9, 17]), (1, 1, [0])],
)
def test_latent_frames_begin_where_the_authors_take_their_masks(
    frames_of_clip: int, latents: int, expected: list[int]
) -> None:
    assert first_frames(frames_of_clip, latents=latents, rhythm=Rhythm.GROUPS)[:4] == expected


def test_a_latent_pixel_has_the_mask_of_its_first_pixel_and_half_is_not_held() -> None:
    mask = np.zeros((16, 16), np.uint8)
    mask[:8, 8:], mask[8, 0] = 255, 128
    mask[8:, 9:] = 255
    mask[8, 8] = 127

    held = latent_mask([mask], shape=(1, 2, 2), rhythm=Rhythm.GROUPS)

    assert held[0, 0, 0].tolist() == [[0.0, 1.0], [1.0, 0.0]]
