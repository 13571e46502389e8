"""A host whose key is unknown, or is not the one on record, gets nothing and is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.home import Home
from fleet.settings import load_settings
from fleet.sync.desk.reach import reach
from fleet.sync.errors import HostKeyRefused
from fleet.sync.transport.base import Item, Pace, Stop
from tests.acceptance.cli import Ran, fleet
from tests.chaos.transit import Desk, desk, files_in, inbox_of, shoot
from tests.fleet.sync.sshd import ALIAS, Sshd

REFUSED = 83
WAYS = (
    ("rsync", "push"), ("rsync", "pull"), ("rsync", "sync"), ("rsync", "submit"),
    ("sftp", "push"), ("sftp", "pull"),
)  # fmt: skip


def commands(here: Desk) -> dict[str, tuple[str | Path, ...]]:
    """Every command that would send something, or take something in."""
    manifest = here.folder / "shoot.video_manifest.json"
    return {
        "push": ("push", ALIAS, here.folder),
        "pull": ("pull", ALIAS, here.folder),
        "sync": ("sync", ALIAS, here.folder),
        "submit": ("submit", "--host", ALIAS, manifest),
    }


@pytest.mark.parametrize(("transport", "word"), WAYS)
def test_a_host_whose_key_changed_is_sent_nothing_and_the_message_says_what_to_do(
    transport: str, word: str, tmp_path: Path, host: Sshd
) -> None:
    here = _desk(tmp_path, host, transport=transport)
    _change_key(host)

    ran = fleet(here.home, *commands(here)[word])

    _see_refused(ran, host, here)
    assert "ssh-keygen -R" in ran.err
    assert str(host.known_hosts) in ran.err.replace("\n", "")


@pytest.mark.parametrize(("transport", "word"), WAYS)
def test_a_host_that_nobody_has_met_is_sent_nothing_and_the_message_says_how_to_meet_it(
    transport: str, word: str, tmp_path: Path, host: Sshd
) -> None:
    here = _desk(tmp_path, host, transport=transport)
    host.known_hosts.write_text("")

    ran = fleet(here.home, *commands(here)[word])

    _see_refused(ran, host, here)
    assert "unknown" in ran.err
    assert "by hand" in ran.err
    assert f"ssh -F {host.config} {ALIAS}" in " ".join(ran.err.split())
    assert host.known_hosts.read_text() == "", "it made itself known"


def test_a_host_that_was_used_for_months_is_refused_once_its_key_changes(
    tmp_path: Path, host: Sshd
) -> None:
    here = _desk(tmp_path, host, transport="rsync")
    assert fleet(here.home, "push", ALIAS, here.folder).code == 0
    before = set(files_in(inbox_of(host)))
    shoot(here.folder, pictures=2, size_bytes=1000, seed=2, name="more")
    _change_key(host)

    ran = fleet(here.home, "push", ALIAS, here.folder)

    assert ran.code == REFUSED, ran.err
    assert set(files_in(inbox_of(host))) == before


@pytest.mark.parametrize("known", ["another key", "no key"])
def test_the_ssh_that_rsync_uses_checks_the_key_for_itself(
    known: str, tmp_path: Path, host: Sshd
) -> None:
    here = _desk(tmp_path, host, transport="rsync")
    (there := tmp_path / "there").mkdir()
    picture = next(here.folder.rglob("*.jpg"))
    item = Item(picture.relative_to(here.folder).as_posix(), picture.stat().st_size)

    with reach(ALIAS, settings=load_settings(Home(here.home))) as reached:
        # The conversation runs, over a key that was right; rsync connects for itself.
        other = f"[127.0.0.1]:{host.port} {host.public_key}\n"
        host.known_hosts.write_text(other if known == "another key" else "")
        with pytest.raises(HostKeyRefused):
            reached.transport.send(
                [item], source=here.folder, destination=str(there), pace=Pace(), stop=Stop()
            )

    assert list(files_in(there)) == []


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
