"""``fleet watch``: what happens to shots until they have ended, here or on a host."""

from __future__ import annotations

import shlex
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Final, Self

import typer

from fleet.cli.output import Output, counted, moment
from fleet.cli.shots import event_as_json
from fleet.errors import ClusterDown, Interrupted, ShotsFailed

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.home import Home
    from fleet.ledger.doing import Doing
    from fleet.ledger.rows import EventRow
    from fleet.ledger.summary import ShotLine

EXAMPLE: Final = "Example: fleet watch stills/day1.video_manifest.json --host colo --json"

LOOK_S: Final = 0.25
"""How often the ledger is looked at."""
IDLE_S: Final = 60.0
"""How long shots are watched that nothing works on: a cluster takes half a minute to start."""
MOST: Final = 100_000
"""Shots that are watched at once."""
GOOD: Final = ("pass", "flagged")


def watch(
    manifests: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MANIFEST]...",
            help="Only shots of these (file, id or batch); else all that have not ended.",
            show_default=False,
        ),
    ] = None,
    *,
    host: Annotated[
        str | None, typer.Option(help="Of the fleet on that host.", show_default=False)
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print each event as JSON, in a line of its own.")
    ] = False,
) -> None:
    """Show what happens to shots that have not ended, until they have.

    A bar on a terminal; where piped, a line for each event. Ends with 60 if any has no clip.
    """
    from fleet.home import find_home

    output, home = Output(), find_home()
    look = watch_here if host is None else partial(_there, host)
    try:
        look(manifests or (), home=home, output=output, as_json=json_)
    except KeyboardInterrupt:
        raise Interrupted(again=shlex.join(["fleet", *sys.argv[1:]])) from None


def watch_here(
    manifests: Sequence[str],
    *,
    home: Home,
    output: Output,
    as_json: bool,
    idle_s: float = IDLE_S,
) -> None:
    """Tell what happens to unfinished shots of this ledger, of ``manifests`` or all.

    Raises:
        ClusterDown: nothing has worked on them for ``idle_s``.
        NothingMatches: a manifest is not known.
        ShotsFailed: some ended without a clip.
    """
    from fleet.ledger import reading, summary
    from fleet.ledger.database import Database
    from fleet.ledger.doing import read_doing
    from fleet.ledger.following import Following
    from fleet.ledger.lanes import pauses
    from fleet.ledger.lock import ProcessLock
    from fleet.ledger.selection import select

    database = Database(home.ledger)
    try:
        # The number first: what happens while the shots are looked up comes after it.
        seen = reading.last_event(database)
        wanted = select(database, manifests=manifests).manifests if manifests else None
        lines = summary.shot_lines(database, limit=MOST, unfinished=True, manifests=wanted)
        lock = ProcessLock(home.dispatcher_lock)
        with Watched(lines, output=output, as_json=as_json) as watched:
            if lines and not lock.is_held():
                output.note("nothing is at work; go on with: fleet submit FILE, or fleet up")
            if lines and pauses(database):
                output.note("something is paused: fleet status says what")
            following = Following(database, watched.shots, after=seen)
            idle_since = time.monotonic()
            while watched.shots and not following.over:
                for batch in following.batches():
                    for event in batch:
                        watched.take(event)
                if lock.is_held():
                    idle_since = time.monotonic()
                elif not following.over and time.monotonic() - idle_since > idle_s:
                    raise ClusterDown(home=home.root, what="no dispatcher is at work")
                watched.show(read_doing(home.doing, now=time.time()))
                time.sleep(LOOK_S)
    finally:
        database.close()
    watched.close()


def _there(
    host: str, manifests: Sequence[str], *, home: Home, output: Output, as_json: bool
) -> None:
    from fleet.cli.remote import linked
    from fleet.sync.desk import remote

    with linked(host, home=home) as link:
        of = remote.named(manifests, home=home)
        found = remote.listing(
            link, unfinished=True, of=of, limit=remote.MOST_SHOTS, tell=output.note
        )
        with Watched(found.lines, output=output, as_json=as_json) as watched:
            if watched.shots and not found.at_work:
                output.note(f"nothing is at work on {host}; go on with: {remote.bring_up(link)}")
            if watched.shots and found.paused:
                output.note(f"something is paused there: fleet status --host {host} says what")
            if found.more:
                output.note(f"only the newest {len(watched.shots):,} are watched")
            if watched.shots:
                remote.follow(
                    link, watched.shots, after=found.seen, take=watched.take, tell=output.note
                )
    watched.close()


class Watched:
    """Shots that are watched: told event by event, counted when they end; a context manager."""

    def __init__(self, lines: Sequence[ShotLine], *, output: Output, as_json: bool) -> None:
        from fleet.cli.progress import Bar, Followed

        self.shots = tuple(line.id for line in lines)
        self._output, self._as_json = output, as_json
        self._in_lines = as_json or not output.is_terminal
        self._verdicts: dict[str, str] = {}
        self._bar = Bar({line.id: Followed(line.image_path) for line in lines}, output=output)

    def __enter__(self) -> Self:
        if self.shots:
            self._output.note(f"watching {counted(len(self.shots), 'shot')}")
        self._bar.__enter__()
        self._bar.show("", {})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.__exit__(kind, error, trace)

    def show(self, steps: Mapping[str, Doing]) -> None:
        """Draw how far shots are, by id; on a terminal only."""
        if not self._in_lines or self._output.notes.is_terminal:
            self._bar.show("", {}, steps)

    def take(self, event: EventRow) -> None:
        """Tell one event."""
        if event.kind == "ended":
            self._verdicts[event.shot_id] = str(event.data.get("verdict", ""))
        if not self._in_lines or self._output.notes.is_terminal:
            self._bar.take(event)
            self._bar.show("", {})
        if self._as_json:
            self._output.json_line(event_as_json(event))
        elif self._in_lines:
            data = " ".join(f"{key}={value}" for key, value in event.data.items())
            self._output.row(
                [str(event.seq), moment(event.at), event.shot_id, event.stage, event.kind, data]
            )

    def close(self) -> None:
        """Say how it ended.

        Raises:
            ShotsFailed: some shots have no clip.
        """
        if not self.shots:
            self._output.note("all has ended; there is nothing to watch")
            return
        counts = Counter(self._verdicts.values())
        told = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(counts.items()))
        have = "has" if len(self.shots) == 1 else "have"
        self._output.note(f"{counted(len(self.shots), 'shot')} {have} ended: {told}")
        failed = sum(count for verdict, count in counts.items() if verdict not in GOOD)
        if failed:
            raise ShotsFailed(failed=failed, total=len(self.shots))
