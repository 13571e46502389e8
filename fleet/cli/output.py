"""The only module that prints: results to stdout, all else to stderr; plain where piped."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

VERDICT_STYLE: Mapping[str, str] = {
    "pass": "green",
    "flagged": "yellow",
    "failed": "red",
    "quarantined": "red",
    "cancelled": "dim",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    right: bool = False
    fold: bool = False


class Output:
    """Where a command's results go."""

    def __init__(self) -> None:
        self.results = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
        self.notes = Console(stderr=True, highlight=False)

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at stdout."""
        return self.results.is_terminal

    def say(self, text: str) -> None:
        """One line of result."""
        self.results.print(escape(text))

    def note(self, text: str) -> None:
        """One line about the work, for people; never part of a result."""
        self.notes.print(escape(text), soft_wrap=True)

    def json(self, value: object) -> None:
        """A result for machines."""
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def table(
        self, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, title: str = ""
    ) -> None:
        """A table; tab-separated where stdout is no terminal, so that ``cut`` and ``awk`` work."""
        if not self.is_terminal:
            for row in rows:
                sys.stdout.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")
            return
        table = Table(title=title or None, title_justify="left", header_style="bold", box=None)
        for column in columns:
            table.add_column(
                column.title,
                justify="right" if column.right else "left",
                overflow="fold" if column.fold else "ellipsis",
                no_wrap=not column.fold,
            )
        for row in rows:
            table.add_row(*(styled(cell) for cell in row))
        self.results.print(table)


def styled(cell: str) -> str:
    """A cell's text, coloured if it is a verdict."""
    style = VERDICT_STYLE.get(cell)
    text = escape(cell)
    return f"[{style}]{text}[/{style}]" if style else text


def complain(text: str) -> None:
    """An error, to stderr."""
    Console(stderr=True, highlight=False).print(f"[red]error:[/red] {escape(text)}", soft_wrap=True)


def note(text: str) -> None:
    """One line for people, to stderr."""
    Console(stderr=True, highlight=False).print(escape(text), soft_wrap=True)


def moment(seconds: float | None) -> str:
    """A time as people read it: UTC to the second."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
