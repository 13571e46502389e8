"""Which failure is tried again, how long is waited, and the loop around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions.errors import MotionfleetError
from fleet.sync.errors import (
    AnswerRefused,
    HostKeyRefused,
    HostRefused,
    HostUnreachable,
    NoRoom,
    SetStale,
    TransferFailed,
    TransferRefused,
)
from fleet.sync.transport.retry import Backoff, deserves_another_try, run_with_retries

FAILED = TransferFailed(host="colo", by="rsync", status=12, what="cut")
AWAY = HostUnreachable(host="colo", what="refused")
FULL = NoRoom(host="colo", folder="/inbox", what="full")


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (FAILED, True),
        (AWAY, True),
        (FULL, False),
        (TransferRefused(host="colo", by="rsync", status=1, what="syntax"), False),
        (HostRefused(host="colo", what="no key"), False),
        (HostKeyRefused(host="colo", what="has changed", remedy="look"), False),
        (AnswerRefused(host="colo", what="a name"), False),
        (SetStale(manifest=str(Path("m")), what="gone"), False),
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again(error: MotionfleetError, again: bool) -> None:  # noqa: FBT001
    assert deserves_another_try(error) is again


def test_waits_double_up_to_a_bound() -> None:
    backoff = Backoff(first_s=1.0, most_s=10.0, jitter=0.0)

    waits = [backoff.wait_s(failed, chance=0.9) for failed in (1, 2, 3, 4, 5, 5000)]

    assert waits == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_chance_shortens_a_wait_and_never_lengthens_it() -> None:
    backoff = Backoff(first_s=4.0, most_s=60.0, jitter=0.5)

    assert [backoff.wait_s(1, chance=chance) for chance in (0.0, 0.5, 1.0)] == [4.0, 3.0, 2.0]


class Journal:
    """Remembers what the loop did."""

    def __init__(self, *results: MotionfleetError | str, wakes_after_s: float = 1e9) -> None:
        self.results = list(results)
        self.told: list[tuple[str, int, float]] = []
        self.slept: list[float] = []
        self.wakes_after_s = wakes_after_s

    def action(self) -> str:
        result = self.results.pop(0)
        if isinstance(result, MotionfleetError):
            raise result
        return result

    def tell(self, error: MotionfleetError, failed: int, wait_s: float) -> None:
        self.told.append((error.code, failed, wait_s))

    def sleep(self, seconds: float) -> bool:
        if seconds:
            self.slept.append(seconds)
        return sum(self.slept) >= self.wakes_after_s

    def run(self, tries: int) -> str:
        return run_with_retries(
            self.action, tries=tries, sleep=self.sleep, tell=self.tell,
            backoff=Backoff(first_s=1.0, jitter=0.0), chance=lambda: 0.0,
        )  # fmt: skip


def test_what_works_at_once_waits_for_nothing() -> None:
    journal = Journal("done")

    assert journal.run(3) == "done"
    assert (journal.told, journal.slept) == ([], [])


def test_each_failure_is_told_before_its_wait() -> None:
    journal = Journal(FAILED, AWAY, "done")

    assert journal.run(3) == "done"
    assert journal.told == [("transfer_failed", 1, 1.0), ("host_unreachable", 2, 2.0)]
    assert journal.slept == [1.0, 2.0]


def test_the_last_failure_is_raised_without_another_wait() -> None:
    journal = Journal(FAILED, AWAY)

    with pytest.raises(HostUnreachable):
        journal.run(2)

    assert journal.slept == [1.0]


def test_what_deserves_no_other_try_gets_none() -> None:
    journal = Journal(FULL, "done")

    with pytest.raises(NoRoom):
        journal.run(5)

    assert journal.slept == []


def test_woken_from_its_wait_it_gives_up() -> None:
    journal = Journal(FAILED, "done", wakes_after_s=0.5)

    with pytest.raises(TransferFailed):
        journal.run(5)

    assert (journal.results, len(journal.told)) == (["done"], 1)


def test_stopped_it_does_not_say_that_it_will_try_again() -> None:
    journal = Journal(FAILED, "done", wakes_after_s=0.0)

    with pytest.raises(TransferFailed):
        journal.run(5)

    assert (journal.results, journal.told, journal.slept) == (["done"], [], [])
