"""Stages side by side: in order, bounded, and over when they are over."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from fleet.errors import AttemptStopped
from fleet.stages.pipeline import Line

PATIENCE_S = 30.0


def doubled(numbers: Iterator[int]) -> Iterator[int]:
    for number in numbers:
        yield number * 2


def in_pairs(numbers: Iterator[int]) -> Iterator[tuple[int, int]]:
    for number in numbers:
        yield number, next(numbers)


def first_only(numbers: Iterator[int]) -> Iterator[int]:
    yield next(numbers)


def threads_of_lines() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("finish-line")]


def test_what_goes_in_comes_out_in_order_whatever_the_stages_make_of_it() -> None:
    with Line(range(100), room=2).then(doubled).then(in_pairs) as line:
        assert list(line) == [(4 * n, 4 * n + 2) for n in range(50)]


def test_a_line_without_stages_gives_what_its_source_gives() -> None:
    with Line("frames", room=1) as line:
        assert "".join(line) == "frames"


def test_every_stage_is_in_a_thread_of_its_own() -> None:
    seen: list[set[int]] = []

    def remembering(numbers: Iterator[int]) -> Iterator[int]:
        seen.append(set())
        mine = seen[-1]
        for number in numbers:
            mine.add(threading.get_ident())
            yield number

    with Line(range(5), room=1).then(remembering).then(remembering) as line:
        assert list(line) == [0, 1, 2, 3, 4]

    assert [len(each) for each in seen] == [1, 1]
    assert seen[0] != seen[1]
    assert threading.get_ident() not in seen[0] | seen[1]


@pytest.mark.parametrize("room", [1, 3])
def test_a_source_is_never_further_ahead_than_there_is_room(room: int) -> None:
    given = 0
    ahead: list[int] = []

    def counting() -> Iterator[int]:
        nonlocal given
        for number in range(60):
            given = number + 1
            yield number

    with Line(counting(), room=room).then(doubled) as line:
        for taken, _ in enumerate(line, start=1):
            ahead.append(given - taken)

    # Behind each of the two threads `room` wait, each holds one, and one was just put down.
    assert max(ahead) <= 2 * room + 3


@pytest.mark.parametrize("where", [0, 1, 2])
def test_an_error_comes_out_as_itself_from_wherever_it_was_raised(where: int) -> None:
    failed = KeyError("the fourth")

    def failing(numbers: Iterator[int]) -> Iterator[int]:
        for number in numbers:
            if number == 3:
                raise failed
            yield number

    def passing(numbers: Iterator[int]) -> Iterator[int]:
        yield from numbers

    steps = [failing if step == where else passing for step in range(3)]
    line = Line(steps[0](iter(range(1000))), room=1).then(steps[1]).then(steps[2])
    with pytest.raises(KeyError) as caught, line as running:
        list(running)

    assert caught.value is failed
    assert threads_of_lines() == []


def test_no_thread_outlives_a_block_that_is_left_early() -> None:
    endless = iter(int, 1)

    with Line(endless, room=2).then(doubled).then(doubled) as line:
        assert next(iter(line)) == 0
        assert threads_of_lines() != []

    assert threads_of_lines() == []


def test_a_stage_that_wants_no_more_ends_the_line_and_those_before_it() -> None:
    with Line(iter(int, 1), room=1).then(first_only) as line:
        assert list(line) == [0]

    assert threads_of_lines() == []


def test_generators_are_closed_in_their_own_threads_when_the_line_is_left() -> None:
    closed: list[str] = []

    def tidy(numbers: Iterator[int]) -> Iterator[int]:
        try:
            yield from numbers
        finally:
            closed.append(threading.current_thread().name)

    with Line(iter(int, 1), room=1).then(tidy).then(doubled) as line:
        next(iter(line))

    assert len(closed) == 1
    assert closed[0].startswith("finish-line")


def test_a_line_that_waits_is_left_when_it_is_told_to() -> None:
    """The source never gives anything, as one that waits for frames which are gone."""
    called_off, asked = threading.Event(), 0

    def silent() -> Iterator[int]:
        assert called_off.wait(PATIENCE_S)
        yield 0

    def ask() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            called_off.set()
            raise AttemptStopped(stage="finish")

    with pytest.raises(AttemptStopped), Line(silent(), room=1, ask=ask).then(doubled) as line:
        list(line)

    assert asked == 3
    assert threads_of_lines() == []
