"""Going on with partial files, the pace, and looking at files before they are sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.sync.errors import TransferFailed, TransferRefused
from fleet.sync.transport import disk
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.disk import Way
from fleet.sync.transport.pace import Bucket, Throttle
from fleet.sync.transport.resume import OVERLAP, Plan, Seen, part_of, plan
from fleet.sync.transport.rsync_bounds import KEPT_BYTES, Words

WAY = Way("local", "nas")
SOURCE = Seen(10 * OVERLAP, 1_700_000_000)


@pytest.mark.parametrize(
    ("there", "part", "done"),
    [
        (SOURCE, None, Plan(skip=True)),
        (SOURCE, 5, Plan(skip=True)),
        (None, None, Plan()),
        (None, 0, Plan()),
        (Seen(SOURCE.size, SOURCE.mtime - 1), None, Plan()),
        (Seen(SOURCE.size - 1, SOURCE.mtime), None, Plan()),
        (None, 3 * OVERLAP, Plan(compare_from=2 * OVERLAP, go_on_at=3 * OVERLAP)),
        (None, 100, Plan(compare_from=0, go_on_at=100)),
        (None, SOURCE.size, Plan(compare_from=9 * OVERLAP, go_on_at=SOURCE.size)),
        (None, SOURCE.size + 1, Plan()),
    ],
)
def test_a_part_is_gone_on_with_after_its_end_was_compared(
    there: Seen | None, part: int | None, done: Plan
) -> None:
    assert plan(SOURCE, there=there, part=part) == done


@pytest.mark.parametrize(
    ("path", "part"), [("a.jpg", ".a.jpg.part"), ("x/y/-a.jpg", "x/y/.-a.jpg.part")]
)
def test_a_part_lies_hidden_beside_its_place(path: str, part: str) -> None:
    assert part_of(path) == part


def test_the_part_of_the_longest_name_has_a_name_a_disk_takes() -> None:
    longest = "ü" * 127

    assert len(part_of(f"a/{longest}").encode()) <= 257
    assert part_of(f"a/{longest}") != part_of(f"a/{longest[:-1]}")


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(0, 100_000)), max_size=50))
def test_a_bucket_never_gives_more_than_its_rate_and_one_burst(
    spent: list[tuple[float, int]],
) -> None:
    bucket, now, total = Bucket(10_000, now=0.0), 0.0, 0
    for pause_s, size in spent:
        now += pause_s
        now += bucket.spend(size, now=now)
        total += size
        assert total <= 10_000 * now + 1_000 + 1.0


def test_without_a_limit_nothing_is_waited_for() -> None:
    Throttle(Pace(), Stop(), WAY).spend(2**60)


def test_a_stop_ends_a_wait_at_once() -> None:
    stop = Stop()
    stop.event.set()

    with pytest.raises(TransferFailed, match="stopped"):
        Throttle(Pace(bytes_per_s=1), stop, WAY).spend(2**40)


@pytest.mark.parametrize(
    ("chunk", "hole"),
    [(bytes(4096), True), (bytes(4095) + b"\1", False), (b"\1" + bytes(99), False), (b"\0", True)],
)
def test_a_hole_is_nothing_but_zeros(chunk: bytes, hole: bool) -> None:  # noqa: FBT001
    assert disk.is_hole(chunk) is hole


def test_what_a_program_says_is_kept_at_both_ends() -> None:
    words = Words()
    words.take("first ")
    for _ in range(100):
        words.take("x" * 10_000)
    words.take(" last")

    assert words.text.startswith("first ")
    assert words.text.endswith(" last")
    assert len(words.text) <= KEPT_BYTES


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_only_regular_files_are_sent(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.jpg"
    if kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)

    with pytest.raises(TransferRefused, match=r"a\.jpg is a"):
        disk.stamps([Item("a.jpg", 1)], source=tmp_path, way=WAY)


def test_many_missing_files_are_named_in_part(tmp_path: Path) -> None:
    items = [Item(f"{n}\x1b.jpg", 1) for n in range(9)]

    with pytest.raises(TransferFailed, match=r"0\?\.jpg, .*4\?\.jpg and 4 more"):
        disk.stamps(items, source=tmp_path, way=WAY)


def test_a_file_that_was_touched_is_told_as_changed(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("a")
    before = disk.stamps([Item("a.jpg", 1)], source=tmp_path, way=WAY)
    disk.check_unchanged(before, source=tmp_path, way=WAY)

    os.utime(tmp_path / "a.jpg", (1, 1))

    with pytest.raises(TransferFailed, match=r"changed while they were sent: a\.jpg"):
        disk.check_unchanged(before, source=tmp_path, way=WAY)
