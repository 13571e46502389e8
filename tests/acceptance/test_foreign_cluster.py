"""A cluster that somebody else started: used if it is safe, or if told to; never ended."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleet.cluster import processes
from fleet.cluster.head import end_cluster
from fleet.cluster.record import ClusterRecord, write_record
from fleet.home import Home
from tests.acceptance.cli import fleet
from tests.acceptance.standing import home_with_small_store, record_of
from tests.fleet.making import shot, small_picture, write_manifest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Ray's clusters need Linux")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Foreign:
    address: str
    folder: Path


@pytest.fixture(scope="module")
def unauthenticated() -> Iterator[Foreign]:
    """A cluster as careless people start one, though on loopback."""
    folder = Path(tempfile.mkdtemp(prefix="mf-")) / "r"
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")} | {
        "RAY_AUTH_MODE": "disabled",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    try:
        subprocess.run(
            [sys.executable, "-m", "ray.scripts.scripts", "start", "--head",
             "--node-ip-address", "127.0.0.1", "--port", str(port), "--temp-dir", str(folder),
             "--ray-client-server-port", str(free_port()), "--num-cpus", "1",
             "--resources", '{"generation": 1, "interpolation": 1}',
             "--include-dashboard", "false", "--object-store-memory", "100000000",
             "--dashboard-agent-listen-port", "0", "--include-log-monitor", "false"],
            env=environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        yield Foreign(f"127.0.0.1:{port}", folder)
    finally:
        end_cluster(folder)


def test_a_cluster_that_answers_to_anyone_is_refused_unless_told_and_never_ended(
    unauthenticated: Foreign, tmp_path: Path
) -> None:
    home = home_with_small_store(tmp_path / "home")
    address = unauthenticated.address

    refused = fleet(home.root, "up", "--address", address)
    assert refused.code == 57, refused.err
    assert "without a token" in refused.err
    assert not home.cluster.exists()

    accepted = fleet(home.root, "up", "--address", address, "--insecure")
    assert accepted.code == 0, accepted.err
    assert not record_of(home).authenticated
    picture = small_picture(tmp_path / "a.png")
    manifest = write_manifest(tmp_path / "m.video_manifest.json", [shot(picture, tmp_path)])
    made = fleet(home.root, "submit", manifest)
    examined = fleet(home.root, "doctor", "--json")
    left = fleet(home.root, "down")

    assert made.code == 0, made.err
    states = {check["name"]: check["state"] for check in examined.json()}
    assert (examined.code, states["authentication"]) == (63, "fail")
    assert left.code == 0, left.err
    assert not home.cluster.exists()
    there = processes.members(unauthenticated.folder)
    assert processes.named(there, "raylet") is not None
    titles = [" ".join(processes.words(pid)) for pid in there]
    # Ray names the process of an actor so, with the actor's class.
    assert [title for title in titles if re.match(r"ray::(Dispatcher|Worker)", title)] == []


def test_an_address_where_no_cluster_answers_is_told_at_once(tmp_path: Path) -> None:
    refused = fleet(tmp_path / "home", "up", "--address", f"127.0.0.1:{free_port()}")

    assert refused.code == 50
    assert "no Ray cluster answers" in refused.err


def test_a_head_that_cannot_start_leaves_nothing_and_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        refused = fleet(tmp_path / "home", "up", "--port", port)

    assert refused.code == 50
    assert f"nothing can listen on 127.0.0.1:{port}" in refused.err
    assert not (tmp_path / "home" / "cluster.json").exists()


def test_a_host_whose_cluster_takes_anyones_commands_fails_its_check(
    unauthenticated: Foreign, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text(
        f'[hosts.disk]\ntransport = "local"\nfleet = "{sys.executable} -m fleet"\n'
    )
    # What stands on record is not taken for it: the cluster is really asked.
    record = ClusterRecord(address=unauthenticated.address, authenticated=True)
    write_record(Home(home), record)

    seen = fleet(home, "hosts", "check", "disk", "--json")

    assert seen.code == 63
    (failed,) = [check for check in seen.json() if check["state"] == "fail"]
    assert failed["name"] == "cluster"
    assert "answers to anyone" in failed["figure"]
