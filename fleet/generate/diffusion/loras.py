"""Small weights (LoRA) laid over a pipeline's denoisers, and taken off without a trace.

Either all that a shot names lie on the denoisers, or none: a file that does not fit is refused by
the names and shapes in it before anything is changed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import safetensors
import torch

from fleet.generate.diffusion.family import Family
from fleet.weights.errors import WeightsRefused

_PREFIX: Final = "transformer."
"""What diffusers puts before every name, whichever denoiser a file is for."""
_FIRST: Final = 3
_ANOTHER: Final = "Give a LoRA that was made for this model."


@dataclass(frozen=True, slots=True)
class Lora:
    """Small weights, as a shot asks for them.

    Attributes:
        name: for metas and messages.
        files: by the denoiser each goes onto.
        weight: how strongly they count.
        sha256: of the files, by what metas call them.
    """

    name: str
    files: Mapping[str, Path]
    weight: float
    sha256: Mapping[str, str]


class Laid:
    """What lies on one pipeline."""

    def __init__(self, pipeline: Any, family: Family) -> None:
        self._pipeline, self._family = pipeline, family
        self._now: tuple[Lora, ...] = ()

    def lay(self, wanted: Sequence[Lora]) -> None:
        """Have ``wanted`` on the denoisers, and nothing else; what lies there already stays.

        Raises:
            WeightsRefused: a file does not fit; then nothing lies on them.
        """
        if tuple(wanted) == self._now:
            return
        self._take_off()
        try:
            for index, lora in enumerate(wanted):
                self._put_on(lora, adapter=f"lora_{index}")
            for name in self._family.denoisers:
                chosen = {
                    f"lora_{index}": lora.weight
                    for index, lora in enumerate(wanted)
                    if name in lora.files and getattr(self._pipeline, name, None) is not None
                }
                if chosen:
                    getattr(self._pipeline, name).set_adapters(list(chosen), list(chosen.values()))
        except WeightsRefused:
            self._take_off()
            raise
        self._now = tuple(wanted)

    def _put_on(self, lora: Lora, *, adapter: str) -> None:
        there = {name: getattr(self._pipeline, name, None) for name in lora.files}
        if all(denoiser is None for denoiser in there.values()):
            path = next(iter(lora.files.values()))
            lacks = " and ".join(there)
            raise _refused(path, f"is for {lacks}, which the weights of this model come without")
        for name, path in lora.files.items():
            denoiser = there[name]
            if denoiser is None:
                continue
            state, settings = self._read(path)
            _check(state, denoiser, path=path, model=self._family.title)
            try:
                with warnings.catch_warnings():
                    # That there is another on it already: there may be eight.
                    warnings.filterwarnings("ignore", message="Already found a `peft_config`")
                    self._pipeline.load_lora_into_transformer(
                        state, denoiser, adapter_name=adapter, metadata=settings,
                        _pipeline=self._pipeline,
                    )  # fmt: skip
            except (ValueError, KeyError, TypeError, RuntimeError) as error:
                if type(error).__name__ == "OutOfMemoryError":
                    raise  # the GPU's memory, not the file, is at fault
                raise _refused(
                    path, f"cannot be laid over {name} ({_first_line(error)})"
                ) from error

    def _read(self, path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any] | None]:
        """The tensors by diffusers' names, whoever's format the file has; and its settings."""
        try:
            read: tuple[dict[str, torch.Tensor], dict[str, Any] | None]
            read = self._pipeline.lora_state_dict(
                str(path), use_safetensors=True, local_files_only=True, return_lora_metadata=True
            )
        except (
            OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError,
            safetensors.SafetensorError,
        ) as error:  # fmt: skip
            raise _refused(path, f"cannot be read as a LoRA ({_first_line(error)})") from error
        return read

    def _take_off(self) -> None:
        self._now = ()
        for name in self._family.denoisers:
            denoiser = getattr(self._pipeline, name, None)
            if denoiser is not None and getattr(denoiser, "peft_config", None):
                denoiser.unload_lora()


def _check(state: Mapping[str, torch.Tensor], denoiser: Any, *, path: Path, model: str) -> None:
    """Refuse what diffusers would leave out with a warning, or fail on half-way."""
    # With another LoRA on it, a layer's own weights are one floor further down.
    layers = {name: getattr(layer, "base_layer", layer) for name, layer in denoiser.named_modules()}
    strange = sorted(key for key in state if _layer(key) not in layers)
    if strange or not state:
        more = f" and {len(strange) - _FIRST} more" if len(strange) > _FIRST else ""
        told = ", ".join(key[:100] for key in strange[:_FIRST]) + more
        raise _refused(path, f"is no LoRA of {model}: it has {told or 'nothing in it'}")
    wrong = list(_wrong_shapes(state, layers))
    if wrong:
        raise _refused(path, f"is of another size than {model}: {'; '.join(wrong[:_FIRST])}")


def _wrong_shapes(state: Mapping[str, torch.Tensor], layers: Mapping[str, Any]) -> Iterator[str]:
    for key, tensor in state.items():
        layer = layers[_layer(key)]
        if not isinstance(layer, torch.nn.Linear) or tensor.ndim != 2:
            continue
        if ".lora_A." in key and tensor.shape[1] != layer.in_features:
            yield f"{key} takes {tensor.shape[1]} numbers and not {layer.in_features}"
        if ".lora_B." in key and tensor.shape[0] != layer.out_features:
            yield f"{key} gives {tensor.shape[0]} numbers and not {layer.out_features}"


def _layer(key: str) -> str:
    """The layer that a tensor is for; a name no layer has, if it is for none."""
    name, mark, _ = key.removeprefix(_PREFIX).partition(".lora_")
    return name if mark and key.startswith(_PREFIX) else key


def _refused(path: Path, what: str) -> WeightsRefused:
    return WeightsRefused(path=path, what=what, remedy=_ANOTHER)


def _first_line(error: BaseException) -> str:
    words = str(error).strip().splitlines()
    return words[0][:300] if words else type(error).__name__
