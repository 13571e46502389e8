"""``fleet push|pull|sync HOST [DIR]``: sets to a host, clips back."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output, complain, counted, shown
from fleet.errors import Interrupted

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.home import Home
    from fleet.settings import Settings
    from fleet.sync.desk.folder import Problem, Synced, Wishes
    from fleet.sync.desk.link import Link
    from fleet.sync.desk.outcome import Outcome
    from fleet.sync.desk.record import Record

PUSH_EXAMPLE: Final = "Example: fleet push colo stills/"
PULL_EXAMPLE: Final = "Example: fleet pull colo stills/ --dry-run"
SYNC_EXAMPLE: Final = "Example: fleet sync colo stills/, or every night: fleet sync colo --all"
PATIENCE_S: Final = 180.0
_MOST_PROBLEMS: Final = 20
_MOST_PATHS: Final = 40
MEGA: Final = 1_000_000

HostArgument = Annotated[str, typer.Argument(help="A host of ~/.ssh/config or of settings.toml.")]
FolderArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DIR",
        help="Folder whose manifests are meant, and those below it. Default: this one.",
        show_default=False,
        exists=True,
        file_okay=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would travel; change nothing.")]


def push(
    host: HostArgument,
    folder: FolderArgument = Path(),
    *,
    dry_run: DryRun = False,
    json_: AsJson = False,
) -> None:
    """Send every manifest of DIR with its pictures to HOST: whole, or not at all.

    Only what is missing there travels. Interrupted, the same command goes on.
    Nothing is submitted there, and nothing is ever removed.
    """
    from fleet.sync.desk.folder import Wishes

    if dry_run:
        _show_push(host, folder, as_json=json_)
    else:
        _run(host, folder, Wishes(submit=False, pull=False), as_json=json_)


def pull(
    host: HostArgument,
    folder: FolderArgument = Path(),
    *,
    dry_run: DryRun = False,
    json_: AsJson = False,
) -> None:
    """Fetch from HOST the clips and metas of DIR's manifests.

    Each is checked before it appears. A file that sync did not write is never replaced.
    """
    from fleet.sync.desk.folder import Wishes

    if dry_run:
        _show_pull(host, folder, as_json=json_)
    else:
        _run(host, folder, Wishes(push=False, submit=False), as_json=json_)


def sync(
    host: HostArgument,
    folder: FolderArgument = Path(),
    *,
    every: Annotated[
        bool,
        typer.Option("--all", help="All folders that the settings name for HOST, with a report."),
    ] = False,
    patience_s: Annotated[
        float,
        typer.Option(
            "--patience", metavar="SECONDS", min=0.0,
            help="With --all: how long to wait for a host that is not there yet.",
        ),
    ] = PATIENCE_S,
    json_: AsJson = False,
) -> None:  # fmt: skip
    """Send DIR's manifests to HOST, submit the new ones there, and fetch what is finished.

    Submissions that wait for HOST are delivered first.
    What was ever submitted there is not submitted again: for that, fleet submit --host.
    """
    from fleet.sync.desk.folder import Wishes

    if every:
        if folder != Path():
            raise typer.BadParameter("--all takes the folders of the settings: leave DIR out")
        _run_all(host, patience_s=patience_s, as_json=json_)
    else:
        _run(host, folder, Wishes(), as_json=json_)


def _run(host: str, folder: Path, wishes: Wishes, *, as_json: bool) -> None:
    from fleet.cli.transfer import Transfer
    from fleet.settings import find_home, load_settings
    from fleet.sync.desk.folder import sync as sync_folders
    from fleet.sync.desk.outcome import conflicts_of
    from fleet.sync.errors import SyncIncomplete

    output, home = Output(), find_home()
    settings = load_settings(home)
    with (
        _interruptible(),
        Transfer(output) as transfer,
        _worked(host, home=home, settings=settings) as (link, record),
    ):
        done = sync_folders(
            link, [folder], home=home, record=record, wishes=wishes, tell=transfer.tell,
            complain=output.note,
        )  # fmt: skip
    _show(done, output, as_json=as_json)
    open_ends = len(done.problems) + len(conflicts_of(done))
    if open_ends:
        raise SyncIncomplete(problems=open_ends, report="")


def _run_all(host: str, *, patience_s: float, as_json: bool) -> None:
    from fleet.cli.transfer import Transfer
    from fleet.settings import find_home, load_settings
    from fleet.sync import nightly

    output, home = Output(), find_home()
    settings = load_settings(home)
    signal.signal(signal.SIGTERM, _as_interrupt)
    with Transfer(output) as transfer:
        night = nightly.run(
            host, settings=settings, home=home, patience_s=patience_s, tell=transfer.tell,
            complain=output.note,
        )  # fmt: skip
    if night.done is not None:
        _show(replace(night.done, problems=night.problems), output, as_json=as_json)
    else:
        _complain_of(night.problems)
    output.note(f"report: {night.path}")
    if night.error is not None:
        raise night.error


def _show_push(host: str, folder: Path, *, as_json: bool) -> None:
    from fleet.settings import find_home, load_settings
    from fleet.sync.desk.folder import gathered
    from fleet.sync.desk.preview import would_push

    output, home = Output(), find_home()
    with _worked(host, home=home, settings=load_settings(home)) as (link, record):
        folders, problems = gathered([folder], home=home, record=record, looking=True)
        found = would_push(link, folders)
    _complain_of(problems)
    if as_json:
        output.json(
            [{"manifest": str(each.manifest), "there": each.there, "files": each.files,
              "size_bytes": each.size_bytes, "error": each.error.reason if each.error else None}
             for each in found]
        )  # fmt: skip
        return
    output.table(
        [Column("Manifest", fold=True), Column("Files", right=True), Column("MB", right=True),
         Column("Plan", fold=True)],
        [[shown(each.manifest), str(each.files), _mega(each.size_bytes),
          "is there" if each.there else str(each.error or "would be sent")] for each in found],
        title="Nothing was sent; at most this would travel",
    )  # fmt: skip


def _show_pull(host: str, folder: Path, *, as_json: bool) -> None:
    from fleet.settings import find_home, load_settings
    from fleet.sync.desk.folder import gathered
    from fleet.sync.desk.preview import would_pull

    output, home = Output(), find_home()
    with _worked(host, home=home, settings=load_settings(home)) as (link, record):
        folders, problems = gathered([folder], home=home, record=record, looking=True)
        found = would_pull(link, folders, record=record)
    _complain_of(problems)
    if as_json:
        output.json(
            [{"folder": str(each.root), "files": list(each.paths), "size_bytes": each.size_bytes,
              "conflicts": list(each.conflicts)} for each in found]
        )  # fmt: skip
        return
    output.table(
        [Column("File", fold=True), Column("Plan")],
        [[shown(each.root / path), plan]
         for each in found
         for paths, plan in ((each.paths, "would be fetched"), (each.conflicts, "conflict: kept"))
         for path in paths],
        title="Nothing was fetched",
    )  # fmt: skip
    output.note(f"{_mega(sum(each.size_bytes for each in found))} MB would be fetched")


def _show(done: Synced, output: Output, *, as_json: bool) -> None:
    from fleet.sync.desk.outcome import as_json as for_machines
    from fleet.sync.desk.outcome import conflicts_of, outcome_of
    from fleet.sync.desk.push import Delivery

    for note in done.notes:
        output.note(f"note: {note}")
    _complain_of(done.problems)
    if as_json:
        output.json(for_machines(done))
        return
    sent = [each for each in done.pushed if each.state is not Delivery.THERE]
    if sent:
        output.table(
            [Column("Manifest", fold=True), Column("Set"), Column("Files", right=True),
             Column("MB", right=True)],
            [[shown(each.wanted.manifest), each.state.value, str(each.files),
              _mega(each.size_bytes)] for each in sent],
            title=f"Sets for {done.host}",
        )  # fmt: skip
    placed = sorted(each.root / path for each in done.pulled for path in (*each.clips, *each.metas))
    if placed:
        # A pipe gets every path; a person would not read ten thousand.
        most = _MOST_PATHS if output.is_terminal else len(placed)
        title = f"From {done.host}"
        if len(placed) > most:
            title += f" ({most} of {len(placed)})"
        output.table(
            [Column("Fetched", fold=True)], [[shown(path)] for path in placed[:most]], title=title
        )
    kept = conflicts_of(done)
    if kept:
        output.table(
            [Column("Kept as it is", fold=True), Column("On"), Column("Why", fold=True)],
            [[shown(each.path), each.where, each.why] for each in kept],
            title="Conflicts: both are kept",
        )
    output.note(_summed(outcome_of(done), done))


def _summed(outcome: Outcome, done: Synced) -> str:
    """All of it in one line."""
    if not (done.pushed or done.queued or done.pulled):
        return f"{done.host}: no manifests here, nothing to do"
    parts = []
    if outcome.sets_sent:
        what = f"{counted(outcome.files_sent, 'file')}, {_mega(outcome.bytes_sent)} MB"
        if not outcome.files_sent:
            what = "all its files were there" if outcome.sets_sent == 1 else "all files were there"
        parts.append(f"{counted(outcome.sets_sent, 'set')} sent ({what})")
    if outcome.sets_refused:
        parts.append(f"{outcome.sets_refused} could not go")
    if outcome.sets_submitted:
        parts.append(
            f"{outcome.sets_submitted} submitted ({counted(outcome.shots_new, 'new shot')}, "
            f"{outcome.shots_known} known)"
        )
    if outcome.clips_placed or outcome.metas_placed:
        parts.append(
            f"{counted(outcome.clips_placed, 'clip')} and "
            f"{counted(outcome.metas_placed, 'meta')} fetched "
            f"({_mega(outcome.bytes_fetched)} MB)"
        )
    if outcome.results_outdated:
        outdated = counted(outcome.results_outdated, "result")
        parts.append(f"{outdated} of earlier manifests left there")
    there = f"; {counted(outcome.sets_there, 'set')} there already" if outcome.sets_there else ""
    return f"{done.host}: {'; '.join(parts) or 'nothing new'}{there}"


def _complain_of(problems: tuple[Problem, ...] | list[Problem]) -> None:
    for problem in problems[:_MOST_PROBLEMS]:
        complain(str(problem.error))
    if len(problems) > _MOST_PROBLEMS:
        complain(f"and {len(problems) - _MOST_PROBLEMS} more like these; see --json")


def _mega(size_bytes: int) -> str:
    return f"{size_bytes / MEGA:.1f}"


@contextlib.contextmanager
def _worked(host: str, *, home: Home, settings: Settings) -> Iterator[tuple[Link, Record]]:
    """The host and its record; a name that means nothing to anybody leaves no record behind."""
    from fleet.sync.desk.link import Link
    from fleet.sync.desk.record import has_record, open_record

    with Link(host, settings=settings) as link:
        if host not in settings.hosts and not has_record(home, host):
            link.connect()
        with open_record(home, host) as record:
            yield link, record


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block in order, and say how to go on."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(again=shlex.join(["fleet", *sys.argv[1:]])) from None


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
