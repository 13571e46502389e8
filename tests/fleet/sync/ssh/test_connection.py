"""A connection is made to the right host or not at all, and what goes wrong is told as it is."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
import pytest

from fleet.sync.errors import (
    AnswerRefused,
    HostKeyRefused,
    HostRefused,
    HostUnknown,
    HostUnreachable,
)
from fleet.sync.ssh.config import resolve
from fleet.sync.ssh.connection import Connection
from fleet.sync.ssh.identity import authenticate
from tests.fleet.sync.proxy import Proxy
from tests.fleet.sync.ssh.speaking import speaking
from tests.fleet.sync.sshd import ALIAS, Sshd, new_key


def connection(host: Sshd, alias: str = ALIAS) -> Connection:
    return Connection(resolve(alias, config_file=host.config), name=alias)


PASSPHRASE = "correct horse"


def refused(host: Sshd, alias: str = ALIAS) -> str:
    with (
        pytest.raises((HostRefused, HostKeyRefused, HostUnreachable)) as error,
        connection(host, alias),
    ):
        pytest.fail("it was let in")
    return str(error.value)


def test_a_command_on_the_host_tells_its_exit_code_and_what_it_said(host: Sshd) -> None:
    with connection(host) as there:
        ran = there.run(["sh", "-c", "echo 'a b'; echo no >&2; exit 7"])

    assert (ran.code, ran.out, ran.err) == (7, b"a b\n", "no\n")
    assert "ssh-ed25519 SHA256:" in there.host_key
    assert f"{host.known_hosts} line 1" in there.host_key
    assert there.identity == str(host.identity)


@pytest.mark.parametrize("word", ["$(touch x)", "a'b", 'a"b', "*", "-n", "", "é", "a;b", "`id`"])
def test_words_arrive_as_they_are_and_no_shell_acts_on_them(host: Sshd, word: str) -> None:
    with connection(host) as there:
        ran = there.run(["printf", "%s", word])

    assert ran.out.decode() == word


def test_a_command_that_floods_stderr_is_not_kept_waiting(host: Sshd) -> None:
    flood = "import sys; sys.stderr.write('x' * 20_000_000); print('through')"
    with connection(host) as there:
        line = there.line([sys.executable, "-c", flood])
        assert line.receive(timeout_s=30.0) == b"through\n"
        assert line.receive(timeout_s=30.0) == b""
        assert line.last_words()[0] == 0
        line.close()


def test_a_login_finds_nothing_of_whoever_runs_the_tests(host: Sshd) -> None:
    with connection(host) as there:
        found = there.run(["sh", "-c", "ls -A ~ && echo ~"])
    assert found.out.split() == [str(host.login).encode()]


def test_a_command_that_does_not_end_in_time_is_told(host: Sshd) -> None:
    with connection(host) as there, pytest.raises(HostUnreachable, match=r"not over within 0.5 s"):
        there.run(["sleep", "60"], timeout_s=0.5)


def test_a_command_that_prints_without_end_is_cut_off(host: Sshd) -> None:
    with connection(host) as there, pytest.raises(AnswerRefused, match="printed more than"):
        there.run(["yes"], timeout_s=60.0)


def test_lines_go_both_ways_and_a_long_one_comes_whole(host: Sshd) -> None:
    long = b"x" * 5_000_000 + b"\n"
    with connection(host) as there:
        line = there.line(["cat"])
        line.send(b"one\ntwo\n")
        assert line.receive(timeout_s=10.0) == b"one\n"
        sending = threading.Thread(target=line.send, args=(long,))
        sending.start()
        assert line.receive(timeout_s=10.0) == b"two\n"
        assert line.receive(timeout_s=30.0) == long
        sending.join()
        line.close()


def test_silence_is_told_and_does_not_last(host: Sshd) -> None:
    with connection(host) as there:
        line = there.line(["sleep", "60"])
        begun = time.monotonic()
        with pytest.raises(HostUnreachable, match=r"silent for 0.3 s"):
            line.receive(timeout_s=0.3)
        assert time.monotonic() - begun < 5.0


def test_a_connection_that_is_lost_is_no_end_of_the_command(host: Sshd) -> None:
    with connection(host) as there:
        line = there.line(["cat"])
        line.send(b"alive\n")
        assert line.receive(timeout_s=10.0) == b"alive\n"
        host.stop()

        with pytest.raises(HostUnreachable, match="was lost"):
            line.receive(timeout_s=20.0)
        with pytest.raises(HostUnreachable):
            line.send(b"anyone?\n")
        with pytest.raises(HostUnreachable):
            there.run(["true"])
        with pytest.raises(HostUnreachable):
            there.sftp()


def test_a_host_that_falls_silent_is_given_up_whatever_it_was_asked_for(host: Sshd) -> None:
    with Proxy(host.port) as proxy:
        host.write_client_config(port=proxy.port)
        ssh = resolve(ALIAS, config_file=host.config)
        with Connection(ssh, name=ALIAS, alive_s=0.2) as there:
            line = there.line(["cat"])
            proxy.silence(silent=True)
            begun = time.monotonic()

            with pytest.raises(HostUnreachable):
                there.sftp()
            with pytest.raises(HostUnreachable):
                there.line(["cat"])
            with pytest.raises(HostUnreachable):
                line.receive(timeout_s=60.0)
            line.close()

    assert time.monotonic() - begun < 10.0


def test_a_host_that_does_not_answer_in_time_is_away_and_has_refused_nothing(host: Sshd) -> None:
    with Proxy(host.port) as proxy:
        host.write_client_config(port=proxy.port)
        ssh = resolve(ALIAS, config_file=host.config)
        with Connection(ssh, name=ALIAS, open_s=0.3) as there:
            proxy.silence(silent=True)
            with pytest.raises(HostUnreachable):
                there.sftp()
            with pytest.raises(HostUnreachable):
                there.run(["true"])


def test_a_host_that_works_is_not_given_up_for_being_quiet(host: Sshd) -> None:
    ssh = resolve(ALIAS, config_file=host.config)
    with Connection(ssh, name=ALIAS, alive_s=0.05) as there:
        assert there.run(["sleep", "0.6"]).code == 0
        assert there.run(["echo", "here"]).out == b"here\n"


def test_sftp_works_and_each_call_gives_a_session_of_its_own(host: Sshd, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"bytes")
    with connection(host) as there:
        first, second = there.sftp(), there.sftp()
        first.close()
        assert second.stat(str(tmp_path / "file")).st_size == 5
        second.close()


def test_a_host_without_sftp_for_us_is_told(host: Sshd) -> None:
    host.authorize('restrict,command="echo hello"')

    with connection(host) as there, pytest.raises(HostRefused, match="offers no SFTP"):
        there.sftp()


def test_an_unknown_host_key_is_refused_and_nothing_is_sent(host: Sshd) -> None:
    host.stop()
    host.write_server_config({}, more="LogLevel DEBUG1\n")
    host.start()
    host.known_hosts.write_text("")

    told = refused(host)

    assert "is unknown: it shows ssh-ed25519 SHA256:" in told
    assert f"ssh -F {host.config} {ALIAS}" in told
    assert host.known_hosts.read_text() == ""
    assert "userauth-request" not in (host.folder / "sshd.log").read_text()
    host.trust()
    with connection(host):
        assert "userauth-request" in (host.folder / "sshd.log").read_text()


def test_a_changed_host_key_is_refused_and_nothing_is_sent(host: Sshd) -> None:
    host.stop()
    host.new_host_key()
    host.write_server_config({}, more="LogLevel DEBUG1\n")
    host.start()

    told = refused(host)

    assert "has changed" in told
    assert f"ssh-keygen -R '[127.0.0.1]:{host.port}' -f {host.known_hosts}" in told
    assert "userauth-request" not in (host.folder / "sshd.log").read_text()


def test_of_a_hosts_several_keys_the_one_on_record_is_asked_for(host: Sshd) -> None:
    host.stop()
    new_key(host.folder / "host_rsa", kind="rsa")
    host.write_server_config({}, more=f"HostKey {host.folder / 'host_rsa'}\n")
    host.start()
    rsa = " ".join((host.folder / "host_rsa.pub").read_text().split()[:2])
    host.known_hosts.write_text(f"[127.0.0.1]:{host.port} {rsa}\n")

    with connection(host) as there:
        assert there.host_key.startswith("ssh-rsa SHA256:")


def test_a_key_that_the_host_does_not_know_is_told_with_its_file(host: Sshd) -> None:
    host.authorized_keys.write_text("")

    told = refused(host)

    assert "does not let us in" in told
    assert str(host.identity) in told
    assert f"ssh -F {host.config} {ALIAS} -v" in told


def test_a_key_under_a_passphrase_is_told_with_the_way_to_load_it(host: Sshd) -> None:
    new_key(host.identity, passphrase=PASSPHRASE)
    host.authorize()

    told = refused(host)

    assert "protected by a passphrase" in told
    assert f"ssh-add {host.identity}" in told


def test_no_key_at_all_is_told(host: Sshd) -> None:
    host.identity.unlink()

    assert "there is no key to offer" in refused(host)


def test_a_key_that_alone_does_not_do_is_told(host: Sshd) -> None:
    host.stop()
    host.write_server_config(
        {}, more="KbdInteractiveAuthentication yes\n"
        "AuthenticationMethods publickey,keyboard-interactive\n",
    )  # fmt: skip
    config = host.folder / "sshd_config"
    config.write_text(config.read_text().replace("KbdInteractiveAuthentication no\n", ""))
    host.start()

    assert "beside a key it wants keyboard-interactive" in refused(host)


def test_nobody_at_the_port_is_told_with_the_port(host: Sshd) -> None:
    host.stop()

    assert f"127.0.0.1 port {host.port}: Connection refused" in refused(host)


def test_a_line_cut_at_any_moment_of_the_log_in_is_a_host_that_is_away(host: Sshd) -> None:
    with Proxy(host.port) as proxy:
        host.write_client_config(port=proxy.port)
        with connection(host):
            whole = proxy.up + proxy.down
        said = []
        # The last bytes are those of the log-in itself; a refusal would not be tried again.
        for part in range(60, 100, 4):
            proxy.cut_after(whole * part // 100)
            with pytest.raises(HostUnreachable) as error, connection(host):
                pytest.fail("it was let in")
            said.append(str(error.value))

    assert any("log-in" in words for words in said), said


class Deafened(socket.socket):
    """A connection that takes no more bytes and has not ended for whoever reads from it."""

    takes = True

    def send(self, data: Any, flags: int = 0, /) -> int:
        if not self.takes:
            raise BrokenPipeError
        return super().send(data, flags)


def test_a_line_that_takes_no_more_bytes_at_log_in_is_a_host_that_is_away(host: Sshd) -> None:
    # So it is for the moment between the far end's death and the news of it.
    with socket.create_connection(("127.0.0.1", host.port)) as plain:
        wire = Deafened(fileno=plain.detach())
    with wire, contextlib.closing(paramiko.Transport(wire)) as transport:
        transport.start_client(timeout=10.0)
        wire.takes = False

        with pytest.raises(HostUnreachable, match="the line broke at log-in"):
            authenticate(transport, resolve(ALIAS, config_file=host.config), name=ALIAS)


def test_a_name_that_neither_ssh_nor_the_resolver_knows_is_no_host(host: Sshd) -> None:
    with pytest.raises(HostUnknown, match="none of that name"), connection(host, "nosuchhost"):
        pytest.fail("it connected")


def test_an_address_that_does_not_resolve_is_a_host_that_is_away(host: Sshd) -> None:
    assert "does not resolve" in refused(host, "colo.invalid")


@pytest.mark.parametrize(
    "words",
    [b"", b"HTTP/1.0 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n" + b"\xff" * 200,
     b"SSH-2.0-\xff\xfe\r\n\x00\x00\x00\x0c\x04\x14" + b"\x00" * 60, b"SSH-1.0-old\r\n"],
    ids=["silence", "http", "garbage", "nonsense", "old"],
)  # fmt: skip
def test_what_speaks_no_ssh_is_told_in_one_sentence_and_soon(host: Sshd, words: bytes) -> None:
    with speaking(words) as port:
        host.write_client_config(port=port, more="  ConnectTimeout 1\n")
        begun = time.monotonic()

        told = refused(host)

    assert f"127.0.0.1:{port}" in told
    assert time.monotonic() - begun < 8.0


def answers(at: Path) -> bool:
    """Whether somebody listens at that socket; it is there a moment before anybody does."""
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(str(at)) == 0


def agent_with(*keys: Path, at: Path) -> Callable[[], None]:
    """A real ssh-agent that holds ``keys``; gives how to end it."""
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(at)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20.0
    while not answers(at):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for key in keys:
        subprocess.run(["ssh-add", "-q", str(key)], check=True, timeout=30.0,
                       env={**os.environ, "SSH_AUTH_SOCK": str(at)})  # fmt: skip

    def end() -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20.0)

    return end


def test_the_agent_that_the_configuration_names_lets_us_in_without_the_private_key(
    host: Sshd, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    new_key(other)
    end = agent_with(other, host.identity, at=tmp_path / "agent")
    try:
        host.write_client_config(more=f"  IdentityAgent {tmp_path / 'agent'}\n")
        host.identity.unlink()

        with connection(host) as there:
            assert there.identity.endswith("of the agent")
    finally:
        end()


def test_an_agents_other_keys_are_offered_only_where_the_configuration_lets_them(
    host: Sshd, tmp_path: Path
) -> None:
    end = agent_with(host.identity, at=tmp_path / "agent")
    try:
        text = host.config.read_text() + f"  IdentityAgent {tmp_path / 'agent'}\n"
        absent = text.replace(f"IdentityFile {host.identity}", "IdentityFile /nowhere/key")
        host.config.write_text(absent)
        assert "there is no key to offer" in refused(host)

        host.config.write_text(absent.replace("IdentitiesOnly yes", "IdentitiesOnly no"))
        with connection(host) as there:
            assert there.identity.endswith("of the agent")
    finally:
        end()


def test_an_agent_that_is_gone_does_not_keep_the_key_file_from_being_offered(
    host: Sshd, tmp_path: Path
) -> None:
    host.write_client_config(more=f"  IdentityAgent {tmp_path / 'nobody'}\n")

    with connection(host) as there:
        assert there.identity == str(host.identity)

    host.authorized_keys.write_text("")
    assert f"the agent at {tmp_path / 'nobody'}" in refused(host)


def inner(host: Sshd, *, jump: str) -> None:
    """Let the client's configuration have ``deep``, the same server behind ``jump``."""
    text = host.config.read_text()
    host.config.write_text(
        f"{text}{text.replace(f'Host {ALIAS}', 'Host deep')}  ProxyJump {jump}\n"
        f"{text.replace(f'Host {ALIAS}', 'Host middle')}"
    )


