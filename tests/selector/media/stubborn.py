"""A darkroom's process that misbehaves, as the picture's name says:
``python -m tests.selector.media.stubborn [FOLDER]``.

``crash`` in the name: it dies of a segmentation fault; ``once``: only the first time.  ``hang``:
it never answers.  ``nonsense``: it answers what is no answer.  ``raise``: it meets an error that
nobody foresaw.  ``wait``: it recalls nothing before there is a file ``go`` beside the picture.
Everything else it does as the real one.
"""

from __future__ import annotations

import io
import os
import queue
import signal
import sys
import time
from pathlib import Path
from typing import BinaryIO, cast

from selector.media import darkroom_child
from selector.media.darkroom_lines import Request


class Misbehaving(io.RawIOBase):
    """Requests from standard input, looked at before they are passed on."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers

    def get(self) -> bytes:
        """The next line that can be answered in earnest."""
        for line in sys.stdin.buffer:
            request = Request.model_validate_json(line)
            names = [path.name for path in request.paths()]
            if request.recall:
                while "wait" in names[0] and not (request.paths()[0].parent / "go").exists():
                    time.sleep(0.01)
            else:
                self._misbehave(names[0], request.paths()[0].parent)
            return line
        return b""

    def _misbehave(self, name: str, folder: Path) -> None:
        mark = folder / f"{name}.mark"
        if "once" in name and mark.exists():
            return
        if "once" in name:
            mark.touch()
        if "crash" in name:
            os.kill(os.getpid(), signal.SIGSEGV)
        if "hang" in name:
            time.sleep(1000.0)
        if "raise" in name:
            raise RuntimeError("something that nobody foresaw")
        if "nonsense" in name:
            self._answers.write(b'{"found": 1}\n')
            self._answers.flush()


def main() -> None:
    """Answer, or not."""
    answers = os.fdopen(os.dup(1), "wb")
    print("what comes before the hello is not ours", flush=True)  # noqa: T201
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    lines = cast("queue.SimpleQueue[bytes]", Misbehaving(answers))
    darkroom_child.serve(lines, answers, folder=folder)


if __name__ == "__main__":
    main()
