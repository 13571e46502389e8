"""One run of a model on several GPUs: each process has the whole model and computes a share.

The places of a clip are divided among the processes; attention is divided by heads, and what the
denoiser gives is put together again after each call (diffusers' context parallelism, Ulysses).  So
every process takes the same steps from the same noise, and each ends with all of the latents.

The processes belong together for one run, and are strangers again afterwards: torch knows one
such group at a time, and one that broke cannot be mended.  They meet over a file, and speak over
the loopback interface or between their GPUs.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import FileStore  # as torch.distributed has it, unexported

from fleet.errors import AttentionUnavailable

PATIENCE: Final = timedelta(minutes=10)
"""How long one process waits for another in the middle of a run; the first step may compile."""
_INTERFACES: Final = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")


@dataclass(frozen=True, slots=True)
class Share:
    """The part that one process has in a run.

    Attributes:
        rank: which process it is, from 0; the frames of number 0 are the clip's.
        of: how many there are.
        meeting: the file over which they find each other, in a folder that is theirs alone.
    """

    rank: int
    of: int
    meeting: Path


class Split:
    """A run of ``denoisers`` by several processes; a context manager.

    All that is divided has to go into equal shares (``parameters.check`` sees to it).

    Raises:
        AttentionUnavailable: what computes attention cannot be divided.
    """

    def __init__(self, denoisers: Sequence[Any], *, share: Share) -> None:
        self._denoisers, self._share = denoisers, share
        self._kind = "cuda" if torch.cuda.is_available() else "cpu"
        self._undivided: list[Any] = []

    def __enter__(self) -> Self:
        share = self._share
        if self._kind == "cuda":
            torch.cuda.set_device(0)  # else a mesh looks for one by the number of the process
        # torch puts one of its own in its place, a further one each time.
        hook = sys.excepthook
        with _loopback():
            dist.init_process_group(
                "nccl" if self._kind == "cuda" else "gloo",
                store=FileStore(str(share.meeting), share.of),
                rank=share.rank,
                world_size=share.of,
                timeout=PATIENCE,
            )
            sys.excepthook = hook
            try:
                self._divide(self._config())
            except BaseException:
                self._undo(broken=True)
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._undo(broken=kind is not None)

    def _config(self) -> Any:
        """What ``enable_parallelism`` would make, which cannot be asked: it divides by the number
        of GPUs, of which a processor has none, and a model keeps it for good."""
        from diffusers import ContextParallelConfig, ParallelConfig

        share, device = self._share, torch.device(self._kind)
        config = ParallelConfig(
            context_parallel_config=ContextParallelConfig(ulysses_degree=share.of)
        )
        mesh = dist.device_mesh.init_device_mesh(
            self._kind, (1, share.of), mesh_dim_names=("ring", "ulysses")
        )
        config.setup(share.rank, share.of, device, mesh=mesh)
        return config

    def _divide(self, config: Any) -> None:
        from diffusers.hooks.context_parallel import apply_context_parallel

        for denoiser in self._denoisers:
            for processor in _processors(denoiser):
                _check_attention(processor)
                processor._parallel_config = config  # noqa: SLF001  as enable_parallelism does
            self._undivided.append(denoiser)
            apply_context_parallel(denoiser, config.context_parallel_config, _plan(denoiser))

    def _undo(self, *, broken: bool) -> None:
        from diffusers.hooks.context_parallel import remove_context_parallel

        for denoiser in self._undivided:
            remove_context_parallel(denoiser, _plan(denoiser))
            for processor in _processors(denoiser):
                processor._parallel_config = None  # noqa: SLF001
        self._undivided = []
        if broken:
            abort()
        if dist.is_initialized():
            dist.destroy_process_group()


def abort() -> None:
    """Give up the run that this process takes part in, from any thread: GPUs that wait for one
    that is gone would wait on, and this process with them."""
    if dist.is_initialized() and dist.get_backend() == "nccl":
        dist.distributed_c10d._abort_process_group()  # noqa: SLF001  there is no public one


def _plan(denoiser: Any) -> Any:
    return denoiser._cp_plan  # noqa: SLF001  which of its inputs and outputs are divided


def _processors(denoiser: Any) -> Iterator[Any]:
    modules: Iterable[Any] = denoiser.modules()
    for module in modules:
        processor = getattr(module, "processor", None)
        if hasattr(processor, "_parallel_config"):
            yield processor


def _check_attention(processor: Any) -> None:
    from diffusers.models.attention_dispatch import AttentionBackendName, _AttentionBackendRegistry

    chosen = processor._attention_backend  # noqa: SLF001
    active, _ = _AttentionBackendRegistry.get_active_backend()
    name = active if chosen is None else AttentionBackendName(chosen)
    if not _AttentionBackendRegistry._is_context_parallel_available(name):  # noqa: SLF001
        raise AttentionUnavailable(
            name=name.value, what="it cannot be divided among several GPUs (gpus_per_shot)"
        )


@contextmanager
def _loopback() -> Iterator[None]:
    """What is said while a group is made stays on this machine: it is said in the clear."""
    loops = [name for _, name in socket.if_nameindex() if name.startswith("lo")]
    before = {name: os.environ.get(name) for name in _INTERFACES}
    os.environ.update(dict.fromkeys(_INTERFACES, loops[0]) if loops else {})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
