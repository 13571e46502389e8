"""One writer at a time for one picture's companions: between threads, processes and after kills."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from companions import lock
from companions.errors import FileUnwritable, SetBusy
from companions.lock import locked

HOLDER = """
import sys
from pathlib import Path
from companions.lock import locked

with locked(*(Path(name) for name in sys.argv[1:]), patience_s=60.0):
    print("held", flush=True)
    sys.stdin.read()
"""

COUNTER = """
import sys
from pathlib import Path
from companions.errors import SetBusy
from companions.lock import locked

one, two, counter, turns = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
while turns:
    try:
        with locked(one, two, patience_s=0.001):
            value = int(counter.read_text())
            counter.write_text("")
            counter.write_text(str(value + 1))
            turns -= 1
    except SetBusy:
        pass
"""


def entries(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@contextmanager
def held_elsewhere(*pictures: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds ``pictures`` until it is killed or the block ends."""
    command = [sys.executable, "-c", HOLDER, *map(str, pictures)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        yield holder
        holder.stdin.close()


def test_a_picture_is_held_by_one_process_and_free_again_after_it(tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"

    with held_elsewhere(picture):
        with (
            pytest.raises(SetBusy, match="another program is working on this picture") as caught,
            locked(picture, patience_s=0.05),
        ):
            pass
        assert (caught.value.exit_code, caught.value.retryable) == (14, True)
        with locked(tmp_path / "b.jpg", patience_s=0.0):
            pass

    with locked(picture, patience_s=0.0):
        assert len(entries(tmp_path)) == 1
    assert entries(tmp_path) == set()


def test_a_holder_that_is_killed_frees_its_picture_and_leaves_a_harmless_file(
    tmp_path: Path,
) -> None:
    picture = tmp_path / "a.jpg"
    with held_elsewhere(picture) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert entries(tmp_path) == {lock.lock_path(picture).name}

    with locked(picture, patience_s=0.0):
        pass

    assert entries(tmp_path) == set()


def test_who_waits_gets_the_picture_as_soon_as_it_is_free(tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    with held_elsewhere(picture) as holder:
        threading.Timer(0.3, holder.kill).start()
        with locked(picture, patience_s=60.0):
            assert holder.wait() == -signal.SIGKILL


def test_threads_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    picture, refused = tmp_path / "a.jpg", []

    def ask() -> None:
        try:
            with locked(picture, patience_s=0.0):
                pass
        except SetBusy as error:
            refused.append(error)

    with locked(picture):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()

    assert len(refused) == 1


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("a.jpg", "a.mp4"),
        ("a.jpg", "A.JPG"),
        ("caf\u00e9.jpg", "cafe\u0301.png"),
        ("Stra\u00dfe.jpg", "STRASSE.png"),
        ("bad-\udcff.jpg", "bad-\udcff.png"),
    ],
)
def test_pictures_that_would_share_companions_on_some_disk_share_a_lock(
    tmp_path: Path, one: str, same: str
) -> None:
    with locked(tmp_path / one), pytest.raises(SetBusy), locked(tmp_path / same, patience_s=0.0):
        pass


def test_one_picture_asked_for_twice_by_two_paths_to_its_folder_is_held_once(
    tmp_path: Path,
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "door").symlink_to(tmp_path / "folder")

    with locked(tmp_path / "folder" / "a.jpg", tmp_path / "door" / "a.mp4", patience_s=0.0):
        pass


def test_a_name_as_long_as_a_disk_takes_can_be_locked(tmp_path: Path) -> None:
    with locked(tmp_path / ("\u00e9" * 125 + ".jpg")):
        assert len(entries(tmp_path)) == 1


@pytest.mark.parametrize("backwards", [False, True])
def test_several_pictures_are_taken_in_one_order_however_they_are_named(
    tmp_path: Path, *, backwards: bool
) -> None:
    first, last = sorted([tmp_path / "a.jpg", tmp_path / "b.jpg"], key=lock.lock_path)
    asked = (last, first) if backwards else (first, last)

    with held_elsewhere(last), ThreadPoolExecutor() as pool:
        waiting = pool.submit(ask_in_vain, *asked, patience_s=3.0)
        # Who waits for the last holds the first by then, and nobody can hold them the other way.
        while not is_held(first):
            assert not waiting.done()
        waiting.result()


def test_holders_of_two_pictures_in_either_order_lose_no_turn_and_never_deadlock(
    tmp_path: Path,
) -> None:
    (tmp_path / "sub").mkdir()
    one, two, counter = tmp_path / "a.jpg", tmp_path / "sub" / "b.jpg", tmp_path / "counter"
    counter.write_text("0")
    turns = 150
    orders = [(one, two), (two, one), (one, two), (two, one)]

    started = [
        subprocess.Popen([sys.executable, "-c", COUNTER, *map(str, order), counter, str(turns)])
        for order in orders
    ]

    assert [process.wait() for process in started] == [0] * len(orders)
    assert counter.read_text() == str(turns * len(orders))
    assert entries(tmp_path) == {"sub", "counter"}
    assert entries(tmp_path / "sub") == set()


def test_a_picture_that_stays_busy_frees_the_others_that_were_taken_for_it(
    tmp_path: Path,
) -> None:
    free, busy = tmp_path / "a.jpg", tmp_path / "b.jpg"
    with held_elsewhere(busy):
        with pytest.raises(SetBusy, match=r"b\.jpg"), locked(free, busy, patience_s=0.0):
            pass
        with locked(free, patience_s=0.0):
            pass


def test_waiting_costs_no_computing(tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    with held_elsewhere(picture):
        before, began = time.process_time(), time.monotonic()
        with pytest.raises(SetBusy), locked(picture, patience_s=1.0):
            pass
        used_s, waited_s = time.process_time() - before, time.monotonic() - began

    assert waited_s >= 1.0
    assert used_s < 0.1


def test_a_folder_that_takes_no_lock_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for picture in (tmp_path / "missing" / "a.jpg", tmp_path / "file" / "a.jpg"):
        with pytest.raises(FileUnwritable), locked(picture):
            pass


def test_something_else_under_the_name_of_a_lock_is_refused_and_kept(tmp_path: Path) -> None:
    picture, other = tmp_path / "a.jpg", tmp_path / "other"
    other.write_bytes(b"kept")
    lock.lock_path(picture).symlink_to(other)

    with pytest.raises(FileUnwritable), locked(picture):
        pass

    assert other.read_bytes() == b"kept"


def test_only_locks_that_nobody_holds_are_swept(tmp_path: Path) -> None:
    free, held = tmp_path / "a.jpg", tmp_path / "b.jpg"
    lock.lock_path(free).touch()
    (tmp_path / ".motionfleet-0011.tmp").touch()
    with held_elsewhere(held):
        assert lock.sweep_locks(tmp_path) == 1
        assert entries(tmp_path) == {lock.lock_path(held).name, ".motionfleet-0011.tmp"}
        with pytest.raises(SetBusy), locked(held, patience_s=0.0):
            pass
    assert lock.sweep_locks(tmp_path / "missing") == 0


def test_a_lock_leaves_no_open_file_behind(tmp_path: Path) -> None:
    def open_files() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before = open_files()
    for _ in range(2):
        with locked(tmp_path / "a.jpg"):
            ask_in_vain(tmp_path / "a.jpg")

    assert open_files() == before


def ask_in_vain(*pictures: Path, patience_s: float = 0.01) -> None:
    with pytest.raises(SetBusy), locked(*pictures, patience_s=patience_s):
        pass


def is_held(picture: Path) -> bool:
    try:
        with locked(picture, patience_s=0.0):
            return False
    except SetBusy:
        return True
