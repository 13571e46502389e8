"""The fleet made for a drill: a home, pictures, a cluster with nodes, and its processes.

Everything lies in one folder, and nothing outside it is touched: processes are those of this
home's cluster, found by its temporary folder, and commands that the drill itself started.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from companions import codec
from companions.generation_params import GenerationParams
from companions.geometry import Rect
from companions.motion import Move
from companions.timing import parse_rate
from companions.video_manifest import InterpolationParams, Shot, VideoManifest
from fleet.cluster import processes
from fleet.cluster.environment import wanted_environment
from fleet.cluster.head import HASTE, HeadOptions, free_port
from fleet.cluster.record import read_record
from fleet.errors import ClusterFailed
from fleet.home import HOME_VARIABLE, Home
from fleet.jobs.model import Pool
from fleet.upkeep.bringing import bring_down, bring_up
from fleet.upkeep.keeper import keeper_lock

BROKEN_EVERY: Final = 20
"""One picture in so many is cut short: its shot has to end with that as its reason."""
HEAD_ADDRESS: Final = "127.0.0.2"
"""On this machine alone, as all of 127/8, yet not 127.0.0.1, which Ray takes for no cluster's."""
NODE_STORE_BYTES: Final = 100 * 1024**2
COMMAND_S: Final = 120.0
_LOOK_S: Final = 0.01
SETTINGS: Final = """\
# A drill: everything small, and no patience.
generation_slots = 1
interpolation_slots = 1
object_store_mb = 100
first_retry_s = 0.05
max_attempts = 5
generate_deadline_s = 30.0
finish_deadline_s = 30.0
checkpoint_after_s = 0.0
cancel_grace_s = 1.0
encode_threads = 1
"""


