from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from selector.core.look import Wanted
from selector.media.darkroom_lines import HELLO, Answer, Request, path_of, spelled
from selector.media.looks import Looks
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS
from tests.selector.media import pictures
from tests.selector.media.test_darkroom import is_alive

WANTED = Wanted()


def started(*arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "selector.media.darkroom_child", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def asked(process: subprocess.Popen[bytes], *pictures: Path, recall: bool = False) -> Answer:
    assert process.stdin is not None
    assert process.stdout is not None
    request = Request(
        pictures=tuple(spelled(each) for each in pictures), wanted=WANTED, recall=recall
    )
    process.stdin.write(request.model_dump_json().encode() + b"\n")
    process.stdin.flush()
    return Answer.model_validate_json(process.stdout.readline())


def hello(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline().rstrip()


def test_it_says_hello_answers_and_ends_with_its_input(tmp_path: Path) -> None:
    picture = stills.copied("coffee.png", tmp_path)
    with started() as process:
        assert hello(process) == HELLO

        told = asked(process, picture)
        _, errors = process.communicate(timeout=60)

    assert [each.look is not None for each in told.found] == [True]
    assert (process.returncode, errors) == (0, b"")


def test_it_ends_with_its_input_even_in_the_middle_of_a_picture(tmp_path: Path) -> None:
    slow = pictures.slow(tmp_path / "slow.png")
    with started() as process:
        hello(process)
        request = Request(pictures=(spelled(slow),), wanted=WANTED)

        answers, _ = process.communicate(request.model_dump_json().encode() + b"\n", timeout=60)

    assert answers == b""


def test_only_what_is_known_is_recalled(tmp_path: Path) -> None:
    known, unknown = (stills.copied("coffee.png", tmp_path, to=name) for name in ("a.png", "b.png"))
    with started(tmp_path / "cache") as process:
        hello(process)
        first = asked(process, known)

        told = asked(process, unknown, known, recall=True)
        process.communicate(timeout=60)

    assert told == first


def test_nothing_is_recalled_where_nothing_is_kept(tmp_path: Path) -> None:
    picture = stills.copied("coffee.png", tmp_path)
    with started() as process:
        hello(process)
        asked(process, picture)

        told = asked(process, picture, recall=True)
        process.communicate(timeout=60)

    assert told.found == ()


def test_ctrl_c_in_the_terminal_is_for_the_window(tmp_path: Path) -> None:
    picture = stills.copied("coffee.png", tmp_path)
    with started() as process:
        hello(process)

        process.send_signal(signal.SIGINT)
        told = asked(process, picture)
        _, errors = process.communicate(timeout=60)

    assert told.found[0].look is not None
    assert errors == b""


PRINTING = """
import os
from selector.media.darkroom_child import _own_output
ours = _own_output()
print("a library says something", flush=True)
os.write(1, b"and one in C as well")
ours.write(b"the answer")
ours.flush()
"""


def test_what_libraries_print_is_no_part_of_an_answer() -> None:
    done = subprocess.run([sys.executable, "-c", PRINTING], capture_output=True, check=True)

    assert done.stdout == b"the answer"
    assert b"a library says something" in done.stderr
    assert b"and one in C as well" in done.stderr


def test_the_process_needs_no_qt(tmp_path: Path) -> None:
    code = "import sys, selector.media.darkroom_child as c, selector.media.looks; import cv2; "
    code += "sys.exit(any(name.startswith('PySide6') for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_paths_travel_whatever_they_are() -> None:
    for path in (Path("/a b/100%.jpg"), Path("/写真/早.png"), path_of("/caf%E9/%0A.jpg")):
        assert path_of(spelled(path)) == path
        assert spelled(path).isascii()


def test_a_look_of_another_edition_is_not_believed(tmp_path: Path) -> None:
    from selector.media.darkroom_lines import Found
    from selector.media.disk_cache import DiskCache, Stamp

    picture = stills.copied("coffee.png", tmp_path)
    stamp = Stamp.of(picture)
    looks = Looks(tmp_path / "cache")
    found = Found(picture=spelled(picture), why="is a test")
    looks.save(found, stamp, wanted=WANTED)
    assert looks.load(picture, stamp, wanted=WANTED) == found
    assert looks.load(picture, stamp, wanted=Wanted(duration_s=2.0)) is None
    assert looks.load(tmp_path / "other.png", stamp, wanted=WANTED) is None

    key = looks._key(stamp, WANTED)
    DiskCache(tmp_path / "cache" / "looks", budget_bytes=10**6, spare_bytes=0).save(
        b'{"picture": "x", "from_the_future": 1}', *key
    )

    assert looks.load(picture, stamp, wanted=WANTED) is None


WINDOW = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QProcess
from selector.core.look import Wanted
from selector.media.darkroom import Darkroom
application = QCoreApplication([])
darkroom = Darkroom(processes=1)
pictures = [Path(name) for name in sys.argv[1:]]
def tell(*_):
    print(darkroom.findChildren(QProcess)[0].processId(), flush=True)
darkroom.looked.connect(tell)
darkroom.want(pictures, wanted=Wanted())
application.exec()
"""


def test_a_process_does_not_outlive_a_window_that_is_killed(qtbot: QtBot, tmp_path: Path) -> None:
    first = stills.copied("coffee.png", tmp_path)
    slow = [pictures.slow(tmp_path / f"slow{i}.png", seed=i) for i in range(3)]
    window = subprocess.Popen(
        [sys.executable, "-c", WINDOW, first, *slow], stdout=subprocess.PIPE, text=True
    )
    try:
        assert window.stdout is not None
        child = int(window.stdout.readline())
        assert is_alive(child)
    finally:
        window.kill()
        window.communicate()

    qtbot.waitUntil(lambda: not is_alive(child), timeout=PATIENCE_MS)
