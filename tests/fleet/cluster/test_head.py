"""How a head is started: where it listens, what it offers, what it is told in its environment."""

from __future__ import annotations

import itertools
import json
import socket
import stat
import sys
from pathlib import Path

import pytest

from fleet.cluster.head import (
    PORTS,
    START_TRIES,
    HeadOptions,
    clear_away,
    gcs_folder,
    head_command,
    head_environment,
    new_head,
    start_patiently,
)
from fleet.errors import ClusterFailed
from fleet.jobs.model import Pool
from fleet.settings import Home, Settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Ray's clusters need Linux")

SETTINGS = Settings(generation_slots=3, interpolation_slots=2)


def options_of(command: list[str]) -> dict[str, str]:
    return {
        name: value
        for name, value in itertools.pairwise(command)
        if name.startswith("--") and not value.startswith("--")
    }


def command_for(options: HeadOptions) -> list[str]:
    return head_command(
        options, settings=SETTINGS, folder=Path("/run/mf/r"), port=6379, client_port=7001
    )


def test_a_head_offers_the_slots_of_the_settings_unless_the_operator_says_otherwise() -> None:
    usual = options_of(command_for(HeadOptions()))["--resources"]
    chosen = options_of(command_for(HeadOptions(slots={Pool.GENERATION: 0})))["--resources"]

    assert json.loads(usual) == {"generation": 3, "interpolation": 2}
    assert json.loads(chosen) == {"interpolation": 2}


def test_a_head_for_other_machines_takes_known_ports_in_a_row_for_a_firewall_to_name() -> None:
    found = options_of(command_for(HeadOptions(bind="10.0.0.5", port=6379)))

    ports = {int(value) for name, value in found.items() if name.endswith("port")}
    assert ports == set(range(6379, 6379 + PORTS))
    assert found["--node-ip-address"] == "10.0.0.5"


def test_the_dashboard_is_off_and_would_be_on_loopback(tmp_path: Path) -> None:
    for options in (HeadOptions(), HeadOptions(bind="10.0.0.5", port=6379)):
        found = options_of(command_for(options))
        assert (found["--include-dashboard"], found["--dashboard-host"]) == ("false", "127.0.0.1")


def test_what_the_operators_shell_says_to_ray_does_not_weaken_the_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "known to others")
    home = Home(tmp_path)

    alone = head_environment(home, loopback=True)
    shared = head_environment(home, loopback=False)

    for each in (alone, shared):
        assert each["RAY_AUTH_MODE"] == "token"
        assert each["RAY_AUTH_TOKEN_PATH"] == str(home.token)
        assert "RAY_AUTH_TOKEN" not in each
        assert each["RAY_gcs_storage"] == "rocksdb"
    loopback = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
    assert (alone[loopback], shared.get(loopback)) == ("0", None)


@pytest.mark.parametrize("bind", ["203.0.113.7", "no address"])
def test_an_address_that_is_not_this_machines_is_refused_before_anything_starts(bind: str) -> None:
    with pytest.raises(ClusterFailed) as refused:
        new_head(HeadOptions(bind=bind, port=6379))

    assert "--bind" in str(refused.value)


def test_two_heads_get_ports_and_folders_of_their_own() -> None:
    first, second = new_head(HeadOptions()), new_head(HeadOptions())

    assert first.folder != second.folder
    assert len(first.folder) <= 40
    for each in (first, second):
        Path(each.folder).parent.rmdir()
        with socket.create_server(("127.0.0.1", int(each.address.rpartition(":")[2]))):
            pass


SLOW = """
import pathlib, sys
tries = pathlib.Path(sys.argv[1])
tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
if len(tries.read_text()) < int(sys.argv[2]):
    sys.exit("Exception: The current node timed out during startup. This could happen because")
print("up")
"""
"""Stands for a ``ray start`` whose raylet does not come up in time until it is tried so often."""


@pytest.mark.parametrize(("comes_up_at", "code"), [(2, 0), (START_TRIES + 1, 1)])
def test_a_head_that_does_not_come_up_in_time_is_started_again_and_not_for_ever(
    tmp_path: Path, comes_up_at: int, code: int
) -> None:
    tries, cleared, log = tmp_path / "tries", [0], tmp_path / "head.log"

    def clear() -> None:
        cleared[0] += 1

    found = start_patiently(
        [sys.executable, "-c", SLOW, str(tries), str(comes_up_at)],
        environment={}, log=log, clear=clear,
    )  # fmt: skip

    assert found == code
    assert len(tries.read_text()) == min(comes_up_at, START_TRIES)
    assert cleared[0] == len(tries.read_text()) - 1
    assert log.read_text().count("timed out") == min(comes_up_at - 1, START_TRIES)


def test_a_head_that_cannot_start_for_another_reason_is_not_tried_again(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    code = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch(exist_ok=False); sys.exit(3)"

    found = start_patiently(
        [sys.executable, "-c", code, str(tries)],
        environment={}, log=tmp_path / "head.log", clear=lambda: None,
    )  # fmt: skip

    assert found == 3


def test_what_a_failed_start_left_is_gone_and_its_folders_are_the_owners_alone(
    tmp_path: Path,
) -> None:
    home, folder = Home(tmp_path / "home"), tmp_path / "mf-x" / "r"
    for left in (folder / "session", gcs_folder(home)):
        left.mkdir(parents=True)
        (left / "rest").touch()

    clear_away(home, folder)

    assert not folder.exists()
    assert list(gcs_folder(home).iterdir()) == []
    for made in (folder.parent, gcs_folder(home)):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
