"""A ledger of a million jobs: ``python -m benchmarks.ledger [SHOTS]``.

A hundred manifests, most of them over, the last of 10,000 shots that wait.  Old ones are written
row by row as the fleet leaves them, with attempts and events; all that is measured goes through
the same calls as in earnest.  An empty ledger beside it tells what size costs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.report import Figure, median_seconds, tell
from companions.generation_params import GenerationParams
from companions.geometry import Rect
from companions.motion import Move
from companions.timing import parse_rate
from companions.video_manifest import InterpolationParams, Recipe
from fleet.jobs.model import Stage
from fleet.jobs.policy import Seat, Shares, choose
from fleet.ledger import archive, control, layout, reading, summary
from fleet.ledger.database import Database
from fleet.ledger.lanes import MOST, open_lanes
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import NewManifest, NewShot
from fleet.ledger.selection import Selection, select

SHOTS = 333_334
OPEN = 10_000
OLD_MANIFESTS = 99
RUNS = 7
JOBS = 300
RECIPE = Recipe(
    image_sha256="0" * 64,
    prompt="waves roll onto the beach, gulls in the wind, a boat far out, late light",
    motion=Move(
        start_rect=Rect.of(0.0, 0.0, 0.95, 0.95), end_rect=Rect.of(0.2, 0.2, 0.8, 0.8),
        duration_sec=4.0,
    ),
    generation_params=GenerationParams(width=1280, height=720, fps=parse_rate(16), seed=7),
    interpolation=InterpolationParams(target_fps=parse_rate(24)),
)  # fmt: skip
NIGHT_S = 86_400.0
_EVENTS = (
    ("", "submitted"), ("generate", "leased"), ("generate", "finished"), ("finish", "ready"),
    ("finish", "leased"), ("finish", "finished"), ("publish", "ready"), ("publish", "leased"),
    ("publish", "finished"), ("", "ended"),
)  # fmt: skip


def manifest_of(number: int) -> NewManifest:
    """A manifest of its own night."""
    return NewManifest(
        id=f"{number:016x}", sha256=f"{number:064x}", project_id=f"project-{number % 7}",
        batch_id=f"night-{number:03d}", path=f"/stills/day{number:03d}/m.video_manifest.json",
    )  # fmt: skip


def new_shot(manifest: int, number: int, *, generator: str = "camera") -> NewShot:
    """A shot that is to be made; its fingerprint is made up, as hashing is not measured here."""
    name = f"img_{number:06d}"
    folder = f"/stills/day{manifest:03d}"
    params = RECIPE.generation_params.model_copy(update={"model": generator})
    return NewShot(
        id=f"{name}-{manifest:06x}{number:06x}",
        picture=f"{folder}/{name}.jpg",
        image_path=f"{name}.jpg",
        target=f"{folder}/{name}.mp4",
        fingerprint=f"{manifest:032x}{number:032x}",
        recipe=RECIPE.model_copy(update={"generation_params": params}),
        priority=0,
    )


def fill(path: Path, shots: int, *, now: float) -> None:
    """Write manifests that are over, as the fleet leaves them."""
    database = Database(path)
    laid = database.rows(
        "SELECT type, name, sql FROM sqlite_master WHERE type = 'trigger'"
        " OR (type = 'index' AND sql IS NOT NULL)"
    )
    with database.transaction(durable=True) as sql:
        for each in laid:  # laid again at the end, all at once
            sql.execute(f"DROP {each['type']} {each['name']}")
        for number in range(OLD_MANIFESTS):
            ended = now - (OLD_MANIFESTS - number) * NIGHT_S
            of = manifest_of(number)
            sql.execute(
                "INSERT INTO manifests VALUES (?, ?, ?, ?, ?, ?)",
                (of.id, of.sha256, of.project_id, of.batch_id, of.path, ended - 7200.0),
            )
            sql.execute("INSERT INTO lanes VALUES (?, ?, 0, 'camera', 'flow', 0)",
                        (number + 1, of.id))  # fmt: skip
            first = shots * number // OLD_MANIFESTS
            last = shots * (number + 1) // OLD_MANIFESTS
            _fill_manifest(sql.executemany, of, number, range(first, last), ended)
        for each in laid:
            sql.execute(each["sql"])
        for statement in layout.COUNT_ALL:
            sql.execute(statement)
    database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _fill_manifest(write: object, of: NewManifest, number: int, seqs: range, ended: float) -> None:
    assert callable(write)
    recipe = RECIPE.model_dump_json()
    report = '{"generated": 64, "interpolated": 32, "seconds": 12.25, "model": "camera"}' * 8
    rows = [(seq, new_shot(number, seq)) for seq in seqs]
    write(
        "INSERT INTO shots VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 'pass', '[]', 0)",
        ((seq + 1, shot.id, of.id, shot.picture, shot.image_path, shot.target, shot.fingerprint,
          recipe, ended - 7200.0, ended - seq % 3600) for seq, shot in rows),
    )  # fmt: skip
    write(
        "INSERT INTO jobs (shot_id, stage, state, rank, lane, shot_seq, tries, report)"
        " VALUES (?, ?, 'succeeded', 0, ?, ?, 1, ?)",
        ((shot.id, stage, number + 1, seq + 1, report) for seq, shot in rows for stage in Stage),
    )
    write(
        "INSERT INTO attempts (shot_id, stage, number, token, started_at, ended_at, seconds,"
        " outcome, node) VALUES (?, ?, 1, ?, ?, ?, 12.5, 'succeeded', 'gpu-07')",
        ((shot.id, stage, f"{stage}{shot.id}", ended - 20.0, ended)
         for _, shot in rows for stage in Stage),
    )  # fmt: skip
    write(
        "INSERT INTO events (at, shot_id, stage, kind, data) VALUES (?, ?, ?, ?, '{}')",
        ((ended, shot.id, stage, kind) for _, shot in rows for stage, kind in _EVENTS),
    )
    write(
        "INSERT INTO published VALUES (?, ?, ?, ?)",
        ((shot.target, f"{seq:064x}", shot.id, ended) for seq, shot in rows),
    )


def measure_work(path: Path, *, now: float) -> Iterator[tuple[str, float, int]]:
    """Submit, lease and finish on that ledger: figure, seconds, runs."""
    ledger = Ledger(path)
    number = OLD_MANIFESTS
    shots = [new_shot(number, 900_000 + index) for index in range(OPEN)]
    begun = perf_counter()
    ledger.submit(manifest_of(number), shots, now=now)
    yield "submit", perf_counter() - begun, 1
    begun = perf_counter()
    ledger.submit(manifest_of(number), shots, now=now)
    yield "submit again", perf_counter() - begun, 1
    ids = [shot.id for shot in shots]
    yield "ends", median_seconds(
        lambda: (reading.unfinished(ledger.database, ids), reading.job_states(ledger.database,
                                                                             ids=ids)), runs=3
    ), 3  # fmt: skip
    times = []
    for _ in range(JOBS):
        begun = perf_counter()
        lease = ledger.lease(Stage.GENERATE, now=now, node="gpu-07")
        assert lease is not None
        ledger.succeed(lease, now=now, report="{}")
        times.append(perf_counter() - begun)
    yield "job", median(times), JOBS
    half = Selection(shots=tuple(ids[OPEN // 2 :]))
    begun = perf_counter()
    done = control.set_priority(ledger.database, half, priority=5, who="bench", now=now)
    assert len(done.changed) == OPEN // 2
    yield "priority", perf_counter() - begun, 1
    begun = perf_counter()
    control.cancel(
        ledger.database, Selection(shots=tuple(ids[-1000:])), who="bench", now=now,
        spare_publishing=True,
    )  # fmt: skip
    yield "cancel", perf_counter() - begun, 1
    yield "name", median_seconds(lambda: select(ledger.database, [ids[5], "img_909000.jpg"]),
                                 runs=RUNS), RUNS  # fmt: skip
    yield (
        "counts",
        median_seconds(lambda: summary.summarise(ledger.database, limit=20, now=now), runs=RUNS),
        RUNS,
    )
    yield (
        "listing",
        median_seconds(lambda: summary.shot_lines(ledger.database, limit=1000), runs=RUNS),
        RUNS,
    )
    ledger.close()


def measure_lanes(folder: Path, lanes: int, *, now: float) -> float:
    """Seconds for one look at the queue and one choice, with so many lanes of equal priority."""
    ledger = Ledger(folder / f"lanes-{lanes}.sqlite3")
    for number in range(lanes):
        shots = [new_shot(number, index) for index in range(3)]
        ledger.submit(manifest_of(number), shots, now=now)
    shares = Shares()

    def look() -> None:
        found = open_lanes(ledger.database, Stage.GENERATE, now=now)
        assert len(found) == min(lanes, MOST), len(found)
        choose(found, [Seat("w", models=("camera",))], shares, patience_s=60.0)

    seconds = median_seconds(look, runs=30)
    ledger.close()
    return seconds


def command(home: Path, *arguments: str) -> float:
    """Wall seconds of a command as a process."""
    environment = os.environ | {"FLEET_HOME": str(home)}
    begun = perf_counter()
    subprocess.run(
        [sys.executable, "-m", "fleet", *arguments], env=environment, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return perf_counter() - begun


def commands(home: Path, *arguments: str) -> float:
    """The median of some."""
    return median(command(home, *arguments) for _ in range(RUNS))


def archived(home: Path, *, now: float) -> Iterator[Figure]:
    """Move the older half of what is over into archives, and write the file anew."""
    database = Database(home / "ledger.sqlite3")
    found = archive.over(database, before=now - OLD_MANIFESTS / 2 * NIGHT_S)
    begun = perf_counter()
    moved = sum(archive.move(database, each, folder=home / "archive") for each in found)
    seconds = perf_counter() - begun
    yield Figure("archive, shots a second", moved / seconds, "/s", better="more")
    yield Figure("archive, longest wait of another writer", 1000.0 * archive.AT_ONCE / moved
                 * seconds, "ms")  # fmt: skip
    begun = perf_counter()
    freed = archive.shrink(database)
    yield Figure("writing the file anew after that", perf_counter() - begun, "s")
    yield Figure("which gives back", freed / 1e6, "MB", better="more")
    database.close()


def main(arguments: Sequence[str]) -> None:
    """Measure and tell."""
    shots = int(arguments[0]) if arguments else SHOTS
    now = time.time()
    folder = Path(tempfile.mkdtemp(prefix="bench-ledger-"))
    try:
        full, empty = folder / "full", folder / "empty"
        fill(full / "ledger.sqlite3", max(OLD_MANIFESTS, shots - OPEN), now=now)
        size = (full / "ledger.sqlite3").stat().st_size
        work = {name: (seconds, runs) for name, seconds, runs
                in measure_work(full / "ledger.sqlite3", now=now)}  # fmt: skip
        bare = dict[str, float]()
        for name, seconds, _ in measure_work(empty / "ledger.sqlite3", now=now):
            bare[name] = seconds

        def timed(name: str, label: str, *, target: float | None = None) -> list[Figure]:
            seconds, runs = work[name]
            return [
                Figure(label, 1000.0 * seconds, "ms", target=target, runs=runs),
                Figure("  the same, the ledger empty before", 1000.0 * bare[name], "ms", runs=runs),
            ]

        figures = [
            Figure("fleet status, as a process", 1000.0 * commands(full, "status"), "ms",
                   target=300.0, runs=RUNS),
            Figure("  the same, empty ledger", 1000.0 * commands(folder / "none", "status"), "ms",
                   runs=RUNS),
            Figure("fleet status --shots, as a process",
                   1000.0 * commands(full, "status", "--shots"), "ms", runs=RUNS),
            Figure("fleet status --unfinished --json, as a process",
                   1000.0 * commands(full, "status", "--unfinished", "--json"), "ms", runs=RUNS),
            *timed("counts", "the counts of fleet status"),
            *timed("submit", f"submit {OPEN:,} shots, hashing excluded", target=2000.0),
            *timed("submit again", f"submit {OPEN:,} known shots again", target=2000.0),
            *timed("ends", f"the states of {OPEN:,} shots"),
            *timed("job", "lease a job and record its result"),
            *timed("priority", f"another priority for {OPEN // 2:,} shots"),
            *timed("cancel", "cancel 1,000 shots"),
            *timed("name", "find a shot by id, and by its picture's name"),
            *timed("listing", "the lines of the newest 1,000 shots"),
            *(Figure(f"a look at {lanes:,} lanes and a choice",
                     1000.0 * measure_lanes(folder, lanes, now=now), "ms", runs=30)
              for lanes in (1, 100, 1000)),
            Figure("size of the file", size / 1e6, "MB"),
            *archived(full, now=now),
        ]  # fmt: skip
        tell("ledger", figures, what=f"{3 * shots:,} jobs of {OLD_MANIFESTS + 1} manifests")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
