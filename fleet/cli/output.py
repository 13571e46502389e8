"""The only module that prints: results to stdout, all else to stderr; plain where piped."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

PATIENCE_S: Final = 2.0
"""Work that is over sooner shows no progress bar."""

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
        self.results.print(escape(_harmless(text)))

    def note(self, text: str) -> None:
        """One line about the work, for people; never part of a result."""
        self.notes.print(escape(_harmless(text)), soft_wrap=True)

    def json(self, value: object) -> None:
        """A result for machines."""
        text = json.dumps(value, indent=2, ensure_ascii=False)
        if not text.isascii() and any("\ud800" <= ch <= "\udfff" for ch in text):
            # A file's name that is no UTF-8: only escaped can it stand in a text.
            text = json.dumps(value, indent=2)
        sys.stdout.write(text + "\n")

    def json_line(self, value: object) -> None:
        """One of many results for machines, in one line that is there at once."""
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()

    def row(self, cells: Sequence[str]) -> None:
        """One of many results, separated by tabs, in one line that is there at once."""
        sys.stdout.write("\t".join(shown(cell) for cell in cells) + "\n")
        sys.stdout.flush()

    @contextlib.contextmanager
    def counted(self, what: str, *, total: int) -> Iterator[Callable[[int], None]]:
        """Gives a function to call with how many more of ``total`` are done."""
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            tell(done, total)

        with self.measured(what) as tell:
            yield advance

    @contextlib.contextmanager
    def measured(
        self, what: str, *, of_bytes: bool = False
    ) -> Iterator[Callable[[int, int], None]]:
        """Gives a function to call with how much is done, and how much there is.

        On a terminal there is a bar with an ETA after two seconds; ``of_bytes`` tells sizes and
        their rate as people read them.
        """
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            ProgressColumn,
            TextColumn,
            TransferSpeedColumn,
        )
        from rich.progress import TimeElapsedColumn as Elapsed
        from rich.progress import TimeRemainingColumn as Remaining

        begun = time.monotonic()
        what_column, eta = TextColumn("{task.description}"), (TextColumn("ETA"), Remaining())
        columns: tuple[ProgressColumn, ...] = (
            what_column, BarColumn(), MofNCompleteColumn(), Elapsed(), *eta,
        )  # fmt: skip
        if of_bytes:  # longer figures: narrower where a name is long, so that a line stays one
            columns = (what_column, BarColumn(12), DownloadColumn(), TransferSpeedColumn(), *eta)
        bar = Progress(*columns, console=self.notes, transient=True)
        task = bar.add_task(what, total=None)

        def tell(done: int, total: int) -> None:
            late = time.monotonic() - begun > PATIENCE_S
            if late and self.notes.is_terminal and not bar.live.is_started:
                bar.start()
            bar.update(task, completed=done, total=total)

        try:
            yield tell
        finally:
            if bar.live.is_started:
                bar.stop()

    def table(
        self, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, title: str = ""
    ) -> None:
        """A table; tab-separated where stdout is no terminal, so that ``cut`` and ``awk`` work."""
        if not self.is_terminal:
            for row in rows:
                sys.stdout.write(
                    "\t".join(_harmless(" ".join(cell.split())) for cell in row) + "\n"
                )
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


def shown(name: str | Path) -> str:
    """A file's name as a line may hold it: what would break the line or act on the terminal is
    escaped."""
    return _escaped(str(name), but="")


def _harmless(text: str) -> str:
    """``text`` without characters that act on a terminal; lines stay lines."""
    return _escaped(text, but="\n")


def _escaped(text: str, *, but: str) -> str:
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() or ch in but else ascii(ch)[1:-1] for ch in text)


def styled(cell: str) -> str:
    """A cell's text, coloured if it is a verdict."""
    style = VERDICT_STYLE.get(cell)
    text = escape(_harmless(cell))
    return f"[{style}]{text}[/{style}]" if style else text


def complain(text: str) -> None:
    """An error, to stderr."""
    told = escape(_harmless(text))
    Console(stderr=True, highlight=False).print(f"[red]error:[/red] {told}", soft_wrap=True)


def note(text: str) -> None:
    """One line for people, to stderr."""
    Console(stderr=True, highlight=False).print(escape(_harmless(text)), soft_wrap=True)


def counted(number: int, what: str) -> str:
    """So many of a thing: ``1 shot``, ``2 shots``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def moment(seconds: float | None) -> str:
    """A time as people read it: UTC to the second."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
