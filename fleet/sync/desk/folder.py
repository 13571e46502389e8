"""One sync: a folder's sets to a host, the new ones submitted there, results back.

A set's paths are relative to its manifest's own folder, so that folder is what has a label; a
folder that was asked for is synced with every folder below it that holds manifests.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from companions import names
from companions.errors import CompanionError, FileUnwritable, MotionfleetError
from fleet.home import Home
from fleet.sync.desk import remote
from fleet.sync.desk.label import label_now, label_of
from fleet.sync.desk.link import Link
from fleet.sync.desk.lock import held
from fleet.sync.desk.order import to_submit
from fleet.sync.desk.progress import Complain, Tell, silent, unheard
from fleet.sync.desk.pull import pull_results
from fleet.sync.desk.pulled import Pulled
from fleet.sync.desk.push import Pushed, push_sets
from fleet.sync.desk.record import Record
from fleet.sync.desk.set import LocalSet, manifests_below, read_set
from fleet.sync.desk.waiting import Waiting, delivered, fault_of, remedy, waiting
from fleet.sync.errors import (
    NoRoom,
    RequestRefused,
    SetStale,
    TransferFailed,
    TransferRefused,
)
from fleet.sync.wire.work import Submitted

_ONE_MANIFEST_ONLY: Final = (CompanionError, SetStale)
_ONE_FOLDER_ONLY: Final = (
    FileUnwritable, NoRoom, RequestRefused, TransferFailed, TransferRefused
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder that holds manifests, with its label and their sets, the oldest first."""

    path: Path
    label: str
    sets: tuple[LocalSet, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that did not go through; the rest went on."""

    about: str
    error: MotionfleetError


@dataclass(frozen=True, slots=True)
class Queued:
    """One set that was submitted now."""

    pushed: Pushed
    answer: Submitted


@dataclass(frozen=True, slots=True)
class Synced:
    """What a push, a pull or a sync did.

    Attributes:
        said: the transport and why it was taken, in words.
        notes: what a person should know of what waited.
    """

    host: str
    said: str
    pushed: tuple[Pushed, ...] = ()
    queued: tuple[Queued, ...] = ()
    pulled: tuple[Pulled, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """Which parts of a sync are wanted."""

    push: bool = True
    submit: bool = True
    pull: bool = True


def gathered(
    roots: Sequence[Path], *, home: Home, record: Record, looking: bool = False
) -> tuple[list[Folder], list[Problem]]:
    """The folders with manifests in ``roots`` and below, and what cannot be read there.

    Where this is only for ``looking``, a folder without a label gets none; its label is empty.

    Raises:
        SyncRecordUnusable: the record, or a label, is damaged.
    """
    found: dict[Path, list[LocalSet]] = {}
    problems: list[Problem] = []
    manifests = dict.fromkeys(path for root in roots for path in manifests_below(root.resolve()))
    for manifest in manifests:
        try:
            each = read_set(manifest, record=record)
        except _ONE_MANIFEST_ONLY as error:
            problems.append(Problem(str(manifest), error))
        else:
            found.setdefault(each.root, []).append(each)
    folders = []
    for path, sets in found.items():
        try:
            label = (label_now(path, home=home) or "") if looking else label_of(path, home=home)
        except FileUnwritable as error:
            problems.append(Problem(str(path), error))
        else:
            in_order = sorted(sets, key=lambda each: (each.created_at, each.manifest))
            folders.append(Folder(path, label, tuple(in_order)))
    return folders, problems


def elsewhere(folders: Sequence[Folder]) -> dict[str, frozenset[str]]:
    """Pictures of each label whose clip another label's newer manifest decides.

    A manifest above and one beside a picture may both name it: its clip has one place here.
    """
    if len(folders) < 2:
        return {}
    newest: dict[Path, tuple[float, str]] = {}
    for folder in folders:
        for each in folder.sets:
            for picture in each.pictures:
                claim = (each.created_at, folder.label)
                place = folder.path / names.clip_of(picture)
                newest[place] = max(claim, newest.get(place, claim))
    return {
        folder.label: frozenset(
            picture
            for each in folder.sets
            for picture in each.pictures
            if newest[folder.path / names.clip_of(picture)][1] != folder.label
        )
        for folder in folders
    }


def sync(
    link: Link,
    roots: Sequence[Path],
    *,
    home: Home,
    record: Record,
    wishes: Wishes = Wishes(),
    tell: Tell = silent,
    complain: Complain = unheard,
) -> Synced:
    """Sync the folders at ``roots`` with the host, as far as ``wishes`` go.

    What keeps one manifest, set, folder or result from going through is told in the answer, and
    the rest goes on.

    Raises:
        SyncBusy: another process is at work on one of the folders; nothing was done.
        HostUnreachable, HostRefused, HostKeyRefused, FarFleetUnusable, AnswerRefused: the host.
        SyncRecordUnusable: the record cannot be read or written.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sync-reach") as beside:
        # A host takes its time to answer, and a manifest of many shots to be read.
        reaching = beside.submit(lambda: link.reached)
        folders, problems = gathered(roots, home=home, record=record)
    run = _Run(link, home=home, record=record, tell=tell, complain=complain, problems=problems)
    with held({each.label: each.path for each in folders}, home=home, host=link.name):
        complain(f"{link.name}: {reaching.result().said}")
        if wishes.push and wishes.submit:
            run.deliver_waiting()
        if wishes.push:
            run.push(folders)
        if wishes.submit:
            run.submit()
        if wishes.pull:
            run.pull(folders)
    return run.done()


class _Run:
    """What one sync has done so far."""

    def __init__(
        self,
        link: Link,
        *,
        home: Home,
        record: Record,
        tell: Tell,
        complain: Complain,
        problems: list[Problem],
    ) -> None:
        self._link, self._home, self._record = link, home, record
        self._tell, self._complain = tell, complain
        self._problems = problems
        self._notes: list[str] = []
        self._pushed: list[Pushed] = []
        self._queued: list[Queued] = []
        self._pulled: list[Pulled] = []

    def done(self) -> Synced:
        """All that was done."""
        pushed = [Problem(str(each.wanted.manifest), each.error)
                  for each in self._pushed if each.error is not None]  # fmt: skip
        pulled = [Problem(str(each.root), error) for each in self._pulled
                  for error in each.refused]  # fmt: skip
        return Synced(
            host=self._link.name,
            said=self._link.reached.said,
            pushed=tuple(self._pushed),
            queued=tuple(self._queued),
            pulled=tuple(self._pulled),
            problems=(*self._problems, *pushed, *pulled),
            notes=tuple(self._notes),
        )

    def deliver_waiting(self) -> None:
        """Push and submit what waited for this host."""
        queue = waiting(self._home, self._link.name)
        self._notes += queue.problems
        for entry in queue.entries:
            fault = fault_of(entry)
            if fault is not None:
                self._notes.append(
                    f"{entry.manifest} waits for {self._link.name}, and was not delivered: "
                    f"{fault}. {remedy(self._link.name)}"
                )
                continue
            with self._telling(entry.manifest):
                self._deliver(entry)

    def _deliver(self, entry: Waiting) -> None:
        each = read_set(entry.path, record=self._record)
        label = label_of(each.root, home=self._home)
        (pushed,) = self._push_sets(label, [each])
        if pushed.error is None:
            self._submit(pushed)
            delivered(entry, host=self._link.name, home=self._home)

    def push(self, folders: Sequence[Folder]) -> None:
        """Bring every set to the host."""
        for folder in folders:
            with self._telling(str(folder.path)):
                self._push_sets(folder.label, folder.sets)

    def submit(self) -> None:
        """Submit what is there, never was, and is not out of date."""
        done = {(each.pushed.label, each.pushed.wanted.set_id) for each in self._queued}
        current, outdated = to_submit(self._pushed, done=done)
        for each in current:
            with self._telling(str(each.wanted.manifest)):
                self._submit(each)
        self._notes += [
            f"{each.wanted.manifest} was not submitted: a newer manifest of the same pictures was. "
            f"To make its clips all the same: fleet submit --host {self._link.name}"
            for each in outdated
        ]

    def pull(self, folders: Sequence[Folder]) -> None:
        """Fetch what is new for every folder."""
        others = elsewhere(folders)
        for folder in folders:
            with self._telling(str(folder.path)):
                self._pulled.append(
                    pull_results(
                        self._link, folder.label, folder.sets,
                        but=others.get(folder.label, frozenset()), record=self._record,
                        tell=self._tell, complain=self._complain,
                    )
                )  # fmt: skip

    def _push_sets(self, label: str, sets: Sequence[LocalSet]) -> tuple[Pushed, ...]:
        pushed = push_sets(
            self._link, label, sets,
            record=self._record, tell=self._tell, complain=self._complain,
        )  # fmt: skip
        self._pushed += pushed
        return pushed

    def _submit(self, pushed: Pushed) -> None:
        answer = remote.submit(
            self._link, label=pushed.label, set_id=pushed.wanted.set_id,
            shots=pushed.wanted.shots, tell=self._complain,
        )  # fmt: skip
        self._queued.append(Queued(pushed, answer))

    @contextlib.contextmanager
    def _telling(self, about: str) -> Iterator[None]:
        try:
            yield
        except (*_ONE_MANIFEST_ONLY, *_ONE_FOLDER_ONLY) as error:
            self._problems.append(Problem(about, error))
