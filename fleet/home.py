"""The folder that holds a fleet's state, and the names of what is in it.

Apart from the settings, because it needs nothing else: ``fleet status`` reads no settings, and
is answered before they could even be understood.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

HOME_VARIABLE: Final = "FLEET_HOME"
FILE_NAME: Final = "settings.toml"


class Home:
    """The folder that holds a fleet's state, and the names of what is in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def ledger(self) -> Path:
        """The ledger's SQLite file."""
        return self.root / "ledger.sqlite3"

    @property
    def staging(self) -> Path:
        """Finished clips that are not published yet."""
        return self.root / "staging"

    @property
    def checkpoints(self) -> Path:
        """Generated frames of shots that are not published yet."""
        return self.root / "checkpoints"

    @property
    def pieces(self) -> Path:
        """Generated pieces of long shots, a folder for each shot."""
        return self.checkpoints / "pieces"

    @property
    def models(self) -> Path:
        """Weights that were fetched."""
        return self.root / "models"

    @property
    def cluster(self) -> Path:
        """What ``fleet up`` started, while there is a cluster."""
        return self.root / "cluster.json"

    @property
    def token(self) -> Path:
        """The cluster's authentication token, mode 0600."""
        return self.root / "ray_token"

    @property
    def settings_file(self) -> Path:
        """Where settings are read from."""
        return self.root / FILE_NAME

    @property
    def submitter_lock(self) -> Path:
        """Held by the command that drives the embedded cluster."""
        return self.root / "submitter.lock"

    @property
    def dispatcher_lock(self) -> Path:
        """Held by the dispatcher for as long as it lives."""
        return self.root / "dispatcher.lock"

    @property
    def archive(self) -> Path:
        """Manifests that are over, in a ledger for each month they ended in."""
        return self.root / "archive"

    @property
    def doing(self) -> Path:
        """How far what is under way is, for listings."""
        return self.root / "doing.json"

    @property
    def cache(self) -> Path:
        """What can be computed again and need not be: encoded prompts."""
        return self.root / "cache"

    @property
    def audit(self) -> Path:
        """The operation log's folder."""
        return self.root / "audit"

    @property
    def inbox(self) -> Path:
        """Where sets from desks are taken in, if no other folder is set."""
        return self.root / "inbox"

    @property
    def outbox(self) -> Path:
        """Where clips of such sets are published, if no other folder is set."""
        return self.root / "outbox"

    @property
    def receiving(self) -> Path:
        """What the receiving side knows of the sets it took in, in SQLite."""
        return self.root / "receiving.sqlite3"

    @property
    def gate_log(self) -> Path:
        """What restricted keys asked for and were refused."""
        return self.root / "gate.log"

    @property
    def sync(self) -> Path:
        """What the desk keeps of its syncs: a record for each host, locks, reports, what waits."""
        return self.root / "sync"

    @property
    def log(self) -> Path:
        """The dispatcher's log."""
        return self.root / "fleet.log"


def find_home() -> Home:
    """The fleet's folder, from ``FLEET_HOME`` or the platform's data directory."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Home(Path(chosen).expanduser().resolve())
    import platformdirs

    return Home(Path(platformdirs.user_data_dir("motionfleet")))
