"""The fleet of a host, asked from here: submit, follow, status, cancel.

What the host says is checked against what was asked before it is believed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from companions.base import Closed
from companions.names import MANIFEST_SUFFIX
from fleet.home import Home
from fleet.ledger.rows import EventRow
from fleet.sync.desk.label import label_of, read_label
from fleet.sync.desk.link import Link, wait_before
from fleet.sync.errors import AnswerRefused, FarFleetUnusable, HostUnreachable
from fleet.sync.wire.status import Listing, Overview, of_found
from fleet.sync.wire.work import (
    AskStatus,
    Cancel,
    Cancelled,
    Enough,
    Follow,
    Happened,
    Over,
    StatusFound,
    Submit,
    Submitted,
)

PATIENCE_S: Final = 900.0
"""How long a host that could be reached before is knocked at again while its shots are followed."""
MOST_SHOTS: Final = 100_000
"""Shots that can be listed or followed at once."""

Tell = Callable[[str], None]
Found = TypeVar("Found", Overview, Listing)


@dataclass(frozen=True, slots=True)
class Named:
    """What a command names on a host.

    Attributes:
        manifests: by id or batch.
        sent: by the label of the folder here and the file's name.
    """

    manifests: tuple[str, ...] = ()
    sent: tuple[tuple[str, str], ...] = ()


def named(words: Sequence[str], *, home: Home) -> Named:
    """What ``words`` name: manifests that lie here, or what only the host knows.

    Raises:
        SyncRecordUnusable: a folder's label cannot be read.
    """
    manifests: list[str] = []
    sent: list[tuple[str, str]] = []
    for word in words:
        path = Path(word)
        if path.name.endswith(MANIFEST_SUFFIX) and path.is_file():
            folder = path.resolve().parent
            # A folder without a label has sent nothing; asking does not give it one.
            if read_label(folder) is not None:
                sent.append((label_of(folder, home=home), path.resolve().name))
                continue
        manifests.append(word)
    return Named(tuple(manifests), tuple(sent))


def submit(link: Link, *, label: str, set_id: str, shots: int, tell: Tell) -> Submitted:
    """Queue the shots of a set that is published there; twice is once.

    Raises:
        RequestRefused: the fleet there refuses it, and said why.
        AnswerRefused: it speaks of another number of shots than the manifest's ``shots``.
        HostUnreachable and its like: the host.
    """
    done = link.steadily(
        lambda reached: reached.conversation.ask(Submit(label=label, set_id=set_id), Submitted),
        tell=tell,
    )
    if len(done.shots) != shots:
        what = f"it queued {len(done.shots)} shots for a manifest of {shots}"
        raise AnswerRefused(host=link.name, what=what)
    return done


def overview(link: Link, *, limit: int | None, tell: Tell) -> Overview:
    """What ``fleet status`` shows there.

    Raises:
        AnswerRefused: what it says is no such thing.
        HostUnreachable and its like: the host.
    """
    return _status(link, AskStatus(limit=limit), Overview, tell=tell)


def listing(
    link: Link, *, unfinished: bool, of: Named = Named(), limit: int | None, tell: Tell
) -> Listing:
    """Shots there one by one: the newest ``limit``, of all or of what is named.

    Raises:
        RequestRefused: what is named is not known there.
        AnswerRefused: what it says is no such thing.
        HostUnreachable and its like: the host.
    """
    request = AskStatus(
        shots=True, unfinished=unfinished, manifests=of.manifests, sent=of.sent, limit=limit
    )
    return _status(link, request, Listing, tell=tell)


def cancel(
    link: Link,
    names: Sequence[str],
    *,
    of: Named,
    projects: Sequence[str],
    everything: bool,
    who: str,
    tell: Tell,
) -> Cancelled:
    """Withdraw what is named there.

    Raises:
        RequestRefused: a name fits nothing there, or more than one thing.
        HostUnreachable and its like: the host.
    """
    request = Cancel(
        names=tuple(names),
        manifests=of.manifests,
        sent=of.sent,
        projects=tuple(projects),
        everything=everything,
        who=who,
    )
    return link.steadily(lambda reached: reached.conversation.ask(request, Cancelled), tell=tell)


class Between(Protocol):
    """Something to be done now and then while events are followed."""

    def is_due(self) -> bool:
        """Whether it should be done now; asked at first, and after events were taken."""
        ...

    def act(self) -> None:
        """Do it; the link is free for it."""
        ...


def follow(
    link: Link,
    shots: Collection[str],
    *,
    after: int,
    take: Callable[[EventRow], None],
    tell: Tell,
    between: Between | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Give ``take`` every event of ``shots`` after number ``after``, each once, until all ended.

    A connection that breaks is made again, and the events go on where they stopped; ``tell`` is
    told of it.  Whenever ``between`` is due, the host is left alone for its act.

    Raises:
        FarFleetUnusable: nothing is at work there, or ``fleet`` there ends again and again.
        AnswerRefused: what it says is no event.
        HostUnreachable: it could not be reached for ``PATIENCE_S`` of ``clock``.
        HostRefused, HostKeyRefused, HostUnknown: it cannot be reached any more at all.
    """
    following = _Following(link, shots, after=after, take=take, between=between, clock=clock)
    while True:
        try:
            ended = following.to_the_end()
        except (HostUnreachable, FarFleetUnusable) as error:
            link.drop()
            following.failures += 1
            tries = link.settings.tries
            broken = isinstance(error, FarFleetUnusable) and following.failures >= tries
            if broken or clock() - following.heard_at > PATIENCE_S:
                raise
            wait_s = wait_before(following.failures)
            tell(f"{error.what}; connecting again in {wait_s:.0f} s")
            sleep(wait_s)
            continue
        if not ended:
            raise nobody_at_work(link)
        return


