"""A fleet on machines that can be broken: ``Field``.

A real cluster on a network of its own (``tests.fleet.raylets``), the real dispatcher on its head
with drill stages, and a home that commands and tests look into.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from pydantic import TypeAdapter

from companions.generation_params import MemoryPlan
from companions.video_meta import Verdict, VideoMeta
from fleet import client, standing
from fleet.client import PlannedShot
from fleet.cluster import processes
from fleet.cluster.head import HeadOptions
from fleet.cluster.record import ClusterRecord, read_record, write_record
from fleet.errors import UnknownShot
from fleet.invariants.examine import examine
from fleet.jobs.model import Pool, Stage
from fleet.ledger import nodes, reading
from fleet.ledger.database import Database
from fleet.ledger.nodes import NodeRow
from fleet.ledger.rows import AttemptRow, History
from fleet.settings import Home, load_settings
from fleet.stages.drill import Drill
from fleet.stages.publish import Target
from fleet.upkeep.keeper import Keeper
from tests.acceptance.cli import Ran, fleet
from tests.fleet.making import shot, small_picture, write_manifest
from tests.fleet.netns import Machine
from tests.fleet.raylets import Raylets, until

BOTH: Final = {"generation": 1.0, "interpolation": 1.0}
T = TypeVar("T")
_DRILL: Final = TypeAdapter(Drill)


class Field:
    """A fleet at work, for the length of a ``with`` block.

    Attributes:
        home: its state, where the head sees it.
        cluster: its machines.
    """

    def __init__(
        self, folder: Path, *, stages: Drill, settings: str, disk: str = "", path: str = ""
    ) -> None:
        """``disk``: options of a disk in memory that the home shall have for itself on the head,
        such as ``size=50m``; ``path``: a folder whose modules come before all others."""
        self._folder = folder
        self._stages = _DRILL.dump_json(stages).decode()
        self._settings, self._disk = settings, disk
        self._ids: dict[str, str] = {}
        self.home = Home(folder / "home")
        token = folder / "token"
        token.write_text(secrets.token_hex(32))
        token.chmod(0o600)
        self.cluster = Raylets(token=token, path=path)

    def __enter__(self) -> Self:
        self.cluster.__enter__()
        self.home.root.mkdir()
        if self._disk:
            self.on_head("mount", "-t", "tmpfs", "-o", self._disk, "none", str(self.home.root))
        self.inside(self._furnish)
        return self

    def _furnish(self) -> None:
        self.home.settings_file.write_text(self._settings)
        shutil.copy2(self._folder / "token", self.home.token)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cluster.__exit__(kind, error, trace)

    # -- the cluster ------------------------------------------------------------------------------

    def bring_up(self, *names: str) -> None:
        """Start a head by hand, nodes of those names with a slot of both pools, the dispatcher."""
        self.cluster.start_head()
        for name in names:
            self.cluster.start_node(name, BOTH)
        self.cluster.ready()
        self.on_head(sys.executable, "-m", "tests.chaos.field", "deploy", str(self.home.root),
                     self._stages, self.cluster.address, "network")  # fmt: skip
        # Commands see a cluster that somebody else runs, and follow its dispatcher.
        record = ClusterRecord(address=self.cluster.address, ours=False)
        self.inside(lambda: write_record(self.home, record))
        self.wait_for_workers(len(BOTH) * len(names))

    def keep(self) -> None:
        """Start what ``fleet up --bind`` starts on the head, and wait until it stands."""
        log = (self._folder / "keeper.log").open("ab")
        with log:
            self._keeper = subprocess.Popen(
                self.cluster.head.command(
                    [sys.executable, "-m", "tests.chaos.field", "keep", str(self.home.root),
                     self._stages, self.cluster.address]
                ),
                env=self.cluster.env | {"TMPDIR": str(self.cluster.folder)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        begun = time.time()

        def stands() -> bool:
            assert self._keeper.poll() is None, (self._folder / "keeper.log").read_text()
            record = self.inside(lambda: read_record(self.home))
            return record is not None and record.ready and record.started_at > begun

        try:
            until(stands, within_s=200.0, what="a cluster that is kept")
        except AssertionError as error:
            error.add_note(self.inside(self._last_words))
            raise

    def _last_words(self) -> str:
        """What the head's processes are and the ends of its logs, for whoever reads a failure."""
        record = read_record(self.home)
        folder = Path(record.folder) if record is not None else self._folder
        lines = [f"{record}"]
        lines += [" ".join(processes.words(pid))[:200] for pid in processes.members(folder)]
        for log in (*self.home.root.glob("*.log"), *folder.glob("session_latest/logs/*")):
            if log.is_file():
                lines += [f"-- {log}", log.read_text("utf-8", "replace")[-2000:]]
        return "\n".join(lines)

    def lose_head(self) -> None:
        """End every process of the head at once; its disk stays."""
        self.cluster.head.kill()
        self._keeper.wait(10.0)

    def on_head(self, *arguments: str) -> str:
        """Run a command on the head to its end; what it said."""
        return self.cluster.head.run(arguments, env=self.cluster.env)

    @contextlib.contextmanager
    def crowded(self, *, size_mb: int) -> Iterator[None]:
        """For the time of the block, so much of the head's memory for frames is somebody else's:
        copies that it has of other nodes' frames make room.
        """
        process = subprocess.Popen(
            self.cluster.head.command(
                [sys.executable, "-m", "tests.chaos.crowd", self.cluster.address, str(size_mb)]
            ),
            env=self.cluster.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"there\n"
                yield
            finally:
                assert self.cluster.head.kill("tests.chaos.crowd") == 1

    def inside(self, act: Callable[[], T]) -> T:
        """What ``act`` returns, with the home on the disk where the head has it."""
        return self.cluster.head.seeing_its_disks(act) if self._disk else act()

    def fleet(self, *arguments: str) -> Ran:
        """``fleet ARGUMENTS``, as the head's operator says it."""
        return self.inside(lambda: fleet(self.home.root, *arguments))

    def wait_for_workers(self, count: int) -> None:
        """Wait until so many workers are up, on all nodes together."""
        until(
            lambda: sum(row.workers for row in self.nodes().values() if row.alive) >= count,
            within_s=40.0,
            what=f"{count} workers",
        )

    def bring_back(self, name: str) -> None:
        """Start a raylet again on a node whose raylet has ended, and wait for its workers."""
        gone = self.nodes()[name].node_id
        self.cluster.restart_raylet(name, BOTH)
        self.cluster.ready()
        until(
            lambda: (row := self.nodes()[name]).node_id != gone and row.workers == len(BOTH),
            within_s=40.0,
            what=f"workers on {name}, which is back",
        )

    def node(self, name: str) -> Machine:
        """The machine of that name."""
        return self.cluster.nodes[name]

    # -- the ledger -------------------------------------------------------------------------------

    def submit(self, *names: str, plans: tuple[MemoryPlan, ...] = ()) -> Path:
        """Queue a shot for each name; the manifest.

        ``plans`` are memory plans that each allows, as if its generator had any.
        """
        manifest = self.write_manifest(*names)

        def queue() -> None:
            submission = client.read_submission(manifest, out=None, home=self.home)
            shots = [_with_plans(planned, plans) for planned in submission.shots]
            client.queue(replace(submission, shots=shots), home=self.home)

        self.inside(queue)
        return manifest

    def write_manifest(self, *names: str) -> Path:
        """A manifest with a shot for each name; nothing is queued."""
        folder = self._folder / names[0]
        pictures = [
            small_picture(folder / f"{name}.png", shade=shade, size=(16, 12))
            for shade, name in enumerate(names)
        ]
        manifest = write_manifest(
            folder / "m.video_manifest.json",
            [shot(picture, folder) for picture in pictures],
            batch_id=names[0],
        )
        submission = self.inside(lambda: client.read_submission(manifest, out=None, home=self.home))
        self._ids |= {Path(s.row.image_path).stem: s.row.id for s in submission.shots}
        return manifest

    def id_of(self, name: str) -> str:
        """The shot's id."""
        return self._ids[name]

    def ask(self, question: Callable[[Database], T]) -> T:
        """What the ledger answers now."""

        def answer() -> T:
            database = Database(self.home.ledger)
            try:
                return question(database)
            finally:
                database.close()

        return self.inside(answer)

    def history(self, name: str) -> History:
        """All that is known of the shot of that name."""
        return self.ask(lambda database: reading.history(database, self._ids[name]))

    def nodes(self) -> Mapping[str, NodeRow]:
        """The nodes as the ledger has them, by name."""
        return {row.name: row for row in self.ask(nodes.listing)}

    def verdicts(self, *names: str) -> dict[str, Verdict | None]:
        """How the shots ended."""
        return {name: self.history(name).shot.verdict for name in names}

    def outcomes(self, name: str, stage: Stage) -> list[str]:
        """What became of each attempt at a stage."""
        return [a.outcome for a in self.history(name).attempts if a.stage is stage]

    def places(self, name: str, stage: Stage) -> list[str]:
        """The node of each attempt at a stage."""
        return [a.node for a in self.history(name).attempts if a.stage is stage]

    def meta(self, name: str) -> VideoMeta:
        """The meta beside the shot's clip."""
        found = Target(Path(self.history(name).shot.target)).read_meta()
        assert found is not None
        return found

    # -- waiting ----------------------------------------------------------------------------------

    def wait_until_at_work(self, name: str, stage: Stage, *, within_s: float = 40.0) -> AttemptRow:
        """Wait until a worker is at that stage of a shot; the attempt."""
        found: list[AttemptRow] = []

        def at_work() -> bool:
            with contextlib.suppress(UnknownShot):  # it may not be submitted yet
                found[:] = [
                    attempt
                    for attempt in self.history(name).attempts
                    if attempt.stage is stage and attempt.ended_at is None
                ]
            return bool(found)

        until(at_work, within_s=within_s, what=f"an attempt to {stage.value} {name}")
        return found[0]

    def wait_until_over(self, *names: str, within_s: float) -> None:
        """Wait until the shots have ended.

        Raises:
            AssertionError: they do not; with what the dispatcher said last.
        """
        ids = [self._ids[name] for name in names]
        try:
            until(
                lambda: self.ask(lambda database: reading.unfinished(database, ids)) == 0,
                within_s=within_s,
                what=f"the end of {', '.join(names)}",
            )
        except AssertionError as late:
            said = self.inside(self.home.log.read_text)[-4000:]
            raise AssertionError(f"{late}; verdicts {self.verdicts(*names)}\n{said}") from None

    def holds_together(self) -> None:
        """Every invariant of the fleet holds.

        Raises:
            AssertionError: one does not; where, is in the message.
        """
        breaches = self.inside(lambda: examine(self.home)).breaches
        assert not breaches, "\n".join(f"{b.invariant}: {b.about}: {b.what}" for b in breaches)


def _with_plans(planned: PlannedShot, plans: tuple[MemoryPlan, ...]) -> PlannedShot:
    recipe = planned.row.recipe
    params = recipe.generation_params.model_copy(update={"memory_plans": plans})
    changed = recipe.model_copy(update={"generation_params": params})
    return replace(planned, row=replace(planned.row, recipe=changed))


def main(act: str, root: str, stages: str, address: str, where: str = "network") -> None:
    """On the head: ``deploy`` a dispatcher on a cluster, or ``keep`` a cluster with one."""
    home = Home(Path(root))
    if act == "keep":
        ip, _, port = address.rpartition(":")
        again = [sys.executable, "-m", "tests.chaos.field", "deploy", root, stages]
        slots = dict.fromkeys(Pool, 0)
        options = HeadOptions(bind=ip, port=int(port), slots=slots)
        Keeper(home, options, dispatcher=again).run()
        return
    alive = standing.deploy(
        address, home=home, settings=load_settings(home),
        stages=_DRILL.validate_json(stages), loopback=where == "loopback",
    )  # fmt: skip
    assert alive


if __name__ == "__main__":
    main(*sys.argv[1:])
