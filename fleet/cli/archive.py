"""``fleet archive``: manifests that are over leave the ledger, which stays small and quick."""

from __future__ import annotations

import re
import time
from typing import Annotated, Final

import typer

from fleet.cli.output import Column, Output, moment

EXAMPLE: Final = "Example: fleet archive --older-than 30d --dry-run"

_UNITS_S: Final = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


def archive(
    *,
    older_than: Annotated[
        str, typer.Option("--older-than", help="Ended so long ago: 12h, 30d or 8w.")
    ] = "30d",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go; change nothing.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Move manifests that are over out of the ledger, into a file for each month.

    Clips and metas stay where they are, fleet show still finds the shots, and submitting such a
    manifest again makes nothing whose clip is in place.
    """
    from fleet.home import find_home
    from fleet.ledger import archive as boxes
    from fleet.ledger.database import Database
    from fleet.ledger.lock import ProcessLock

    output, home = Output(), find_home()
    before = time.time() - _seconds(older_than)
    database = Database(home.ledger)
    freed = 0
    try:
        found = boxes.over(database, before=before)
        if not dry_run:
            folder = home.archive
            total = sum(manifest.shots for manifest in found)
            with output.counted("archiving", total=total) as advance:
                for manifest in found:
                    boxes.move(database, manifest, folder=folder, advance=advance)
            worthwhile = boxes.emptiness(database) > boxes.WORTH_IT
            if worthwhile and not ProcessLock(home.dispatcher_lock).is_held():
                with output.measured("writing the ledger anew"):
                    freed = boxes.shrink(database)
    finally:
        database.close()
    if json_:
        output.json(
            {
                "done": not dry_run,
                "freed_bytes": freed,
                "manifests": [
                    {"id": each.id, "path": each.path, "shots": each.shots,
                     "ended_at": moment(each.ended), "archive": each.month}
                    for each in found
                ],
            }
        )  # fmt: skip
        return
    output.table(
        [Column("Archive"), Column("Ended"), Column("Shots", right=True),
         Column("Manifest", fold=True)],
        [[each.month, moment(each.ended), str(each.shots), each.path] for each in found],
        title="Nothing was changed" if dry_run else "",
    )  # fmt: skip
    if not found:
        output.note(f"no manifest ended more than {older_than} ago with nothing left of it")
    elif freed:
        output.note(f"the ledger is {freed / 1e6:,.0f} MB smaller")


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d{1,5})([hdw])", text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no such time; say 12h, 30d or 8w")
    return int(match[1]) * _UNITS_S[match[2]]
