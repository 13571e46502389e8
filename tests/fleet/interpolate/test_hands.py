"""Several pairs at once, and still in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest

from companions.picture import Pixels
from fleet.errors import BackendFailed
from fleet.interpolate.hands import Between, made_in_order


def frame(number: int) -> Pixels:
    return np.full((2, 2, 3), number, dtype=np.uint8)


class Meeting:
    """An interpolator whose first pairs wait until ``together`` of them are at work."""

    name = "meeting"
    memory_bytes = 0
    weights_sha256: Mapping[str, str] = {}

    def __init__(self, together: int, *, side_by_side: bool = True) -> None:
        self.side_by_side = side_by_side
        self._met = threading.Barrier(together)
        self._guard = threading.Lock()
        self._at_work = self.most = 0
        self._have_met = False

    def between(self, before: Pixels, after: Pixels, fractions: Sequence[float]) -> list[Pixels]:
        with self._guard:
            self._at_work += 1
            self.most = max(self.most, self._at_work)
        if not self._have_met:
            self._met.wait(timeout=30.0)
            self._have_met = True
        with self._guard:
            self._at_work -= 1
        return [before + np.uint8(1 + i) for i, _ in enumerate(fractions)]


def asked(pairs: int, *, read: list[int] | None = None) -> Iterator[Pixels | Between]:
    for pair in range(pairs):
        if read is not None:
            read.append(pair)
        yield frame(10 * pair)
        yield Between(frame(10 * pair), frame(10 * pair + 10), [0.25, 0.75])


def test_pairs_are_at_work_together_and_come_out_in_order() -> None:
    interpolator = Meeting(2)

    made = [int(each[0, 0, 0]) for each in made_in_order(asked(6), interpolator, hands=2)]

    assert made == [10 * pair + i for pair in range(6) for i in range(3)]
    assert interpolator.most == 2


def test_one_that_wants_its_device_for_itself_is_given_one_pair_at_a_time() -> None:
    read: list[int] = []
    coming = made_in_order(asked(9, read=read), Meeting(1, side_by_side=False), hands=4)

    assert len([next(coming) for _ in range(3)]) == 3

    # With four hands it would have read five pairs ahead.
    assert read == [0, 1]
    assert len(list(coming)) == 24


def test_no_more_is_read_ahead_than_one_pair_for_the_next_free_hand() -> None:
    read: list[int] = []
    coming = made_in_order(asked(9, read=read), Meeting(1), hands=2)

    next(coming)  # the first frame is there before any pair
    next(coming)

    assert read == [0, 1, 2]
    coming.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("between")]


def test_what_an_interpolator_raises_comes_out_as_itself_and_ends_its_threads() -> None:
    class Broken(Meeting):
        def between(
            self, before: Pixels, after: Pixels, fractions: Sequence[float]
        ) -> list[Pixels]:
            raise BackendFailed(backend=self.name, what="it broke")

    with pytest.raises(BackendFailed, match="it broke"):
        list(made_in_order(asked(4), Broken(1), hands=2))

    assert not [t for t in threading.enumerate() if t.name.startswith("between")]
