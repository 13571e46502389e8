"""``fleet submit --host``: sets go across, are queued there, watched from here, and come back."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from companions.errors import MotionfleetError
from companions.names import clip_of
from companions.video_meta import Reason, Verdict
from fleet.cli.ends import End
from fleet.cli.output import Column, Output, complain
from fleet.cli.progress import Bar, Followed
from fleet.home import Home
from fleet.ledger.rows import EventRow
from fleet.ledger.summary import ShotLine
from fleet.settings import load_settings
from fleet.stages.publish import Target
from fleet.sync.desk import remote
from fleet.sync.desk.label import label_of, read_label
from fleet.sync.desk.link import Link
from fleet.sync.desk.lock import held
from fleet.sync.desk.pull import pull_results
from fleet.sync.desk.push import Delivery, Pushed, held_there, is_done, push_sets
from fleet.sync.desk.record import Record, open_record
from fleet.sync.desk.set import LocalSet, members_of, read_set
from fleet.sync.desk.waiting import drop, fault_of, remedy, wait_for, waiting
from fleet.sync.errors import AnswerRefused, HostUnreachable, SubmissionWaits, SyncIncomplete
from fleet.sync.wire.work import Submitted

_REASONS: Final = TypeAdapter(tuple[Reason, ...])


@dataclass(frozen=True, slots=True)
class Going:
    """One manifest on its way to a host.

    Attributes:
        named: as the command named it.
        label: of the folder it lies in.
        asked: whether this command asks for it; else it waited here since an earlier one.
    """

    named: Path
    wanted: LocalSet
    label: str
    asked: bool = True


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
            raise self._written_down(error) from None

    def see_through(self, *, wait: bool) -> list[End]:
        """Watch until all shots have ended, fetch what came of them; how each stands.

        Where nothing is at work there, that is said, and nothing is waited for.

        Raises:
            FarFleetUnusable: nothing has been at work there for a while.
            SyncIncomplete: some results could not be put in place.
            HostUnreachable and its like: the host.
        """
        asked = [(going, done) for going, done in self._done if going.asked]
        unfinished = sum(done.unfinished for _, done in asked)
        if wait and unfinished and not any(done.at_work for _, done in asked):
            self._output.note(
                f"nothing is at work on {self._link.name}: the shots wait there for "
                f"{remote.bring_up(self._link)}"
            )
            wait = False
        names = {
            shot: picture
            for going, done in asked
            for shot, picture in zip(done.shots, going.wanted.pictures, strict=True)
        }
        if wait and unfinished:
            self._watch(names)
        problems = self._pull([going for going, _ in asked]) if wait else 0
        ends = self._ends(asked)
        if problems:
            raise SyncIncomplete(problems=problems, report="")
        return ends

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
        return sorted(going, key=lambda each: each.wanted.created_at)

    def _push_all(self, going: Sequence[Going]) -> None:
        refused: list[MotionfleetError] = []
        for label, group in _by_label(going).items():
            sets = [each.wanted for each in group]
            with held({label: sets[0].root}, home=self._home, host=self._link.name):
                pushed = push_sets(
                    self._link, label, sets, record=self._record, complain=self._output.note
                )
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

    def _tell_pushed(self, going: Going, pushed: Pushed) -> None:
        if pushed.error is not None and not going.asked:
            complain(f"{going.named} waits here: {pushed.error}")
        if pushed.altered:
            complain(
                f"{going.named}: {len(pushed.altered)} of its files were changed on "
                f"{self._link.name} by someone; they stay as they are there: {pushed.altered[0]}"
            )
        if pushed.state is Delivery.SENT:
            self._output.note(
                f"{going.named}: {pushed.files:,} files sent, {pushed.size_bytes / 1e6:,.1f} MB"
            )

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

    def _written_down(self, error: HostUnreachable) -> SubmissionWaits:
        submitted = {going.wanted.manifest for going, _ in self._done}
        left = [wanted for _, wanted in self._sets if wanted.manifest not in submitted]
        for wanted in left:
            wait_for(
                self._link.name,
                wanted.manifest,
                sha256=wanted.sha256,
                by=getpass.getuser(),
                home=self._home,
            )
        return SubmissionWaits(host=self._link.name, manifests=len(left), what=error.what)

    def _watch(self, names: Mapping[str, str]) -> None:
        found = remote.listing(
            self._link, unfinished=True, of=self._named(), limit=remote.MOST_SHOTS,
            tell=self._output.note,
        )  # fmt: skip
        left = {line.id: Followed(names[line.id]) for line in found.lines if line.id in names}
        with Bar(left, output=self._output) as bar:
            bar.show("", {})

            def take(event: EventRow) -> None:
                bar.take(event)
                bar.show("", {})

            remote.follow(self._link, left, after=found.seen, take=take, tell=self._output.note)

    def _named(self) -> remote.Named:
        sent = [(going.label, going.wanted.manifest.name) for going, _ in self._done if going.asked]
        return remote.Named(sent=tuple(dict.fromkeys(sent)))

    def _pull(self, going: Sequence[Going]) -> int:
        """Fetch the results; how many could not be put in place."""
        problems = 0
        for label, group in _by_label(going).items():
            sets = [each.wanted for each in group]
            with held({label: sets[0].root}, home=self._home, host=self._link.name):
                pulled = pull_results(
                    self._link, label, sets, record=self._record, complain=self._output.note
                )
            for kept in pulled.conflicts:
                complain(
                    f"{sets[0].root / kept.path} stays: sync did not write it, and "
                    f"{self._link.name} has another of that name"
                )
            for error in pulled.refused:
                complain(str(error))
            problems += len(pulled.conflicts) + len(pulled.refused)
        return problems

    def _ends(self, asked: Sequence[tuple[Going, Submitted]]) -> list[End]:
        found = remote.listing(
            self._link, unfinished=False, of=self._named(), limit=remote.MOST_SHOTS,
            tell=self._output.note,
        )  # fmt: skip
        lines = {line.id: line for line in found.lines}
        return [
            _end(lines.get(shot), shot, picture, root=going.wanted.root, host=self._link.name)
            for going, done in asked
            for shot, picture in zip(done.shots, going.wanted.pictures, strict=True)
        ]


def submit_there(
    host: str,
    manifests: Sequence[Path],
    *,
    home: Home,
    output: Output,
    dry_run: bool,
    wait: bool,
    as_json: bool,
) -> list[End] | None:
    """What ``fleet submit --host`` does; how each shot stands, or None after a dry run.

    Raises:
        KeyboardInterrupt: by a person; what was submitted goes on there, which is said.
        SubmissionWaits, SyncIncomplete and their like: as ``RemoteSubmit``.
    """
    with (
        Link(host, settings=load_settings(home)) as link,
        open_record(home, host) as record,
    ):
        work = RemoteSubmit(link, manifests, home=home, record=record, output=output)
        if dry_run:
            _show_plan(work.plan(), output, as_json=as_json)
            return None
        work.send()
        try:
            return work.see_through(wait=wait)
        except KeyboardInterrupt:
            output.note(f"the shots go on on {host}; look at them with: fleet watch --host {host}")
            raise


def _by_label(going: Sequence[Going]) -> Mapping[str, list[Going]]:
    groups: dict[str, list[Going]] = {}
    for each in going:
        groups.setdefault(each.label, []).append(each)
    return groups


def _end(line: ShotLine | None, shot: str, picture: str, *, root: Path, host: str) -> End:
    """How a shot stands there, with the meta that has come back here.

    Raises:
        AnswerRefused: the host tells of no such end.
    """
    target = root / clip_of(picture)
    meta = Target(target).read_meta()
    own = meta if meta is not None and meta.shot_id == shot else None
    if line is None:  # archived there since
        verdict = own.verdict if own else None
        reasons = own.reasons if own else ()
        return End(shot, picture, str(target), str(verdict or "unknown"), verdict, reasons, own)
    try:
        verdict = Verdict(line.verdict) if line.verdict is not None else None
        reasons = _REASONS.validate_python([dict(each) for each in line.reasons])
    except ValueError:
        raise AnswerRefused(host=host, what=f"no end of a shot ({line.state!r})") from None
    return End(shot, picture, str(target), line.state, verdict, reasons, own)


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
