"""What an operator sees while clips are made: one bar with an ETA, or plain lines where piped."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Final, Self

from rich.markup import escape
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
from fleet.cli.output import Output, shown
from fleet.jobs.model import Stage
from fleet.ledger import reading
from fleet.ledger.database import Database
from fleet.ledger.doing import Doing, read_doing
from fleet.ledger.rows import EventRow, ShotRow
from fleet.settings import Home

_STAGES: Final = len(Stage)
_NOTHING: Final[Mapping[str, Doing]] = MappingProxyType({})
_STAGE_DONE: Final = frozenset({"finished", "given_up", "skipped"})


@dataclass(frozen=True, slots=True)
class Followed:
    """A shot that has not ended, as the bar needs it.

    Attributes:
        name: its picture's path, for people.
        frames: how many a stage of it makes; 0 where that is not known.
    """

    name: str
    frames: int = 0


def how_far(told: Doing) -> str:
    """How far a shot is, for people: ``step 12/40, piece 1/2, 3 min left``."""
    if told.left_s is None:
        return str(told.progress)
    minutes = told.left_s / 60.0
    left = f"{minutes:.0f} min" if minutes >= 1.0 else f"{told.left_s:.0f} s"
    return f"{told.progress}, {left} left"


class Bar:
    """Draws what happens to some shots, wherever it is told from; a context manager."""

    def __init__(self, shots: Mapping[str, Followed], *, output: Output) -> None:
        self._output = output
        self._shots = shots
        self._total = len(shots)
        self._stages_done: dict[str, set[str]] = {shot_id: set() for shot_id in shots}
        self._active: dict[str, str] = {}
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
        self._bars.stop()

    def take(self, event: EventRow) -> None:
        """Note what happened; ``show`` draws it."""
        if event.shot_id not in self._shots:
            return
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

    def show(
        self,
        doing: str,
        frames: Mapping[tuple[str, str], int],
        steps: Mapping[str, Doing] = _NOTHING,
    ) -> None:
        """Draw; ``doing`` is said where nothing is under way.

        ``frames`` are those done so far, by shot id and stage; ``steps`` how far shots are whose
        frames come all at once, by shot id.
        """
        under_way = {
            shot_id: told
            for shot_id, told in steps.items()
            if self._active.get(shot_id) == Stage.GENERATE.value
        }
        if self._bar is not None:
            done = float(sum(len(stages) for stages in self._stages_done.values()))
            done += sum(
                self._share(shot_id, count)
                for (shot_id, _), count in frames.items()
                if shot_id not in under_way
            )
            done += sum(told.progress.share for told in under_way.values())
            done /= _STAGES
            self._bars.update(
                self._bar,
                completed=min(done, self._total),
                description=self._words(doing, under_way),
            )
        if doing and doing != self._said and not self._output.notes.is_terminal:
            self._output.note(doing)
        self._said = doing

    def _share(self, shot_id: str, frames: int) -> float:
        """How much of a stage so many frames are, 0..1."""
        whole = self._shots[shot_id].frames if shot_id in self._shots else 0
        return min(1.0, frames / whole) if whole else 0.0

    def _line(self, text: str) -> None:
        # In a terminal the bar tells the count, and the table at the end tells the rest.
        if not self._output.notes.is_terminal:
            self._output.note(text)

    def _name(self, event: EventRow) -> str:
        return self._shots[event.shot_id].name

    def _words(self, doing: str, steps: Mapping[str, Doing]) -> str:
        counts = {
            "generating": Stage.GENERATE.value,
            "finishing": Stage.FINISH.value,
            "publishing": Stage.PUBLISH.value,
        }
        active = list(self._active.values())
        words = [
            f"{active.count(stage)} {word}" for word, stage in counts.items() if stage in active
        ]
        # Of several the first that began: the line has room for one.
        told = [f"({how_far(each)})" for each in list(steps.values())[:1]]
        return escape(shown(" ".join([", ".join(words) or doing or "working", *told])))


class Progress:
    """Follows the ledger's events of some shots; a context manager."""

    def __init__(self, ids: Sequence[str], *, home: Home, output: Output) -> None:
        self._home, self._database = home, Database(home.ledger)
        unfinished = {
            row.id: _followed(row)
            for row in reading.shots(self._database, ids=ids)
            if row.verdict is None
        }
        self._bar = Bar(unfinished, output=output)
        self._seen = reading.last_event(self._database)

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.tick("", {})
        self._bar.__exit__(kind, error, trace)
        self._database.close()

    def tick(self, doing: str, frames: Mapping[tuple[str, str], int]) -> None:
        """Show what has happened since the last tick; ``doing`` is said where nothing has.

        ``frames`` are those done so far, by shot id and stage.
        """
        while found := reading.events(self._database, after=self._seen):
            self._seen = found[-1].seq
            for event in found:
                self._bar.take(event)
        self._bar.show(doing, frames, read_doing(self._home.doing, now=time.time()))


def _followed(row: ShotRow) -> Followed:
    whole = clip_frames(
        duration_s=row.recipe.motion.duration_sec,
        target_fps=row.recipe.interpolation.target_fps,
    )
    return Followed(row.image_path, max(1, whole))
