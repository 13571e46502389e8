"""``fleet companions upgrade``: older documents, rewritten in the current version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from companions.errors import MotionfleetError
from fleet.cli.output import Column, Output, complain

if TYPE_CHECKING:
    from companions.rewrite import Rewritten

EXAMPLE = "Example: fleet companions upgrade stills/ --dry-run"


def upgrade(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|DIR...", exists=True, help="Documents, or folders with documents."
        ),
    ],
    *,
    keep_original: Annotated[
        bool, typer.Option("--keep-original", help="Leave the original beside it, as NAME.v0.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Rewrite documents of older versions in the current one, in place.

    What an older version did not say and had to be assumed is told. The original stays beside the
    new file until that has been read back. Documents of the current version are left as they are;
    one that cannot be upgraded is named, left as it is, and keeps no other from it.
    """
    from datetime import UTC, datetime

    from companions.rewrite import rewrite
    from fleet.cli.operations import operation_log

    output, log = Output(), operation_log("fleet companions upgrade")
    rows: list[dict[str, object]] = []
    cells: list[list[str]] = []
    exit_code = 0
    documents = _documents(paths)
    with output.counted("upgrading", total=len(documents)) as advance:
        for path in documents:
            try:
                done = rewrite(
                    path,
                    log=log,
                    now=datetime.now(UTC),
                    keep_original=keep_original,
                    dry_run=dry_run,
                )
            except MotionfleetError as error:
                complain(str(error))
                exit_code = max(exit_code, error.exit_code)
                rows.append({"file": str(path), "error": error.reason, "message": str(error)})
                cells.append([str(path), "refused", error.reason])
            else:
                rows.append(_row(done))
                cells += _cells(done, dry_run=dry_run)
            advance(1)
    if json_:
        output.json(rows)
    else:
        output.table([Column("File", fold=True), Column("Outcome"), Column("", fold=True)], cells)
    if exit_code:
        raise typer.Exit(exit_code)


def _documents(paths: list[Path]) -> list[Path]:
    from companions.kinds import suffix_of

    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        found += sorted(
            each
            for each in path.iterdir()
            if suffix_of(each) is not None and not each.name.startswith(".") and each.is_file()
        )
    return found


def _row(done: Rewritten) -> dict[str, object]:
    return {
        "file": str(done.path),
        "found": done.found,
        "written": done.written,
        "assumed": [{"field": each.field, "what": each.what} for each in done.assumed],
        "original": str(done.original) if done.original is not None else None,
    }


def _cells(done: Rewritten, *, dry_run: bool) -> list[list[str]]:
    name = str(done.path)
    if done.found == done.written:
        left = f"an older original lies beside it: {done.original}" if done.original else ""
        return [[name, f"is version {done.written}", left]]
    verb = "would become" if dry_run else "became"
    kept = f"original kept as {done.original.name}" if done.original and not dry_run else ""
    told = [[name, f"version {done.found} {verb} {done.written}", kept]]
    return told + [["", "assumed", str(each)] for each in done.assumed]
