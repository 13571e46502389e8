"""The scheduling policy at a size nobody rents: ``python -m benchmarks.scale``.

A simulation of 1,000 workers and 1,000,000 shots over the policy that the dispatcher asks: twenty
manifests with two models between them, times that vary by a third, a byte budget, and in the
middle of it a rush of five shots.  Then the price of one decision, by the number of lanes, and
the number of shots a second that the dispatcher's own time allows.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Sequence

from benchmarks.report import Figure, tell
from fleet.jobs.model import Pool, Stage
from fleet.jobs.policy import Lane, Seat, Shares, choose
from fleet.jobs.scenario import Group, Seconds, Site
from fleet.jobs.simulate import jittered, simulate

WORKERS = 1_000
SHOTS = 1_000_000
MANIFESTS = 20
GENERATE_S, FINISH_S, PUBLISH_S = 60.0, 8.0, 0.02
FRAMES_BYTES = 224_000_000
LANES = (1, 10, 100, 1_000)
DECISIONS = 400
PATIENCE_S = 300.0


def queue(shots: int) -> Sequence[Group]:
    """Twenty manifests from the start, and a rush half-way."""

    def times(seed: int) -> dict[Stage, Seconds]:
        return {
            Stage.GENERATE: jittered(GENERATE_S, spread=0.33, seed=seed),
            Stage.FINISH: jittered(FINISH_S, spread=0.33, seed=seed + 1000),
            Stage.PUBLISH: PUBLISH_S,
        }

    half_s = shots * (GENERATE_S + FINISH_S) / WORKERS / 2
    return [
        *(
            Group(
                f"manifest-{number}", shots // MANIFESTS, times(number),
                generator=f"model-{number % 2}", frames_bytes=FRAMES_BYTES,
            )
            for number in range(MANIFESTS)
        ),
        Group("rush", 5, times(7), generator="model-0", arrives_s=half_s,
              frames_bytes=FRAMES_BYTES),
    ]  # fmt: skip


def site(workers: int) -> Site:
    """As many workers, divided as the times ask for."""
    finishing = round(workers * FINISH_S / (GENERATE_S + FINISH_S))
    return Site(
        workers={Pool.GENERATION: workers - finishing, Pool.INTERPOLATION: finishing},
        load_s={Pool.GENERATION: 90.0, Pool.INTERPOLATION: 1.0},
        publishers=8,
        patience_s=PATIENCE_S,
        frames_budget=3 * workers * FRAMES_BYTES,
    )


def decision_us(lanes: int) -> float:
    """Microseconds of one decision with so many lanes, the accounts included."""
    open_lanes = [Lane(i, f"m{i // 2}", 0, f"model-{i % 3}", i) for i in range(lanes)]
    seats = [Seat("a", models=("model-0",)), Seat("b", models=("model-1",))]
    shares = Shares()
    manifests = [lane.manifest_id for lane in open_lanes]
    shares.meet(manifests)
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        for _turn in range(DECISIONS):
            shares.meet(manifests)
            choice = choose(open_lanes, seats, shares, patience_s=PATIENCE_S)
            assert choice is not None
            shares.charge(choice.lane.manifest_id, seconds=30.0)
        times.append((time.perf_counter() - begun) / DECISIONS * 1e6)
    return statistics.median(times)


def memory_mb() -> float:
    """The most this process ever held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def main() -> None:
    """Measure and tell."""
    prices = [(count, decision_us(count)) for count in LANES]
    begun = time.perf_counter()
    done = simulate(queue(SHOTS), site(WORKERS))
    wall_s = time.perf_counter() - begun
    rush_s = done.ends_s["rush"] - SHOTS * (GENERATE_S + FINISH_S) / WORKERS / 2
    ideal_s = SHOTS * (GENERATE_S + FINISH_S) / WORKERS
    tell(
        "scale",
        [
            Figure("1,000,000 shots on 1,000 workers, simulated in", wall_s, "s", target=300.0),
            Figure("decisions of the policy", done.jobs / wall_s, "/s", better="more"),
            Figure("memory of the process, at most", memory_mb(), "MB", target=500.0),
            Figure("simulated time / ideal", done.makespan_s / ideal_s, "", target=1.05),
            Figure("models loaded, for each worker",
                   sum(done.loads.values()) / WORKERS, "", target=10.0),
            Figure("five shots that came half-way, done after", rush_s, "s",
                   target=5 * (GENERATE_S + FINISH_S) + PATIENCE_S),
            Figure("longest a manifest waited for a turn", max(done.longest_wait_s.values()), "s"),
            *(Figure(f"one decision among {count} lanes", price, "us",
                     target=5_000.0 if count == LANES[-1] else None)
              for count, price in prices),
        ],
        what=f"{WORKERS} workers, {SHOTS} shots, {MANIFESTS} manifests and a rush, simulated",
    )  # fmt: skip


if __name__ == "__main__":
    main()
