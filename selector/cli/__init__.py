"""The ``selector`` command: its frame, where every error becomes one message and an exit code.

Errors of the one tree end a command with their message on stderr and their own code.  Anything
else is a bug; it is said in one line, or shown whole with ``--debug``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from companions.errors import MotionfleetError
from selector.cli.output import complain

BUG_EXIT = 1


@dataclass
class Frame:
    """What the command line asks of the frame itself."""

    debug: bool = False


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``selector`` with ``arguments``, by default the process's, and end the process.

    Raises:
        SystemExit: always, with the exit code.
    """
    from selector.cli.app import app, spelled_out

    words = spelled_out(sys.argv[1:] if arguments is None else arguments)
    framed(lambda frame: app(args=words, obj=frame, prog_name="selector"))


def framed(work: Callable[[Frame], object]) -> NoReturn:
    """Do ``work`` and end the process; whatever it raises becomes a message and an exit code.

    Raises:
        SystemExit: always, unless ``work`` set ``debug`` and raised.
    """
    frame = Frame()
    try:
        work(frame)
    except BrokenPipeError:
        # The reader of a pipe went away (``| head``): no error of ours, and nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MotionfleetError as error:
        if frame.debug:
            raise
        complain(str(error))
        sys.exit(error.exit_code)
    except Exception as error:
        if frame.debug:
            raise
        complain(
            f"this is a bug in motionfleet ({type(error).__name__}: {error}). Please report it "
            f"with what `selector --debug ...` shows; nothing was left half-written."
        )
        sys.exit(BUG_EXIT)
    sys.exit(0)
