"""What ssh says of a host is what is used for it: by our connections and by rsync's ssh alike."""

from __future__ import annotations

import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fleet.sync.errors import HostUnknown
from fleet.sync.ssh.config import SshHost, parse, preferred, resolve, ssh_argv
from fleet.sync.ssh.tokens import NotUsable
from tests.fleet.sync.sshd import ALIAS, Sshd

PLAIN = "host colo\nuser ann\nhostname colo.example\nport 2222\n"
HOME = {"SSH_AUTH_SOCK": "/run/agent.sock", "KEYS": "/media/keys"}


def parsed(more: str = "", *, plain: str = PLAIN) -> SshHost:
    return parse("colo", plain + more, environment=HOME)


def test_what_ssh_prints_becomes_a_host() -> None:
    host = parsed(
        "identityfile ~/.ssh/id_one\nidentityfile /etc/two\nidentitiesonly yes\nconnecttimeout 7\n"
        "userknownhostsfile /a/known /b/known\nglobalknownhostsfile /etc/ssh/known\n"
        "ciphers aes256-ctr,aes128-ctr\naddressfamily inet6\nproxyjump bastion\n"
    )

    assert host.where == "ann@colo.example:2222"
    assert host.identity_files == (Path.home() / ".ssh/id_one", Path("/etc/two"))
    assert host.identities_only
    assert host.known_hosts_files == (Path("/a/known"), Path("/b/known"), Path("/etc/ssh/known"))
    assert host.ciphers == ("aes256-ctr", "aes128-ctr")
    assert (host.connect_timeout, host.family) == (7.0, socket.AF_INET6)
    assert host.proxy_jump == "bastion"


def test_a_key_is_on_record_under_the_alias_else_with_the_port_else_without() -> None:
    assert parsed("hostkeyalias the-colo\n").key_names == ("the-colo",)
    assert parsed().key_names == ("[colo.example]:2222", "colo.example")
    assert replace(parsed(), port=22).key_names == ("colo.example",)


@pytest.mark.parametrize(
    ("line", "agent"),
    [
        ("", "/run/agent.sock"),
        ("identityagent SSH_AUTH_SOCK\n", "/run/agent.sock"),
        ("identityagent $KEYS\n", "/media/keys"),
        ("identityagent /Users/ann/Library/Group Containers/agent.sock\n",
         "/Users/ann/Library/Group Containers/agent.sock"),
        ("identityagent none\n", None),
    ],
)  # fmt: skip
def test_the_agent_is_the_one_that_ssh_would_ask(line: str, agent: str | None) -> None:
    assert parsed(line).identity_agent == (Path(agent) if agent else None)


def test_a_path_with_a_blank_is_one_path_though_ssh_prints_no_quotes() -> None:
    host = parsed("userknownhostsfile /Users/ann lee/known hosts /b/known\n")

    assert host.known_hosts_files == (Path("/Users/ann lee/known hosts"), Path("/b/known"))


def test_tokens_and_variables_in_paths_are_filled_in_and_each_once() -> None:
    host = parsed("identityfile ${KEYS}/%r@%h-%p-%n-%%h\n")

    assert host.identity_files == (Path("/media/keys/ann@colo.example-2222-colo-%h"),)


def test_the_short_name_of_a_connection_is_the_one_that_ssh_makes() -> None:
    wanted = subprocess.run(
        ["ssh", "-F", "/dev/null", "-G", "-l", "ann", "-p", "2222",
         "-oUserKnownHostsFile=/k/%C", "--", "colo.example"],
        capture_output=True, text=True, check=True, timeout=30.0,
    ).stdout  # fmt: skip
    shown = next(line for line in wanted.splitlines() if line.startswith("userknownhostsfile"))

    ours = parsed("identityfile /k/%C\n").identity_files[0]

    assert str(ours) == shown.split()[1]


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("user ann\nport 22\n", "host name"),
        ("hostname -oProxyCommand=x\nuser ann\nport 22\n", "host name"),
        ("hostname a;b\nuser ann\nport 22\n", "host name"),
        ("hostname a\nuser -l\nport 22\n", "user"),
        ("hostname a\nuser $(x)\nport 22\n", "user"),
        ("hostname a\nuser ann\nport 0\n", "port"),
        (PLAIN + "identityfile /k/%Q\n", "%Q"),
        (PLAIN + "identityfile ${NOT_SET}/k\n", "NOT_SET"),
        (PLAIN + "proxycommand nc %C\n", "%C"),
    ],
)
def test_what_no_connection_can_be_made_from_is_refused_by_name(printed: str, told: str) -> None:
    with pytest.raises(NotUsable, match=told):
        parsed(plain=printed)


