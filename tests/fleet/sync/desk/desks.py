"""A desk in this process, and hosts it syncs with: honest over ssh, honest nearby, hostile."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet.home import Home
from fleet.settings import Settings, load_settings
from fleet.sync.desk.folder import Synced, Wishes, sync
from fleet.sync.desk.link import Link
from fleet.sync.desk.progress import Tell, silent
from fleet.sync.desk.record import open_record
from tests.fleet.sync.sshd import ALIAS, Sshd

PUSH = Wishes(submit=False, pull=False)
PULL = Wishes(push=False, submit=False)
ALL = Wishes()
HOSTILE = Path(__file__).with_name("hostile.py")


@dataclass(frozen=True)
class Desk:
    """A desk with one folder that it syncs with one host.

    Attributes:
        folder: what it syncs.
        inbox: where the host's fleet takes sets in.
        outbox: below which that fleet publishes.
    """

    home: Home
    folder: Path
    inbox: Path
    outbox: Path

    @property
    def settings(self) -> Settings:
        return load_settings(self.home)

    def sync(
        self, wishes: Wishes = ALL, *, folder: Path | None = None, tell: Tell = silent
    ) -> Synced:
        with open_record(self.home, ALIAS) as record, self.link() as link:
            return sync(
                link,
                [folder or self.folder],
                home=self.home,
                record=record,
                wishes=wishes,
                tell=tell,
            )

    def link(self) -> Link:
        return Link(ALIAS, settings=self.settings)

    def label(self) -> str:
        """The one label that arrived."""
        (label,) = [each.name for each in self.inbox.iterdir() if each.name[0] != "."]
        return label

    @property
    def clips(self) -> Path:
        """Where the host publishes for the folder."""
        return self.outbox / self.label()


def over_ssh(root: Path, host: Sshd, *, transport: str = "auto") -> Desk:
    """A desk whose host is behind a real sshd."""
    far = Home(host.home)
    return _desk(root, f'{host.settings}transport = "{transport}"\n', far.inbox, far.outbox)


def nearby(root: Path) -> Desk:
    """A desk whose host is another fleet on this disk: everything but ssh is real, and quick."""
    far = Home(root / "far-home")
    far.root.mkdir(parents=True)
    fleet = f"env FLEET_HOME={far.root} {sys.executable} -m fleet"
    table = f'[hosts.{ALIAS}]\ntransport = "local"\nfleet = "{fleet}"\n'
    return _desk(root, table, far.inbox, far.outbox)


def hostile(
    root: Path, answers: Mapping[str, Sequence[Mapping[str, Any]]], *, tries: int = 2
) -> Desk:
    """A desk whose host answers each request with the next of what is given here for its word."""
    far = Home(root / "far-home")
    far.root.mkdir(parents=True)
    script = root / "answers.json"
    script.write_text(json.dumps(answers))
    fleet = f"{sys.executable} {HOSTILE} {script}"
    table = f'[hosts.{ALIAS}]\ntransport = "local"\nfleet = "{fleet}"\ntries = {tries}\n'
    return _desk(root, table, far.inbox, far.outbox)


def _desk(root: Path, table: str, inbox: Path, outbox: Path) -> Desk:
    home = Home(root / "desk-home")
    home.root.mkdir(parents=True)
    home.settings_file.write_text(table)
    folder = root / "shoot"
    folder.mkdir()
    return Desk(home, folder, inbox, outbox)
