"""What an operator sees while files travel: a bar on a terminal, else lines."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final, Self

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from fleet.cli.output import PATIENCE_S, Output
from fleet.sync.desk.progress import Told

EVERY_S: Final = 10.0
"""Seconds between two lines where stderr is no terminal."""
MEGA: Final = 1_000_000


class Transfer:
    """Shows how far a push or pull is; a context manager.  ``tell`` takes what is told."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._begun = self._said_at = time.monotonic()
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[files]}"),
            DownloadColumn(),
            TransferSpeedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            console=output.notes,
            transient=True,
        )
        self._task: TaskID | None = None
        self._about = ("", "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars.live.is_started:
            self._bars.stop()

    def tell(self, told: Told) -> None:
        """Show ``told``; called as often as there is news."""
        now = time.monotonic()
        if (told.doing, told.what) != self._about:
            self._about = (told.doing, told.what)
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._task = self._bars.add_task("", total=None, files="")
            self._begun = now
        if self._output.notes.is_terminal:
            self._draw(told, late=now - self._begun > PATIENCE_S)
        elif now - self._said_at >= EVERY_S:
            self._said_at = now
            self._output.note(line(told, elapsed_s=now - self._begun))

    def _draw(self, told: Told, *, late: bool) -> None:
        if late and not self._bars.live.is_started:
            self._bars.start()
        if self._task is not None:
            self._bars.update(
                self._task,
                description=f"{told.doing} {told.what}",
                completed=told.size_bytes,
                total=told.total_bytes,
                files=f"{told.files}/{told.total_files} files",
            )


def line(told: Told, *, elapsed_s: float) -> str:
    """How far it is, in one line."""
    rate = told.size_bytes / elapsed_s if elapsed_s > 0.0 else 0.0
    left = (told.total_bytes - told.size_bytes) / rate if rate > 0.0 else 0.0
    return (
        f"{told.doing} {told.what}: {told.files} of {told.total_files} files, "
        f"{megabytes(told.size_bytes)} of {megabytes(told.total_bytes)} MB, "
        f"{rate / MEGA:.1f} MB/s, {left:.0f} s left"
    )


def megabytes(size_bytes: int) -> str:
    """Bytes in megabytes, as people read them."""
    return f"{size_bytes / MEGA:.1f}"
