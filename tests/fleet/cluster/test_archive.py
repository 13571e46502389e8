"""The archive on a real cluster: frames that are only references become a file, and come back.

The cluster runs in a process of its own, because Ray reads its environment once per process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from companions.geometry import Size
from fleet.checkpoint.folder import SUFFIX
from fleet.checkpoint.frames import Chunk, read_checkpoint, write_checkpoint
from fleet.settings import Home
from tests.fleet.checkpoint.making import motion

SIZE, CHUNKS, EACH = Size(320, 180), 3, 8


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What an archive did, in one run: starting a cluster is what takes the time."""
    folder = tmp_path_factory.mktemp("archive")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fleet.cluster.test_archive", str(folder)],
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def frames() -> Chunk:
    return motion(CHUNKS * EACH, size=SIZE)


def test_frames_on_a_worker_become_a_file_written_by_the_archive(said: Mapping[str, Any]) -> None:
    kept = read_checkpoint(Path(said["path"]), sha256=said["kept"]["sha256"], frames=CHUNKS * EACH)

    assert np.array_equal(np.concatenate(list(kept)), frames())
    assert Size(said["kept"]["width"], said["kept"]["height"]) == SIZE
    assert said["pid"] != said["caller"]


def test_kept_frames_stream_back_in_chunks(said: Mapping[str, Any]) -> None:
    assert said["streamed"] == [EACH] * CHUNKS
    assert said["equal"]


def test_damaged_frames_are_told_to_who_asks_for_them(said: Mapping[str, Any]) -> None:
    assert said["damaged"] == "CheckpointUnusable"


def test_frames_that_never_come_leave_nothing_and_the_archive_goes_on(
    said: Mapping[str, Any],
) -> None:
    assert said["late"] == "WorkerLost"
    assert said["failed"] == "ZeroDivisionError"
    assert said["left"] == [f"kept{SUFFIX}"]


def main(folder: Path) -> None:
    """The process of its own."""
    from fleet.cluster import environment

    environment.prepare(Home(folder / "home"))

    import ray
    from ray.exceptions import RayError, RayTaskError

    from fleet.cluster.archive import Archive

    class Maker:
        """A worker that owns its frames."""

        def chunks(self) -> list[Any]:
            made = frames()
            return [ray.put(made[i : i + EACH]) for i in range(0, len(made), EACH)]

        def fail(self) -> None:
            raise ZeroDivisionError

        def wait(self) -> None:
            threading.Event().wait()

    def trouble(ref: Any) -> str:
        try:
            ray.get(ref)
        except RayTaskError as error:
            return type(error.cause if error.cause is not None else error).__name__
        except RayError as error:
            return type(error).__name__
        return "none"

    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        start: Any = ray.remote(Archive)
        archive = start.options(num_cpus=0, max_concurrency=2).remote(
            write_checkpoint, read_checkpoint, fetch_timeout_s=1.0
        )
        make: Any = ray.remote(Maker)
        maker = make.options(num_cpus=0).remote()
        path = folder / "kept" / f"kept{SUFFIX}"
        told: dict[str, Any] = {"path": str(path), "caller": os.getpid()}

        facts = ray.get(archive.keep.remote(str(path), ray.get(maker.chunks.remote())))
        told["kept"] = {"sha256": facts.sha256, "width": facts.width, "height": facts.height}
        stream = archive.frames.options(
            num_returns="streaming", _generator_backpressure_num_objects=2
        ).remote(str(path), sha256=facts.sha256, frames=facts.frames)
        chunks = [ray.get(ref) for ref in stream]
        told["streamed"] = [len(chunk) for chunk in chunks]
        told["equal"] = bool(np.array_equal(np.concatenate(chunks), frames()))
        stream = archive.frames.options(num_returns="streaming").remote(
            str(path), sha256="0" * 64, frames=facts.frames
        )
        told["damaged"] = trouble(next(stream))

        # The first chunk arrives, the second never does.
        chunk = ray.put(frames()[:EACH])
        other = str(path.with_name(f"other{SUFFIX}"))
        told["failed"] = trouble(archive.keep.remote(other, [chunk, maker.fail.remote()]))
        told["late"] = trouble(archive.keep.remote(other, [chunk, maker.wait.remote()]))
        told["left"] = [p.name for p in path.parent.iterdir()]
        told["pid"] = ray.get(archive.pid.remote())
    finally:
        ray.shutdown()
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
