"""``fleet submit --host``: sets go across, are queued there, watched from here, and come back."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from companions.errors import MotionfleetError
from fleet.cli.output import Column, Output, complain, counted
from fleet.cli.seen_through import Going, Seen, SeenThrough, by_label
from fleet.cli.transfer import Transfer, megabytes
from fleet.home import Home
from fleet.settings import load_settings
from fleet.sync.desk import remote
from fleet.sync.desk.label import label_of, read_label
from fleet.sync.desk.link import Link
from fleet.sync.desk.lock import held
from fleet.sync.desk.push import Delivery, Pushed, held_there, is_done, push_sets
from fleet.sync.desk.record import Record, open_record
from fleet.sync.desk.set import members_of, read_set
from fleet.sync.desk.waiting import drop, fault_of, remedy, wait_for, waiting
from fleet.sync.errors import HostUnreachable, SubmissionWaits, SyncBusy
from fleet.sync.wire.work import Submitted


class RemoteSubmit:
    """One ``fleet submit --host``: ``plan`` it, or ``send`` and ``see_through``."""

    def __init__(
        self, link: Link, manifests: Sequence[Path], *, home: Home, record: Record, output: Output
    ) -> None:
        """Read the manifests.

        Raises:
            CompanionError: one is none, or breaks its contract.
            SetStale: one names files that are not there.
        """
        self._link, self._home, self._record, self._output = link, home, record, output
        self._sets = [(path, read_set(path, record=record)) for path in manifests]
        self._sizes = [sum(m.size_bytes for m in members_of(each)) for _, each in self._sets]
        self._done: list[tuple[Going, Submitted]] = []

    @property
    def has_submitted(self) -> bool:
        """Whether anything was queued there."""
        return bool(self._done)

    def plan(self) -> list[dict[str, object]]:
        """What would be done, a line for each manifest; does nothing.

        Raises:
            HostUnreachable and its like: the host.
        """
        rows: list[dict[str, object]] = []
        for (path, wanted), size in zip(self._sets, self._sizes, strict=True):
            label, state = read_label(wanted.root), None
            if label is not None:
                state = held_there(self._link, label, [wanted]).get(wanted.set_id)
            plan = "would be sent and submitted"
            if is_done(state):
                plan = "is there; would be submitted"
                if state is not None and state.submitted:
                    plan = "is there, and was submitted"
            rows.append(
                {
                    "manifest": str(path),
                    "shots": len(wanted.pictures),
                    "files": len(wanted.files),
                    "size_bytes": size,
                    "plan": plan,
                }
            )
        return rows

    def send(self) -> None:
        """Bring the sets across and queue their shots there, and what waited for that host.

        Raises:
            SubmissionWaits: the host cannot be reached; the manifests wait here.
            SetStale, TransferFailed and their like: a set did not get across.
            RequestRefused: the fleet there refuses a manifest, and said why.
        """
        try:
            self._output.note(f"{self._link.name}: files go by {self._link.reached.said}")
            self._push_all(self._going())
        except HostUnreachable as error:
            raise self.written_down(error) from None

    def see_through(self, *, wait: bool) -> Seen:
        """Watch until all shots have ended, fetch what came of them; how each stands.

        Where nothing is at work there, that is said, and nothing is waited for.

        Raises:
            FarFleetUnusable: nothing has been at work there for a while.
            HostUnreachable and its like: the host.
        """
        asked = [(going, done) for going, done in self._done if going.asked]
        through = SeenThrough(
            self._link, asked, home=self._home, record=self._record, output=self._output
        )
        return through.run(wait=wait)

    def _going(self) -> list[Going]:
        """What is to go, in the order the manifests were written."""
        going = [
            Going(path, wanted, label_of(wanted.root, home=self._home))
            for path, wanted in self._sets
        ]
        named = {wanted.manifest for _, wanted in self._sets}
        queue = waiting(self._home, self._link.name)
        for problem in queue.problems:
            complain(problem)
        for entry in queue.entries:
            if entry.path in named:
                continue
            fault = fault_of(entry)
            if fault is not None:
                complain(f"{entry.manifest} waits here: {fault}. {remedy(self._link.name)}")
                continue
            try:
                wanted = read_set(entry.path, record=self._record)
                label = label_of(wanted.root, home=self._home)
            except MotionfleetError as error:
                complain(f"{entry.manifest} waits here: {error}")
            else:
                going.append(Going(entry.path, wanted, label, asked=False))
        # Of two that were written at the same moment, the one goes first that was asked for first.
        in_turn = sorted(going, key=lambda each: each.asked)
        return sorted(in_turn, key=lambda each: each.wanted.created_at)

    def _push_all(self, going: Sequence[Going]) -> None:
        refused: list[MotionfleetError] = []
        for label, group in by_label(going).items():
            try:
                pushed = self._push(label, group)
            except SyncBusy as error:
                if any(each.asked for each in group):
                    raise
                complain(f"{group[0].named} waits here: {error}")
                going = [each for each in going if each not in group]
                continue
            for each, now in zip(group, pushed, strict=True):
                self._tell_pushed(each, now)
                if each.asked and now.error is not None:
                    refused.append(now.error)
                if now.state is Delivery.REFUSED:
                    going = [other for other in going if other is not each]
        if refused:
            # Nothing is queued where one of the manifests cannot be: as it is without a host.
            raise refused[0]
        for each in going:
            self._submit(each)

    def _push(self, label: str, group: Sequence[Going]) -> Sequence[Pushed]:
        sets = [each.wanted for each in group]
        with (
            held({label: sets[0].root}, home=self._home, host=self._link.name),
            Transfer(self._output) as transfer,
        ):
            return push_sets(
                self._link, label, sets, record=self._record, tell=transfer.tell,
                complain=self._output.note,
            )  # fmt: skip

    def _tell_pushed(self, going: Going, pushed: Pushed) -> None:
        if pushed.error is not None and not going.asked:
            complain(f"{going.named} waits here: {pushed.error}")
        if pushed.altered:
            complain(
                f"{going.named}: {len(pushed.altered)} of its files were changed on "
                f"{self._link.name} by someone; they stay as they are there: {pushed.altered[0]}"
            )
        if pushed.state is Delivery.SENT:
            what = f"{counted(pushed.files, 'file')}, {megabytes(pushed.size_bytes)} MB"
            if not pushed.files:
                what = "its files were there already"
            self._output.note(f"{going.named}: sent ({what})")

    def _submit(self, going: Going) -> None:
        from fleet.cli.submit import said

        try:
            done = remote.submit(
                self._link,
                label=going.label,
                set_id=going.wanted.set_id,
                shots=len(going.wanted.pictures),
                tell=self._output.note,
            )
        except HostUnreachable:
            raise
        except MotionfleetError as error:
            if going.asked:
                raise
            complain(f"{going.named} waits here: {error}")
            return
        drop(self._home, self._link.name, [going.wanted.manifest])
        self._done.append((going, done))
        for assumption in done.assumed:
            self._output.note(f"{going.named}: assumed: {assumption}")
        self._output.note(
            said(
                going.named,
                new=done.new,
                reopened=done.reopened,
                replaced=done.replaced,
                adopted=done.adopted,
                known=done.known,
                unfinished=done.unfinished,
            )
        )

    def written_down(self, error: HostUnreachable) -> SubmissionWaits:
        """Write down what could not be submitted; the error that says so."""
        submitted = {going.wanted.manifest for going, _ in self._done}
        left = [wanted for _, wanted in self._sets if wanted.manifest not in submitted]
        for wanted in left:
            wait_for(
                self._link.name,
                wanted.manifest,
                sha256=wanted.sha256,
                by=getpass.getuser(),
                now=datetime.now(UTC),
                home=self._home,
            )
        return SubmissionWaits(host=self._link.name, manifests=len(left), what=error.what)


def submit_there(
    host: str,
    manifests: Sequence[Path],
    *,
    home: Home,
    output: Output,
    dry_run: bool,
    wait: bool,
    as_json: bool,
) -> Seen | None:
    """What ``fleet submit --host`` does; how each shot stands, or None after a dry run.

    Raises:
        KeyboardInterrupt: by a person; what was submitted goes on there, which is said.
        SubmissionWaits and its like: as ``RemoteSubmit``.
    """
    with contextlib.ExitStack() as held_open:
        link = held_open.enter_context(Link(host, settings=load_settings(home)))
        away = _knocked(link)  # first of all: a host that nobody knows gets no record here
        record = held_open.enter_context(open_record(home, host))
        work = RemoteSubmit(link, manifests, home=home, record=record, output=output)
        if dry_run:
            _show_plan(work.plan(), output, as_json=as_json)
            return None
        if away is not None:
            raise work.written_down(away)
        try:
            work.send()
            return work.see_through(wait=wait)
        except KeyboardInterrupt:
            if work.has_submitted:
                output.note(f"what was submitted goes on on {host}: fleet watch --host {host}")
            raise


def _knocked(link: Link) -> HostUnreachable | None:
    """Why the host cannot be reached, or None.

    Raises:
        HostUnknown, HostRefused, HostKeyRefused, FarFleetUnusable: as connecting found.
    """
    try:
        link.connect()
    except HostUnreachable as error:
        return error
    return None


def _show_plan(rows: Sequence[Mapping[str, object]], output: Output, *, as_json: bool) -> None:
    if as_json:
        output.json(rows)
        return
    output.table(
        [Column("Manifest", fold=True), Column("Shots", right=True), Column("Files", right=True),
         Column("Bytes", right=True), Column("Plan", fold=True)],
        [[str(row[name]) for name in ("manifest", "shots", "files", "size_bytes", "plan")]
         for row in rows],
        title="Nothing was sent",
    )  # fmt: skip
