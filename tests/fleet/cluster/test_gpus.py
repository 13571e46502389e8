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
workers = [
    start_worker(Pool.INTERPOLATION, Drill(), name=f"w{i}", node_id=here, gpus=0.5)
    for i in range(3)
]
# Which two of them come up first is Ray's affair, and on a busy machine each takes a minute.
looks = {each.state.remote(): each for each in workers}
up, late = ray.wait(list(looks), num_returns=2, timeout=300)
pids = {ray.get(each).pid for each in up}
early, late = ray.wait(late, timeout=2.0)
print(len(pids), len(early), ray.available_resources().get("GPU", 0.0))
ray.kill(looks[up[0]])
print(ray.get(late[0], timeout=300).pid not in pids)
ray.shutdown()
"""


def test_two_workers_share_one_gpu_and_a_third_waits_for_its_turn(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        check=False, capture_output=True, text=True, timeout=900,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2", "0", "0.0", "True"]
