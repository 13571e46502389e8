"""What a worker keeps loaded."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.stages.warm import Warm

SIZES = {"small": 10, "large": 60, "huge": 100, "camera": 0}


@pytest.fixture(scope="module", autouse=True)
def few_objects() -> Iterator[None]:
    """Whatever else this process has come to hold is not looked through at every unloading."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@dataclass
class Model:
    name: str

    @property
    def memory_bytes(self) -> int:
        return SIZES[self.name]


def test_a_model_is_loaded_once_and_the_last_used_comes_first() -> None:
    warm = Warm(Model, limit_bytes=100)

    first = warm.get("small")
    warm.get("camera")

    assert warm.get("small") is first
    assert warm.names == ("small", "camera")


def test_the_one_used_longest_ago_makes_room_and_no_more_than_is_needed() -> None:
    warm = Warm(Model, limit_bytes=100)
    for name in ("large", "small", "camera"):
        warm.get(name)

    warm.get("huge")

    assert warm.names == ("huge", "camera")


def test_a_model_larger_than_the_limit_is_loaded_all_the_same_and_alone() -> None:
    warm = Warm(Model, limit_bytes=50)
    warm.get("small")

    assert warm.get("huge").name == "huge"
    assert warm.names == ("huge",)


@given(asked=st.lists(st.sampled_from(sorted(SIZES)), max_size=30), limit=st.integers(0, 200))
def test_what_is_loaded_never_holds_more_than_the_limit_but_for_a_single_one(
    asked: list[str], limit: int
) -> None:
    warm = Warm(Model, limit_bytes=limit)

    for name in asked:
        warm.get(name)
        held = sum(SIZES[each] for each in warm.names)

        assert warm.names[0] == name
        assert held <= limit or sum(SIZES[each] > 0 for each in warm.names) == 1


def test_what_has_to_go_is_told_to_let_go_before_the_new_one_is_used() -> None:
    gone: list[str] = []
    warm = Warm(Model, limit_bytes=100, unload=lambda model: gone.append(model.name))
    for name in ("large", "small"):
        warm.get(name)

    warm.get("huge")

    assert gone == ["large", "small"]


def test_the_limit_is_asked_only_once_something_could_have_to_go() -> None:
    asked: list[int] = []

    def limit() -> int:
        asked.append(100)
        return 100

    warm = Warm(Model, limit_bytes=limit)
    warm.get("large")
    warm.get("large")
    assert asked == []

    warm.get("huge")

    assert asked == [100]
    assert warm.names == ("huge",)
