"""A host that lies: an executable in the place of its ``fleet``, which speaks the conversation."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet.settings import Host, Settings
from fleet.sync.desk.link import Link
from fleet.sync.wire.base import PROTOCOL
from fleet.sync.wire.greeting import Welcome

HOST = "colo"

SCRIPT = """
import json, sys
told = json.loads(open(sys.argv[1]).read())
for line in sys.stdin:
    word = json.loads(line)["do"]
    if word == "goodbye":
        break
    if word != "still":
        for answer in told["hello"] if word == "hello" else told["then"]:
            print(answer, flush=True)
"""


@contextmanager
def hostile(folder: Path, *says: str) -> Iterator[Link]:
    """A host that greets well, and says ``says`` whatever it is asked."""
    with Link(HOST, settings=hostile_settings(folder, *says), sleep=lambda _: None) as link:
        yield link


def hostile_settings(folder: Path, *says: str) -> Settings:
    """Settings with such a host."""
    welcome = Welcome(
        protocol=PROTOCOL, version="1", now=0.0, inbox="/in", outbox="/out", inbox_root="/in",
        outbox_root="/out", inbox_free=10**12, outbox_free=10**12, rsync="", restricted=False,
        at_work=True,
    )  # fmt: skip
    script, told = folder / "liar.py", folder / "told.json"
    script.write_text(SCRIPT)
    told.write_text(json.dumps({"hello": [welcome.model_dump_json()], "then": list(says)}))
    command = f"{sys.executable} {script} {told}"
    return Settings(hosts={HOST: Host(transport="local", fleet=command, tries=2)})
