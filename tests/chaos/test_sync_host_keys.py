"""A host whose key is unknown, or is not the one on record, gets nothing and is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.cli import Ran, fleet
from tests.chaos.transit import Desk, desk, files_in, shoot
from tests.fleet.sync.sshd import ALIAS, Sshd

REFUSED = 83
TRANSPORTS = ("rsync", "sftp")


def commands(here: Desk) -> dict[str, tuple[str | Path, ...]]:
    """Every command that would send something, or take something in."""
    manifest = here.folder / "shoot.video_manifest.json"
    return {
        "push": ("push", ALIAS, here.folder),
        "pull": ("pull", ALIAS, here.folder),
        "sync": ("sync", ALIAS, here.folder),
        "submit": ("submit", "--host", ALIAS, manifest),
    }


@pytest.mark.parametrize("word", ["push", "pull", "sync", "submit"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_host_whose_key_changed_is_sent_nothing_and_the_message_says_what_to_do(
    transport: str, word: str, tmp_path: Path, host: Sshd
) -> None:
    here = _desk(tmp_path, host, transport=transport)
    _change_key(host)

    ran = fleet(here.home, *commands(here)[word])

    _see_refused(ran, host, here)
    assert "ssh-keygen -R" in ran.err
    assert str(host.known_hosts) in ran.err.replace("\n", "")


@pytest.mark.parametrize("word", ["push", "pull", "sync", "submit"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_host_that_nobody_has_met_is_sent_nothing_and_the_message_says_how_to_meet_it(
    transport: str, word: str, tmp_path: Path, host: Sshd
) -> None:
    here = _desk(tmp_path, host, transport=transport)
    host.known_hosts.write_text("")

    ran = fleet(here.home, *commands(here)[word])

    _see_refused(ran, host, here)
    assert "unknown" in ran.err
    assert f"ssh {ALIAS}" in ran.err or "ssh-keyscan" in ran.err
    assert host.known_hosts.read_text() == "", "it made itself known"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_host_whose_key_changes_after_it_was_used_for_months_is_refused_the_next_time(
    transport: str, tmp_path: Path, host: Sshd
) -> None:
    here = _desk(tmp_path, host, transport=transport)
    assert fleet(here.home, "push", ALIAS, here.folder).code == 0
    before = set(files_in(host.home))
    shoot(here.folder, pictures=2, size_bytes=1000, seed=2, name="more")
    _change_key(host)

    ran = fleet(here.home, "push", ALIAS, here.folder)

    assert ran.code == REFUSED, ran.err
    assert set(files_in(host.home)) == before


def _desk(root: Path, host: Sshd, *, transport: str) -> Desk:
    here = desk(root, host, transport=transport)
    shoot(here.folder, pictures=2, size_bytes=1000, seed=1)
    return here


def _change_key(host: Sshd) -> None:
    """Another machine answers under the same name: the client's record stays as it was."""
    host.stop()
    host.new_host_key()
    host.start()


def _see_refused(ran: Ran, host: Sshd, here: Desk) -> None:
    assert ran.code == REFUSED, ran.err
    assert "nothing was sent" in ran.err.replace("\n", " ")
    assert list(files_in(host.home)) == [], "something arrived"
    log = (host.folder / "sshd.log").read_text()
    assert "Accepted" not in log, "our identity was shown to a stranger"
    assert not list(here.home.glob("sync/waiting/**/*.json")), (
        "a refused host is no host that waits"
    )
