"""A desk and a host for tests of the fleet worked from afar: real processes, real ledgers."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fleet.home import Home
from fleet.ledger.ledger import Ledger
from fleet.ledger.lock import ProcessLock
from fleet.settings import Host, Settings
from fleet.sync.desk.label import label_of
from fleet.sync.desk.link import Link
from fleet.sync.desk.push import Delivery, push_sets
from fleet.sync.desk.record import open_record
from fleet.sync.desk.set import LocalSet, read_set
from fleet.sync.wire.work import Submitted
from tests.fleet.ledger.filling import make
from tests.fleet.making import MOVE, shot, small_picture, write_manifest

NAME = "colo"


@dataclass
class World:
    """A desk's home and folder of pictures, and a host whose disk is mounted here.

    Attributes:
        tries: how often the desk tries a host that has gone.
    """

    root: Path
    tries: int = 3
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.home = Home(self.root / "home")
        self.far = Home(self.root / "far")
        self.folder = self.root / "stills"
        for each in (self.home.root, self.far.root, self.folder):
            each.mkdir(parents=True)

    @property
    def settings(self) -> Settings:
        """The desk's settings."""
        command = f"env FLEET_HOME={self.far.root} {sys.executable} -m fleet"
        return Settings(hosts={NAME: Host(transport="local", fleet=command, tries=self.tries)})

    def link(self) -> Link:
        """The host, to be entered; it waits for nothing between tries."""
        return Link(NAME, settings=self.settings, sleep=lambda _: None)

    def manifest(self, name: str, *pictures: str, **generation: str | int) -> Path:
        """A manifest of small pictures, which are made where they are missing."""
        paths = [self.folder / each for each in pictures]
        for path in paths:
            if not path.exists():
                small_picture(path, shade=sum(path.name.encode()))
        shots = [
            shot(path, self.folder, move=MOVE, interpolator="flow", **generation) for path in paths
        ]
        place = self.folder / f"{name}.video_manifest.json"
        return write_manifest(place, shots, batch_id=name)

    def label(self) -> str:
        """What the desk's folder is called on the host."""
        return label_of(self.folder, home=self.home)

    def push(self, link: Link, manifest: Path) -> LocalSet:
        """Bring a set across, and submit nothing."""
        with open_record(self.home, NAME) as record:
            wanted = read_set(manifest, record=record)
            (pushed,) = push_sets(link, self.label(), [wanted], record=record)
        assert pushed.state is not Delivery.REFUSED, pushed.error
        return wanted

    def submit(self, link: Link, manifest: Path) -> Submitted:
        """Bring a set across and queue its shots there."""
        from fleet.sync.desk import remote

        wanted = self.push(link, manifest)
        return remote.submit(
            link,
            label=self.label(),
            set_id=wanted.set_id,
            shots=len(wanted.pictures),
            tell=self.said.append,
        )

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The host's ledger."""
        with opened(self.far) as ledger:
            yield ledger


@contextmanager
def opened(home: Home) -> Iterator[Ledger]:
    """A home's ledger, for a block."""
    ledger = Ledger(home.ledger)
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def at_work(home: Home) -> Iterator[None]:
    """As if a dispatcher were at work there: its lock is held."""
    lock = ProcessLock(home.dispatcher_lock)
    assert lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def making(home: Home, folder: Path, count: int, *, every_s: float) -> Iterator[None]:
    """``count`` shots of the home's ledger are made meanwhile, one after the other."""
    faults: list[BaseException] = []

    def work() -> None:
        try:
            with at_work(home), opened(home) as ledger:
                for number in range(count):
                    time.sleep(every_s)
                    make(ledger, folder, now=100.0 + 10.0 * number)
        except BaseException as fault:  # noqa: BLE001  (told below)
            faults.append(fault)

    worker = threading.Thread(target=work, name="making")
    worker.start()
    try:
        yield
    finally:
        worker.join(timeout=60.0)
        assert not faults, faults


def until(true: Callable[[], bool], *, within_s: float, what: str) -> None:
    """Wait for a fact."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {within_s:g} s"
        time.sleep(0.01)
