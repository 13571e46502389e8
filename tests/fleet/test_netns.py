"""The machines that chaos tests break: what is cut off is cut off, and nothing outlives a test."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.fleet import netns
from tests.fleet.netns import Machine, Network
from tests.fleet.raylets import ROOT, until

pytestmark = pytest.mark.skipif(bool(netns.lacking()), reason=netns.lacking())

SERVE = "import http.server as h; h.ThreadingHTTPServer(('', 8000), h.SimpleHTTPRequestHandler)"
ASK = "import socket, sys; socket.create_connection((sys.argv[1], 8000), timeout=0.5)"
ABANDON = """
import os, signal, subprocess
from tests.fleet.netns import Network
network = Network().__enter__()
machine = network.machine()
subprocess.Popen(machine.command(["sleep", "600"]), stdin=subprocess.DEVNULL)
while not machine.processes("sleep 600"):
    pass
print(*(process.pid for process in machine.processes()), machine.init, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def reaches(one: Machine, other: Machine) -> bool:
    asked = subprocess.run(
        one.command([sys.executable, "-c", ASK, other.address]),
        capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    return asked.returncode == 0


def test_machines_reach_each_other_until_a_cable_is_pulled_or_the_power_fails() -> None:
    with Network() as network:
        one, other = network.machine(), network.machine()
        server = subprocess.Popen(
            other.command([sys.executable, "-c", f"{SERVE}.serve_forever()"]),
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(lambda: reaches(one, other), within_s=20.0, what="a server")

        other.unplug()
        assert not reaches(one, other)
        assert server.poll() is None
        other.plug_in()
        until(lambda: reaches(one, other), within_s=20.0, what="a server that is back")

        assert not one.processes(), "each sees its own processes only"
        other.power_off()
        server.wait(20.0)
        assert not reaches(one, other)


def test_nothing_is_left_of_a_network_whose_maker_is_killed() -> None:
    made = subprocess.run(
        [sys.executable, "-c", ABANDON], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip

    pids = [int(pid) for pid in made.stdout.split()]
    assert len(pids) == 2, made.stderr
    until(lambda: not any(map(netns.alive, pids)), within_s=20.0, what="the end of all of it")
