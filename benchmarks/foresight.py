"""How true a plan is: ``python -m benchmarks.foresight``.

On one machine with two generators and one finisher, whose stages only take time: one manifest is
made so that times are measured; then another is planned for from what was measured, made, and
timed.  Three shapes: generation holds up, finishing holds up, and a second manifest that competes.
Every run is a process of its own with an embedded cluster; the ledger stays.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Figure, tell
from fleet import client
from fleet.foresight import Asked, Assumed, foresee
from fleet.ledger.database import Database
from fleet.settings import Home, Settings
from tests.fleet.making import shot, small_picture, write_manifest

SETTINGS = Settings(generation_slots=2, interpolation_slots=1)
NOTHING_TOLD = Assumed(times_s={}, load_s=None, workers={}, per_hour={})
WITHIN = 0.10


@dataclass(frozen=True, slots=True)
class Case:
    """Seconds of the stages, and shots of the manifest that is planned and of one beside it."""

    name: str
    generate_s: float
    finish_s: float
    shots: int
    beside: int = 0


CASES = (
    Case("generation holds up", 0.6, 0.1, shots=60),
    Case("finishing holds up", 0.2, 0.3, shots=60),
    Case("another manifest competes", 0.5, 0.2, shots=24, beside=60),
)


def submission(folder: Path, name: str, count: int, *, home: Home) -> client.Submission:
    """A manifest of ``count`` small shots."""
    root = folder / name
    pictures = [
        small_picture(root / f"{name}-{i}.png", shade=i, size=(16, 12)) for i in range(count)
    ]
    path = write_manifest(
        root / "m.video_manifest.json", [shot(each, root) for each in pictures], batch_id=name
    )
    return client.read_submission(path, out=None, home=home)


def work(home: Home, generate_s: float, finish_s: float) -> None:
    """Make whatever is queued; in a process of its own."""
    from fleet.embedded import work_until_done
    from fleet.stages.drill import Drill

    database = Database(home.ledger)
    ids = [row["id"] for row in database.rows("SELECT id FROM shots WHERE verdict IS NULL")]
    database.close()
    work_until_done(
        ids, home=home, settings=SETTINGS, tick=lambda _doing, _frames: None,
        stages=Drill(generate_s=generate_s, finish_s=finish_s),
    )  # fmt: skip


def worked(home: Home, case: Case) -> float:
    """Seconds of the whole command."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "benchmarks.foresight", str(home.root), str(case.generate_s),
         str(case.finish_s)],
        check=True,
    )  # fmt: skip
    return time.perf_counter() - begun


def spanned(home: Home, manifest_id: str) -> float:
    """Seconds from the first attempt of the run to the manifest's last published clip."""
    database = Database(home.ledger)
    ended = database.rows(
        "SELECT max(finished_at) AS at, min(submitted_at) AS since FROM shots"
        " WHERE manifest_id = ?", (manifest_id,),
    )[0]  # fmt: skip
    begun = database.rows(
        "SELECT min(started_at) AS at FROM attempts WHERE started_at >= ?", (ended["since"],)
    )[0]
    database.close()
    return float(ended["at"] - begun["at"])


def compared(case: Case) -> tuple[float, float, float]:
    """Seconds that were foreseen and that it took, starting the cluster left out of both; and
    the seconds that starting and stopping it took."""
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place), Home(Path(place) / "home")
        client.queue(submission(folder, "past", 20, home=home), home=home)
        worked(home, case)
        asked = submission(folder, "asked", case.shots, home=home)
        if case.beside:
            client.queue(submission(folder, "beside", case.beside, home=home), home=home)
        rows = [planned.row for planned in asked.shots]
        found = foresee(
            [Asked("asked", asked.manifest.id, rows)],
            home=home, settings=SETTINGS, assumed=NOTHING_TOLD, now=time.time(),
        )  # fmt: skip
        if found.plan is None:
            raise RuntimeError("there is nothing to plan")
        client.queue(asked, home=home)
        whole_s = worked(home, case)
        took_s = spanned(home, asked.manifest.id)
        foreseen_s = found.plan.forecast.makespan_s - found.site.start_s
        return foreseen_s, took_s, whole_s - took_s if not case.beside else 0.0


def main() -> None:
    """Measure and tell."""
    figures = []
    for case in CASES:
        foreseen_s, took_s, around_s = compared(case)
        figures += [
            Figure(f"{case.name}: foreseen", foreseen_s, "s"),
            Figure(f"{case.name}: took", took_s, "s"),
            Figure(f"{case.name}: off by", abs(foreseen_s / took_s - 1.0), "", target=WITHIN),
        ]
        if around_s:
            figures.append(Figure("starting and stopping the cluster", around_s, "s"))
    tell("foresight", figures, what="plans from measured times, beside what happened")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [root, generate_s, finish_s]:
            work(Home(Path(root)), float(generate_s), float(finish_s))
        case _:
            main()
