"""``fleet gate``: what sshd starts for a restricted key, in place of the desk's own command."""

from __future__ import annotations

import os

from fleet.cli.receive import Inbox, Outbox, absolute, serve_desk


def gate(*, inbox: Inbox = None, outbox: Outbox = None) -> None:
    """Let a restricted key sync, and do nothing else (see deploy/authorized_keys.example)."""
    from fleet.home import find_home
    from fleet.sync.far import gate as gates

    home = find_home()
    command = os.environ.get(gates.COMMAND, "")
    sets, clips = absolute(inbox) or home.inbox, absolute(outbox) or home.outbox
    act = gates.judge(command, inbox=sets, outbox=clips)
    if isinstance(act, gates.Refuse):
        gates.refuse(command, act.why, home=home)
    if isinstance(act, gates.RunRsync):
        gates.run_rsync(act)
    serve_desk(inbox=sets, outbox=clips, gated=True)
