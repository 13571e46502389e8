"""``fleet push|pull|sync HOST [DIR]``: sets to a host, clips back."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output, complain, shown
from fleet.errors import Interrupted

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.sync.desk.folder import Synced, Wishes

PUSH_EXAMPLE: Final = "Example: fleet push colo stills/"
PULL_EXAMPLE: Final = "Example: fleet pull colo stills/"
SYNC_EXAMPLE: Final = "Example: fleet sync colo stills/"

HostArgument = Annotated[
    str, typer.Argument(metavar="HOST", help="A host of ~/.ssh/config or of settings.toml.")
]
FolderArgument = Annotated[
    Path,
    typer.Argument(metavar="[DIR]", help="Folder whose manifests are meant, with those below it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def push(host: HostArgument, folder: FolderArgument = Path(), *, json_: AsJson = False) -> None:
    """Send every manifest of DIR with its pictures to HOST: whole, or not at all.

    Only what is missing there travels. Interrupted, the same command goes on. Nothing is
    submitted there, and nothing is ever removed.
    """
    from fleet.sync.desk.folder import Wishes

    _run(host, [folder], Wishes(submit=False, pull=False), as_json=json_)


def pull(host: HostArgument, folder: FolderArgument = Path(), *, json_: AsJson = False) -> None:
    """Fetch from HOST the clips and metas of DIR's manifests.

    Each is checked before it appears. A file that sync did not write is never replaced.
    """
    from fleet.sync.desk.folder import Wishes

    _run(host, [folder], Wishes(push=False, submit=False), as_json=json_)


def sync(host: HostArgument, folder: FolderArgument = Path(), *, json_: AsJson = False) -> None:
    """Send DIR's manifests to HOST, submit the new ones there, and fetch what is finished."""
    from fleet.sync.desk.folder import Wishes

    _run(host, [folder], Wishes(), as_json=json_)


def _run(host: str, folders: Sequence[Path], wishes: Wishes, *, as_json: bool) -> None:
    from fleet.cli.transfer import Transfer
    from fleet.settings import find_home, load_settings
    from fleet.sync.desk.folder import sync as sync_folders
    from fleet.sync.desk.link import Link
    from fleet.sync.desk.record import open_record
    from fleet.sync.errors import SyncIncomplete

    output, home = Output(), find_home()
    settings = load_settings(home)
    signal.signal(signal.SIGTERM, _as_interrupt)
    begun = time.monotonic()
    try:
        with (
            open_record(home, host) as record,
            Link(host, settings=settings) as link,
            Transfer(output) as transfer,
        ):
            done = sync_folders(
                link, folders, home=home, record=record, wishes=wishes, tell=transfer.tell,
                complain=output.note,
            )  # fmt: skip
    except KeyboardInterrupt:
        raise Interrupted(again=shlex.join(["fleet", *sys.argv[1:]])) from None
    _show(done, output, as_json=as_json, elapsed_s=time.monotonic() - begun)
    if done.problems:
        raise SyncIncomplete(problems=len(done.problems), report="")


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show(done: Synced, output: Output, *, as_json: bool, elapsed_s: float) -> None:
    output.note(f"{done.host}: {done.said}")
    for note in done.notes:
        output.note(f"note: {note}")
    for problem in done.problems:
        complain(f"{shown(problem.about)}: {problem.error}")
    rows = [
        [shown(str(each.wanted.manifest)), each.state.value, str(each.files), str(each.size_bytes)]
        for each in done.pushed
    ]
    output.table(
        [Column("Manifest", fold=True), Column("Set"), Column("Files", right=True),
         Column("Bytes", right=True)],
        rows,
    )  # fmt: skip
    for pulled in done.pulled:
        output.say(f"{pulled.root}: {len(pulled.clips)} clips, {len(pulled.metas)} metas")
    output.note(f"{elapsed_s:.1f} s")