def test_a_proxy_command_is_filled_in_as_ssh_does_and_leaves_the_shell_its_own() -> None:
    host = parsed("proxycommand nc -x ${PROXY} %h %p 2>/dev/null\n")

    assert host.proxy_command == "nc -x ${PROXY} colo.example 2222 2>/dev/null"


def test_includes_and_matches_are_understood_because_ssh_is_asked(tmp_path: Path) -> None:
    (tmp_path / "more").write_text("Host far\n  HostName far.example\n  User bea\n")
    config = tmp_path / "config"
    config.write_text(f"Include {tmp_path / 'more'}\nMatch host far.example\n  Port 2022\n")

    assert resolve("far", config_file=config).where == "bea@far.example:2022"


@pytest.mark.parametrize("name", ["-oProxyCommand=touch x", "", "a b", "a/b", "a;b", "a\nb"])
def test_a_name_that_ssh_could_take_for_something_else_is_never_given_to_it(name: str) -> None:
    with pytest.raises(HostUnknown, match="no host can have such a name"):
        resolve(name, config_file=None)


def test_a_configuration_that_ssh_does_not_take_is_told_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host colo\n  NoSuchThing yes\n")

    with pytest.raises(HostUnknown, match="line 2: Bad configuration option: nosuchthing"):
        resolve("colo", config_file=config)


def test_without_ssh_the_message_says_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(HostUnknown, match="install OpenSSH"):
        resolve("colo", config_file=None)


def test_rsyncs_ssh_asks_nothing_trusts_nobody_new_and_shares_no_connection(host: Sshd) -> None:
    host.write_client_config(
        more="  ControlMaster auto\n  ControlPath /tmp/%C\n  StrictHostKeyChecking accept-new\n"
    )
    argv = ssh_argv(resolve(ALIAS, config_file=host.config))

    shown = subprocess.run(
        [*argv, "-G", ALIAS], capture_output=True, text=True, check=True, timeout=30.0
    ).stdout.splitlines()

    assert {"batchmode yes", "stricthostkeychecking true", "controlmaster false"} <= set(shown)
    assert not any(line.startswith("controlpath ") for line in shown)
    ciphers = next(line for line in shown if line.startswith("ciphers "))
    assert ciphers.startswith("ciphers aes128-gcm@openssh.com,")
    assert argv[1:3] == ("-F", str(host.config))


def test_rsyncs_ssh_runs_its_command_whatever_the_host_is_set_up_to_do(host: Sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        host.write_client_config(
            more=f"  RemoteCommand tmux attach\n  RequestTTY force\n  ExitOnForwardFailure yes\n"
            f"  LocalForward 127.0.0.1:{port} 127.0.0.1:9\n  LocalCommand echo noise\n"
            f"  PermitLocalCommand yes\n"
        )
        argv = ssh_argv(resolve(ALIAS, config_file=host.config))

        done = subprocess.run(
            [*argv, ALIAS, "printf", "a\\\\nb"], capture_output=True, check=False, timeout=30.0
        )

    assert (done.returncode, done.stdout) == (0, b"a\nb"), done.stderr


def test_no_cipher_is_used_that_the_configuration_does_not_allow(host: Sshd) -> None:
    host.write_client_config(more="  Ciphers aes256-ctr\n")

    found = resolve(ALIAS, config_file=host.config)

    assert "-oCiphers=aes256-ctr" in ssh_argv(found)
    assert preferred(("a", "aes128-gcm@openssh.com", "b")) == ("aes128-gcm@openssh.com", "a", "b")
    assert preferred(("a", "b")) == ("a", "b")
