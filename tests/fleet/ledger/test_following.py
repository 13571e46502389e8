"""Following shots through the ledger's events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from companions.video_meta import Verdict
from fleet.ledger import reading
from fleet.ledger.control import retry
from fleet.ledger.following import AT_ONCE, Following
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import EventRow
from fleet.ledger.selection import Selection
from tests.fleet.ledger.filling import break_one, make, manifest, submit


@pytest.fixture
def reader(ledger: Ledger, tmp_path: Path) -> Iterator[Ledger]:
    """The same ledger, through another connection."""
    other = Ledger(tmp_path / "ledger.sqlite3")
    yield other
    other.close()


def taken(following: Following) -> list[EventRow]:
    return [event for batch in following.batches() for event in batch]


def test_each_event_is_given_once_and_the_end_is_known_with_the_last(
    ledger: Ledger, reader: Ledger, tmp_path: Path
) -> None:
    shots = submit(ledger, manifest("day1"), ["a", "b"])
    following = Following(reader.database, shots, after=0)

    first = taken(following)
    make(ledger, tmp_path)
    second = taken(following)
    nothing = taken(following)
    before_the_last = following.over
    make(ledger, tmp_path)
    last = taken(following)

    assert [*first, *second, *last] == reading.events(ledger.database)
    assert (nothing, before_the_last, following.over) == ([], False, True)
    assert taken(following) == []


def test_a_shot_that_is_made_again_while_others_are_open_is_waited_for(
    ledger: Ledger, reader: Ledger, tmp_path: Path
) -> None:
    shots = submit(ledger, manifest("day1"), ["a", "b"])
    following = Following(reader.database, shots, after=0)
    taken(following)

    broken = break_one(ledger)
    taken(following)
    retry(
        ledger.database, Selection(shots=(broken,)), verdicts=(Verdict.FAILED,), who="ann", now=50.0
    )
    make(ledger, tmp_path, now=60.0)
    taken(following)
    in_between = following.over
    make(ledger, tmp_path, now=70.0)
    taken(following)

    assert (in_between, following.over) == (False, True)


def test_batches_are_of_a_bounded_size_and_hold_no_others_events(
    ledger: Ledger, reader: Ledger, tmp_path: Path
) -> None:
    shots = submit(ledger, manifest("day1"), [f"p{number:03}" for number in range(80)])
    for number in range(80):
        make(ledger, tmp_path, now=100.0 + number)
    following = Following(reader.database, shots[::2], after=0)

    batches = list(following.batches())

    assert len(batches) > 1
    assert max(map(len, batches)) <= AT_ONCE
    assert {event.shot_id for batch in batches for event in batch} == set(shots[::2])
    assert following.over


def test_nothing_to_follow_is_over_at_once(ledger: Ledger) -> None:
    following = Following(ledger.database, (), after=0)

    assert taken(following) == []
    assert following.over
