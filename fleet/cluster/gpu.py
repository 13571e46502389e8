"""The GPU that Ray gave to this process.  Asks torch only where it is loaded anyway."""

from __future__ import annotations

import sys


def gpu_name() -> str:
    """Name of the first GPU this process may use, or empty where it uses none.

    A worker that has not loaded torch has done nothing on a GPU; loading it to ask would cost a
    second and hundreds of megabytes.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return ""
    return str(torch.cuda.get_device_name(0))


def gpu_peak_bytes() -> int:
    """The most of any one GPU that this process held so far; 0 where it has used none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return 0
    gpus = range(torch.cuda.device_count())
    return max((int(torch.cuda.max_memory_reserved(each)) for each in gpus), default=0)
