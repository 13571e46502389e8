from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from selector.media.cache import ByteCache


def test_what_was_used_longest_ago_goes_first() -> None:
    cache = ByteCache[str, int](30)
    for key in "abc":
        cache.put(key, ord(key), size_bytes=10)

    assert cache.get("a") == ord("a")
    cache.put("d", ord("d"), size_bytes=10)

    assert ("a" in cache, "b" in cache, "c" in cache, "d" in cache) == (True, False, True, True)


def test_what_is_to_be_kept_stays_though_it_was_used_longest_ago() -> None:
    cache = ByteCache[str, int](30)
    for key in "abc":
        cache.put(key, 0, size_bytes=10)

    held = cache.put("d", 0, size_bytes=10, keep={"a", "b"})

    assert held
    assert ["a" in cache, "b" in cache, "c" in cache] == [True, True, False]


def test_a_value_that_nobody_wants_does_not_push_out_what_is_to_be_kept() -> None:
    cache = ByteCache[str, int](20)
    for key in "ab":
        cache.put(key, 0, size_bytes=10)

    held = cache.put("late", 0, size_bytes=10, keep={"a", "b"})

    assert not held
    assert "a" in cache
    assert "b" in cache


def test_a_value_larger_than_the_budget_is_not_held_and_pushes_nothing_out() -> None:
    cache = ByteCache[str, int](20)
    cache.put("a", 0, size_bytes=10)

    held = cache.put("huge", 0, size_bytes=21)

    assert (held, "huge" in cache, "a" in cache) == (False, False, True)


def test_a_value_put_again_counts_once() -> None:
    cache = ByteCache[str, int](100)

    cache.put("a", 1, size_bytes=60)
    cache.put("a", 2, size_bytes=50)

    assert (cache.get("a"), cache.size_bytes, len(cache)) == (2, 50, 1)


def test_nothing_is_held_after_it_was_cleared() -> None:
    cache = ByteCache[str, int](100)
    cache.put("a", 1, size_bytes=60)

    cache.clear()

    assert (cache.get("a"), cache.size_bytes) == (None, 0)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40), st.sets(st.integers(0, 9)))),
    st.integers(0, 100),
)
def test_the_budget_is_never_exceeded_and_the_sum_is_always_right(
    puts: list[tuple[int, int, set[int]]], budget: int
) -> None:
    cache = ByteCache[int, int](budget)
    sizes: dict[int, int] = {}

    for key, size, keep in puts:
        cache.put(key, size, size_bytes=size, keep=keep)
        sizes[key] = size

        assert cache.size_bytes <= budget
        assert cache.size_bytes == sum(sizes[key] for key in range(10) if key in cache)


def test_threads_that_use_it_at_once_leave_it_in_order() -> None:
    cache = ByteCache[int, int](1000)

    def work(start: int) -> None:
        for i in range(4000):
            key = (start + 7 * i) % 60
            cache.put(key, key, size_bytes=1 + key, keep={1, 2, 3})
            assert cache.get(key) in {None, key}
            cache.drop((key * 3) % 60)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert cache.size_bytes == sum(1 + key for key in range(60) if key in cache) <= 1000
