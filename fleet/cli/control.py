"""``fleet cancel|retry|pause|resume|priority|quarantine``: what becomes of work that was submitted.

Each writes the ledger and ends; a dispatcher that is at work follows within a second.
"""

from __future__ import annotations

import contextlib
import getpass
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import typer

from fleet.cli.output import Output, complain

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.ledger.control import Acted, Advance, Paused
    from fleet.ledger.database import Database
    from fleet.ledger.selection import Selection
    from fleet.settings import Home

_ENDED: Final = "all that is named has ended already: see fleet status --shots"
_NAME_SOMETHING: Final = "name a shot, a manifest or a project, or say --all"
_NOT_FAILED: Final = "nothing that is named needs it: see fleet status --shots"

CANCEL_EXAMPLE: Final = "Example: fleet cancel img_001.jpg --manifest day1.video_manifest.json"
RETRY_EXAMPLE: Final = "Example: fleet retry --project alps --failed"
PAUSE_EXAMPLE: Final = "Example: fleet pause --all"
RESUME_EXAMPLE: Final = "Example: fleet resume --all"
PRIORITY_EXAMPLE: Final = "Example: fleet priority 50 rush.video_manifest.json"
QUARANTINE_EXAMPLE: Final = "Example: fleet quarantine img_001.jpg"

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="Shots (id, or picture's name or path), manifests (file, id or batch) or projects.",
        show_default=False,
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="Everything in the ledger.")]
Projects = Annotated[list[str] | None, typer.Option("--project", help="This project, as a whole.")]
Manifests = Annotated[
    list[str] | None, typer.Option("--manifest", help="This manifest, as a whole.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def cancel(
    names: Names = None,
    *,
    everything: Everything = False,
    project: Projects = None,
    manifest: Manifests = None,
    yes: Yes = False,
    host: Annotated[
        str | None, typer.Option(help="Of the fleet on that host.", show_default=False)
    ] = None,
    json_: AsJson = False,
) -> None:
    """Withdraw shots that have not ended: they are not made, until fleet retry asks for them.

    Clips that are published stay. Work under way is stopped.
    """
    from fleet.ledger import control

    if host is not None:
        from fleet.cli import remote
        from fleet.home import find_home

        if not (names or everything or project or manifest):
            raise typer.BadParameter(_NAME_SOMETHING)
        if everything and not yes:
            _ask(f"Withdraw every shot on {host} that has not ended?")
        remote.cancel(
            host, home=find_home(), output=Output(), names=names or (), everything=everything,
            projects=project or (), manifests=manifest or (), as_json=json_,
        )  # fmt: skip
        return
    with _desk(json_) as desk:
        chosen = desk.select(names, everything, project, manifest)
        if everything and not yes:
            _ask("Withdraw every shot that has not ended?")
        desk.end(chosen, control.cancel, verdict="cancelled", doing="withdrawing", done="withdrawn")


def quarantine(
    names: Names = None,
    *,
    everything: Everything = False,
    project: Projects = None,
    manifest: Manifests = None,
    yes: Yes = False,
    json_: AsJson = False,
) -> None:
    """Take shots that have not ended aside; fleet retry brings them back.

    What was made of them stays, and is not paid for again.
    """
    from fleet.ledger import control

    with _desk(json_) as desk:
        chosen = desk.select(names, everything, project, manifest)
        if everything and not yes:
            _ask("Take every shot aside that has not ended?")
        desk.end(
            chosen,
            control.quarantine,
            verdict="quarantined",
            doing="taking aside",
            done="taken aside",
        )


def retry(
    names: Names = None,
    *,
    everything: Everything = False,
    project: Projects = None,
    manifest: Manifests = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Not those that were cancelled.")
    ] = False,
    flagged: Annotated[
        bool, typer.Option("--flagged", help="Make flagged clips again too.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """Make shots again that ended without a clip: failed, quarantined or cancelled.

    What is in staging is only published; frames that were kept are only finished.
    """
    from companions.video_meta import Verdict
    from fleet.ledger import control

    verdicts = [each for each in control.UNSUCCESSFUL if not failed or each != Verdict.CANCELLED]
    if flagged:
        verdicts.append(Verdict.FLAGGED)
    with _desk(json_) as desk:
        chosen = desk.select(names, everything, project, manifest)
        with desk.output.measured("opening again") as tell:
            done = control.retry(
                desk.database, chosen, verdicts=verdicts, who=desk.who, now=time.time(),
                advance=_count(tell),
            )  # fmt: skip
        desk.tell("to be made again", done, otherwise=_NOT_FAILED)


def pause(
    names: Names = None,
    *,
    everything: Everything = False,
    project: Projects = None,
    manifest: Manifests = None,
    json_: AsJson = False,
) -> None:
    """Start nothing more of what is named, now and when more of it is submitted.

    What runs goes on to its end, and what is finished is published.
    """
    from fleet.ledger import control

    with _desk(json_) as desk:
        chosen = desk.select(names, everything, project, manifest)
        done = control.pause(desk.database, chosen, who=desk.who, now=time.time())
        desk.tell_pauses("paused", done)


def resume(
    names: Names = None,
    *,
    everything: Everything = False,
    project: Projects = None,
    manifest: Manifests = None,
    json_: AsJson = False,
) -> None:
    """End the pause of what is named, and of all that belongs to it."""
    from fleet.ledger import control

    with _desk(json_) as desk:
        chosen = desk.select(names, everything, project, manifest)
        done = control.resume(desk.database, chosen, who=desk.who, now=time.time())
        desk.tell_pauses("resumed", done)


def priority(
    level: Annotated[
        int, typer.Argument(metavar="N", min=-100, max=100, help="Higher goes first; 0 is usual.")
    ],
    names: Names = None,
    *,
    everything: Everything = False,
    project: Projects = None,
    manifest: Manifests = None,
    json_: AsJson = False,
) -> None:
    """Give shots that have not ended priority N. What is urgent waits for nothing less so."""
    from fleet.ledger import control

    with _desk(json_) as desk:
        chosen = desk.select(names, everything, project, manifest)
        done = control.set_priority(
            desk.database, chosen, priority=level, who=desk.who, now=time.time()
        )
        desk.tell(f"of priority {level} now", done, otherwise=_ENDED)


class _Ending(Protocol):
    """An act by which shots end without a clip."""

    def __call__(
        self,
        database: Database,
        selection: Selection,
        *,
        who: str,
        spare_publishing: bool,
        now: float,
        advance: Advance | None = None,
    ) -> Acted: ...


@dataclass
class Desk:
    """What every act needs: the ledger, who asks, and where to tell it."""

    home: Home
    database: Database
    output: Output
    as_json: bool

    @property
    def who(self) -> str:
        """The person, as the operating system knows them."""
        return getpass.getuser()

    @cached_property
    def at_work(self) -> bool:
        """Whether a dispatcher worked on this ledger when this was first asked.

        Not asked again after acting: one whose last work was withdrawn is gone at once.
        """
        from fleet.ledger.lock import ProcessLock

        return ProcessLock(self.home.dispatcher_lock).is_held()

    def select(
        self,
        names: Sequence[str] | None,
        everything: bool,  # noqa: FBT001  (the commands' options, in their order)
        projects: Sequence[str] | None,
        manifests: Sequence[str] | None,
    ) -> Selection:
        """What is meant.

        Raises:
            typer.BadParameter: nothing is named.
            NothingMatches: a name fits nothing, or more than one thing.
        """
        from fleet.ledger.selection import select

        if not (names or everything or projects or manifests):
            raise typer.BadParameter(_NAME_SOMETHING)
        return select(
            self.database,
            names or (),
            everything=everything,
            projects=projects or (),
            manifests=manifests or (),
        )

    def end(self, chosen: Selection, act: _Ending, *, verdict: str, doing: str, done: str) -> None:
        """Have shots end as ``verdict`` by ``act``, write their metas, and say so."""
        at_work = self.at_work
        with self.output.measured(doing) as tell:
            acted = act(
                self.database, chosen, who=self.who, spare_publishing=at_work, now=time.time(),
                advance=_count(tell),
            )  # fmt: skip
        self.write_metas(chosen, verdict)
        self.tell(done, acted, otherwise=_ENDED)

    def write_metas(self, selection: Selection, verdict: str) -> None:
        """Write the metas of shots that ended so, those of an act that was cut short included."""
        from fleet.ledger.selection import shot_ids
        from fleet.settings import load_settings
        from fleet.stages.withdrawn import write_metas

        settings = load_settings(self.home)
        ids = list(shot_ids(self.database, selection, verdicts=(verdict,)))
        with self.output.counted("writing metas", total=len(ids)) as advance:
            problems = write_metas(
                self.database, ids, settings=settings, now=time.time(), advance=advance
            )
        for problem in problems:
            complain(problem)

    def tell(self, what: str, done: Acted, *, otherwise: str) -> None:
        """Say what was done to shots; ``otherwise`` is why, if it was done to none."""
        if self.as_json:
            self.output.json(
                {
                    "done": what,
                    "shots": list(done.changed),
                    "publishing": list(done.publishing),
                    "superseded": list(done.superseded),
                    "at_work": self.at_work,
                }
            )
            return
        self.output.say(f"{_shots(len(done.changed))} {what}")
        if done.publishing:
            self.output.note(f"{_shots(len(done.publishing))} took their place just now and stay")
        if done.superseded:
            self.output.note(
                f"{_shots(len(done.superseded))} left as they are: a newer one makes the same clip"
            )
        if done.changed:
            self._say_when()
        elif not (done.publishing or done.superseded):
            self.output.note(otherwise)

    def tell_pauses(self, what: str, done: Paused) -> None:
        """Say what was paused or resumed."""
        if self.as_json:
            self.output.json(
                {
                    "done": what,
                    "scopes": [{"scope": scope, "name": name} for scope, name in done.scopes],
                    "shots": list(done.shots),
                    "still_paused": [{"scope": scope, "name": name} for scope, name in done.still],
                    "at_work": self.at_work,
                }
            )
            return
        for scope, name in done.scopes:
            self.output.say(f"{what}: {_scope(scope, name)}")
        if done.shots or not done.scopes:
            self.output.say(f"{_shots(len(done.shots))} {what}")
        for scope, name in done.still:
            again = "--all" if scope == "all" else f"--{scope} {name}"
            self.output.note(f"{_scope(scope, name)} is still paused: fleet resume {again}")
        self._say_when()

    def _say_when(self) -> None:
        if not self.at_work:
            self.output.note("nothing is at work now: it counts for the next fleet submit or up")


@contextlib.contextmanager
def _desk(as_json: bool) -> Iterator[Desk]:  # noqa: FBT001  (the command's own option)
    from fleet.ledger.database import Database
    from fleet.settings import find_home

    home = find_home()
    database = Database(home.ledger)
    try:
        yield Desk(home, database, Output(), as_json)
    finally:
        database.close()


def _ask(question: str) -> None:
    """Let a person confirm; a script is taken at its word.

    Raises:
        typer.Abort: the answer is no.
    """
    if sys.stdin.isatty() and sys.stderr.isatty():
        typer.confirm(question, abort=True, err=True)


def _count(tell: Callable[[int, int], None]) -> Advance:
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        tell(done, 0)

    return advance


def _shots(count: int) -> str:
    return f"{count:,} shot{'' if count == 1 else 's'}"


def _scope(scope: str, name: str) -> str:
    return "everything" if scope == "all" else f"{scope} {name}"
