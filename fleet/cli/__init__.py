"""The command line: one file per noun; each command parses, calls one function and renders."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Final, NoReturn

from companions.errors import MotionfleetError
from fleet.errors import ExtraMissing, Interrupted

EXTRAS: Final = {
    "huggingface_hub": "gpu",
    "paramiko": "sync",
    "safetensors": "fleet",
    "sh": "sync",
    "torch": "gpu",
}
"""Packages that a command may lack, and the optional install that brings each."""


def main() -> None:
    """Run ``fleet``; every known error ends with its exit code and a message, never a traceback."""
    from fleet.cli.app import app
    from fleet.cli.output import complain, note

    try:
        app()
    except Interrupted as stopped:
        note(str(stopped))
        sys.exit(stopped.exit_code)
    except MotionfleetError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        complain("stopped; nothing was changed")
        sys.exit(Interrupted.exit_code)
    except BrokenPipeError:
        # The reader of a pipe went away (``| head``): that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            _report(error)
        command = " ".join(["fleet", *sys.argv[1:2]])
        missing = ExtraMissing(kind="command", name=command, extra=EXTRAS[package], module=package)
        complain(str(missing))
        sys.exit(missing.exit_code)
    except Exception as error:  # noqa: BLE001  (the CLI frame: a bug is told in one line)
        _report(error)


def _report(bug: Exception) -> NoReturn:
    """Tell a bug in one line, and end."""
    from fleet.cli.output import complain

    if os.environ.get("FLEET_DEBUG"):
        traceback.print_exception(bug)
    complain(
        f"a bug: {type(bug).__name__}: {bug}. What was submitted is kept. Please report "
        f"it with the output of the same command under FLEET_DEBUG=1."
    )
    sys.exit(MotionfleetError.exit_code)
