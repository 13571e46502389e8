"""``fleet hosts``, as a person calls it, with a real ssh server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.cli import fleet
from tests.fleet.sync.ssh.speaking import speaking
from tests.fleet.sync.sshd import ALIAS, Sshd


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    server.start()
    yield server
    server.stop()


def home_with(tmp_path: Path, settings: str) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text(settings)
    return home


def test_hosts_are_listed_with_where_ssh_would_look_for_them(host: Sshd, tmp_path: Path) -> None:
    home = home_with(
        tmp_path, f'{host.settings}folders = ["/stills/a"]\n[hosts.disk]\ntransport = "local"\n'
    )

    plain = fleet(home, "hosts", "list")
    listed = {one["name"]: one for one in fleet(home, "hosts", "list", "--json").json()}

    assert plain.code == 0
    assert [line.split("\t")[0] for line in plain.out.splitlines()] == [ALIAS, "disk"]
    assert listed[ALIAS]["address"].endswith(f"@127.0.0.1:{host.port}")
    assert listed[ALIAS]["folders"] == ["/stills/a"]
    assert (listed["disk"]["address"], listed["disk"]["transport"]) == ("this machine", "local")


def test_without_a_host_the_listing_says_where_to_name_one(tmp_path: Path) -> None:
    seen = fleet(tmp_path / "home", "hosts", "list")

    assert (seen.code, seen.out) == (0, "")
    assert "[hosts.NAME]" in seen.err


def test_a_sound_host_passes_and_nothing_of_it_is_changed(host: Sshd, tmp_path: Path) -> None:
    home = home_with(tmp_path, host.settings)

    seen = fleet(home, "hosts", "check", ALIAS, "--json")

    assert seen.code == 0, seen.out + seen.err
    states = {check["name"]: check["state"] for check in seen.json()}
    assert states["fleet"] == states["transport"] == states["host key"] == "pass"
    assert sorted(path.name for path in home.iterdir()) == ["settings.toml"]


def test_a_changed_host_key_fails_the_check_with_what_to_do(host: Sshd, tmp_path: Path) -> None:
    home = home_with(tmp_path, host.settings)
    host.stop()
    host.new_host_key()
    host.start()

    seen = fleet(home, "hosts", "check", ALIAS)

    assert seen.code == 63
    assert "1 checks failed" in seen.err
    line = next(line for line in seen.out.splitlines() if line.startswith("host key"))
    assert line.split("\t")[1] == "fail"
    assert "has changed" in line
    assert "ssh-keygen -R" in line


def test_a_host_that_nobody_knows_fails_the_check(tmp_path: Path) -> None:
    seen = fleet(tmp_path / "home", "hosts", "check", "nosuchhost")

    assert seen.code == 63
    assert "none of that name" in seen.out


def test_what_is_no_ssh_server_is_told_in_our_words_alone(host: Sshd, tmp_path: Path) -> None:
    home = home_with(tmp_path, host.settings)
    with speaking(b"HTTP/1.0 400 Bad Request\r\n\r\n") as port:
        host.write_client_config(port=port, more="  ConnectTimeout 1\n")
        seen = fleet(home, "hosts", "check", ALIAS)

    assert seen.code == 63
    assert "does not speak ssh" in seen.out
    assert len(seen.err.splitlines()) == 1, seen.err
