"""The dispatcher on a real cluster: whatever a shot does, it ends, and the others are made."""

from __future__ import annotations

from pathlib import Path

from companions.video_meta import Verdict
from fleet.jobs.model import Stage
from fleet.stages.drill import CLIP, Fault, Trouble
from tests.fleet.drilling import Drilled, run_drill

QUICK = "first_retry_s = 0.01\n"


def outcomes(drilled: Drilled, name: str, stage: Stage) -> list[str]:
    return [a.outcome for a in drilled.histories[name].attempts if a.stage is stage]


def test_trouble_of_one_shot_never_reaches_the_others(tmp_path: Path) -> None:
    """One cluster, every kind of trouble at once: starting a cluster is what takes the time."""
    faults = {
        "flaky": Fault("generate", Trouble.FLAKY, times=1),
        "hopeless": Fault("finish", Trouble.FLAKY),
        "bug": Fault("generate", Trouble.BUG),
        "killed_once": Fault("finish", Trouble.KILLED, times=1),
        "killer": Fault("generate", Trouble.KILLED),
        "memory": Fault("generate", Trouble.MEMORY, times=1),
    }
    names = ["first", *faults, "last"]

    drilled = run_drill(tmp_path, names, faults=faults, settings=QUICK)

    verdicts = {name: drilled.histories[name].shot.verdict for name in names}
    assert verdicts == {
        "first": Verdict.PASS,
        "flaky": Verdict.PASS,
        "hopeless": Verdict.FAILED,
        "bug": Verdict.QUARANTINED,
        "killed_once": Verdict.PASS,
        "killer": Verdict.QUARANTINED,
        "memory": Verdict.PASS,
        "last": Verdict.PASS,
    }
    assert outcomes(drilled, "flaky", Stage.GENERATE) == ["backend_failed", "succeeded"]
    assert outcomes(drilled, "hopeless", Stage.FINISH) == ["backend_failed"] * 3
    assert outcomes(drilled, "killer", Stage.GENERATE) == ["worker_lost"] * 3
    assert outcomes(drilled, "memory", Stage.GENERATE) == ["out_of_memory", "succeeded"]
    # A finisher that dies does not cost the generation again: the frames are the dispatcher's.
    assert outcomes(drilled, "killed_once", Stage.GENERATE) == ["succeeded"]
    assert outcomes(drilled, "killed_once", Stage.FINISH) == ["worker_lost", "succeeded"]

    assert "ZeroDivisionError" in drilled.meta("bug").reasons[0].message
    assert drilled.meta("killer").clip is None
    for name in ("first", "flaky", "killed_once", "memory", "last"):
        assert Path(drilled.histories[name].shot.target).read_bytes() == CLIP
        assert drilled.meta(name).verdict is Verdict.PASS
    assert list(drilled.home.staging.iterdir()) == []


def test_a_stage_that_hangs_is_ended_at_its_deadline_and_the_next_shot_gets_a_new_worker(
    tmp_path: Path,
) -> None:
    settings = QUICK + "generate_deadline_s = 1.0\nmax_attempts = 2\n"
    faults = {"stuck": Fault("generate", Trouble.HANG)}

    drilled = run_drill(tmp_path, ["stuck", "next"], faults=faults, settings=settings)

    assert outcomes(drilled, "stuck", Stage.GENERATE) == ["stage_timed_out"] * 2
    assert drilled.histories["stuck"].shot.verdict is Verdict.QUARANTINED
    assert drilled.histories["next"].shot.verdict is Verdict.PASS
