"""The fleet here, asked from a desk: submit a set, tell its events, its state, withdraw.

Each request does what the command of that name does for a person at this machine.  Imports are
inside, because a conversation that only moves files needs none of them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from companions.base import Closed
from fleet.home import Home
from fleet.sync.far.conversation import Desk, Handler
from fleet.sync.far.sent import manifest_of, versions_of
from fleet.sync.wire.work import (
    AskStatus,
    Cancel,
    Cancelled,
    Enough,
    Event,
    Follow,
    Happened,
    Over,
    StatusFound,
    Submit,
    Submitted,
)

if TYPE_CHECKING:
    from fleet.ledger.database import Database
    from fleet.ledger.rows import EventRow
    from fleet.ledger.selection import Selection

LOOK_S: Final = 0.25
"""How often the ledger is looked at while a desk follows it."""
IDLE_S: Final = 60.0
"""How long a desk follows shots that nothing works on: a dispatcher that is started anew takes half
a minute."""
LATEST: Final = 10
"""Shots at work, and shots that ended last, that a summary tells."""
MANIFESTS: Final = 20
"""Manifests that a summary tells if not asked for more."""
SHOTS: Final = 1000
"""Shots that a listing tells if not asked for more."""

R = TypeVar("R", bound=Closed)

_HERE: Final = (
    "SELECT (SELECT coalesce(max(seq), 0) FROM events) AS seen, count(*) AS unfinished"
    " FROM shots WHERE verdict IS NULL AND id IN (SELECT value FROM json_each(?))"
)


def work_handlers(
    desk: Desk,
    *,
    home: Home,
    inbox: Path,
    outbox: Path,
    submitted: Callable[[str, str], None],
    idle_s: float = IDLE_S,
) -> Mapping[type[Closed], Handler]:
    """What does each request about the fleet's work.

    ``submitted`` is told the label and the id of every set whose shots were queued; ``idle_s`` is
    how long shots are followed that nothing works on.
    """
    works = _Work(desk, home=home, inbox=inbox, outbox=outbox, submitted=submitted, idle_s=idle_s)
    return {
        Submit: handler(Submit, works.submit),
        Follow: handler(Follow, works.follow),
        Enough: handler(Enough, works.enough),
        AskStatus: handler(AskStatus, works.status),
        Cancel: handler(Cancel, works.cancel),
    }


def handler(kind: type[R], does: Callable[[R], Closed | None]) -> Handler:
    """``does`` for requests of ``kind``, as the conversation calls it."""

    def handle(request: Closed) -> Closed | None:
        if not isinstance(request, kind):
            raise TypeError(f"a {type(request).__name__} was given to what does {kind.__name__}")
        return does(request)

    return handle


@contextlib.contextmanager
def _ledger(home: Home) -> Iterator[Database]:
    """The ledger for the length of a block."""
    from fleet.ledger.database import Database

    database = Database(home.ledger)
    try:
        yield database
    finally:
        database.close()


class _Work:
    """The handlers of one conversation."""

    def __init__(
        self,
        desk: Desk,
        *,
        home: Home,
        inbox: Path,
        outbox: Path,
        submitted: Callable[[str, str], None],
        idle_s: float,
    ) -> None:
        self._desk, self._home = desk, home
        self._idle_s = idle_s
        self._inbox, self._outbox = inbox, outbox
        self._submitted = submitted
        self._follows = False

    def submit(self, request: Submit) -> Submitted:
        """Queue the shots of a published set.

        Raises:
            NothingMatches: there is no such set.
            FleetError, CompanionError: as ``fleet submit`` would refuse it.
        """
        import json

        from fleet import client
        from fleet.settings import load_settings
        from fleet.weights.shelf import Shelf

        path = manifest_of(self._inbox, request.label, request.set_id)
        settings = load_settings(self._home)
        submission = client.read_submission(
            path,
            out=self._outbox / request.label,
            home=self._home,
            shelf=Shelf(self._home.models, settings.weights, settings.loras),
            here=not self._home.cluster.exists(),
        )
        done = client.queue(submission, home=self._home)
        self._submitted(request.label, request.set_id)
        ids = [planned.row.id for planned in submission.shots]
        with _ledger(self._home) as database:
            # One statement, so that the count and the event's number are of the same moment.
            row = database.rows(_HERE, (json.dumps(ids),))[0]
        return Submitted(
            manifest_id=submission.manifest.id,
            shots=tuple(ids),
            new=len(done.new),
            reopened=len(done.reopened),
            replaced=len(done.replaced),
            adopted=len(done.adopted),
            known=len(done.known),
            unfinished=int(row["unfinished"]),
            assumed=tuple(str(each) for each in submission.assumed),
            seen=int(row["seen"]),
            at_work=self._at_work(),
        )

    def follow(self, request: Follow) -> Over | None:
        """Tell events until all that is followed has ended, or the desk wants something else."""
        from fleet.ledger.following import Following

        self._follows = True
        idle_since = time.monotonic()
        with _ledger(self._home) as database:
            following = Following(database, request.shots, after=request.after)
            while not self._desk.is_wanted():
                for batch in following.batches():
                    self._desk.tell(Happened(events=tuple(map(_as_event, batch))))
                    if self._desk.is_wanted():
                        return None
                now = time.monotonic()
                if self._at_work():
                    idle_since = now
                if following.over or now - idle_since > self._idle_s:
                    self._follows = False
                    return Over(ended=following.over)
                self._desk.gone.wait(LOOK_S)
        return None

    def enough(self, _request: Enough) -> Over | None:
        """The end of a ``Follow`` that was told to end; nothing where it had ended by itself."""
        followed, self._follows = self._follows, False
        return Over(ended=False) if followed else None

    def status(self, request: AskStatus) -> StatusFound:
        """What ``fleet status`` shows.

        Raises:
            NothingMatches: a manifest or set is not known.
        """
        from fleet.ledger import reading, summary
        from fleet.ledger.lanes import pauses
        from fleet.sync.wire.status import Listing, Overview, as_found

        with _ledger(self._home) as database:
            listed = request.manifests or request.sent
            if request.shots or request.unfinished or listed:
                limit = request.limit or SHOTS
                seen = reading.last_event(database)
                wanted = self._selected(database, request.manifests, request.sent).manifests
                lines = summary.shot_lines(
                    database,
                    limit=limit + 1,
                    unfinished=request.unfinished,
                    manifests=wanted if listed else None,
                )
                found = Listing(
                    lines=lines[-limit:],
                    seen=seen,
                    more=len(lines) > limit,
                    at_work=self._at_work(),
                    paused=bool(pauses(database)),
                )
                return StatusFound(found=as_found(found))
            overview = Overview(
                summary=summary.summarise(
                    database, limit=request.limit or MANIFESTS, now=time.time()
                ),
                doing=summary.at_work(database, limit=LATEST),
                ended=summary.ended_last(database, limit=LATEST),
                at_work=self._at_work(),
            )
        return StatusFound(found=as_found(overview))

    def cancel(self, request: Cancel) -> Cancelled:
        """Withdraw what is named, and write so beside the clips' places.

        Raises:
            NothingMatches: a name fits nothing, or more than one thing.
        """
        from fleet.ledger import control
        from fleet.ledger.selection import shot_ids
        from fleet.settings import load_settings
        from fleet.stages.withdrawn import write_metas

        with _ledger(self._home) as database:
            chosen = self._selected(
                database, request.manifests, request.sent, names=request.names,
                projects=request.projects, everything=request.everything,
            )  # fmt: skip
            at_work, now = self._at_work(), time.time()
            acted = control.cancel(
                database, chosen, who=request.who, spare_publishing=at_work, now=now
            )
            problems = write_metas(
                database,
                list(shot_ids(database, chosen, verdicts=("cancelled",))),
                settings=load_settings(self._home),
                now=now,
                advance=lambda _count: None,
            )
        return Cancelled(
            shots=tuple(acted.changed),
            publishing=tuple(acted.publishing),
            unwritten=tuple(problems),
            at_work=at_work,
        )

    def _selected(
        self,
        database: Database,
        manifests: Sequence[str],
        sent: Sequence[tuple[str, str]],
        *,
        names: Sequence[str] = (),
        projects: Sequence[str] = (),
        everything: bool = False,
    ) -> Selection:
        from fleet.ledger.selection import select

        versions = [
            each for label, name in sent for each in versions_of(database, self._inbox, label, name)
        ]
        return select(
            database,
            names,
            everything=everything,
            projects=projects,
            manifests=[*manifests, *versions],
        )

    def _at_work(self) -> bool:
        from fleet.ledger.lock import ProcessLock

        return ProcessLock(self._home.dispatcher_lock).is_held()


def _as_event(row: EventRow) -> Event:
    return Event.model_validate(
        {
            "seq": row.seq,
            "at": row.at,
            "shot_id": row.shot_id,
            "stage": row.stage,
            "kind": row.kind,
            "data": dict(row.data),
        }
    )
