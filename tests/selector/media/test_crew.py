"""Threads that work until they are closed, whatever they meet on the way."""

from __future__ import annotations

import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from selector.media.crew import CLOSE_S, Crew, Job

PATIENCE_S = 60.0


class Cook:
    """Somebody who has dishes made, and hears of those that were."""

    def __init__(self) -> None:
        self.crew = Crew("cook")
        self.orders: deque[Callable[[], object]] = deque()
        self.made: list[object] = []

    def want(self, *orders: Callable[[], object]) -> None:
        with self.crew.changed:
            self.orders.extend(orders)
            if not self.crew.is_hired:
                self.crew.hire(self._next)
            self.crew.changed.notify_all()

    def wait_for(self, count: int) -> None:
        until = time.monotonic() + PATIENCE_S
        while len(self.made) < count:
            assert time.monotonic() < until
            time.sleep(0.001)

    def _next(self) -> Job | None:
        return partial(self._make, self.orders.popleft()) if self.orders else None

    def _make(self, order: Callable[[], object]) -> None:
        self.made.append(order())


@pytest.fixture
def cook() -> Iterator[Cook]:
    made = Cook()
    yield made
    made.crew.close()


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "cook"]


def test_what_there_is_to_do_is_done_in_its_order_in_one_thread(cook: Cook) -> None:
    cook.want(threading.get_ident, lambda: "b")
    cook.want(lambda: "c")
    cook.wait_for(3)

    assert cook.made[0] == threads()[0].ident
    assert cook.made[1:] == ["b", "c"]
    assert len(threads()) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_is_told_and_costs_what_it_happened_on(
    cook: Cook, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda each: told.append(each.exc_type))

    cook.want(lambda: 1 // 0, lambda: "b", lambda: 1 // 0, lambda: "d")
    cook.wait_for(2)

    assert cook.made == ["b", "d"]
    assert told == [ZeroDivisionError] * 2


def test_a_closed_crew_ends_and_hires_nobody(cook: Cook) -> None:
    cook.want(lambda: "a")
    cook.wait_for(1)

    assert cook.crew.close()
    cook.want(lambda: "b")

    assert threads() == []
    assert cook.made == ["a"]


def test_who_is_in_the_middle_of_something_is_left_after_a_while(cook: Cook) -> None:
    go, at_it = threading.Event(), threading.Event()
    cook.want(at_it.set, lambda: go.wait(PATIENCE_S))
    assert at_it.wait(PATIENCE_S)
    cook.wait_for(1)
    begun = time.monotonic()

    assert not cook.crew.close()

    assert CLOSE_S <= time.monotonic() - begun < PATIENCE_S
    go.set()


def test_what_was_done_is_not_held_while_there_is_nothing_to_do(cook: Cook) -> None:
    class Dish:
        def __call__(self) -> str:
            return "served"

    dish = Dish()
    gone = weakref.ref(dish)
    cook.want(dish)
    del dish
    cook.wait_for(1)

    until = time.monotonic() + PATIENCE_S
    while gone() is not None:
        assert time.monotonic() < until
        time.sleep(0.001)


def test_whoever_hired_a_closed_crew_goes_without_the_collector_of_cycles() -> None:
    cook = Cook()
    cook.want(lambda: "a")
    cook.wait_for(1)
    cook.crew.close()
    gone = weakref.ref(cook)

    del cook

    assert gone() is None, sys.getrefcount(gone())
