"""Carries out a ``Setup``: weights to where they compute, or wait; tiles; smaller numbers."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import torch
from diffusers.models import attention_dispatch

from fleet.errors import AttentionUnavailable, ExtraMissing
from fleet.generate.diffusion.family import Family, Offload, Stored
from fleet.generate.diffusion.plans import Setup

BLOCKS_TOGETHER: Final = 1
"""Layers of a denoiser that are on the GPU at once where it is offloaded by groups."""


def gpu_bytes() -> int:
    """Memory of this process's GPU; 0: there is none."""
    if not torch.cuda.is_available():
        return 0
    return int(torch.cuda.get_device_properties(0).total_memory)


def gpus() -> int:
    """How many GPUs this process has."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def check(family: Family, setup: Setup) -> None:
    """Look whether what ``setup`` asks for is there, before gigabytes are loaded for it.

    Raises:
        ExtraMissing: it asks for a package that is not installed.
        AttentionUnavailable: it asks for an attention that is not there.
    """
    if setup.stored in (Stored.INT8, Stored.FP8):
        _quantization(family)
    if setup.attention:
        try:
            attention_dispatch._check_attention_backend_requirements(  # noqa: SLF001
                attention_dispatch.AttentionBackendName(setup.attention)
            )
        except (ValueError, RuntimeError) as error:
            raise AttentionUnavailable(name=setup.attention, what=str(error)[:300]) from error


def place(pipeline: Any, family: Family, setup: Setup) -> None:
    """Do what ``setup`` says to a pipeline that was just loaded.

    Raises:
        ExtraMissing, AttentionUnavailable: as ``check``.
    """
    for denoiser in denoisers(pipeline, family):
        tune(denoiser, family, setup)
    if setup.tiled:
        _tile(pipeline)
    if setup.on_gpu:
        _send(pipeline, setup.offload)


def tune(denoiser: Any, family: Family, setup: Setup) -> None:
    """What of ``setup`` concerns one denoiser; compiling happens when it first runs.

    Raises:
        ExtraMissing, AttentionUnavailable: as ``check``.
    """
    _store(denoiser, setup.stored, family)
    if setup.attention:
        _attend(denoiser, setup.attention)
    if setup.compiled:
        denoiser.compile_repeated_blocks(fullgraph=False)


def denoisers(pipeline: Any, family: Family) -> Iterator[Any]:
    """The parts of ``pipeline`` that denoise; a model may come without some of them."""
    for name in family.denoisers:
        part = getattr(pipeline, name, None)
        if part is not None:
            yield part


def used_bytes() -> int:
    """What this process holds of the GPU already; 0 without one."""
    return int(torch.cuda.memory_reserved()) if torch.cuda.is_available() else 0


def held_bytes(pipeline: Any) -> int:
    """The most of the GPU that this process held since ``let_go``; without one, what the
    parameters of ``pipeline`` take."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_reserved())
    parts = {id(p): p for p in pipeline.components.values() if isinstance(p, torch.nn.Module)}
    tensors = {
        tensor.data_ptr(): tensor.numel() * tensor.element_size()
        for part in parts.values()
        for tensor in (*part.parameters(), *part.buffers())
    }
    return sum(tensors.values())


def let_go() -> None:
    """Give memory back that nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _store(denoiser: Any, stored: Stored, family: Family) -> None:
    match stored:
        case Stored.BF16:
            return
        case Stored.FP8_LAYERWISE:
            denoiser.enable_layerwise_casting(
                storage_dtype=torch.float8_e4m3fn, compute_dtype=denoiser.dtype
            )
        case Stored.INT8 | Stored.FP8:
            _quantise(denoiser, stored, family)


def _quantise(denoiser: Any, stored: Stored, family: Family) -> None:
    quantization = _quantization(family)
    how = (
        quantization.Int8WeightOnlyConfig()
        if stored is Stored.INT8
        else quantization.Float8DynamicActivationFloat8WeightConfig()
    )
    quantization.quantize_(denoiser, how)


def _quantization(family: Family) -> ModuleType:
    # Only when it is asked for: importing it takes seconds, and it warns of what it cannot use.
    try:
        from torchao import quantization
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            kind="generator", name=family.name, extra="quant", module="torchao"
        ) from error
    return quantization  # type: ignore[no-any-return]


def _attend(denoiser: Any, name: str) -> None:
    try:
        denoiser.set_attention_backend(name)
    except (ValueError, RuntimeError, ImportError) as error:
        raise AttentionUnavailable(name=name, what=str(error)[:300]) from error


def _tile(pipeline: Any) -> None:
    vae = getattr(pipeline, "vae", None)
    for name in ("enable_tiling", "enable_slicing"):
        if hasattr(vae, name):
            getattr(vae, name)()


def _send(pipeline: Any, offload: Offload) -> None:
    match offload:
        case Offload.NONE:
            pipeline.to("cuda")
        case Offload.MODEL:
            pipeline.enable_model_cpu_offload()
        case Offload.GROUP:
            pipeline.enable_group_offload(
                onload_device=torch.device("cuda"),
                offload_device=torch.device("cpu"),
                offload_type="block_level",
                num_blocks_per_group=BLOCKS_TOGETHER,
                use_stream=True,
            )
