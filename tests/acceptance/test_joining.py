"""A head for other machines: the command it prints joins one, which is then given work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fleet.settings import Home
from tests.acceptance.cli import Ran, command, environment
from tests.acceptance.standing import home_with_small_store, record_of
from tests.fleet.making import shot, small_picture, write_manifest
from tests.fleet.netns import Machine, Network, lacking

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking())


def fleet_on(machine: Machine, home: Path, *arguments: str | Path) -> Ran:
    done = subprocess.run(
        machine.command(command(*arguments)), env=environment(home),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def test_another_machine_joins_by_the_command_that_up_prints_and_outlives_the_heads_raylet(
    tmp_path: Path,
) -> None:
    home = home_with_small_store(tmp_path / "home").root
    manifests = []
    for name in ("a", "b"):
        picture = small_picture(tmp_path / f"{name}.png", shade=ord(name))
        path = tmp_path / f"{name}.video_manifest.json"
        manifests.append(write_manifest(path, [shot(picture, tmp_path)], batch_id=name))
    folder = Path(tempfile.mkdtemp(prefix="mf-"))
    try:
        with Network() as network:
            head, other = network.machine(), network.machine()
            up = fleet_on(head, home, "up", "--bind", head.address, "--generation", "0", "--json")
            assert up.code == 0, up.err
            # Shares its disk with the head, so it needs a folder of its own besides.
            join = (
                f"{up.json()['join'].replace('NAME', 'gpu-1')} --temp-dir {folder}"
                f" --object-store-memory 100000000"
            )
            subprocess.run(
                other.command(["sh", "-c", join]), env=environment(home) | {"PATH": PATH},
                check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
            )  # fmt: skip
            made = fleet_on(head, home, "submit", manifests[0])
            examined = fleet_on(head, home, "doctor", "--json")
            joined = node(head, home)["joined_at"]

            assert head.kill("raylet/raylet") == 1
            again = fleet_on(head, home, "submit", manifests[1])
            after = node(head, home)
            rays = Path(record_of(Home(home)).folder).parent
            down = fleet_on(head, home, "down")
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    assert (made.code, again.code) == (0, 0), made.err + again.err
    assert all((tmp_path / f"{name}.mp4").exists() for name in ("a", "b"))
    assert (after["state"], after["joined_at"]) == ("idle", joined)
    found = {check["name"]: check for check in json.loads(examined.out)}
    assert examined.code == 0, examined.out
    assert "6379" in found["ports"]["figure"]
    assert "2 nodes agree" in found["clock"]["figure"]
    assert "on 2 nodes" in found["pools"]["figure"]
    assert down.code == 0, down.err
    assert not rays.exists()


def node(head: Machine, home: Path) -> dict[str, str]:
    rows = {row["name"]: row for row in fleet_on(head, home, "nodes", "--json").json()}
    found: dict[str, str] = rows["gpu-1"]
    return found