class _Following:
    """Where a host's events are followed to, over any number of connections."""

    def __init__(
        self,
        link: Link,
        shots: Collection[str],
        *,
        after: int,
        take: Callable[[EventRow], None],
        between: Between | None,
        clock: Callable[[], float],
    ) -> None:
        self._link, self._shots, self._take = link, frozenset(shots), take
        self._between, self._clock = between, clock
        self._seen = after
        self.failures = 0
        self.heard_at = clock()

    def to_the_end(self) -> bool:
        """Take events until the host has no more to tell; whether all shots have ended."""
        while True:
            if self._between is not None and self._between.is_due():
                self._between.act()
                self.heard_at = self._clock()
            over, was_asked_for = self._until_over()
            if over.ended or not was_asked_for:
                return over.ended

    def _until_over(self) -> tuple[Over, bool]:
        """The host's last word, and whether it was asked for it."""
        conversation = self._link.reached.conversation
        conversation.say(Follow(shots=tuple(self._shots), after=self._seen))
        enough = False
        while True:
            message = conversation.next()
            self.failures, self.heard_at = 0, self._clock()
            if isinstance(message, Over):
                return message, enough
            for event in _events(message, host=self._link.name):
                # Whatever the host repeats or makes up: each event once, and of these shots only.
                if event.seq > self._seen:
                    self._seen = event.seq
                    if event.shot_id in self._shots:
                        self._take(event)
            if not enough and self._between is not None and self._between.is_due():
                conversation.say(Enough())
                enough = True


def nobody_at_work(link: Link) -> FarFleetUnusable:
    """The error of following shots that nothing works on."""
    return FarFleetUnusable(
        host=link.name,
        what="nothing is at work there",
        remedy=f"What was submitted is kept and goes on with: {bring_up(link)}",
    )


def bring_up(link: Link) -> str:
    """The command that starts the fleet there."""
    there = f"{link.settings.fleet} up"
    if link.settings.transport == "local":
        return there
    return f"ssh {link.settings.ssh or link.name} {there}"


def _status(link: Link, request: AskStatus, kind: type[Found], *, tell: Tell) -> Found:
    answer = link.steadily(
        lambda reached: reached.conversation.ask(request, StatusFound), tell=tell
    )
    try:
        return of_found(answer.found, kind)
    except ValueError as error:
        raise AnswerRefused(host=link.name, what=f"no status ({error})") from None


def _events(message: Closed, *, host: str) -> Sequence[EventRow]:
    if not isinstance(message, Happened):
        raise AnswerRefused(host=host, what=f"it says {type(message).__name__} among events")
    return [
        EventRow(
            seq=each.seq,
            at=each.at,
            shot_id=each.shot_id,
            stage=each.stage,
            kind=each.kind,
            data=dict(each.data),
        )
        for each in message.events
    ]
