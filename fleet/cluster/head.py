"""The head of a cluster that stays: started, mended and ended, on one Linux machine.

Plain ``ray start --head`` with a token, a temporary folder of its own (two clusters on a machine
do not meet), and the GCS's tables in RocksDB: a GCS that is killed comes back over them, and
actors, names, nodes and running calls go on.  Nothing here loads Ray.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Final

from fleet.cluster import processes
from fleet.cluster.environment import wanted_environment
from fleet.cluster.pools import object_store_bytes, pool_sizes, this_machine
from fleet.cluster.record import LOOPBACK, ClusterRecord, boot
from fleet.errors import ClusterFailed
from fleet.jobs.model import Pool
from fleet.settings import Home, Settings

START_S: Final = 90.0
"""Longest that ``ray start`` may take on a loaded machine."""
START_TRIES: Final = 3
"""So often a head whose raylet does not come up in time is started."""
_TIMED_OUT: Final = "node timed out during startup"
"""Part of what Ray says when a raylet did not come up in time."""
GRACE_S: Final = 3.0
SHORT_GRACE_S: Final = 0.5
"""For a cluster that has shown already that it does not answer."""
FIRST_PORT: Final = 6379
PORTS: Final = 7
"""Ports that a head for other machines takes, from its own upwards; workers have theirs besides."""
HASTE: Final = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "3000",
    "RAY_health_check_failure_threshold": "4",
}
"""A node whose raylet is gone is given up after about four seconds, one that does not answer after
a quarter of a minute; by Ray's own measure it is three times that."""
_LONGEST_FOLDER: Final = 40
"""Ray puts sockets below it, and a socket's path may have 107 letters."""


