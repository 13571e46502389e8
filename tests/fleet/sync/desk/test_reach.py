"""A host is reached by its name, over the transport that was asked for, or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fleet.settings import Host, Settings
from fleet.sync.desk.reach import choice_of, far_command, reach
from fleet.sync.errors import (
    FarFleetUnusable,
    HostKeyRefused,
    HostUnknown,
    HostUnreachable,
    TransferRefused,
)
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.choice import parse_version
from fleet.sync.wire.greeting import Welcome
from tests.fleet.sync.sshd import ALIAS, Sshd

FLEET = f"{sys.executable} -m fleet"


def settings(host: Sshd, **more: object) -> Settings:
    table = {"ssh_config": host.config, "fleet": FLEET, **more}
    return Settings(hosts={ALIAS: Host.model_validate(table)})


@pytest.mark.parametrize("transport", ["auto", "rsync", "sftp"])
def test_a_host_greets_and_the_transport_moves_files_there(
    host: Sshd, tmp_path: Path, transport: str
) -> None:
    (tmp_path / "one").write_bytes(b"bytes")
    with reach(ALIAS, settings=settings(host, transport=transport)) as reached:
        assert reached.transport.name == ("rsync" if transport == "auto" else transport)
        assert reached.said.startswith(reached.transport.name)
        assert reached.welcome.inbox == str(host.home / "inbox")
        reached.transport.send(
            [Item("one", 5)], source=tmp_path, destination=reached.welcome.inbox_root,
            pace=Pace(), stop=Stop(),
        )  # fmt: skip

    assert (host.home / "inbox" / "one").read_bytes() == b"bytes"


def test_a_mounted_disk_needs_no_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path))
    mounted = Host(transport="local", fleet=FLEET, inbox=str(tmp_path / "in"))

    with reach("disk", settings=Settings(hosts={"disk": mounted})) as reached:
        assert reached.transport.name == "local"
        assert reached.welcome.inbox == str(tmp_path / "in")


def test_the_folders_of_the_settings_are_the_ones_that_are_used(host: Sshd, tmp_path: Path) -> None:
    inbox, outbox = tmp_path / "sets", tmp_path / "clips"
    with reach(ALIAS, settings=settings(host, inbox=str(inbox), outbox=str(outbox))) as reached:
        assert reached.welcome.inbox == str(inbox)
        assert reached.welcome.outbox == str(outbox)


def test_a_name_that_neither_settings_nor_ssh_know_is_no_host() -> None:
    with (
        pytest.raises(HostUnknown, match="none of that name"),
        reach("nosuchhost", settings=Settings()),
    ):
        pytest.fail("it was reached")


def test_a_host_may_have_another_name_in_sshs_configuration(host: Sshd) -> None:
    table = Host(ssh=ALIAS, ssh_config=host.config, fleet=FLEET)
    with reach("render-farm", settings=Settings(hosts={"render-farm": table})) as reached:
        assert reached.name == "render-farm"
        assert reached.conversation.host == "render-farm"


def test_a_fleet_that_is_not_there_is_told_with_the_setting_that_names_it(host: Sshd) -> None:
    with (
        pytest.raises(FarFleetUnusable, match=r"\[hosts.colo\] fleet"),
        reach(ALIAS, settings=settings(host, fleet="/opt/nowhere/fleet")),
    ):
        pytest.fail("it was reached")


def test_a_transport_that_was_asked_for_is_not_replaced_by_another(
    host: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("ssh", "ssh-keygen"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tools))

    with (
        pytest.raises(TransferRefused, match="no rsync here"),
        reach(ALIAS, settings=settings(host, transport="rsync")),
    ):
        pytest.fail("it was reached")
    with reach(ALIAS, settings=settings(host)) as reached:
        assert reached.transport.name == "sftp"
        assert "there is no rsync here" in reached.said


def test_a_key_that_may_do_nothing_but_sync_is_never_used_for_sftp() -> None:
    gnu = "rsync  version 3.5.0  protocol version 32"
    restricted = Welcome(
        protocol=1, version="1", now=0.0, inbox="/in", outbox="/out", inbox_root="",
        outbox_root="", inbox_free=1, outbox_free=1, rsync=gnu, restricted=True, at_work=False,
    )  # fmt: skip
    here = parse_version(gnu)

    assert choice_of("colo", Host(), restricted, here=here).name == "rsync"
    for host, rsync in ((Host(transport="sftp"), here), (Host(), None)):
        with pytest.raises(TransferRefused, match="the key is restricted to rsync"):
            choice_of("colo", host, restricted, here=rsync)


def test_what_ssh_finds_wrong_is_told_as_it_is(host: Sshd) -> None:
    host.known_hosts.write_text("")
    with pytest.raises(HostKeyRefused), reach(ALIAS, settings=settings(host)):
        pytest.fail("it was reached")
    host.trust()
    host.stop()
    with pytest.raises(HostUnreachable), reach(ALIAS, settings=settings(host)):
        pytest.fail("it was reached")


def test_a_limit_in_megabits_is_a_pace_in_bytes(host: Sshd) -> None:
    with reach(ALIAS, settings=settings(host, bandwidth_mbit_s=80.0)) as reached:
        assert reached.pace(compress=True) == Pace(bytes_per_s=10_000_000, compress=True)
    with reach(ALIAS, settings=settings(host, compress=False)) as reached:
        assert reached.pace(compress=True) == Pace(bytes_per_s=None, compress=False)


@pytest.mark.parametrize(
    ("fleet", "transport", "words"),
    [
        ("fleet", "auto", ["fleet"]),
        ("~/venv/bin/fleet", "auto", ["./venv/bin/fleet"]),
        ("'/opt/my fleet/bin/fleet'", "auto", ["/opt/my fleet/bin/fleet"]),
        ("env FLEET_HOME=/srv/fleet fleet", "auto", ["env", "FLEET_HOME=/srv/fleet", "fleet"]),
        ("~/venv/bin/fleet", "local", [str(Path.home() / "venv/bin/fleet")]),
        ("fleet", "local", ["fleet"]),
    ],
)
def test_the_command_is_the_words_of_the_settings(
    fleet: str, transport: str, words: list[str]
) -> None:
    host = Host.model_validate({"fleet": fleet, "transport": transport})

    assert far_command("colo", host) == [*words, "receive"]


@pytest.mark.parametrize("fleet", ["'open", "   "])
def test_words_that_are_no_command_are_refused_before_anything_is_connected(fleet: str) -> None:
    with pytest.raises(FarFleetUnusable, match=r"Mend \[hosts.colo\] fleet"):
        far_command("colo", Host(fleet=fleet))
