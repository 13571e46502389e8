"""What an operator sees while clips are made: one bar with an ETA, or plain lines where piped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from companions.timing import clip_frames
from fleet.cli.output import Output
from fleet.jobs.model import Stage
from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.rows import EventRow
from fleet.settings import Home

_STAGES: Final = len(Stage)
_STAGE_DONE: Final = frozenset({"finished", "given_up", "skipped"})


class Progress:
    """Follows the ledger's events of some shots; a context manager."""

    def __init__(self, ids: Sequence[str], *, home: Home, output: Output) -> None:
        self._output = output
        self._database = Database(home.ledger)
        self._unfinished = {
            row.id: row for row in reading.shots(self._database, ids=ids) if row.verdict is None
        }
        self._total = len(self._unfinished)
        self._stages_done: dict[str, set[str]] = {shot_id: set() for shot_id in self._unfinished}
        self._active: dict[str, str] = {}
        self._seen = reading.last_event(self._database)
        self._ended = 0
        self._said = ""
        # In a terminal only: a bar in a log file is noise.
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("shots"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            console=output.notes,
            disable=not output.notes.is_terminal or self._total == 0,
            transient=True,
        )
        self._bar: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        self._bar = self._bars.add_task("", total=self._total)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.tick("", {})
        self._bars.stop()
        self._database.close()

    def tick(self, doing: str, frames: Mapping[tuple[str, str], int]) -> None:
        """Show what has happened since the last tick; ``doing`` is said where nothing has.

        ``frames`` are those done so far, by shot id and stage.
        """
        while found := reading.events(self._database, after=self._seen):
            self._seen = found[-1].seq
            for event in found:
                if event.shot_id in self._unfinished:
                    self._take(event)
        if self._bar is not None:
            done = float(sum(len(stages) for stages in self._stages_done.values()))
            done += sum(self._share(shot_id, count) for (shot_id, _), count in frames.items())
            done /= _STAGES
            self._bars.update(
                self._bar, completed=min(done, self._total), description=self._words(doing)
            )
        if doing and doing != self._said and not self._output.notes.is_terminal:
            self._output.note(doing)
        self._said = doing

    def _take(self, event: EventRow) -> None:
        if event.kind in _STAGE_DONE:
            self._stages_done[event.shot_id].add(event.stage)
        if event.kind == "leased":
            self._active[event.shot_id] = event.stage
        elif event.stage and self._active.get(event.shot_id) == event.stage:
            del self._active[event.shot_id]
        if event.kind in {"attempt_failed", "given_up"}:
            self._line(f"{self._name(event)}: {event.stage}: {event.data.get('message', '')}")
        if event.kind == "output_lost":
            self._stages_done[event.shot_id].clear()
        if event.kind == "ended":
            self._ended += 1
            self._stages_done[event.shot_id] = {stage.value for stage in Stage}
            verdict = event.data.get("verdict", "")
            self._line(f"{self._ended}/{self._total} {verdict} {self._name(event)}")

    def _share(self, shot_id: str, frames: int) -> float:
        """How much of a stage so many frames are, 0..1."""
        if shot_id not in self._unfinished:
            return 0.0
        recipe = self._unfinished[shot_id].recipe
        whole = clip_frames(
            duration_s=recipe.motion.duration_sec, target_fps=recipe.interpolation.target_fps
        )
        return min(1.0, frames / max(1, whole))

    def _line(self, text: str) -> None:
        # In a terminal the bar tells the count, and the table at the end tells the rest.
        if not self._output.notes.is_terminal:
            self._output.note(text)

    def _name(self, event: EventRow) -> str:
        return self._unfinished[event.shot_id].image_path

    def _words(self, doing: str) -> str:
        counts = {
            "generating": Stage.GENERATE.value,
            "finishing": Stage.FINISH.value,
            "publishing": Stage.PUBLISH.value,
        }
        active = list(self._active.values())
        words = [
            f"{active.count(stage)} {word}" for word, stage in counts.items() if stage in active
        ]
        return ", ".join(words) or doing or "working"
