"""The table of states: what may follow what."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import IllegalTransition
from fleet.jobs import machine
from fleet.jobs.model import (
    AttemptFailed,
    Event,
    Finished,
    GivenUp,
    JobState,
    Leased,
    LeaseExpired,
    OutputLost,
    Ready,
    Skipped,
    Stage,
)

EVENTS = get_args(Event)
ENDED = {JobState.SUCCEEDED, JobState.DISCARDED, JobState.SKIPPED, JobState.CANCELLED}


def test_a_job_that_is_made_at_the_first_try_passes_through_every_state() -> None:
    state = JobState.WAITING
    for event in (Ready(), Leased(), Finished()):
        state = machine.advance(state, event, job="shot/finish")

    assert state is JobState.SUCCEEDED


def test_a_failed_attempt_waits_in_the_queue_again() -> None:
    assert machine.advance(JobState.LEASED, AttemptFailed(), job="j") is JobState.QUEUED


def test_a_lease_whose_holder_died_goes_back_to_the_queue() -> None:
    assert machine.advance(JobState.LEASED, LeaseExpired(), job="j") is JobState.QUEUED


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.QUEUED])
def test_only_a_queued_job_can_be_leased(state: JobState) -> None:
    with pytest.raises(IllegalTransition) as refused:
        machine.advance(state, Leased(), job="img_001/generate")

    assert "img_001/generate" in str(refused.value)
    assert state.value in str(refused.value)


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.LEASED])
def test_only_a_leased_job_can_be_finished(state: JobState) -> None:
    with pytest.raises(IllegalTransition):
        machine.advance(state, Finished(), job="j")


def test_every_event_is_legal_somewhere_and_every_state_can_be_reached() -> None:
    assert {event for _, event in machine.TRANSITIONS} == set(EVENTS)
    assert set(machine.TRANSITIONS.values()) == set(JobState)


def test_the_frames_that_are_lost_call_back_what_was_to_finish_them() -> None:
    assert [stage for stage, _ in machine.consequences(Stage.GENERATE, OutputLost())] == [
        Stage.FINISH
    ]


@given(st.lists(st.sampled_from(EVENTS), max_size=12))
def test_a_shot_always_leads_to_publishing_whatever_fails(
    choices: list[type[Event]],
) -> None:
    """Walk the whole shot: at every step give some legal failure or success of what is queued."""
    states = {
        Stage.GENERATE: JobState.QUEUED,
        Stage.FINISH: JobState.WAITING,
        Stage.PUBLISH: JobState.WAITING,
    }
    wanted = iter([choice for choice in choices if choice in {AttemptFailed, GivenUp, Finished}])
    for _ in range(40):
        queued = [stage for stage in Stage if states[stage] is JobState.QUEUED]
        if not queued:
            break
        stage = queued[0]
        event = next(wanted, Finished)()
        _apply(states, stage, Leased())
        _apply(states, stage, event)

    assert states[Stage.PUBLISH] in {JobState.SUCCEEDED, JobState.DISCARDED}
    assert all(state in ENDED for state in states.values())


def _apply(states: dict[Stage, JobState], stage: Stage, event: Event) -> None:
    states[stage] = machine.advance(states[stage], event, job="shot")
    for other, consequence in machine.consequences(stage, event):
        _apply(states, other, consequence)


def test_giving_up_generation_skips_finishing_and_still_publishes_the_reason() -> None:
    follow = dict(machine.consequences(Stage.GENERATE, GivenUp()))

    assert follow == {Stage.FINISH: Skipped(), Stage.PUBLISH: Ready()}
