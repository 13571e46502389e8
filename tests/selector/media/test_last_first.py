from __future__ import annotations

import threading
import time

import pytest

from selector.media.last_first import LastFirst

PATIENCE_S = 60.0


def waits(gate: LastFirst, count: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while gate.waiting < count:
        assert time.monotonic() < until
        time.sleep(0.001)


def test_of_those_who_wait_the_last_goes_first() -> None:
    gate, order = LastFirst(), list[int]()

    def work(number: int) -> None:
        with gate:
            order.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    with gate:
        for number, thread in enumerate(threads):
            thread.start()
            waits(gate, number + 1)
    for thread in threads:
        thread.join()

    assert order == [3, 2, 1, 0]


def test_only_one_is_in_at_a_time_and_an_error_lets_the_next_in() -> None:
    gate, inside, most = LastFirst(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with gate:
                inside += 1
                most = max(most, inside)
                time.sleep(0)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(ZeroDivisionError), gate:
        _ = 1 // 0
    with gate:
        assert gate.waiting == 0

    assert most == 1
