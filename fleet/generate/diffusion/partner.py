"""A process that makes shots together with a generator's own, on a GPU of its own.

Started by ``partners``, with the number of the socket that it is told by as its only argument.
It ends with the process that started it, at whatever it is just then; and after an error, which is
the last that it says.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import TracebackType
from typing import Final

from fleet.errors import AttemptStopped
from fleet.generate.diffusion.partner_words import (
    BeforeStep,
    Beginning,
    Failed,
    Order,
    Over,
    Ready,
)

_MOST_WORDS: Final = 300

Inbox = SimpleQueue[Beginning | Order | BeforeStep]


def main() -> None:
    """Load the model, then take part in one order after the other."""
    number = int(sys.argv[1])
    # What torch starts to compile must not keep it open.
    os.set_inheritable(number, False)  # noqa: FBT003  the only way to call it
    line = Connection(number)
    inbox: Inbox = SimpleQueue()
    threading.Thread(target=_listen, args=(line, inbox), daemon=True).start()
    sys.excepthook = partial(_failed, line)
    _serve(line, inbox)


def _listen(line: Connection, inbox: Inbox) -> None:
    """Take in what is said.  In a thread, so that the end of the other process is noticed also
    while this one waits for it in the middle of a step."""
    while True:
        try:
            word = line.recv()
        except (EOFError, OSError):
            os._exit(0)
        inbox.put(word)


def _failed(
    line: Connection,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    traceback.print_exception(kind, error, trace)
    kinds = {each.__name__ for each in kind.__mro__}
    words = str(error).strip().splitlines()
    what = f"{kind.__name__}: {words[0]}" if words else kind.__name__
    memory = bool(kinds & {"OutOfMemoryError", "MemoryError"})
    with contextlib.suppress(OSError):  # else there is nobody to tell
        line.send(Failed(what[:_MOST_WORDS], memory=memory))
    # At once: the interpreter's own end waits for a group that no longer answers.
    os._exit(1)


def _serve(line: Connection, inbox: Inbox) -> None:
    beginning = inbox.get()
    if not isinstance(beginning, Beginning):
        raise TypeError(f"{beginning} was said first")
    # Heavy, and after listening has begun.
    from fleet.generate.diffusion import shot
    from fleet.generate.diffusion.families import FAMILIES
    from fleet.generate.diffusion.loaded import Loaded
    from fleet.generate.diffusion.splitting import Share

    family = FAMILIES[beginning.family]
    loaded = Loaded(family, beginning.opened, beginning.setup, beginning.tuning)
    line.send(Ready())
    while True:
        order = inbox.get()
        if not isinstance(order, Order):
            raise TypeError(f"{order} where an order was due")
        request = replace(order.request, stopped=_agreed(inbox))
        share = Share(beginning.rank, beginning.of, order.meeting)
        with contextlib.suppress(AttemptStopped):
            shot.made(
                loaded, request, beginning.shelf, number=order.number, of=order.of, share=share
            )
        line.send(Over())


def _agreed(inbox: Inbox) -> Callable[[], bool]:
    def stopped() -> bool:
        word = inbox.get()
        if not isinstance(word, BeforeStep):
            raise TypeError(f"{word} in the middle of an order")
        return word.stop

    return stopped


if __name__ == "__main__":
    main()