@dataclass(frozen=True, slots=True)
class HeadOptions:
    """What an operator chose for the head.

    Attributes:
        bind: the address that other machines reach it by; 127.0.0.1 for none.
        port: of the GCS; 0 for any free one, which only a head on loopback may have.
        slots: workers of a pool on the head itself; by default as many as the machine suits.
    """

    bind: str = LOOPBACK
    port: int = 0
    slots: Mapping[Pool, int] = field(default_factory=dict)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can join."""
        return self.bind == LOOPBACK


def new_head(options: HeadOptions) -> ClusterRecord:
    """A head that is to be: its address and its folder, and no process yet.

    Written down before anything runs, so that whatever is killed when, nothing of it is lost
    sight of.

    Raises:
        ClusterFailed: nothing can listen on that address and port.
    """
    _check_bind(options)
    port = options.port or free_port()
    return ClusterRecord(
        address=f"{options.bind}:{port}", folder=str(_new_folder()), boot=boot(),
        ray_version=metadata.version("ray"), started_at=time.time(),
    )  # fmt: skip


def start_head(
    home: Home, settings: Settings, options: HeadOptions, new: ClusterRecord
) -> ClusterRecord:
    """Start a new head and wait until it answers.

    Raises:
        ClusterFailed: it did not start; no process is left of it.
    """
    folder, port = Path(new.folder), int(new.address.rpartition(":")[2])
    log = home.root / "head.log"
    command = head_command(
        options, settings=settings, folder=folder, port=port, client_port=free_port()
    )
    environment = head_environment(home, loopback=options.loopback)
    try:
        code = start_patiently(
            command, environment=environment, log=log, clear=lambda: clear_away(home, folder)
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        end_cluster(folder)
        raise ClusterFailed(
            what=f"Ray could not start a head here ({error})", remedy=f"See {log}."
        ) from error
    found = processes.members(folder)
    gcs, raylet = processes.named(found, "gcs_server"), processes.named(found, "raylet")
    if code != 0 or gcs is None or raylet is None:
        end_cluster(folder)
        raise ClusterFailed(
            what=f"Ray could not start a head here ({_last_words(log)})",
            remedy=f"See {log}; check free memory, and disk space in {folder.parent.parent}.",
        )
    return new.model_copy(
        update={
            "gcs": gcs,
            "raylet": raylet,
            "gcs_command": processes.words(gcs.pid),
            "raylet_command": processes.words(raylet.pid),
            "preload": processes.variable(gcs.pid, "LD_PRELOAD"),
        }
    )


def start_patiently(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    clear: Callable[[], object],
) -> int:
    """Run ``ray start``, and again if its raylet did not come up in time; the last exit code.

    Now and then, on a loaded machine or where nodes of an earlier cluster call at the same
    address, a raylet never registers and Ray gives it up after 30 s; the next one does.  ``clear``
    takes away what the one before left.

    Raises:
        OSError, subprocess.TimeoutExpired: the command cannot be run, or does not end.
    """
    with log.open("wb+") as stream:
        for tries_left in reversed(range(START_TRIES)):
            begun = stream.tell()
            code = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL,
                stdout=stream, stderr=subprocess.STDOUT, check=False, timeout=START_S,
            ).returncode  # fmt: skip
            stream.seek(begun)
            if code == 0 or _TIMED_OUT.encode() not in stream.read() or not tries_left:
                break
            clear()
    return code


def restart_gcs(home: Home, record: ClusterRecord) -> subprocess.Popen[bytes]:
    """Start the GCS again over its tables; returns at once, and it answers in about a second.

    Actors, names, nodes and calls under way are still there then.

    Raises:
        ClusterFailed: it cannot be started.
    """
    return _start_again(home, record, record.gcs_command)


def restart_raylet(home: Home, record: ClusterRecord) -> subprocess.Popen[bytes]:
    """Start the head's raylet again, as a new node of the same cluster; returns at once.

    The other nodes and their workers never notice; Ray starts the dispatcher again on it, once
    it has given the old one up.

    Raises:
        ClusterFailed: it cannot be started.
    """
    keep = {"gcs_server", "ray.util.client.server"}
    left = [pid for pid in processes.members(Path(record.folder))
            if not any(Path(word).name in keep for word in processes.words(pid)[:3])]  # fmt: skip
    # What the dead one leaves ends by itself, but holds ports until then.
    processes.end(left, grace_s=0.0)
    old = _value(record.raylet_command, "--node_id=")
    # A node that died is never accepted again under its number.
    new = secrets.token_hex(len(old) // 2)
    for option in ("--raylet_socket_name=", "--store_socket_name="):
        Path(_value(record.raylet_command, option)).unlink(missing_ok=True)
    command = [word.replace(old, new) for word in record.raylet_command]
    return _start_again(home, record, command)


def _start_again(
    home: Home, record: ClusterRecord, command: Sequence[str]
) -> subprocess.Popen[bytes]:
    environment = head_environment(home, loopback=record.loopback)
    if record.preload:
        environment["LD_PRELOAD"] = record.preload
    try:
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, cwd=record.folder,
        )  # fmt: skip
    except OSError as error:
        raise ClusterFailed(
            what=f"{Path(command[0]).name} cannot be started again ({error})",
            remedy="Start anew: fleet up",
        ) from error


def _value(command: Sequence[str], option: str) -> str:
    return next((word.removeprefix(option) for word in command if word.startswith(option)), "")


def end_cluster(folder: Path, *, grace_s: float = GRACE_S) -> None:
    """End every process of the cluster that has this temporary folder, and remove the folder.

    Each is asked first, and made to after ``grace_s``.
    """
    found = processes.members(folder)
    raylet = processes.named(found, "raylet")
    if raylet is not None:
        # First: it takes its workers with it, and tells the GCS while there is one.
        processes.end([raylet.pid], grace_s=grace_s)
    while found := processes.members(folder):
        processes.end(found, grace_s=grace_s)
    shutil.rmtree(folder.parent, ignore_errors=True)


def clear_away(home: Home, folder: Path) -> None:
    """End what a start that failed has left, and make its folders anew, for their owner alone."""
    end_cluster(folder)
    shutil.rmtree(gcs_folder(home), ignore_errors=True)
    for made in (folder.parent, gcs_folder(home)):
        made.mkdir(mode=0o700, parents=True)


def head_command(
    options: HeadOptions, *, settings: Settings, folder: Path, port: int, client_port: int
) -> list[str]:
    """The command line of ``ray start``."""
    machine = this_machine()
    slots = {**pool_sizes(machine, settings), **options.slots}
    resources = {pool.value: count for pool, count in slots.items() if count}
    command = [
        sys.executable, "-m", "ray.scripts.scripts", "start", "--head",
        "--node-ip-address", options.bind, "--port", str(port), "--node-name", "head",
        "--temp-dir", str(folder), "--num-cpus", str(machine.cores),
        "--resources", json.dumps(resources, sort_keys=True),
        "--object-store-memory", str(object_store_bytes(machine, settings)),
        "--include-dashboard", "false", "--dashboard-host", LOOPBACK,
        "--no-monitor", "--include-log-monitor", "false", "--disable-usage-stats",
        "--log-style", "record", "--log-color", "false",
    ]  # fmt: skip
    if options.loopback:
        # Free ports, so that two clusters on one machine do not meet.
        command += ["--ray-client-server-port", str(client_port)]
        command += ["--dashboard-agent-listen-port", "0"]
    else:
        # Known ports, so that a firewall can name them.
        fixed = ("--ray-client-server-port", "--node-manager-port", "--object-manager-port",
                 "--dashboard-agent-listen-port", "--dashboard-agent-grpc-port",
                 "--metrics-export-port")  # fmt: skip
        for above, option in enumerate(fixed, 1):
            command += [option, str(port + above)]
    return command


def head_environment(home: Home, *, loopback: bool) -> dict[str, str]:
    """The environment of the head's processes."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
        **wanted_environment(home, loopback=loopback),
        "RAY_gcs_storage": "rocksdb",
        "RAY_gcs_storage_path": str(gcs_folder(home)),
        **HASTE,
        "FLEET_HOME": str(home.root),
    }


def gcs_folder(home: Home) -> Path:
    """Where the GCS keeps its tables."""
    return home.root / "gcs"


def _check_bind(options: HeadOptions) -> None:
    """Whether the address is this machine's and the port free, said before Ray says it at length.

    Raises:
        ClusterFailed: it is not.
    """
    try:
        with socket.create_server((options.bind, options.port)):
            return
    except OSError as error:
        where = f"{options.bind}:{options.port}" if options.port else options.bind
        raise ClusterFailed(
            what=f"nothing can listen on {where} ({error.strerror or error})",
            remedy="Give an address of this machine with --bind, and a free port with --port.",
        ) from None


def _new_folder() -> Path:
    """A folder for Ray's files, below one that nobody else may enter: Ray opens its own to all."""
    root = tempfile.gettempdir()
    if len(root) + len("/mf-abcdefgh/r") > _LONGEST_FOLDER:
        root = "/tmp"  # noqa: S108  (mkdtemp below makes the folder)
    return Path(tempfile.mkdtemp(prefix="mf-", dir=root)) / "r"


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


def _last_words(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
        return next((line for line in reversed(lines) if line), "it said nothing")
    return "it said nothing"
