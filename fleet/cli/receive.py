"""``fleet receive``: what a desk starts on this machine over ssh; nothing for people."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

Inbox = Annotated[Path | None, typer.Option(help="Where sets are taken in.")]
Outbox = Annotated[Path | None, typer.Option(help="Where clips of such sets are published.")]


def receive(*, inbox: Inbox = None, outbox: Outbox = None) -> None:
    """Serve one desk over stdin and stdout, in JSON lines, until it hangs up."""
    serve_desk(inbox=inbox, outbox=outbox, gated=False)


def serve_desk(*, inbox: Path | None, outbox: Path | None, gated: bool) -> None:
    """Serve the desk at the other end of this process's stdin and stdout."""
    from fleet.home import find_home
    from fleet.sync.far.serve import serve

    home = find_home()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    # Streams of their own, and stdout turned to stderr: whatever else this process prints, by
    # mistake or from a library, must not get between the messages.
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(
        source,
        sink,
        home=home,
        inbox=absolute(inbox) or home.inbox,
        outbox=absolute(outbox) or home.outbox,
        gated=gated,
    )


def absolute(folder: Path | None) -> Path | None:
    """A folder as it was given, without ``~`` and from the root."""
    return folder.expanduser().absolute() if folder is not None else None
