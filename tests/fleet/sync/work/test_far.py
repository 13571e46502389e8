"""The host's end: how long it tells events, and what it does when something else is wanted."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from companions.base import Closed
from fleet.home import Home
from fleet.sync.far.conversation import Desk, converse
from fleet.sync.far.work import handler, work_handlers
from fleet.sync.wire.base import decode, encode
from fleet.sync.wire.greeting import Still
from fleet.sync.wire.messages import ANSWERS
from fleet.sync.wire.work import AskStatus, Enough, Follow, Happened, Over, StatusFound
from tests.fleet.ledger.filling import make, manifest, submit
from tests.fleet.sync.work.world import at_work, opened

IDLE_S = 0.4


class Asking:
    """A desk at the other end of two pipes."""

    def __init__(self, home: Home) -> None:
        there, self._mine = os.pipe()
        mine, there_out = os.pipe()
        self._out: BinaryIO = os.fdopen(self._mine, "wb")
        self._in: BinaryIO = os.fdopen(mine, "rb")
        self._desk = Desk(os.fdopen(there, "rb"), os.fdopen(there_out, "wb"))
        handlers = work_handlers(
            self._desk,
            home=home,
            inbox=home.inbox,
            outbox=home.outbox,
            submitted=lambda _label, _set_id: None,
            idle_s=IDLE_S,
        )
        self.thread = threading.Thread(target=converse, args=(self._desk, handlers))
        self.thread.start()

    def say(self, message: Closed) -> None:
        self._out.write(encode(message))
        self._out.flush()

    def hear(self) -> Closed:
        while True:
            message = decode(self._in.readline(), ANSWERS)
            if not isinstance(message, Still):
                return message

    def hang_up(self) -> None:
        if not self._out.closed:
            self._out.close()
        self.thread.join(timeout=10.0)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "far")


@pytest.fixture
def shots(home: Home) -> list[str]:
    home.root.mkdir()
    with opened(home) as ledger:
        return submit(ledger, manifest("day1"), ["a", "b"])


@pytest.fixture
def asking(home: Home, shots: list[str]) -> Iterator[Asking]:
    desk = Asking(home)
    yield desk
    desk.hang_up()
    assert not desk.thread.is_alive(), "the conversation goes on without a desk"


def test_shots_that_nothing_works_on_are_not_followed_for_ever(
    asking: Asking, shots: list[str]
) -> None:
    asking.say(Follow(shots=tuple(shots), after=0))

    assert isinstance(asking.hear(), Happened)
    assert asking.hear() == Over(ended=False)


def test_shots_that_something_works_on_are_followed_however_long_nothing_happens(
    asking: Asking, home: Home, shots: list[str], tmp_path: Path
) -> None:
    with at_work(home):
        asking.say(Follow(shots=tuple(shots), after=0))
        assert isinstance(asking.hear(), Happened)
        asking.thread.join(timeout=3.0 * IDLE_S)  # longer than idle shots are followed
        with opened(home) as ledger:
            make(ledger, tmp_path)
            make(ledger, tmp_path)
        heard = [asking.hear()]
        while isinstance(heard[-1], Happened):
            heard.append(asking.hear())

    assert heard[-1] == Over(ended=True)


def test_shots_that_have_ended_already_are_told_and_that_is_all(
    asking: Asking, home: Home, shots: list[str], tmp_path: Path
) -> None:
    with opened(home) as ledger:
        make(ledger, tmp_path)
        make(ledger, tmp_path)

    asking.say(Follow(shots=tuple(shots), after=0))

    told = asking.hear()
    assert isinstance(told, Happened)
    assert {each.shot_id for each in told.events} == set(shots)
    assert asking.hear() == Over(ended=True)


def test_another_request_ends_the_following_and_is_answered(
    asking: Asking, home: Home, shots: list[str]
) -> None:
    with at_work(home):
        asking.say(Follow(shots=tuple(shots), after=0))
        assert isinstance(asking.hear(), Happened)
        asking.say(AskStatus())

        assert isinstance(asking.hear(), StatusFound)


def test_enough_is_answered_by_one_over_whether_or_not_the_shots_ended_before(
    asking: Asking, home: Home, shots: list[str]
) -> None:
    with at_work(home):
        asking.say(Follow(shots=tuple(shots), after=0))
        assert isinstance(asking.hear(), Happened)
        asking.say(Enough())
        assert asking.hear() == Over(ended=False)
    asking.say(Follow(shots=(), after=0))
    assert asking.hear() == Over(ended=True)

    asking.say(Enough())  # it crossed the end on its way
    asking.say(AskStatus())

    assert isinstance(asking.hear(), StatusFound)


def test_a_desk_that_hangs_up_is_not_told_events_any_more(
    asking: Asking, home: Home, shots: list[str]
) -> None:
    with at_work(home):
        asking.say(Follow(shots=tuple(shots), after=0))
        assert isinstance(asking.hear(), Happened)

        asking.hang_up()

        assert not asking.thread.is_alive()


def test_a_handler_is_given_requests_of_its_kind_alone() -> None:
    does = handler(Enough, lambda _: None)

    with pytest.raises(TypeError, match="Follow"):
        does(Follow(shots=(), after=0))