class Arena:
    """One fleet to be maltreated."""

    def __init__(self, folder: Path, *, shots: int, nodes: int, cluster: bool) -> None:
        """``nodes`` beside the head; without ``cluster``, the embedded one of a command."""
        self.home = Home(folder / "home")
        self.pictures = folder / "stills"
        self.manifests: list[Path] = []
        self.shots, self.nodes, self.cluster = shots, nodes, cluster
        self.commands: list[subprocess.Popen[bytes]] = []
        self._born = 0

    # -- what is to be made -----------------------------------------------------------------------

    def furnish(self, portions: Sequence[range]) -> None:
        """Write settings, pictures, and a manifest for each portion of them."""
        self.home.root.mkdir(parents=True)
        self.home.settings_file.write_text(SETTINGS)
        self.pictures.mkdir(parents=True)
        shots = []
        for index in range(self.shots):
            path = self.pictures / f"shot_{index:04d}.png"
            noise = np.random.default_rng(index).integers(0, 255, (6, 8, 3), dtype=np.uint8)
            Image.fromarray(noise).resize((192, 144), Image.Resampling.BICUBIC).save(path)
            data = path.read_bytes()
            if self.is_broken(index):
                data = data[: len(data) // 2]
                path.write_bytes(data)
            shots.append(_shot(path.name, hashlib.sha256(data).hexdigest(), index))
        for number, portion in enumerate(portions):
            path = self.pictures / f"part_{number:03d}.video_manifest.json"
            codec.write(
                path,
                VideoManifest(
                    project_id="drill",
                    batch_id=path.name.split(".")[0],
                    created_at=datetime(2026, 1, 1, tzinfo=UTC),
                    shots=tuple(shots[index] for index in portion),
                ),
            )
            self.manifests.append(path)

    @staticmethod
    def is_broken(index: int) -> bool:
        """Whether that picture is cut short."""
        return index % BROKEN_EVERY == BROKEN_EVERY - 1

    # -- the cluster ------------------------------------------------------------------------------

    def up(self) -> None:
        """Bring the cluster up, or back up, with all its nodes.

        Raises:
            ClusterFailed: it does not come up.
        """
        if not self.cluster:
            return
        one = dict.fromkeys(Pool, 1)
        bring_up(self.home, HeadOptions(bind=HEAD_ADDRESS, port=free_port(), slots=one))
        while len(self.raylets()) < self.nodes:
            self.join()

    def join(self) -> None:
        """Add a node, by the same plain command that another machine would be added by."""
        record = read_record(self.home)
        if record is None:
            raise ClusterFailed(what="the drill's cluster is gone", remedy="See its cluster.log.")
        self._born += 1
        log = self.home.root / "nodes.log"
        with log.open("ab") as stream:
            code = subprocess.run(
                [
                    sys.executable, "-m", "ray.scripts.scripts", "start",
                    f"--address={record.address}", "--node-ip-address", f"127.0.0.{2 + self._born}",
                    "--node-name", f"node-{self._born}", "--num-cpus", "1",
                    "--resources", json.dumps({pool.value: 1 for pool in Pool}),
                    "--object-store-memory", str(NODE_STORE_BYTES),
                    "--dashboard-agent-listen-port", "0", "--disable-usage-stats",
                    "--include-log-monitor", "false",
                ],
                env={**self.environment(loopback=False), **HASTE}, stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, check=False, timeout=COMMAND_S,
            ).returncode  # fmt: skip
        if code != 0:
            raise ClusterFailed(what="a node could not join the drill", remedy=f"See {log}.")

    def down(self) -> None:
        """End every command and the cluster."""
        for command in self.commands:
            if command.poll() is None:
                command.send_signal(signal.SIGINT)
        for command in self.commands:
            with contextlib.suppress(subprocess.TimeoutExpired):
                command.wait(20.0)
            if command.poll() is None:
                command.kill()
                command.wait()
        if self.cluster:
            bring_down(self.home)

    # -- its processes ----------------------------------------------------------------------------

    def members(self) -> frozenset[int]:
        """All processes of the cluster, embedded or not."""
        if not self.cluster:
            return frozenset().union(
                *(processes.descendants(each.pid) for each in self.commands if each.poll() is None)
            )
        record = read_record(self.home)
        return processes.members(Path(record.folder)) if record is not None else frozenset()

    def actors(self, *names: str) -> list[int]:
        """Processes of the actors of those classes, by number."""
        return sorted(
            pid
            for pid in self.members()
            if any((" ".join(processes.words(pid)[:1])).startswith(f"ray::{n}") for n in names)
        )

    def raylets(self) -> list[int]:
        """The raylets of the nodes beside the head, by number."""
        record = read_record(self.home)
        head = record.raylet.pid if record is not None and record.raylet is not None else 0
        return sorted(pid for pid in self._programs("raylet") if pid != head)

    def gcs(self) -> list[int]:
        """The GCS."""
        return self._programs("gcs_server")

    def head(self) -> list[int]:
        """The head's raylet."""
        record = read_record(self.home)
        return [record.raylet.pid] if record is not None and record.raylet is not None else []

    def keeper(self) -> list[int]:
        """The process that keeps the cluster standing."""
        lock = keeper_lock(self.home)
        words = lock.holder().split()
        return [int(words[1])] if lock.is_held() and len(words) > 1 else []

    def strays(self) -> list[int]:
        """Processes that were started for this home and are still there."""
        mine = os.getpid()
        return sorted(
            pid
            for pid in processes.everyone()
            if pid != mine and processes.variable(pid, HOME_VARIABLE) == str(self.home.root)
        )

    def _programs(self, name: str) -> list[int]:
        return sorted(
            pid
            for pid in self.members()
            if (line := processes.words(pid)) and Path(line[0]).name == name
        )

    # -- commands ---------------------------------------------------------------------------------

    def environment(self, *, loopback: bool = True) -> dict[str, str]:
        """The environment of everything that belongs to this fleet.

        Nodes are started without ``loopback``: Ray takes that for a cluster of one machine.
        """
        plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        return {
            **plain,
            **wanted_environment(self.home, loopback=loopback),
            HOME_VARIABLE: str(self.home.root),
        }

    def fleet(self, *arguments: str | Path) -> int:
        """Run a ``fleet`` command to its end; its exit code."""
        with self._log().open("ab") as stream:
            return subprocess.run(
                _command(arguments), env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, check=False, timeout=COMMAND_S,
            ).returncode  # fmt: skip

    def follow(self, manifests: Sequence[Path]) -> None:
        """Start ``fleet submit`` of those manifests, and leave it at that."""
        command = _command(["submit", *manifests])
        with self._log().open("ab") as stream:
            process = subprocess.Popen(
                command, env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream,
            )  # fmt: skip
        self.commands.append(process)

    def kill_command(self) -> bool:
        """Kill the command that follows; whether there was one."""
        alive = [each for each in self.commands if each.poll() is None]
        for each in alive:
            each.kill()
            each.wait()
        return bool(alive)

    def _log(self) -> Path:
        return self.home.root / "commands.log"


def kill(pid: int) -> bool:
    """End a process without a word and see it gone; whether it was there."""
    victim = processes.identify(pid)
    if victim is None or not _signal(pid, signal.SIGKILL):
        return False
    while processes.is_alive(victim):
        time.sleep(_LOOK_S)
    return True


def thaw(pid: int) -> None:
    """Let a frozen process go on; harmless if it is gone."""
    _signal(pid, signal.SIGCONT)


def _signal(pid: int, kind: signal.Signals) -> bool:
    try:
        os.kill(pid, kind)
    except ProcessLookupError:
        return False
    return True


def freeze(pid: int, *, seconds: float) -> bool:
    """Stop a process for a while, as a machine that swaps does."""
    if not _signal(pid, signal.SIGSTOP):
        return False
    time.sleep(seconds)
    return _signal(pid, signal.SIGCONT)


def _command(arguments: Sequence[str | Path]) -> list[str]:
    return [sys.executable, "-m", "fleet", *map(str, arguments)]


def _shot(name: str, sha256: str, seed: int) -> Shot:
    inset = 0.02 + 0.3 * (seed % 7) / 7
    return Shot(
        image_path=name,
        sha256=sha256,
        motion=Move(
            start_rect=Rect.of(0.0, 0.0, 1.0, 1.0),
            end_rect=Rect.of(inset, inset, 1.0 - inset, 1.0 - inset),
            duration_sec=1.0,
        ),
        generation_params=GenerationParams(width=160, height=96, fps=parse_rate(12), seed=seed),
        interpolation=InterpolationParams(target_fps=parse_rate(24), backend="blend"),
    )
