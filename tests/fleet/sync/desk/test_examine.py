"""A host is examined in the order of need, and the first thing that fails ends the listing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fleet.check import Check, State
from fleet.settings import Host, Settings
from fleet.sync.desk.examine import Place, examine, place
from tests.fleet.sync.sshd import ALIAS, Sshd

FLEET = f"{sys.executable} -m fleet"
ALL = [
    "ssh", "address", "connection", "host key", "log-in", "fleet", "clock", "rsync here",
    "rsync there", "transport", "inbox", "outbox", "cluster", "key",
]  # fmt: skip


def examined(host: Sshd, **more: object) -> dict[str, Check]:
    table = {"ssh_config": host.config, "fleet": FLEET, **more}
    settings = Settings(hosts={ALIAS: Host.model_validate(table)})
    found = list(examine(ALIAS, settings=settings))
    assert len({check.name for check in found}) == len(found)
    return {check.name: check for check in found}


def last(found: dict[str, Check]) -> Check:
    *before, end = found.values()
    assert not any(check.state is State.FAIL for check in before)
    return end


def test_a_host_that_has_all_it_takes_passes(host: Sshd) -> None:
    found = examined(host)

    assert list(found) == ALL
    assert {name for name, check in found.items() if check.state is not State.PASS} <= {
        "cluster", "key", "inbox", "outbox", "rsync here", "rsync there",
    }  # fmt: skip
    assert f"@127.0.0.1:{host.port}" in found["address"].figure
    assert str(host.known_hosts) in found["host key"].figure
    assert str(host.identity) in found["log-in"].figure
    assert found["transport"].figure.startswith("rsync (")
    assert "shell" in found["key"].figure


def test_the_far_side_is_asked_to_really_try_its_cluster(host: Sshd, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    fleet = tmp_path / "fleet"
    fleet.write_text(f'#!/bin/sh\ntee {heard} | {FLEET} "$@"\n')
    fleet.chmod(0o755)

    assert list(examined(host, fleet=str(fleet))) == ALL
    assert '"examine":true' in heard.read_text()


def test_each_thing_on_the_way_that_fails_is_the_last_one_told(host: Sshd) -> None:
    missing = last(examined(host, fleet="/no/fleet"))
    assert (missing.name, missing.state) == ("fleet", State.FAIL)
    assert "[hosts.colo] fleet" in missing.remedy

    host.authorized_keys.write_text("")
    locked_out = last(examined(host))
    assert (locked_out.name, locked_out.state) == ("log-in", State.FAIL)

    host.known_hosts.write_text("")
    unknown = last(examined(host))
    assert (unknown.name, unknown.state) == ("host key", State.FAIL)
    assert f"ssh -F {host.config} {ALIAS}" in unknown.remedy

    host.stop()
    away = last(examined(host))
    assert (away.name, away.state) == ("connection", State.FAIL)
    assert "Connection refused" in away.figure
    assert away.remedy == f"Try by hand: ssh -F {host.config} {ALIAS}"

    nobody = last(examined(host, ssh="nosuchhost"))
    assert (nobody.name, nobody.state) == ("name", State.FAIL)


def test_without_ssh_there_is_nothing_more_to_look_at(
    host: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    found = examined(host)

    assert list(found) == ["ssh"]
    assert found["ssh"].state is State.FAIL


def test_a_host_without_sftp_fails_only_where_sftp_is_needed(host: Sshd) -> None:
    host.stop()
    config = host.folder / "sshd_config"
    config.write_text(config.read_text().replace("Subsystem sftp internal-sftp\n", ""))
    host.start()

    assert examined(host)["transport"].state is State.PASS
    needs = examined(host, transport="sftp")
    assert needs["transport"].state is State.FAIL
    assert "rsync here" not in needs


def test_a_key_that_the_host_restricts_is_told_and_passes(host: Sshd) -> None:
    host.authorize(f'restrict,command="{FLEET} gate"')

    found = examined(host)

    assert list(found) == ALL
    assert (found["key"].state, found["transport"].state) == (State.PASS, State.PASS)
    assert examined(host, transport="sftp")["transport"].state is State.FAIL


def test_a_mounted_disk_is_examined_without_ssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = Settings(hosts={"disk": Host(transport="local", fleet=FLEET)})

    found = {check.name: check for check in examine("disk", settings=settings)}

    assert list(found) == ["fleet", "clock", "transport", "inbox", "outbox", "cluster"]
    assert found["transport"].figure.startswith("local")


def test_where_a_host_is_can_be_said_without_a_connection(host: Sshd) -> None:
    host.stop()
    host.write_client_config(more="  ProxyJump bastion\n")
    hosts = {
        ALIAS: Host(ssh_config=host.config),
        "disk": Host(transport="local"),
        "broken": Host(ssh_config=host.folder / "absent"),
    }
    settings = Settings(hosts=hosts)

    there = place(ALIAS, settings=settings)
    assert there.address.endswith(f"@127.0.0.1:{host.port}")
    assert there.through == "bastion"
    assert place("disk", settings=settings) == Place("this machine")
    assert "absent" in place("broken", settings=settings).problem
