"""What was submitted to a host, seen through to its end: watched, fetched, told shot by shot."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from companions.names import clip_of
from companions.video_meta import Reason, Verdict
from fleet.cli.ends import End
from fleet.cli.output import Output, complain
from fleet.cli.progress import Bar, Followed
from fleet.cli.transfer import Transfer
from fleet.home import Home
from fleet.ledger.rows import EventRow
from fleet.ledger.summary import ShotLine
from fleet.stages.publish import Target
from fleet.sync.desk import remote
from fleet.sync.desk.link import Link
from fleet.sync.desk.lock import held
from fleet.sync.desk.progress import Tell, silent
from fleet.sync.desk.pull import pull_results
from fleet.sync.desk.record import Record
from fleet.sync.desk.set import LocalSet
from fleet.sync.errors import AnswerRefused, SyncBusy
from fleet.sync.wire.work import Submitted

FETCH_EVERY_S: Final = 60.0
"""While clips are made, those that are done are fetched so often: a desk may be shut any time."""
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


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a submission.

    Attributes:
        problems: how many results could not be put in place; each was told.
    """

    ends: Sequence[End]
    problems: int


class SeenThrough:
    """What a command submitted, until all of it has ended."""

    def __init__(
        self,
        link: Link,
        asked: Sequence[tuple[Going, Submitted]],
        *,
        home: Home,
        record: Record,
        output: Output,
        fetch_every_s: float = FETCH_EVERY_S,
    ) -> None:
        self._link, self._asked = link, asked
        self._home, self._record, self._output = home, record, output
        self._fetch_every_s = fetch_every_s
        self._told: set[str] = set()

    def run(self, *, wait: bool) -> Seen:
        """Watch until all shots have ended, fetch what came of them; how each stands.

        Where nothing is at work there, that is said, and nothing is waited for.

        Raises:
            FarFleetUnusable: nothing has been at work there for a while.
            HostUnreachable and its like: the host.
        """
        unfinished = sum(done.unfinished for _, done in self._asked)
        if wait and unfinished and not any(done.at_work for _, done in self._asked):
            self._output.note(
                f"nothing is at work on {self._link.name}: the shots wait there. Start it with: "
                f"{remote.bring_up(self._link)}"
            )
            wait = False
        names = {
            shot: picture
            for going, done in self._asked
            for shot, picture in zip(done.shots, going.wanted.pictures, strict=True)
        }
        if wait and unfinished:
            self._watch(names)
        problems = self._pull_in_sight() if wait else 0
        return Seen(self._ends(), problems)

    def _watch(self, names: Mapping[str, str]) -> None:
        found = remote.listing(
            self._link, unfinished=True, of=self._named(), limit=remote.MOST_SHOTS,
            tell=self._output.note,
        )  # fmt: skip
        if found.paused:
            host = self._link.name
            self._output.note(f"something is paused there: fleet status --host {host} says what")
        left = {line.id: Followed(names[line.id]) for line in found.lines if line.id in names}
        homecoming = Homecoming(
            self._pull_quietly, every_s=self._fetch_every_s, waiting=len(left) < len(names)
        )
        with Bar(left, output=self._output) as bar:
            bar.show("", {})

            def take(event: EventRow) -> None:
                homecoming.see(event)
                bar.take(event)
                bar.show("", {})

            remote.follow(
                self._link, left, after=found.seen, take=take, tell=self._output.note,
                between=homecoming,
            )  # fmt: skip

    def _named(self) -> remote.Named:
        sent = [(going.label, going.wanted.manifest.name) for going, _ in self._asked]
        return remote.Named(sent=tuple(dict.fromkeys(sent)))

    def _pull_quietly(self) -> None:
        """Fetch what is done so far, under the bar that is drawn; another sync may do so too."""
        with contextlib.suppress(SyncBusy):
            self._pull(tell=silent)

    def _pull_in_sight(self) -> int:
        """Fetch the results; how many could not be put in place."""
        with Transfer(self._output) as transfer:
            return self._pull(tell=transfer.tell)

    def _pull(self, *, tell: Tell) -> int:
        problems = 0
        for label, group in by_label([going for going, _ in self._asked]).items():
            sets = [each.wanted for each in group]
            with held({label: sets[0].root}, home=self._home, host=self._link.name):
                pulled = pull_results(
                    self._link, label, sets, record=self._record, tell=tell,
                    complain=self._output.note,
                )  # fmt: skip
            for kept in pulled.conflicts:
                self._complain(
                    f"{sets[0].root / kept.path} stays: sync did not write it, and "
                    f"{self._link.name} has another of that name"
                )
            for error in pulled.refused:
                self._complain(str(error))
            problems += len(pulled.conflicts) + len(pulled.refused)
        return problems

    def _complain(self, what: str) -> None:
        if what not in self._told:  # once, however often results are fetched
            self._told.add(what)
            complain(what)

    def _ends(self) -> list[End]:
        found = remote.listing(
            self._link, unfinished=False, of=self._named(), limit=remote.MOST_SHOTS,
            tell=self._output.note,
        )  # fmt: skip
        lines = {line.id: line for line in found.lines}
        return [
            _end(lines.get(shot), shot, picture, root=going.wanted.root, host=self._link.name)
            for going, done in self._asked
            for shot, picture in zip(done.shots, going.wanted.pictures, strict=True)
        ]


class Homecoming:
    """When to fetch while shots are followed: some have ended, and a while has passed."""

    def __init__(self, fetch: Callable[[], None], *, every_s: float, waiting: bool = False) -> None:
        """``fetch`` brings home what is done, at most every ``every_s``; some may be ``waiting``
        already."""
        self._fetch, self._every_s = fetch, every_s
        self._fetched_at = -math.inf if waiting else time.monotonic()
        self._ended = waiting

    def see(self, event: EventRow) -> None:
        """Take note of an event."""
        self._ended |= event.kind == "ended"

    def is_due(self) -> bool:
        """Whether there is something to fetch, and it is time."""
        return self._ended and time.monotonic() - self._fetched_at >= self._every_s

    def act(self) -> None:
        """Fetch.

        Raises:
            FleetError: what fetching meets.
        """
        self._ended = False
        try:
            self._fetch()
        finally:
            self._fetched_at = time.monotonic()


def by_label(going: Sequence[Going]) -> Mapping[str, list[Going]]:
    """What goes, by the folder it goes from."""
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
    # A result that has not come here lies there: it is not said to be what another file here is.
    place = str(target) if own is not None or verdict is None else f"{host}:{line.target}"
    return End(shot, picture, place, line.state, verdict, reasons, own)
