"""``fleet audit verify|tail``: the operation log, checked and read; ``ledger`` is elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli import invariants
from fleet.cli.output import Column, Output, moment, shown

if TYPE_CHECKING:
    from companions.audit import AuditLine

VERIFY_EXAMPLE = "Example: fleet audit verify --expect 9f2c...e1"
TAIL_EXAMPLE = "Example: fleet audit tail -n 50 --json"

group = typer.Typer(
    name="audit",
    help="Whether ledger and disk agree, and the operation log: what was done to pictures and"
    " companions, by whom.",
    epilog="Example: fleet audit tail",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIR", help="A log elsewhere, such as a backup."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def _hash(text: str | None) -> str | None:
    if text is None or re.fullmatch("[0-9a-f]{64}", text.lower()):
        return text and text.lower()
    raise typer.BadParameter("a head is 64 hexadecimal digits, as `fleet audit verify` prints it")


@group.command("verify", epilog=VERIFY_EXAMPLE)
def verify(
    *,
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="HASH",
            help="A head noted earlier: the log must hold the line it is of.",
            callback=_hash,
        ),
    ] = None,
    folder: Folder = None,
    json_: AsJson = False,
) -> None:
    """Read the whole log and check that nothing in it was cut, edited or moved.

    Prints the hash of the last line, the head. Somebody who may write to the log can still replace
    all of it: note the head elsewhere from time to time, and give it to --expect.
    """
    from companions.audit import verify as verified
    from fleet.settings import find_home

    output, place = Output(), folder or find_home().audit
    found = verified(place, expect=expect)
    if json_:
        output.json(
            {
                "lines": found.lines,
                "head": found.head,
                "files": [str(path) for path in found.files],
                "torn": [str(path) for path in found.torn],
                "unfinished": found.unfinished,
                "ahead": found.ahead,
            }
        )
        return
    files = "1 file" if len(found.files) == 1 else f"{len(found.files)} files"
    operations = "1 operation" if found.lines == 1 else f"{found.lines} operations"
    output.say(f"{operations} in {files}, whole. Head: {found.head}")
    for path in found.torn:
        output.note(f"note: {path} is the beginning of a line that a power cut ended")
    if found.unfinished:
        output.note("note: the log ends in the beginning of a line; the next one sets it aside")
    if found.ahead:
        output.note("note: a crash left the log one line ahead of its head, which is no damage")


@group.command("tail", epilog=TAIL_EXAMPLE)
def tail(
    *,
    count: Annotated[
        int, typer.Option("-n", "--lines", min=1, max=1_000_000, help="How many.")
    ] = 10,
    folder: Folder = None,
    json_: AsJson = False,
) -> None:
    """Show the last operations, the newest last. They are not verified: see verify."""
    from companions.audit import tail as last
    from fleet.settings import find_home

    output = Output()
    lines = last(folder or find_home().audit, count=count)
    if json_:
        output.json([line.model_dump(mode="json") for line in lines])
    elif not lines:
        output.note("no operation has been logged yet")
    else:
        output.table(
            [Column("No", right=True), Column("When"), Column("Who"), Column("Operation"),
             Column("Files", right=True), Column("From", fold=True), Column("To", fold=True),
             Column("", fold=True)],
            [_cells(line) for line in lines],
        )  # fmt: skip


group.command("ledger", epilog=invariants.AUDIT_EXAMPLE)(invariants.audit_ledger)


def _cells(line: AuditLine) -> list[str]:
    # Of a set, the picture comes last.
    last = line.files[-1] if line.files else None
    return [
        str(line.sequence),
        moment(line.at.timestamp()),
        shown(line.who),
        line.operation,
        str(len(line.files)),
        shown(last.source or "" if last is not None else ""),
        shown(last.target or "" if last is not None else ""),
        shown(line.detail),
    ]
