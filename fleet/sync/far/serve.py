"""``fleet receive``: one desk is served until it has gone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import BinaryIO

from companions.base import Closed
from fleet.home import Home
from fleet.sync.far.conversation import Desk, Handler, converse
from fleet.sync.far.greeting import greet
from fleet.sync.far.index import Index
from fleet.sync.far.results import found
from fleet.sync.far.taking import Taking, transport_root
from fleet.sync.far.work import handler, work_handlers
from fleet.sync.wire.greeting import Hello
from fleet.sync.wire.results import AskResults


def serve(
    source: BinaryIO, sink: BinaryIO, *, home: Home, inbox: Path, outbox: Path, gated: bool
) -> None:
    """Answer the desk at the other end of ``source`` and ``sink``.

    ``gated``: its key may do nothing but sync, and names folders as the gate lets it.
    """
    desk = Desk(source, sink)
    with Index(home.receiving) as index:
        root = transport_root(inbox, gated=gated)
        with Taking(desk, index=index, inbox=inbox, inbox_root=root) as taking:

            def hello(request: Hello) -> Closed:
                return greet(home, inbox=inbox, outbox=outbox, gated=gated, examine=request.examine)

            def results(request: AskResults) -> Closed:
                outbox_root = "" if gated else f"{outbox}/"
                return found(outbox, request, index=index, outbox_root=outbox_root)

            def submitted(label: str, set_id: str) -> None:
                index.mark_submitted(inbox=inbox, label=label, set_id=set_id, now=time.time())

            handlers: dict[type[Closed], Handler] = {
                Hello: handler(Hello, hello),
                AskResults: handler(AskResults, results),
                **taking.handlers(),
                **work_handlers(desk, home=home, inbox=inbox, outbox=outbox, submitted=submitted),
            }
            converse(desk, handlers)
