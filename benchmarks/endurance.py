"""Whether the dispatcher tires: ``python -m benchmarks.endurance [--quick]``.

20,000 shots whose stages do nothing go through one dispatcher; its memory is read once a second,
and the shots that end are counted.  Beside it, in the same run and on the same workers, the same
number of shots by bare Ray calls: what their memory grows by is Ray's own.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.bare import bare
from benchmarks.report import Figure, tell
from benchmarks.standing import Standing
from fleet.stages.drill import Drill

SHOTS: Final = 20_000
WARM_UP: Final = 2_000
BATCHES: Final = 10
SAMPLE_S: Final = 1.0
WITHIN_S: Final = 3600.0
MB: Final = 1_000_000
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Watched:
    """What was seen of one process: how many shots had ended, and its memory in bytes."""

    samples: list[tuple[int, int]] = field(default_factory=list)

    def after(self, shots: int) -> list[int]:
        """Memory once that many shots had ended."""
        return [memory for ended, memory in self.samples if ended >= shots]


@contextmanager
def watching(
    find: Callable[[], Sequence[int]], ended: Callable[[], int], *, every_s: float
) -> Iterator[Watched]:
    """Read the memory of the process that ``find`` finds, for the length of the block."""
    seen, stop = Watched(), threading.Event()

    def watch() -> None:
        pids: Sequence[int] = ()
        while not stop.wait(every_s):
            pids = pids or find()
            for pid in pids[:1]:
                try:
                    fields = Path(f"/proc/{pid}/statm").read_text("ascii").split()
                except OSError:
                    return
                seen.samples.append((ended(), int(fields[1]) * _PAGE))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def _told(name: str, memory: Sequence[int], *, target: float | None = None) -> list[Figure]:
    """How memory moved, against the median of its first tenth."""
    tenth = max(1, len(memory) // 10)
    base, last = statistics.median(memory[:tenth]), statistics.median(memory[-tenth:])
    furthest = max(abs(each - base) for each in memory)
    return [
        Figure(f"{name}: memory after warming up", base / MB, "MB"),
        Figure(f"{name}: furthest from that until the end", furthest / base * 100, "%",
               target=target),
        Figure(f"{name}: growth until the end", (last - base) / base * 100, "%"),
    ]  # fmt: skip


def _pace(cluster: Standing, shots: int) -> list[Figure]:
    """Shots a second, early and late."""
    rows = cluster.database.rows(
        "SELECT ended_at FROM attempts WHERE stage = 'publish' ORDER BY ended_at"
    )
    at = [float(row["ended_at"]) for row in rows][-shots:]
    tenth = shots // 10
    tenths = [tenth / (at[i + tenth - 1] - at[i - 1]) for i in range(tenth, shots, tenth)]
    return [
        Figure("shots per second, all of them", (shots - 1) / (at[-1] - at[0]), "/s",
               better="more"),
        Figure("in the second tenth", tenths[0], "/s", better="more"),
        Figure("in the last tenth", tenths[-1], "/s", better="more"),
        Figure("slowest tenth of the fastest", min(tenths) / max(tenths), "", better="more"),
    ]  # fmt: skip


def main(*, quick: bool) -> None:
    """Measure and tell."""
    part = 20 if quick else 1
    shots, warm_up, every_s = SHOTS // part, WARM_UP // part, SAMPLE_S / part
    with (
        tempfile.TemporaryDirectory() as folder,
        Standing(Path(folder) / "fleet", stages=Drill()) as cluster,
    ):
        with watching(
            lambda: cluster.arena.actors("Bare"), lambda: shots, every_s=every_s
        ) as theirs:
            raw = shots / bare(cluster, shots)
        # Those that were there before it ended are its warming up, as far as can be told.
        del theirs.samples[: len(theirs.samples) * warm_up // shots]
        cluster.submit(warm_up)  # nothing waits but for the first of them
        for _ in range(BATCHES):
            cluster.submit((shots - warm_up) // BATCHES)
        with watching(
            lambda: cluster.arena.actors("Dispatcher"),
            lambda: shots - cluster.unfinished(),
            every_s=every_s,
        ) as ours:
            cluster.wait_until(
                lambda: cluster.unfinished() == 0, within_s=WITHIN_S, what=f"{shots} shots",
                every_s=every_s,
            )  # fmt: skip
        figures = [
            *_told("dispatcher", ours.after(warm_up), target=5.0),
            *_told("bare Ray calls", theirs.after(0)),
            *_pace(cluster, shots),
            Figure("bare Ray calls", raw, "/s", better="more"),
        ]
    tell("endurance", figures, what=f"{shots} empty shots, one slot each pool, one node")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
