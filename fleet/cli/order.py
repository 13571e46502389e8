"""``fleet companions check|rejoin``: what is not in order in a folder, and orphans to their
pictures."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from companions.errors import MotionfleetError, SetsNotInOrder
from fleet.cli.outcomes import Outcomes
from fleet.cli.output import Column, Output, shown
from fleet.cli.sets import AsJson, DryRun

CHECK_EXAMPLE = "Example: fleet companions check stills/ --recursive --hashes"
REJOIN_EXAMPLE = "Example: fleet companions rejoin stills/ archive/ --dry-run"

Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Look into its folders too.")]


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of pictures.")],
    *,
    recursive: Recursive = False,
    hashes: Annotated[
        bool,
        typer.Option("--hashes", help="Read every picture: is it still the one they are for?"),
    ] = False,
    json_: AsJson = False,
) -> None:
    """Find what is not in order in DIR: orphans, collisions, broken or unfinished things.

    Changes nothing. Each finding says what mends it. Ends with 18 if there is any.
    """
    from companions.sets.check import check as checked

    output = Output()
    with output.measured("checking") as progress:
        findings = list(checked(folder, recursive=recursive, hashes=hashes, progress=progress))
    if json_:
        output.json(
            [{"kind": each.kind.value, "files": [str(path) for path in each.files],
              "what": each.what, "remedy": each.remedy} for each in findings]
        )  # fmt: skip
    elif findings:
        output.table(
            [Column("Finding"), Column("Files", fold=True), Column("What", fold=True),
             Column("What mends it", fold=True)],
            [[each.kind.value, _names(each.files, below=folder), each.what, each.remedy]
             for each in findings],
        )  # fmt: skip
    if findings:
        raise SetsNotInOrder(folder=folder, findings=len(findings))
    if not json_:
        output.note("all is in order")


def rejoin(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", help="Folders with the orphans, and with the pictures."),
    ],
    *,
    recursive: Recursive = False,
    dry_run: DryRun = False,
    json_: AsJson = False,
) -> None:
    """Give companions back to their picture, which was renamed or moved without them.

    Companions say which bytes they were made for; pictures in DIR are read until each is found.
    Where more than one picture has those bytes, or has companions of those names, all stays.
    """
    from companions.sets import rejoin as joining
    from companions.sets.carry import carry
    from fleet.cli.operations import operation_log

    output, log = Output(), operation_log("fleet companions rejoin")
    outcomes = Outcomes("rejoin", dry_run=dry_run, as_json=json_)
    with output.measured("reading pictures") as progress:
        found = joining.find(folders, recursive=recursive, progress=progress)
    for left in found.unjoined:
        outcomes.refused(left.folder / left.files[0] if left.files else left.folder, left.error)
    with output.counted("rejoining", total=len(found.rejoining)) as advance:
        for one in found.rejoining:
            draft = partial(joining.draft, one)
            try:
                if dry_run:
                    plan, operation_id = draft(), None
                else:
                    done = carry(draft, log=log)
                    plan, operation_id = done.plan, done.operation_id
            except MotionfleetError as error:
                outcomes.refused(one.orphans.folder / one.orphans.found.stem, error)
            else:
                what = f"rejoined {shown(one.picture)}"
                of = one.orphans.folder / one.orphans.found.stem
                outcomes.done(of, plan, operation_id=operation_id, to=one.picture, what=what)
            advance(1)
    outcomes.close(output, empty="there are no companions without their picture here")


def _names(paths: Iterable[Path], *, below: Path) -> str:
    """Paths below a folder as people read them: from that folder on."""
    top = below.resolve()
    return " ".join(
        shown(path.relative_to(top) if path.is_relative_to(top) else path) for path in paths
    )
