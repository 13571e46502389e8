from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from selector.media.disk_cache import DiskCache, Stamp, stamp_of

HOUR_S = 3600.0


def cache_in(folder: Path, *, budget_bytes: int = 10**6) -> DiskCache:
    return DiskCache(folder, budget_bytes=budget_bytes, spare_bytes=0)


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def age(path: Path, hours: float) -> None:
    then = time.time() - hours * HOUR_S
    os.utime(path, (then, then))


def test_what_was_kept_is_there_for_another_program(tmp_path: Path) -> None:
    cache_in(tmp_path).save(b"pixels", "a", 1)

    assert cache_in(tmp_path).load("a", 1) == b"pixels"
    assert cache_in(tmp_path).load("a", 2) is None


@pytest.mark.parametrize("damage", ["cut", "empty", "changed", "foreign"])
def test_what_was_damaged_is_not_believed_and_makes_room_for_a_new_one(
    tmp_path: Path, damage: str
) -> None:
    cache = cache_in(tmp_path)
    cache.save(b"pixels" * 100, "a")
    (file,) = files_in(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(
        {
            "cut": whole[:-7],
            "empty": b"",
            "changed": whole[:-7] + b"?" + whole[-6:],
            "foreign": b"something else altogether, and longer than any head",
        }[damage]
    )

    assert cache.load("a") is None
    assert files_in(tmp_path) == []
    assert cache.save(b"again", "a")
    assert cache.load("a") == b"again"


def test_a_sweep_removes_what_was_used_longest_ago(tmp_path: Path) -> None:
    cache = cache_in(tmp_path, budget_bytes=5000)
    for i in range(10):
        before = set(files_in(tmp_path))
        cache.save(bytes(1000), i)
        (made,) = set(files_in(tmp_path)) - before
        age(made, hours=100 - i)
    cache.load(0)  # the oldest, but used just now

    removed = cache.sweep()

    assert sum(file.stat().st_size for file in files_in(tmp_path)) <= 5000
    assert removed > 5000
    assert cache.load(0) is not None
    assert cache.load(9) is not None
    assert cache.load(1) is None


def test_a_sweep_within_the_budget_removes_nothing(tmp_path: Path) -> None:
    cache = cache_in(tmp_path)
    cache.save(bytes(1000), "a")

    assert cache.sweep() == 0
    assert cache.load("a") is not None


def test_a_sweep_clears_away_what_a_killed_program_left_and_nothing_of_others(
    tmp_path: Path,
) -> None:
    cache = cache_in(tmp_path, budget_bytes=0)
    cache.save(b"x", "a")
    (ours,) = files_in(tmp_path)
    orphan = ours.with_name(".motionfleet-0123.tmp")
    under_way = ours.with_name(".motionfleet-4567.tmp")
    foreign = [tmp_path / "notes.txt", ours.parent / "holiday.jpg", tmp_path / "sub" / ("0" * 64)]
    for file in (orphan, under_way, *foreign):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
        age(file, hours=0 if file == under_way else 2)

    cache.sweep()

    assert files_in(tmp_path) == sorted([under_way, *foreign])


def test_a_sweep_is_due_at_first_and_then_after_a_share_of_the_budget(tmp_path: Path) -> None:
    cache = cache_in(tmp_path, budget_bytes=16_000)
    due = [cache.is_sweep_due]

    cache.sweep()
    due.append(cache.is_sweep_due)
    for size, name in ((500, "a"), (600, "b")):
        cache.save(bytes(size), name)
        due.append(cache.is_sweep_due)

    assert due == [True, False, False, True]


def test_nothing_is_added_to_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    full = DiskCache(tmp_path, budget_bytes=10**6, spare_bytes=2**62)

    assert not full.save(b"pixels", "a")
    assert files_in(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"mine")
    cache = cache_in(in_the_way)

    assert not cache.save(b"pixels", "a")
    assert cache.load("a") is None
    assert cache.sweep() == 0
    assert in_the_way.read_bytes() == b"mine"


def test_what_is_kept_is_for_this_persons_eyes_only(tmp_path: Path) -> None:
    cache_in(tmp_path / "cache").save(b"pixels", "a")

    (file,) = files_in(tmp_path)
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_many_writers_of_one_thing_leave_it_whole(tmp_path: Path) -> None:
    caches = [cache_in(tmp_path) for _ in range(4)]
    wrong: list[bytes] = []

    def work(cache: DiskCache, fill: bytes) -> None:
        for _ in range(50):
            cache.save(fill * 20_000, "a")
            data = cache.load("a")
            if data is None or len(data) != 20_000 or len(set(data)) != 1:
                wrong.append(b"" if data is None else data)

    threads = [
        threading.Thread(target=work, args=(cache, bytes([n]))) for n, cache in enumerate(caches)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(files_in(tmp_path)) == 1


def test_a_stamp_changes_with_the_file_and_not_with_how_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"one")
    first = Stamp.of(file)
    monkeypatch.chdir(tmp_path)

    assert Stamp.of(Path("a.jpg")) == first
    os.utime(file, ns=(5, 5))
    assert Stamp.of(file) != first
    file.unlink()
    assert stamp_of(file) is None
