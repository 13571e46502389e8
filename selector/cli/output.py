"""The only place that prints: listings, messages, progress.

Results go to stdout, complaints to stderr.  On a terminal a listing is a table, in a pipe plain
lines as they come, and with ``--json`` one JSON document.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from companions.errors import MotionfleetError

T = TypeVar("T")

PATIENCE_S: Final = 2.0
"""Work that is over sooner shows no progress bar."""

Row = Mapping[str, object]
"""One line of a listing for machines: JSON values by name."""


def say(text: str) -> None:
    """Print a line to stdout, whatever characters file names brought into it."""
    sys.stdout.write(_printable(text, sys.stdout.encoding) + "\n")


def complain(text: str) -> None:
    """Print a line to stderr, likewise."""
    sys.stderr.write(_printable(text, sys.stderr.encoding) + "\n")


def error_row(error: MotionfleetError | None) -> Row | None:
    """An error for machines; None for none."""
    if error is None:
        return None
    return {"reason": error.reason, "message": str(error), "exit_code": error.exit_code}


@dataclass
class Listing:
    """Lines that a command tells one by one, in the form the reader can use.

    Args:
        columns: headings of the table.
        as_json: print one JSON document at the end and nothing else on stdout.
    """

    columns: tuple[str, ...]
    as_json: bool = False
    _cells: list[tuple[str, ...]] = field(default_factory=list)
    _rows: list[Row] = field(default_factory=list)

    def add(self, row: Row, *lines: Sequence[str]) -> None:
        """Tell one thing: ``row`` for machines, one line or several for people."""
        self._rows.append(row)
        if self.as_json:
            return
        for cells in lines:
            if is_terminal():
                self._cells.append(tuple(cells))
            else:
                say("\t".join(cells))

    def close(self, *, name: str, summary: str, **facts: object) -> None:
        """End the listing: ``name`` and ``facts`` are keys of its JSON form."""
        if self.as_json:
            say(json.dumps({name: self._rows, **facts}, indent=2, sort_keys=True))
            return
        if self._cells:
            self._print_table()
        say(summary)

    def tracked(self, items: Sequence[T], *, what: str) -> Iterator[T]:
        """``items`` one by one, with a progress bar and ETA on a terminal after two seconds."""
        if self.as_json or not is_terminal():
            yield from items
            return
        begun = time.monotonic()
        bar: Progress | None = None
        try:
            for index, item in enumerate(items):
                if bar is None and time.monotonic() - begun > PATIENCE_S:
                    bar = _progress_bar(what, done=index, total=len(items))
                yield item
                if bar is not None:
                    bar.advance(bar.task_ids[0])
        finally:
            if bar is not None:
                bar.stop()

    def _print_table(self) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(*self.columns, box=None, pad_edge=False, header_style="bold")
        for cells in self._cells:
            # Text, not markup: a picture may be called [red].jpg.
            table.add_row(*(Text(_printable(cell, sys.stdout.encoding)) for cell in cells))
        _console().print(table)


def is_terminal() -> bool:
    """Whether a person watches stdout."""
    return sys.stdout.isatty()


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _progress_bar(what: str, *, done: int, total: int) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("ETA"),
        Remaining(),
        console=_console(),
        transient=True,
    )
    bar.add_task(what, total=total, completed=done)
    bar.start()
    return bar


def _printable(text: str, encoding: str) -> str:
    # File names are bytes on Linux; what is not text there would end the command here.
    return text.encode(encoding or "utf-8", "backslashreplace").decode(encoding or "utf-8")
