"""What is settled before Ray is loaded: its token, and that it listens to nobody outside."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.cluster import environment
from fleet.errors import ClusterFailed
from fleet.settings import Home

LOOK_AT_A_CLUSTER = """
import sys
from pathlib import Path
from fleet.cluster import environment
from fleet.settings import Home, Settings
environment.prepare(Home(Path(sys.argv[1])))
from fleet.cluster.embedded import embedded_cluster
from fleet.cluster.pools import this_machine
import os
def descendants():
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    def descends(pid):
        while pid in parents:
            pid = parents[pid]
            if pid == os.getpid():
                return True
        return False
    return [pid for pid in parents if descends(pid)]
def inodes_of(pids):
    # Other tests have clusters on this machine at the same time: theirs are not looked at.
    for pid in pids:
        try:
            for fd in Path(f"/proc/{pid}/fd").iterdir():
                try:
                    yield os.readlink(fd)
                except OSError:
                    pass
        except OSError:
            pass
def listening(inodes):
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                sockets.add(fields[1])
    return sockets
with embedded_cluster(settings=Settings(object_store_mb=100), machine=this_machine()):
    new = listening(set(inodes_of(descendants())))
print(len(new), *sorted(new))
"""


def test_the_token_is_long_for_its_owner_only_and_stays(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    first = Path(environment.ensure_token(home)).read_text()
    again = Path(environment.ensure_token(home)).read_text()

    assert first == again
    assert len(first) == 64
    assert stat.S_IMODE(home.token.stat().st_mode) == 0o600
    assert [path.name for path in home.root.iterdir()] == [home.token.name]


def test_a_ray_that_was_loaded_under_other_settings_is_refused(tmp_path: Path) -> None:
    import ray  # noqa: F401  (the test is about it being loaded)

    with pytest.raises(ClusterFailed) as refused:
        environment.prepare(Home(tmp_path))

    assert "fleet submit" in str(refused.value)


@pytest.mark.skipif(sys.platform != "linux", reason="sockets are listed in /proc")
def test_every_socket_of_the_embedded_cluster_is_on_loopback(tmp_path: Path) -> None:
    looked = subprocess.run(
        [sys.executable, "-c", LOOK_AT_A_CLUSTER, str(tmp_path)],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    count, *addresses = looked.stdout.split()
    assert int(count) > 0
    for address in addresses:
        host = address.split(":")[0]
        # Little-endian 127.x.y.z, ::1, or ::ffff:127.x.y.z.
        assert host.endswith("7F") or host == "0" * 24 + "01000000", address
