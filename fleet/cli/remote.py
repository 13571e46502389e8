"""Commands with ``--host``: the fleet of another machine, shown and worked as the one here is."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from companions.names import MANIFEST_SUFFIX
from fleet.cli.output import Output, complain, counted, moment
from fleet.home import Home
from fleet.settings import load_settings
from fleet.sync.desk import remote
from fleet.sync.desk.link import Link
from fleet.sync.desk.waiting import Waiting, drop, waiting
from fleet.sync.errors import RequestRefused

if TYPE_CHECKING:
    from fleet.sync.wire.work import Cancelled

_UNKNOWN_THERE: Final = "nothing_matches"


@contextmanager
def linked(host: str, *, home: Home) -> Iterator[Link]:
    """The host, for the length of a command.

    Raises:
        SettingsInvalid: the settings cannot be meant.
    """
    with Link(host, settings=load_settings(home)) as link:
        yield link


def status(
    host: str,
    *,
    home: Home,
    output: Output,
    listed: bool,
    unfinished: bool,
    manifests: Sequence[str],
    limit: int | None,
    as_json: bool,
) -> None:
    """``fleet status --host``: also says what waits here for that host.

    Raises:
        HostUnreachable and its like: the host; what waits here is told before.
        RequestRefused: a manifest is not known there.
    """
    from fleet.cli import status as shown

    waits = _told_waiting(host, home=home)
    with linked(host, home=home) as link:
        if not as_json:
            _note_waiting(waits, host, output)
        if listed or unfinished or manifests:
            most = limit or shown.SHOTS
            of = remote.named(manifests, home=home)
            found = remote.listing(link, unfinished=unfinished, of=of, limit=most, tell=output.note)
            shown.show_shots(found.lines, output, as_json=as_json, limit=most)
            return
        ledger = remote.overview(link, limit=limit or shown.MANIFESTS, tell=output.note)
        if as_json:
            told = shown.overview_as_json(
                ledger.summary, ledger.doing, ledger.ended, working=ledger.at_work
            )
            output.json(told | {"waiting_here": [_as_json(each) for each in waits]})
            return
        shown.show_overview(
            ledger.summary,
            ledger.doing,
            ledger.ended,
            output,
            working=ledger.at_work,
            empty=f"the ledger there is empty; submit a manifest: fleet submit --host {host} FILE",
            go_on=remote.bring_up(link),
        )


def cancel(
    host: str,
    *,
    home: Home,
    output: Output,
    names: Sequence[str],
    everything: bool,
    projects: Sequence[str],
    manifests: Sequence[str],
    as_json: bool,
) -> None:
    """``fleet cancel --host``: also drops submissions that wait here for that host.

    Raises:
        HostUnreachable and its like: the host; what waited here is dropped all the same.
        RequestRefused: a name fits nothing there, or more than one thing.
    """
    files = [each for each in (*names, *manifests) if each.endswith(MANIFEST_SUFFIX)]
    dropped = drop(home, host, None if everything else [Path(each) for each in files])
    if dropped and not as_json:
        output.say(f"{counted(len(dropped), 'submission')} dropped that waited here")
    gone = {each.manifest for each in dropped}
    of_names = remote.named(names, home=home)
    of_manifests = remote.named(manifests, home=home)
    sent = (*of_names.sent, *of_manifests.sent)
    unsent = [name for name in of_names.manifests if str(Path(name).resolve()) not in gone]
    others = [name for name in of_manifests.manifests if str(Path(name).resolve()) not in gone]
    done: Cancelled | None = None
    if sent or unsent or others or projects or everything:
        with linked(host, home=home) as link:
            try:
                done = remote.cancel(
                    link,
                    unsent,
                    of=remote.Named(tuple(others), sent),
                    projects=projects,
                    everything=everything,
                    who=getpass.getuser(),
                    tell=output.note,
                )
            except RequestRefused as error:
                # A manifest that only waited here is not known there: it is withdrawn all the same.
                if not (dropped and error.their_code == _UNKNOWN_THERE):
                    raise
    _tell_cancelled(done, dropped, host, output, as_json=as_json)


def _tell_cancelled(
    done: Cancelled | None, dropped: Sequence[Waiting], host: str, output: Output, *, as_json: bool
) -> None:
    shots = done.shots if done is not None else ()
    publishing = done.publishing if done is not None else ()
    if as_json:
        output.json(
            {
                "done": "withdrawn",
                "shots": list(shots),
                "publishing": list(publishing),
                "superseded": [],
                "at_work": done.at_work if done is not None else None,
                "dropped_here": [_as_json(each) for each in dropped],
            }
        )
        return
    if done is None:
        return
    output.say(f"{counted(len(shots), 'shot')} withdrawn on {host}")
    if publishing:
        output.note(f"{counted(len(publishing), 'shot')} took their place just now and stay")
    for problem in done.unwritten:
        complain(problem)
    if not (shots or publishing):
        output.note(f"all that is named has ended already: see fleet status --host {host} --shots")


def _told_waiting(host: str, *, home: Home) -> Sequence[Waiting]:
    queue = waiting(home, host)
    for problem in queue.problems:
        complain(problem)
    return queue.entries


def _note_waiting(waits: Sequence[Waiting], host: str, output: Output) -> None:
    for each in waits:
        output.note(
            f"waits here since {moment(each.at.timestamp())} to be submitted: {each.manifest}"
        )
    if waits:
        output.note(f"what waits here is delivered by: fleet sync {host}")


def _as_json(entry: Waiting) -> dict[str, object]:
    return {
        "manifest": entry.manifest,
        "sha256": entry.sha256,
        "submitted_at": moment(entry.at.timestamp()),
        "by": entry.by,
    }
