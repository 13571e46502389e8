"""Facts about this machine, each asked where it is true: by writing, by opening, by running."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

import numpy as np

from companions.geometry import Size
from companions.video_manifest import Codec, EncodeParams
from fleet.check import Check, failed, passed, warned
from fleet.encode.clip import ClipWriter
from fleet.encode.encoders import NVENC, SOFTWARE
from fleet.encode.hardware import nvenc_fault
from fleet.errors import FleetError
from fleet.ledger.layout import LAYOUT

_ASK_S: Final = 30.0
_FRAMES: Final = 12
_DEPTHS: Final[tuple[Literal[8, 10], ...]] = (8, 10)


def free_bytes(path: Path) -> int | None:
    """Room in the file system of ``path``, or of the folder it would be made in; None if none."""
    for folder in (path, *path.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(folder).free
    return None


def home_writable(root: Path) -> Check:
    """Whether a file can be written there, flushed, and removed."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=root, prefix=".doctor-") as probe:
            probe.write(b"0" * 65_536)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return failed(
            "home", f"{root} cannot be written ({error.strerror or error})",
            remedy="Make room or correct its rights, or set FLEET_HOME to another folder.",
        )  # fmt: skip
    return passed("home", f"{root} can be written")


def ledger_whole(path: Path) -> Check:
    """Whether SQLite finds the ledger's file intact; reads it, and never changes it."""
    if not path.exists():
        return passed("ledger", "none yet; made when first needed")
    begun = time.monotonic()
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
            layout = int(reader.execute("PRAGMA user_version").fetchone()[0])
            said = str(reader.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        said, layout = str(error), LAYOUT
    if said != "ok":
        return failed(
            "ledger", f"{path} is damaged ({said})",
            remedy="Stop the fleet, and put back a copy of ledger.sqlite3 from a backup.",
        )  # fmt: skip
    if layout > LAYOUT:
        return failed(
            "ledger", f"it has layout {layout}, and this motionfleet {LAYOUT}",
            remedy="Install the newer motionfleet that wrote it.",
        )  # fmt: skip
    took = time.monotonic() - begun
    return passed("ledger", f"intact, layout {layout}, checked in {took:.1f} s")


def newest_event(path: Path) -> float | None:
    """When the ledger's newest event happened, or None if it tells none."""
    with (
        contextlib.suppress(sqlite3.Error, OSError),
        contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader,
    ):
        row = reader.execute("SELECT at FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        return float(row[0]) if row else None
    return None


def open_file_limit() -> int:
    """How many files one process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def gpus() -> Check:
    """GPUs and their driver, and whether torch, if it is here, can use them."""
    tool = shutil.which("nvidia-smi")
    devices = sorted(Path("/dev").glob("nvidia[0-9]*"))
    if tool is None:
        if devices:
            return failed(
                "gpu", f"{len(devices)} devices, but no nvidia-smi",
                remedy="Install the NVIDIA driver, or give the container its utility capability.",
            )  # fmt: skip
        return passed("gpu", "none; the camera generator and the bundled interpolation need none")
    asked = _run([tool, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"])
    if asked is None or asked.returncode != 0 or not asked.stdout.strip():
        said = (asked.stdout + asked.stderr).strip().splitlines() if asked else []
        return failed(
            "gpu", f"nvidia-smi fails ({said[0] if said else 'no answer'})",
            remedy="Load or reinstall the NVIDIA driver; a reboot may be due after an update.",
        )  # fmt: skip
    found = "; ".join(asked.stdout.strip().splitlines())
    if importlib.util.find_spec("torch") is not None:
        code = "import sys, torch; sys.exit(not torch.cuda.is_available())"
        torch = _run([sys.executable, "-c", code])
        if torch is None or torch.returncode != 0:
            return warned(
                "gpu", f"{found}; torch cannot use it",
                remedy="Install a torch that is built for this driver's CUDA.",
            )  # fmt: skip
    return passed("gpu", found)


def encoders() -> Check:
    """Whether each codec a manifest may ask for can be encoded: half a second, really."""
    broken = {}
    frame = np.zeros((64, 96, 3), np.uint8)
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        for codec, depth in itertools.product(Codec, _DEPTHS):
            try:
                with ClipWriter(
                    Path(folder) / "clip.mp4", size=Size(width=96, height=64), rate=Fraction(24),
                    params=EncodeParams(codec=codec, bit_depth=depth), threads=1,
                ) as clip:  # fmt: skip
                    for _ in range(_FRAMES):
                        clip.write(frame)
            except (FleetError, OSError, ValueError) as error:
                broken[f"{codec.value} in {depth} bits"] = str(error)
    if broken:
        return failed(
            "encoders", "; ".join(f"{name}: {why}" for name, why in sorted(broken.items())),
            remedy="Install PyAV's own wheels, which carry them: pip install --force-reinstall av",
        )  # fmt: skip
    names = ", ".join(encoder.name for encoder in SOFTWARE.values())
    faults = {encoder.name: nvenc_fault(encoder.name) for encoder in NVENC.values()}
    here = [name for name, fault in faults.items() if fault is None]
    chip = ", ".join(here) if here else "no NVENC"
    return passed("encoders", f"{names}, in 8 and 10 bits; {chip}")


def models() -> Check:
    """The folder that models are loaded from by name, if there is one."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HF_HOME")
    folder = Path(named) if named else Path.home() / ".cache" / "huggingface"
    if not folder.exists():
        if named:
            return warned(
                "models", f"{folder} does not exist",
                remedy="Mount it, or correct HF_HUB_CACHE or HF_HOME.",
            )  # fmt: skip
        return passed("models", "no folder of models; the camera generator needs none")
    if not os.access(folder, os.R_OK | os.X_OK):
        return failed(
            "models", f"{folder} cannot be read", remedy="Correct its rights for this user."
        )
    free = free_bytes(folder) or 0
    return passed("models", f"{folder}, {free / 1024**3:.0f} GiB free")


def shared_memory_free() -> int | None:
    """Room in ``/dev/shm``, or None where there is no such thing."""
    shm = Path("/dev/shm")  # noqa: S108  (asked for its size)
    return free_bytes(shm) if shm.exists() else None


def clock_skews(address: str, *, environment: Mapping[str, str]) -> Mapping[str, float]:
    """Seconds that each node's clock is ahead of this one; empty if the cluster does not say."""
    asked = _run(
        [sys.executable, "-m", "fleet.cluster.clocks", address],
        environment={**os.environ, **environment},
    )
    if asked is None or asked.returncode != 0:
        return {}
    told = json.loads(asked.stdout.splitlines()[-1])
    return {str(name): float(skew) for name, skew in told.items()}


def _run(
    command: list[str], *, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=_ASK_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
