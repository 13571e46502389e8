"""What became of each thing a command was asked to do: listed, refused by name, one exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from companions.errors import MotionfleetError
from fleet.cli.output import Column, Output, complain, shown

if TYPE_CHECKING:
    from companions.sets.plan import Plan


class Outcomes:
    """Collects outcomes one by one; ``close`` prints them and ends with the gravest exit code."""

    def __init__(self, operation: str, *, dry_run: bool, as_json: bool) -> None:
        self._operation, self._dry_run, self._as_json = operation, dry_run, as_json
        self._rows: list[dict[str, object]] = []
        self._lines: list[list[str]] = []
        self._files: list[list[str]] = []
        self._exit_code = 0

    def done(self, of: Path, plan: Plan, *, operation_id: str | None, to: Path, what: str) -> None:
        """The plan of a set that was, or in a dry run would be, carried out.

        ``of`` and ``to`` are the picture before and after; ``what`` is said of it.
        """
        files = [
            {"from": str(source), "to": str(target), "size_bytes": size}
            for source, target, size in plan.rows()
        ]
        self._rows.append({"picture": str(of), "to": str(to), "id": operation_id, "files": files})
        self._lines.append([shown(of), str(len(files)), what])
        self._files += [
            [shown(str(each["from"])), shown(str(each["to"])), str(each["size_bytes"])]
            for each in files
        ]

    def refused(self, what: str | Path, error: MotionfleetError) -> None:
        """A thing that was left as it is; the reason goes to stderr at once."""
        complain(str(error))
        self._exit_code = max(self._exit_code, error.exit_code)
        self._rows.append({"picture": str(what), "error": error.reason, "message": str(error)})
        self._lines.append([shown(what), "-", f"refused: {error.reason}"])
        self._files.append([shown(what), f"refused: {error.reason}", ""])

    def close(self, output: Output, *, empty: str) -> None:
        """Print what there is to print; ``empty`` is said where that is nothing.

        Raises:
            typer.Exit: something was refused.
        """
        if self._as_json:
            output.json(
                {"operation": self._operation, "done": not self._dry_run, "pictures": self._rows}
            )
        elif not self._rows:
            output.note(empty)
        elif self._dry_run:
            columns = [Column("From", fold=True), Column("To", fold=True)]
            output.table(
                [*columns, Column("Bytes", right=True)], self._files, title="Nothing was changed"
            )
        else:
            columns = [Column("Picture", fold=True), Column("Files", right=True)]
            output.table([*columns, Column("", fold=True)], self._lines)
        if self._exit_code:
            raise typer.Exit(self._exit_code)


def pictures_in(paths: Sequence[Path]) -> list[Path]:
    """The pictures that are meant: those named, and all in the folders named.

    Raises:
        SetRefused: a folder cannot be read.
    """
    from companions.sets.scan import scan

    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            sets = scan(path).found.sets.values()
            found |= dict.fromkeys(path / name for each in sets for name in each.pictures)
        else:
            found[path] = None
    return list(found)
