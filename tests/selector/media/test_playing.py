"""Which frame is due when, and what is rendered next."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.media.playing import AHEAD, Schedule, to_render, window

CINEMA = Schedule(count=96, fps=Fraction(24))


@pytest.mark.parametrize(
    ("elapsed_s", "due"), [(0.0, 0), (0.041, 0), (0.042, 1), (1.0, 24), (3.99, 95), (9.0, 95)]
)
def test_a_frame_is_due_from_its_moment_on_until_the_next(elapsed_s: float, due: int) -> None:
    assert CINEMA.due(elapsed_s) == due


def test_a_clip_ends_when_its_last_frame_has_had_its_time() -> None:
    assert not CINEMA.ended(3.99)
    assert CINEMA.ended(4.0)


def test_a_loop_goes_on_at_its_first_frame_and_never_ends() -> None:
    loop = Schedule(count=96, fps=Fraction(24), first=90, looping=True)

    assert [loop.due(at / 24) for at in (0, 5, 6, 102)] == [90, 95, 0, 0]
    assert not loop.ended(1e6)


@given(
    fps=st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(60), Fraction(12)]),
    elapsed_s=st.floats(0.0, 3600.0),
    looping=st.booleans(),
)
def test_at_the_moment_that_is_waited_for_another_frame_is_due(
    *, fps: Fraction, elapsed_s: float, looping: bool
) -> None:
    endless = Schedule(count=10**9, fps=fps, looping=looping)

    wait_s = endless.next_in_s(elapsed_s)

    assert 0.0 < wait_s <= 1.0 / float(fps) + 1e-6
    assert endless.due(elapsed_s + wait_s) == endless.due(elapsed_s) + 1


def test_what_is_there_is_not_rendered_again() -> None:
    soon = window(CINEMA, 10)

    wanted = to_render(soon, fps=CINEMA.fps, there={10, 11, 13}, takes_s=0.0, playing=False)

    assert wanted[:3] == [12, 14, 15]
    assert max(wanted) == 10 + AHEAD - 1


def test_a_clip_at_rest_renders_the_frame_at_hand_first() -> None:
    soon = window(CINEMA, 40)

    assert to_render(soon, fps=CINEMA.fps, there=(), takes_s=0.5, playing=False)[0] == 40


@pytest.mark.parametrize(("takes_s", "first"), [(0.0, 10), (0.01, 11), (0.05, 12), (0.2, 15)])
def test_a_clip_that_plays_begins_with_the_first_frame_that_will_be_in_time(
    takes_s: float, first: int
) -> None:
    soon = window(CINEMA, 10)

    assert to_render(soon, fps=CINEMA.fps, there=(), takes_s=takes_s, playing=True)[0] == first


def test_nothing_past_the_end_is_due_soon_but_in_a_loop_its_beginning_is() -> None:
    loop = Schedule(count=96, fps=Fraction(24), looping=True)

    assert window(CINEMA, 94) == [94, 95]
    assert window(loop, 94, ahead=4) == [94, 95, 0, 1]


def test_a_loop_shorter_than_what_is_rendered_ahead_has_each_frame_once() -> None:
    loop = Schedule(count=3, fps=Fraction(24), looping=True)

    assert window(loop, 1) == [1, 2, 0]
