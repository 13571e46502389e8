"""``fleet companions trash|restore``: sets into the person's trash, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from companions.errors import MotionfleetError
from fleet.cli.outcomes import Outcomes, pictures_in
from fleet.cli.output import Column, Output, moment, shown
from fleet.cli.sets import AsJson, DryRun, Nested, Pictures

if TYPE_CHECKING:
    from companions.sets.restore import Trashed

TRASH_EXAMPLE = "Example: fleet companions trash stills/img_001.jpg"
RESTORE_EXAMPLE = "Example: fleet companions restore stills/img_001.jpg"


def trash(
    pictures: Pictures,
    *,
    nested: Nested = False,
    dry_run: DryRun = False,
    json_: AsJson = False,
) -> None:
    """Put pictures with all their companions into your trash, each as one thing there.

    restore gives them back, as long as the trash is not emptied.
    """
    from companions.sets import trash as bin_
    from fleet.cli.operations import operation_log

    output, log = Output(), operation_log("fleet companions trash")
    outcomes = Outcomes("trash", dry_run=dry_run, as_json=json_)
    chosen = pictures_in(pictures)
    with output.counted("trashing", total=len(chosen)) as advance:
        for picture in chosen:
            try:
                if dry_run:
                    plan, operation_id = bin_.draft(picture, nested=nested), None
                else:
                    done = bin_.trash(picture, log=log, nested=nested)
                    plan, operation_id = done.plan, done.operation_id
            except MotionfleetError as error:
                outcomes.refused(picture, error)
            else:
                what = f"is in the trash as {operation_id}"
                outcomes.done(picture, plan, operation_id=operation_id, to=plan.target, what=what)
            advance(1)
    outcomes.close(output, empty="there are no pictures here")


def restore(
    wanted: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID|PICTURE",
            help="What to give back: ids, or paths of pictures as they were. None: list them.",
        ),
    ] = None,
    *,
    nested: Nested = False,
    dry_run: DryRun = False,
    json_: AsJson = False,
) -> None:
    """Give back pictures and companions from your trash, to the folder they were in.

    Every file's hash is checked, and nothing is written over. Without arguments, list what can be
    given back; folders that someone put back beside the pictures by hand are found there too.
    """
    from companions.sets import restore as back
    from fleet.cli.operations import operation_log

    output, log = Output(), operation_log("fleet companions restore")
    if not wanted:
        _list(output, back.trashed(beside=Path()), as_json=json_)
        return
    outcomes = Outcomes("restore", dry_run=dry_run, as_json=json_)
    with output.counted("restoring", total=len(wanted)) as advance:
        for each in wanted:
            try:
                chosen = back.choose(each)
                if dry_run:
                    plan, operation_id = back.draft(chosen, nested=nested), None
                else:
                    done = back.restore(chosen, log=log, nested=nested)
                    plan, operation_id = done.plan, done.operation_id
            except MotionfleetError as error:
                outcomes.refused(each, error)
            else:
                back_at = chosen.picture
                outcomes.done(back_at, plan, operation_id=operation_id, to=back_at, what="is back")
            advance(1)
    outcomes.close(output, empty="")


def _list(output: Output, found: tuple[Trashed, ...], *, as_json: bool) -> None:
    if as_json:
        output.json([_row(each) for each in found])
    elif not found:
        output.note("nothing of ours is in the trash, nor put back from it here")
    else:
        output.table(
            [Column("Id"), Column("Picture", fold=True), Column("Trashed"), Column("By"),
             Column("Files", right=True), Column("Bytes", right=True)],
            [[each.record.operation_id, shown(each.picture), moment(each.record.at.timestamp()),
              shown(each.record.who), str(len(each.record.files)), str(each.size_bytes)]
             for each in found],
        )  # fmt: skip


def _row(each: Trashed) -> dict[str, object]:
    return {
        "id": each.record.operation_id,
        "picture": str(each.picture),
        "trashed_at": moment(each.record.at.timestamp()),
        "who": each.record.who,
        "files": [file.name for file in each.record.files],
        "size_bytes": each.size_bytes,
        "lies_in": str(each.place),
        "put_back": each.put_back,
    }
