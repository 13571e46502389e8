"""Shares of a GPU: what a node has is given out, and not more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pathlib import Path
from fleet.cluster import environment
from fleet.settings import Home
environment.prepare(Home(Path(sys.argv[1])))
import ray
from fleet.cluster.worker import start_worker
from fleet.jobs.model import Pool
from fleet.stages.drill import Drill

for patience in (2, 1, 0):
    try:
        ray.init(address="local", namespace="motionfleet", num_cpus=1, num_gpus=1,
                 include_dashboard=False, log_to_driver=False, resources={"interpolation": 3})
        break
    except Exception:  # Ray gives up on a raylet of its own that starts slowly on a busy machine
        ray.shutdown()
        if not patience:
            raise
here = ray.get_runtime_context().get_node_id()
first, second, third = (
    start_worker(Pool.INTERPOLATION, Drill(), name=f"w{i}", node_id=here, gpus=0.5)
    for i in range(3)
)
pids = {ray.get(each.state.remote(), timeout=60).pid for each in (first, second)}
late = third.state.remote()
done, waiting = ray.wait([late], timeout=2.0)
print(len(pids), len(done), ray.available_resources().get("GPU", 0.0))
ray.kill(first)
print(ray.get(late, timeout=60).pid not in pids)
ray.shutdown()
"""


def test_two_workers_share_one_gpu_and_a_third_waits_for_its_turn(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        check=False, capture_output=True, text=True, timeout=240,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2", "0", "0.0", "True"]
