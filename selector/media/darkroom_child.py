"""The darkroom's own process: a line in is a picture to look at, a line out is what was found.

``python -m selector.media.darkroom_child [FOLDER]`` reads requests until its input ends, and ends
with it even in the middle of a picture, so it never outlives the window that started it.  What it
found is kept in FOLDER.  A decoder that crashes on a hostile file takes this process down and not
the window.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from selector.core.look import Wanted
    from selector.media.darkroom_lines import Answer, Found, Request
    from selector.media.looks import Looks

NICENESS: Final = 10


def main() -> None:
    """Answer until the input ends."""
    # Before the imports, which take a second of work: the window is starting at the same time.
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the window
    with contextlib.suppress(OSError):
        # Where memory runs out, the system is to end this process and not the operator's window.
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    answers = _own_output()
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    serve(lines, answers, folder=Path(sys.argv[1]) if len(sys.argv) > 1 else None)


def serve(lines: queue.SimpleQueue[bytes], answers: BinaryIO, *, folder: Path | None) -> None:
    """Answer each of ``lines``; an empty one is the last."""
    import cv2

    from selector.media.darkroom_lines import HELLO, Request
    from selector.media.looks import Looks

    cv2.setNumThreads(1)  # the other cores are for the window
    looks = Looks(folder) if folder is not None else None
    answers.write(HELLO + b"\n")
    answers.flush()
    while line := lines.get():
        told = answer(Request.model_validate_json(line), looks=looks)
        answers.write(told.model_dump_json().encode() + b"\n")
        answers.flush()


def answer(request: Request, *, looks: Looks | None) -> Answer:
    """Look at the requested pictures, or recall what is known of them."""
    from selector.media.darkroom_lines import Answer

    found = []
    for picture in request.paths():
        each = _known(picture, request.wanted, looks=looks)
        if each is None and not request.recall:
            each = _looked(picture, request.wanted, looks=looks)
        if each is not None:
            found.append(each)
    return Answer(found=tuple(found))


def _known(picture: Path, wanted: Wanted, *, looks: Looks | None) -> Found | None:
    from selector.media.disk_cache import stamp_of

    stamp = stamp_of(picture) if looks is not None else None
    if looks is None or stamp is None:
        return None
    return looks.load(picture, stamp, wanted=wanted)


def _looked(picture: Path, wanted: Wanted, *, looks: Looks | None) -> Found:
    from companions.errors import PictureRefused
    from selector.core.look import look_at
    from selector.media.darkroom_lines import Found, spelled
    from selector.media.disk_cache import stamp_of

    stamp = stamp_of(picture)
    try:
        found = Found(picture=spelled(picture), look=look_at(picture, wanted=wanted))
    except PictureRefused as error:
        found = Found(picture=spelled(picture), why=_text(error))
        if error.curable:
            return found  # the file is not there, or not readable, now: nothing to remember
    except (OSError, MemoryError, ValueError) as error:
        what = type(error).__name__ if isinstance(error, MemoryError) else error
        return Found(
            picture=spelled(picture), why=f"{_text(picture)}: cannot be looked at ({what})."
        )
    if looks is not None and stamp is not None and stamp == stamp_of(picture):
        looks.save(found, stamp, wanted=wanted)
    return found


def _text(value: object) -> str:
    """As text for JSON: a file's name need not be."""
    return str(value).encode("utf-8", "replace").decode()


def _own_output() -> BinaryIO:
    """Our standard output, for us alone: what libraries print goes where errors go."""
    ours = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return ours


def _read(lines: queue.SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    # At once and without ceremony: whoever asked is gone, maybe killed, and so is the answer's use.
    os._exit(0)


if __name__ == "__main__":
    main()
