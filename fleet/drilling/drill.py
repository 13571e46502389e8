"""One drill: submit, do the mischief, wait for the end, take all down, audit.

What it proves is the promise: every shot ends as exactly one clip with its meta, or as one named
reason, whatever befalls the fleet meanwhile.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from companions.video_meta import Verdict
from fleet.drilling.arena import Arena, freeze, kill, thaw
from fleet.drilling.mischief import Fault, Mischief, plan_faults, portions
from fleet.invariants.examine import examine, is_at_work
from fleet.invariants.listing import SENTENCES, Examination
from fleet.jobs.model import Stage
from fleet.ledger import nodes, reading
from fleet.ledger.database import Database
from fleet.ledger.rows import ShotRow

STUCK_S: Final = 180.0
"""So long without any event, and the fleet is stuck: the drill ends and says so."""
LOOK_S: Final = 0.1
FREEZE_S: Final = 1.5
PATIENCE_S: Final = 20.0
"""Longest to wait for a fault's moment while nothing ends: it falls all the same."""
DOWN_AGAIN_S: Final = 30.0

Said = Callable[[str, int, int], None]
"""Called with what happens, how many shots have ended, and how many faults have fallen."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the verdict: a sentence, whether it holds, and where it does not."""

    name: str
    sentence: str
    holds: bool
    found: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a drill came to.

    Attributes:
        lines: one for each invariant.
        faults: how many of each kind fell.
        seconds: how long it took, from the submission to the last end.
        repeated: generations that were done again although they had succeeded.
    """

    lines: Sequence[Line]
    faults: Counter[Mischief]
    seconds: float
    verdicts: Counter[str]
    attempts: Counter[str]
    repeated: int

    @property
    def broken(self) -> Sequence[Line]:
        """The invariants that do not hold."""
        return [line for line in self.lines if not line.holds]


@dataclass(slots=True)
class _Run:
    arena: Arena
    said: Said
    fallen: Counter[Mischief] = field(default_factory=Counter)
    frozen: list[int] = field(default_factory=list)
    submitted: list[Path] = field(default_factory=list)


def drill(
    folder: Path,
    *,
    shots: int,
    faults: int,
    seed: int,
    nodes_beside: int,
    cluster: bool,
    said: Said,
) -> Report:
    """Run a drill in ``folder``, which must be empty, and audit what it leaves.

    Raises:
        ClusterFailed: the cluster does not come up at all.
    """
    arena = Arena(folder, shots=shots, nodes=nodes_beside, cluster=cluster)
    planned = plan_faults(seed=seed, count=faults, cluster=cluster, nodes=nodes_beside)
    arena.furnish(portions(shots, len(planned)))
    run = _Run(arena, said)
    folders: list[Path] = []
    try:
        arena.up()
        folders = _folders(arena)
        begun = time.monotonic()
        for number in range(max(len(planned), len(arena.manifests))):
            for manifest in arena.manifests[number : number + 1]:
                run.submitted.append(manifest)
                arena.fleet("submit", manifest, "--no-wait")
            for fault in planned[number : number + 1]:
                _keep_following(run)
                time.sleep(fault.delay_s)
                _befall(run, fault)
                folders += _folders(arena)
        ended = _wait_for_the_end(run)
        seconds = time.monotonic() - begun
    finally:
        for pid in run.frozen:
            thaw(pid)
        arena.down()
    return _report(run, ended=ended, seconds=seconds, folders=folders)


# -- while it runs --------------------------------------------------------------------------------


def _wait_for_the_end(run: _Run) -> bool:
    """Whether every shot has ended; those the drill cancelled are asked for again."""
    arena = run.arena
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < STUCK_S:
        database = Database(arena.home.ledger)
        try:
            left, last = reading.unfinished(database), reading.last_event(database)
            lost = [row.id for row in reading.shots(database) if row.verdict is Verdict.CANCELLED]
        finally:
            database.close()
        run.said("", arena.shots - left, run.fallen.total())
        if not left and not lost:
            return True
        if not left:
            arena.fleet("retry", *lost)
        _keep_following(run)
        if last != seen:
            seen, since = last, time.monotonic()
        time.sleep(LOOK_S)
    return False


def _keep_following(run: _Run) -> None:
    """Have a command at work on what was submitted; without a cluster, it is what works."""
    if all(each.poll() is not None for each in run.arena.commands):
        run.arena.follow(run.submitted)


def _ended(arena: Arena) -> int:
    database = Database(arena.home.ledger)
    try:
        return len(reading.shots(database)) - reading.unfinished(database)
    finally:
        database.close()


def _befall(run: _Run, fault: Fault) -> None:
    """Do it, as soon as there is somebody to do it to."""
    run.said(fault.what.value, _ended(run.arena), run.fallen.total())
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if _DO[fault.what](run, fault.pick):
            run.fallen[fault.what] += 1
            return
        if not run.arena.cluster and _ended(run.arena) == run.arena.shots:
            return  # without a cluster nothing is left to break when the work is done
        _keep_following(run)
        time.sleep(LOOK_S)


def _one(pids: Sequence[int], pick: float) -> list[int]:
    return [pids[int(pick * len(pids))]] if pids else []


def _kill_worker(run: _Run, pick: float) -> bool:
    return any(map(kill, _one(run.arena.actors("Worker"), pick)))


def _kill_dispatcher(run: _Run, _pick: float) -> bool:
    return any(list(map(kill, run.arena.actors("Dispatcher"))))


def _kill_archive(run: _Run, _pick: float) -> bool:
    return any(list(map(kill, run.arena.actors("Archive"))))


def _kill_node(run: _Run, pick: float) -> bool:
    done = any(map(kill, _one(run.arena.raylets(), pick)))
    run.arena.up()
    return done


def _kill_gcs(run: _Run, _pick: float) -> bool:
    return any(list(map(kill, run.arena.gcs())))


def _kill_head(run: _Run, _pick: float) -> bool:
    return any(list(map(kill, run.arena.head())))


def _kill_keeper(run: _Run, _pick: float) -> bool:
    done = any(list(map(kill, run.arena.keeper())))
    run.arena.up()
    return done


def _kill_all(run: _Run, _pick: float) -> bool:
    victims = [*run.arena.keeper(), *run.arena.members()]
    done = any(list(map(kill, victims)))
    run.arena.up()
    return done


def _kill_command(run: _Run, _pick: float) -> bool:
    done = run.arena.kill_command()
    _keep_following(run)
    return done


def _freeze(run: _Run, pick: float) -> bool:
    victims = _one(run.arena.actors("Worker"), pick)
    run.frozen += victims
    return any(freeze(pid, seconds=FREEZE_S) for pid in victims)


def _submit_again(run: _Run, _pick: float) -> bool:
    return run.arena.fleet("submit", *run.submitted, "--no-wait") in {0, 60}


def _cancel(run: _Run, pick: float) -> bool:
    shot = _any_unfinished(run.arena, pick)
    if shot is None:
        return False
    return run.arena.fleet("cancel", shot.id) == 0 and run.arena.fleet("retry", shot.id) == 0


def _drain(run: _Run, pick: float) -> bool:
    database = Database(run.arena.home.ledger)
    try:
        names = [row.name for row in nodes.listing(database) if row.alive and row.name != "head"]
    finally:
        database.close()
    if not names:
        return False
    name = names[int(pick * len(names))]
    done = run.arena.fleet("nodes", "drain", name) == 0
    return run.arena.fleet("nodes", "use", name) == 0 and done


def _any_unfinished(arena: Arena, pick: float) -> ShotRow | None:
    database = Database(arena.home.ledger)
    try:
        left = [row for row in reading.shots(database) if row.verdict is None]
    finally:
        database.close()
    return left[int(pick * len(left))] if left else None


_DO: Final[dict[Mischief, Callable[[_Run, float], bool]]] = {
    Mischief.WORKER: _kill_worker,
    Mischief.DISPATCHER: _kill_dispatcher,
    Mischief.ARCHIVE: _kill_archive,
    Mischief.NODE: _kill_node,
    Mischief.GCS: _kill_gcs,
    Mischief.HEAD: _kill_head,
    Mischief.KEEPER: _kill_keeper,
    Mischief.ALL: _kill_all,
    Mischief.COMMAND: _kill_command,
    Mischief.FREEZE: _freeze,
    Mischief.AGAIN: _submit_again,
    Mischief.CANCEL: _cancel,
    Mischief.DRAIN: _drain,
}


# -- afterwards -----------------------------------------------------------------------------------


def _folders(arena: Arena) -> list[Path]:
    from fleet.cluster.record import read_record

    record = read_record(arena.home) if arena.cluster else None
    return [Path(record.folder)] if record is not None and record.folder else []


def _report(run: _Run, *, ended: bool, seconds: float, folders: Sequence[Path]) -> Report:
    arena = run.arena
    _wait_for_rest(arena)
    examination = examine(arena.home)
    database = Database(arena.home.ledger)
    try:
        rows = reading.shots(database)
        outcomes = Counter(
            {
                f"{row['stage']} {row['outcome']}": row["n"]
                for row in database.rows(
                    "SELECT stage, outcome, count(*) AS n FROM attempts GROUP BY 1, 2"
                )
            }
        )
    finally:
        database.close()
    made = outcomes[f"{Stage.GENERATE.value} succeeded"]
    good = sum(not arena.is_broken(index) for index in range(arena.shots))
    return Report(
        lines=[
            *_ends(run, rows, ended=ended),
            *_held(examination),
            _strays(arena),
            Line(
                "folders-gone",
                "No temporary folder of the cluster is left.",
                not any(folder.exists() for folder in folders),
                [str(folder) for folder in folders if folder.exists()],
            ),
        ],
        faults=run.fallen,
        seconds=seconds,
        verdicts=Counter(row.verdict.value if row.verdict else "unfinished" for row in rows),
        attempts=outcomes,
        repeated=max(0, made - good),
    )


def _wait_for_rest(arena: Arena) -> None:
    """An embedded dispatcher goes seconds after its command: half of the audit is for a fleet at
    rest."""
    deadline = time.monotonic() + DOWN_AGAIN_S
    while is_at_work(arena.home) and time.monotonic() < deadline:
        time.sleep(LOOK_S)


def _held(examination: Examination) -> list[Line]:
    return [
        Line(
            finding.invariant.value,
            SENTENCES[finding.invariant],
            finding.holds is True,
            [f"{breach.about}: {breach.what}" for breach in finding.breaches],
        )
        for finding in examination.findings
    ]


def _ends(run: _Run, rows: Sequence[ShotRow], *, ended: bool) -> list[Line]:
    arena = run.arena
    open_ones = [row.id for row in rows if row.verdict is None]
    wrong = []
    for row in rows:
        broken = arena.is_broken(int(Path(row.image_path).stem.split("_")[1]))
        wanted = Verdict.FAILED if broken else Verdict.PASS
        if row.verdict not in {None, wanted} and not (
            wanted is Verdict.PASS and row.verdict is Verdict.FLAGGED
        ):
            why = "; ".join(reason.message for reason in row.reasons)
            wrong.append(f"{row.id}: {row.verdict.value if row.verdict else ''} ({why})")
    return [
        Line("all-there", f"All {arena.shots} shots are in the ledger, once.",
             len({row.image_path for row in rows}) == len(rows) == arena.shots),
        Line("all-ended", "Every shot has ended.", ended and not open_ones, open_ones),
        Line("right-ends", "Good pictures have clips, broken ones their reason, whatever happened.",
             not wrong, wrong),
    ]  # fmt: skip


def _strays(arena: Arena) -> Line:
    deadline = time.monotonic() + DOWN_AGAIN_S
    while (left := arena.strays()) and time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            time.sleep(LOOK_S)
    return Line("nobody-left", "No process of the fleet is left.", not left, [str(p) for p in left])
