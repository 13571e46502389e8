"""A pipeline as its authors publish it, a few kilobytes large, whole and hostile."""

from __future__ import annotations

import json
from typing import Final

import numpy as np
import safetensors.numpy

from fleet.weights.repository import Repository

REPO: Final = "authors/tiny-video"
REPOSITORY: Final = Repository(
    name="tiny-video", purpose="tests", repo=REPO, revision="", licence="Apache-2.0",
    licence_page="https://example.org/licence", to_accept=False, parts=("transformer", "vae"),
)  # fmt: skip
INDEX: Final = {
    "_class_name": "WanImageToVideoPipeline",
    "_diffusers_version": "0.42.1",
    "boundary_ratio": 0.9,
    "image_encoder": [None, None],
    "scheduler": ["diffusers", "UniPCMultistepScheduler"],
    "text_encoder": ["transformers", "T5EncoderModel"],
    "tokenizer": ["transformers", "T5TokenizerFast"],
    "transformer": ["diffusers", "WanTransformer3DModel"],
    "vae": ["diffusers", "AutoencoderKLWan"],
}
PIECES: Final = (
    "transformer/diffusion_pytorch_model-00001-of-00002.safetensors",
    "transformer/diffusion_pytorch_model-00002-of-00002.safetensors",
)
NEEDED: Final = frozenset({
    "model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json",
    "text_encoder/model.safetensors", "text_encoder/model.safetensors.index.json",
    "tokenizer/spiece.model", "tokenizer/tokenizer.json",
    "transformer/config.json", "transformer/diffusion_pytorch_model.safetensors.index.json",
    "vae/config.json", "vae/diffusion_pytorch_model.safetensors", *PIECES,
})  # fmt: skip
"""What of it is fetched."""


def tensors(seed: int, *, count: int = 64) -> bytes:
    """A file of safetensors, of which no two seeds give the same."""
    values = np.random.default_rng(seed).random(count, dtype=np.float32)
    return safetensors.numpy.save({"weight": values})


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def published() -> dict[str, bytes]:
    """The repository: what is needed, and what authors publish beside it."""
    pieces = {"a": PIECES[0].partition("/")[2], "b": PIECES[1].partition("/")[2]}
    config = as_json({"_class_name": "AutoencoderKLWan"})
    return {
        "README.md": b"read me",
        ".gitattributes": b"*.safetensors filter=lfs",
        "assets/example.png": b"\x89PNG",
        "pipeline.py": b"raise SystemExit('code')",
        "model_index.json": as_json(INDEX),
        "scheduler/scheduler_config.json": as_json({"flow_shift": 5.0}),
        "text_encoder/config.json": config,
        "text_encoder/model.safetensors": tensors(1),
        "text_encoder/model.fp16.safetensors": tensors(2),
        "text_encoder/model-00001-of-00001.safetensors": tensors(1),
        "text_encoder/model.safetensors.index.json": as_json(
            {"weight_map": {"a": "model-00001-of-00001.safetensors"}}
        ),
        "text_encoder/pytorch_model.bin": b"\x80pickle",
        "text_encoder/pytorch_model.bin.index.json": as_json({"weight_map": {}}),
        "text_encoder/flax_model.msgpack": b"flax",
        "tokenizer/spiece.model": b"pieces",
        "tokenizer/tokenizer.json": b"{}",
        "tokenizer/tokenization.py": b"raise SystemExit('code')",
        "transformer/config.json": config,
        "transformer/diffusion_pytorch_model.safetensors.index.json": as_json(
            {"metadata": {}, "weight_map": pieces}
        ),
        PIECES[0]: tensors(3, count=5000),
        PIECES[1]: tensors(4),
        "transformer/diffusion_pytorch_model-00001-of-00003.safetensors": tensors(5),
        "transformer/diffusion_pytorch_model.fp16.safetensors.index.json": as_json({}),
        "vae/config.json": config,
        "vae/diffusion_pytorch_model.safetensors": tensors(6),
        "vae/diffusion_pytorch_model.bin": b"\x80pickle",
    }
