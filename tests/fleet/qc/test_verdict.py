from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.video_meta import Check, CheckVerdict, Verdict
from fleet.qc.counts import count_checks
from fleet.qc.verdict import verdict
from tests.fleet.footage import plan

FILM = Fraction(24000, 1001)


@dataclass(frozen=True)
class Measured:
    frames: int
    duration_s: Fraction
    even: bool = True


def finding(name: str, judged: CheckVerdict, *, value: float | None = 0.5) -> Check:
    return Check(name=name, value=value, threshold=0.1, verdict=judged, detail="seen there")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["adherence", "flashes", "a_new_check"]), st.sampled_from(CheckVerdict)
        )
    )
)
def test_a_clip_is_flagged_exactly_when_a_check_fails(
    found: list[tuple[str, CheckVerdict]],
) -> None:
    judged, reasons = verdict(finding(name, each) for name, each in found)

    failed = [name for name, each in found if each is CheckVerdict.FAIL]
    assert judged is (Verdict.FLAGGED if failed else Verdict.PASS)
    assert [reason.code for reason in reasons] == failed


def test_a_reason_says_what_was_seen_and_what_to_do() -> None:
    _, (reason,) = verdict([finding("adherence", CheckVerdict.FAIL)])

    assert reason.code == "adherence"
    assert reason.message == (
        "the clip did not follow its move: seen there (measured 0.5, limit 0.1). "
        "Look at the clip, then change the seed or the model and submit it again."
    )


def test_a_failed_check_without_a_figure_has_a_reason_too() -> None:
    _, (reason,) = verdict([finding("adherence", CheckVerdict.FAIL, value=None)])

    assert "measured" not in reason.message


@pytest.mark.parametrize("rate", [Fraction(24), FILM])
def test_the_planned_frames_at_the_planned_rate_pass(rate: Fraction) -> None:
    checks = count_checks(Measured(47, 47 / rate), plan(47, rate=rate))

    assert [c.name for c in checks] == ["frame_count", "duration"]
    assert verdict(checks) == (Verdict.PASS, ())


@pytest.mark.parametrize(
    ("measured", "codes"),
    [
        (Measured(46, Fraction(46, 24)), ["frame_count", "duration"]),
        (Measured(48, Fraction(47, 24)), ["frame_count"]),
        (Measured(47, 47 / FILM), ["duration"]),
        (Measured(47, Fraction(47, 24) + Fraction(1, 90_000)), ["duration"]),
        (Measured(47, Fraction(47, 24), even=False), ["duration"]),
    ],
    ids=["a frame short", "a frame over", "film rate for 24", "one tick long", "uneven"],
)
def test_any_difference_from_the_plan_is_flagged(measured: Measured, codes: list[str]) -> None:
    judged, reasons = verdict(count_checks(measured, plan(47)))

    assert judged is Verdict.FLAGGED
    assert [reason.code for reason in reasons] == codes
