"""A real ssh server on loopback: unprivileged, with its own host key, keys and configuration."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ALIAS = "colo"
"""The host's name in the client's configuration."""


class Sshd:
    """One server and one client's configuration for it; ``start`` it, and ``stop`` it at the end.

    Attributes:
        folder: keys, configuration and log lie here.
        home: the ``FLEET_HOME`` that every session there has.
        login: the ``HOME`` that every session there has; nothing lies in it.
        config: the client's ssh configuration, with the host ``colo``.
        known_hosts: the client's file of host keys; has the server's key.
    """

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        # A test without a server proves nothing: it fails, and says what is missing.
        found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        assert found, "sshd is missing: apt-get install openssh-server"
        self._sshd = found
        self.folder = folder
        self.home = folder / "far-home"
        self.login = folder / "far-login"
        self.config = folder / "ssh_config"
        self.known_hosts = folder / "known_hosts"
        self.authorized_keys = folder / "authorized_keys"
        self.identity = folder / "identity"
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(mode=0o700)
        self.login.mkdir(mode=0o700)
        new_key(self.identity)
        self.new_host_key()
        self.trust()
        self.authorize()
        self.write_client_config()
        self.write_server_config({})

    @property
    def public_key(self) -> str:
        """The client's public key, as it stands in ``authorized_keys``."""
        return self.identity.with_suffix(".pub").read_text().strip()

    def authorize(self, options: str = "") -> None:
        """Let the client's key in, with ``options`` such as ``restrict,command="..."``."""
        self.authorized_keys.write_text(f"{options} {self.public_key}\n".lstrip())
        self.authorized_keys.chmod(0o600)

    def new_host_key(self) -> None:
        """Give the server another host key (it has to be started again)."""
        new_key(self.folder / "host_key")

    def trust(self) -> None:
        """Make the client know the server's present key."""
        key = (self.folder / "host_key.pub").read_text().split()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {key[0]} {key[1]}\n")

    def write_client_config(self, *, port: int | None = None, more: str = "") -> None:
        """The client's configuration; ``port`` of a proxy in between, ``more`` lines for it."""
        self.config.write_text(
            f"Host {ALIAS}\n"
            f"  HostName 127.0.0.1\n"
            f"  Port {port or self.port}\n"
            f"  HostKeyAlias [127.0.0.1]:{self.port}\n"
            f"  User {_user()}\n"
            f"  IdentityFile {self.identity}\n"
            f"  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.known_hosts}\n"
            f"  GlobalKnownHostsFile /dev/null\n"
            f"{more}"
        )

    def write_server_config(self, environment: Mapping[str, str], *, more: str = "") -> None:
        """The server's configuration; ``environment`` is given to every session."""
        # What a session finds: the fleet that is tested, its home, and nothing that calls home.
        # A login there is a stranger's: where the shell reads start-up files of whoever runs the
        # tests, every session runs them, and waits for what they wait for.
        given = {
            "HOME": str(self.login),
            "FLEET_HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "RAY_USAGE_STATS_ENABLED": "0",
            **environment,
        }
        settings = " ".join(f'"{name}={value}"' for name, value in given.items())
        (self.folder / "sshd_config").write_text(
            f"Port {self.port}\n"
            f"ListenAddress 127.0.0.1\n"
            f"HostKey {self.folder / 'host_key'}\n"
            f"PidFile {self.folder / 'sshd.pid'}\n"
            f"AuthorizedKeysFile {self.authorized_keys}\n"
            f"StrictModes no\nUsePAM no\nPasswordAuthentication no\n"
            f"KbdInteractiveAuthentication no\nPrintMotd no\nPrintLastLog no\n"
            f"Subsystem sftp internal-sftp\nMaxStartups 100\nMaxSessions 100\n"
            f"SetEnv {settings}\n"
            f"{more}"
        )

    def start(self) -> None:
        """Start the server, and wait until it listens."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(parents=True, exist_ok=True)
        log, pid = self.folder / "sshd.log", self.folder / "sshd.pid"
        pid.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [self._sshd, "-D", "-f", str(self.folder / "sshd_config"), "-E", str(log)],
            stdin=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20.0
        # It writes its pid once it listens.  That something answers at the port proves nothing: a
        # child of the one before may still hold it.
        while not pid.exists():
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.01)

    def stop(self) -> None:
        """End the server and every session it has."""
        if self._process is None:
            return
        sessions = self.sessions()
        self._process.terminate()
        self._process.wait(timeout=20.0)
        self._process = None
        for pid in sessions:
            _end(pid)
        deadline = time.monotonic() + 20.0
        while _listens(self.port):
            assert time.monotonic() < deadline, "something else listens at the port"
            time.sleep(0.01)

    def sessions(self) -> list[int]:
        """Pids of the server's processes for connections, at this moment."""
        assert self._process is not None
        found: list[int] = []
        waiting = [self._process.pid]
        while waiting:
            parent = waiting.pop()
            try:
                inner = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            except OSError:
                continue
            found += map(int, inner)
            waiting += map(int, inner)
        return found

    @property
    def settings(self) -> str:
        """A ``[hosts.colo]`` table for the desk's ``settings.toml``."""
        return (
            f'[hosts.{ALIAS}]\nssh_config = "{self.config}"\nfleet = "{sys.executable} -m fleet"\n'
        )


def free_port() -> int:
    """A port of loopback that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def new_key(path: Path, *, kind: str = "ed25519", passphrase: str = "") -> None:
    """A new key pair at ``path``, in the place of one that is there."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".pub").unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)],
        check=True,
        timeout=30.0,
    )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
