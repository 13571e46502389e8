"""Long shots on a real cluster: what was made of them is never made again, whatever dies."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions.generation_params import Long
from companions.video_meta import Verdict
from tests.fleet.piecework import FOUR, IN_TURN, long_shot, run_pieces

QUICK = "first_retry_s = 0.01\n"
OVERLAP = long_shot(long=Long.OVERLAP)
SEGMENTS = long_shot(long=Long.SEGMENTS)
AT_ONCE = long_shot(long=Long.SEGMENTS, at_once=2)


@pytest.mark.timeout(250)
def test_a_shot_goes_on_at_the_piece_where_its_worker_or_dispatcher_died(tmp_path: Path) -> None:
    """One cluster for all of it: starting one is what takes the time."""
    shots = dict.fromkeys(["whole", "worker", "dispatcher"], OVERLAP)

    worked = run_pieces(tmp_path, shots, settings=QUICK + "generation_slots = 1\n")

    assert {history.shot.verdict for history in worked.histories.values()} == {Verdict.PASS}
    assert worked.made("whole") == [0, 1, 2, 3]
    assert worked.made("worker") == [0, 1, 2, 3], "the two that were kept were not made again"
    assert worked.made("dispatcher") == [0, 1, 2, 3]
    assert worked.clip("worker") == worked.clip("dispatcher") == worked.clip("whole")
    assert worked.clip("whole").endswith(f" of {FOUR[Long.OVERLAP]}")
    assert not worked.home.pieces.exists(), "nobody keeps pieces of shots that have ended"


@pytest.mark.timeout(250)
def test_idle_workers_make_pieces_of_a_shot_that_allows_it(tmp_path: Path) -> None:
    shots = {"alone": SEGMENTS, **dict.fromkeys(IN_TURN, AT_ONCE)}

    worked = run_pieces(tmp_path, shots, settings=QUICK + "generation_slots = 2\n")

    cancelled = worked.histories.pop("cancelled").shot
    assert {history.shot.verdict for history in worked.histories.values()} == {Verdict.PASS}
    # Each of its first two pieces was begun before the other was made.
    assert len(worked.makers("together")) == 2
    assert sorted(worked.made("together")) == [0, 1, 2, 3]
    spent = sum(each.duration_sec for each in worked.meta("together").attempts)
    # The attempt that failed had help, the one after it had one piece left and none.
    assert worked.outcomes("together") == ["backend_failed", "succeeded"]
    rounded = 0.0005 * len(worked.meta("together").attempts)
    helped = worked.meta("together").cost.seconds - spent
    assert helped > 2 * rounded, "helpers are paid for too"
    # A helper that died cost nothing but its piece, and no attempt.
    assert sorted(worked.made("helped")) == [0, 1, 2, 3]
    assert worked.outcomes("helped") == ["succeeded"]
    # Who helps with a shot that is called off is called off too.
    assert (cancelled.verdict, worked.stopped("cancelled")) == (Verdict.CANCELLED, {0, 1})
    # What a worker makes that would make it in another way is not taken.
    assert (worked.made_by_the_first("unlike"), worked.outcomes("unlike")) == (
        {0, 1, 2, 3},
        ["succeeded"],
    )
    assert len({worked.clip(name) for name in worked.histories}) == 1
    assert not worked.home.pieces.exists()
