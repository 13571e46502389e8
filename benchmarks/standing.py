"""A cluster that stays, for benchmarks: a head and nodes on this machine, and shots for them.

``Standing`` brings up what ``fleet up`` does, with other stages, and nodes as another machine would
join them.  It is gone at the end of its block, and also if the benchmark is killed: its keeper ends
when nobody holds the other end of its input.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import TypeAdapter

from companions.generation_params import GenerationParams
from fleet import client, standing
from fleet.cluster.head import HASTE, HeadOptions, free_port
from fleet.cluster.record import read_record
from fleet.drilling.arena import HEAD_ADDRESS, NODE_STORE_BYTES, Arena
from fleet.jobs.model import Pool
from fleet.ledger import nodes
from fleet.ledger.database import Database
from fleet.settings import Home, load_settings
from fleet.stages.base import Stages
from fleet.stages.drill import Drill
from fleet.upkeep.keeper import Keeper
from tests.fleet.making import shot, small_picture, write_manifest

ROOT: Final = Path(__file__).parents[1]
ONE_EACH: Final = dict.fromkeys(Pool, 1)
UP_S: Final = 120.0
LOOK_S: Final = 0.02
_DRILL: Final = TypeAdapter(Drill)


class Standing:
    """One cluster with its dispatcher, for the length of a ``with`` block.

    Attributes:
        arena: its processes.
        database: its ledger, for looking.
    """

    def __init__(
        self,
        folder: Path,
        *,
        stages: Drill | None = None,
        dispatcher: Sequence[str] = (),
        slots: Mapping[Pool, int] = ONE_EACH,
        settings: str = "",
    ) -> None:
        """``slots`` are the head's; ``dispatcher`` is a command instead of ``stages``, such as
        ``deploy`` here; ``settings`` is the home's TOML."""
        self._folder, self._slots, self._settings = folder, dict(slots), settings
        self.arena = Arena(folder, shots=0, nodes=0, cluster=True)
        self.home = self.arena.home
        plan = _DRILL.dump_json(stages or Drill()).decode()
        self._dispatcher = tuple(dispatcher) or (
            sys.executable, "-m", "benchmarks.standing", "deploy", str(self.home.root), plan
        )  # fmt: skip
        self._batches = 0
        self._nodes = 0

    def __enter__(self) -> Self:
        self.home.root.mkdir(parents=True)
        self.home.settings_file.write_text(self._settings)
        self.database = Database(self.home.ledger)
        slots = json.dumps({pool.value: count for pool, count in self._slots.items()})
        command = [sys.executable, "-m", "benchmarks.standing", "keep", str(self.home.root), slots]
        self._log = (self.home.root / "bench.log").open("wb")
        self._keeper = subprocess.Popen(
            [*command, *self._dispatcher], env=self.environment(), cwd=ROOT,
            stdin=subprocess.PIPE, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        try:
            self.wait_until(self._stands, within_s=UP_S, what="a cluster")
            self.wait_for_workers(sum(self._slots.values()))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _stands(self) -> bool:
        if self._keeper.poll() is not None:
            raise RuntimeError((self.home.root / "bench.log").read_text("utf-8", "replace"))
        record = read_record(self.home)
        return record is not None and record.ready

    def _end(self) -> None:
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._keeper.wait(30.0)
        if self._keeper.poll() is None:
            self._keeper.kill()
            self._keeper.wait()
        self.arena.down()  # what a keeper that did not end in time has left
        self._log.close()
        self.database.close()

    def environment(self) -> dict[str, str]:
        """For every process of the cluster, and those that talk to it."""
        return {**self.arena.environment(loopback=False), **HASTE, "PYTHONPATH": str(ROOT)}

    @property
    def address(self) -> str:
        """Where the cluster is joined."""
        record = read_record(self.home)
        assert record is not None
        return record.address

    # -- nodes ------------------------------------------------------------------------------------

    def join(self, slots: Mapping[Pool, int], *, store_bytes: int = NODE_STORE_BYTES) -> str:
        """Add a node by the plain command; its name."""
        self._nodes += 1
        name = f"node-{self._nodes}"
        subprocess.run(
            [sys.executable, "-m", "ray.scripts.scripts", "start", f"--address={self.address}",
             "--node-ip-address", f"127.0.0.{2 + self._nodes}", "--node-name", name,
             "--num-cpus", "1", "--object-store-memory", str(store_bytes),
             "--resources", json.dumps({p.value: n for p, n in slots.items() if n}),
             "--dashboard-agent-listen-port", "0", "--disable-usage-stats",
             "--include-log-monitor", "false"],
            env=self.environment(), stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            check=True, timeout=UP_S,
        )  # fmt: skip
        return name

    def wait_for_workers(self, count: int) -> None:
        """Wait until so many workers are ready on all nodes together."""
        self.wait_until(
            lambda: sum(row.workers for row in nodes.listing(self.database) if row.alive) == count,
            within_s=UP_S,
            what=f"{count} workers",
        )

    # -- shots ------------------------------------------------------------------------------------

    def submit(
        self,
        count: int,
        *,
        names: Sequence[str] = (),
        priority: int = 0,
        params: GenerationParams | None = None,
    ) -> list[str]:
        """Queue ``count`` shots, or one for each of ``names``, all at once; their ids."""
        self._batches += 1
        batch = f"batch-{self._batches:03d}"
        folder = self._folder / "stills" / batch
        stems = names or [f"shot_{number:05d}" for number in range(count)]
        data = small_picture(folder / f"{stems[0]}.png", size=(16, 12)).read_bytes()
        for stem in stems[1:]:
            (folder / f"{stem}.png").write_bytes(data)
        one = shot(folder / f"{stems[0]}.png", folder)
        change: dict[str, object] = {"priority": priority}
        if params is not None:
            change["generation_params"] = params
        shots = [one.model_copy(update={"image_path": f"{s}.png", **change}) for s in stems]
        manifest = write_manifest(folder / "m.video_manifest.json", shots, batch_id=batch)
        submission = client.read_submission(manifest, out=None, home=self.home)
        client.queue(submission, home=self.home)
        return [planned.row.id for planned in submission.shots]

    def unfinished(self) -> int:
        """Shots that have not ended."""
        rows = self.database.rows("SELECT count(*) FROM shots WHERE verdict IS NULL")
        return int(rows[0][0])

    def finish(self, count: int, *, within_s: float = 3600.0) -> float:
        """Queue ``count`` shots and wait for their end; seconds from first lease to last end."""
        before = self.attempts()
        self.submit(count)
        self.wait_until(lambda: self.unfinished() == 0, within_s=within_s, what=f"{count} shots")
        row = self.database.rows(
            "SELECT max(ended_at) - min(started_at) AS span, count(*) AS n FROM attempts"
            " WHERE id > ?",
            (before,),
        )[0]
        if row["n"] != 3 * count:
            raise RuntimeError(f"{row['n']} attempts for {count} shots")
        return float(row["span"])

    def attempts(self) -> int:
        """The number of the newest attempt."""
        return int(self.database.rows("SELECT coalesce(max(id), 0) FROM attempts")[0][0])

    @staticmethod
    def wait_until(
        true: Callable[[], bool], *, within_s: float, what: str, every_s: float = LOOK_S
    ) -> None:
        """Wait for a condition.

        Raises:
            TimeoutError: ``what`` did not come in time.
        """
        deadline = time.monotonic() + within_s
        while not true():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {within_s:g} s")
            time.sleep(every_s)


def deploy(root: str, stages: Stages, address: str, where: str) -> None:
    """Put a dispatcher with those stages on the head; what a ``dispatcher`` command does."""
    home = Home(Path(root))
    alive = standing.deploy(
        address,
        home=home,
        settings=load_settings(home),
        stages=stages,
        loopback=where == "loopback",
    )
    sys.exit(0 if alive else 1)


def keep(root: str, slots: str, dispatcher: Sequence[str]) -> None:
    """Keep a cluster until the input ends."""
    counts = {Pool(name): int(count) for name, count in json.loads(slots).items()}
    options = HeadOptions(bind=HEAD_ADDRESS, port=free_port(), slots=counts)
    keeper = Keeper(Home(Path(root)), options, dispatcher=dispatcher)

    def wait_for_the_end() -> None:
        # Not sys.stdin: nothing may be buffered, and nothing ever comes.
        os.read(0, 1)
        keeper.stop()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    keeper.run()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["keep", root, slots, *command]:
            keep(root, slots, command)
        case ["deploy", root, stages, address, where]:
            deploy(root, _DRILL.validate_json(stages), address, where)
