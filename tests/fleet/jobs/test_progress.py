"""How far an attempt is, and how long it will still take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.jobs.progress import Progress, Sighting, left_s


@given(
    steps=st.integers(1, 60),
    pieces=st.integers(1, 20),
    begin=st.integers(0, 59),
)
def test_the_share_never_falls_over_steps_and_pieces_and_ends_at_one(
    steps: int, pieces: int, begin: int
) -> None:
    # Every piece leaves out the steps before its weak clock.
    first = min(begin, steps - 1)
    shares = [
        Progress(done, steps, piece, pieces).share
        for piece in range(1, pieces + 1)
        for done in range(first + 1, steps + 1)
    ]

    assert shares == sorted(shares)
    assert shares[0] > 0.0
    assert shares[-1] == pytest.approx(1.0)


def test_it_reads_as_people_say_it() -> None:
    assert str(Progress(12, 40)) == "step 12/40"
    assert str(Progress(12, 40, 1, 2)) == "step 12/40, piece 1/2"


def test_what_is_left_follows_from_the_pace_so_far() -> None:
    first, last = Sighting(Progress(10, 40), 100.0), Sighting(Progress(20, 40), 130.0)

    assert left_s(first, last) == pytest.approx(60.0)


def test_nothing_is_said_of_what_is_left_while_nothing_moves() -> None:
    seen = Sighting(Progress(10, 40), 100.0)

    assert left_s(seen, seen) is None
    assert left_s(seen, Sighting(Progress(10, 40), 160.0)) is None
