from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import os, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from companions.geometry import Size
from companions.video_manifest import Codec, EncodeParams
from fleet.encode.clip import ClipWriter

def kinds():
    return {os.sched_getscheduler(int(task)) for task in os.listdir("/proc/self/task")}

params = EncodeParams(codec=Codec(sys.argv[2]))
with ClipWriter(Path(sys.argv[1]), size=Size(96, 64), rate=Fraction(24), params=params) as writer:
    seen = kinds()
    writer.write(np.zeros((64, 96, 3), np.uint8))
    seen |= kinds()
print(sorted(seen | kinds()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="scheduling classes are Linux's")
@pytest.mark.parametrize("codec", ["h264", "hevc", "av1"])
def test_no_thread_of_an_encoder_runs_before_everything_else(tmp_path: Path, codec: str) -> None:
    # In a process of its own: what an encoder did to the thread that opened it would last.
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "a.mp4"), codec],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert child.stdout.strip() == f"[{os.SCHED_OTHER}]"