@pytest.mark.parametrize("jump", [ALIAS, f"{ALIAS},middle"])
def test_a_host_behind_others_is_reached_through_them(host: Sshd, jump: str) -> None:
    inner(host, jump=jump)

    with connection(host, "deep") as there:
        ran = there.run(["echo", "here"])

    assert ran.out == b"here\n"
    # The same server is every host: it let us in once for each.
    log = (host.folder / "sshd.log").read_text()
    assert log.count("Accepted publickey") == 2 + jump.count(",")


def test_the_key_of_a_host_on_the_way_is_checked_like_any(host: Sshd) -> None:
    inner(host, jump=ALIAS)
    of_deep = host.folder / "known_to_deep"
    of_deep.write_text(host.known_hosts.read_text())
    way, deep = host.config.read_text().split("Host deep", 1)
    host.config.write_text(f"{way}Host deep{deep.replace(str(host.known_hosts), str(of_deep), 1)}")
    with connection(host, "deep") as there:
        assert str(of_deep) in there.host_key
    host.known_hosts.write_text("")

    told = refused(host, "deep")

    assert f"the host key of {ALIAS} is unknown" in told


def test_a_host_that_the_one_before_it_cannot_reach_is_told_with_both(host: Sshd) -> None:
    inner(host, jump=ALIAS)
    text = host.config.read_text()
    head, deep = text.split("Host deep", 1)
    host.config.write_text(f"{head}Host deep{deep.replace(f'Port {host.port}', 'Port 1', 1)}")

    told = refused(host, "deep")

    assert "no connection to deep" in told
    assert f"{ALIAS} gets no connection to 127.0.0.1:1" in told


def test_hosts_that_lead_through_each_other_are_no_endless_way(host: Sshd) -> None:
    text = host.config.read_text()
    host.config.write_text(
        f"Host {ALIAS}\n  ProxyJump round\nHost round\n  ProxyJump {ALIAS}\n{text}"
    )

    assert "circle" in refused(host)


def test_a_proxy_command_is_the_way_there_as_for_ssh(host: Sshd) -> None:
    text = host.config.read_text()
    host.config.write_text(
        f"{text}{text.replace(f'Host {ALIAS}', 'Host deep')}"
        f"  ProxyCommand ssh -F {host.config} -W %h:%p {ALIAS} 2>/dev/null\n"
    )

    with connection(host, "deep") as there:
        assert there.run(["echo", "here"]).out == b"here\n"


def test_a_proxy_command_that_fails_tells_its_own_words(host: Sshd) -> None:
    host.write_client_config(more="  ProxyCommand sh -c 'echo no route today >&2; exit 1'\n")

    assert "no route today" in refused(host)
