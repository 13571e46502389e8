"""Whether a cluster answers, and to whom: asked in a process of its own, as a stranger would ask.

A cluster that answers without its token takes anyone's commands, whatever its settings say, so it
is really asked.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

CONNECT_S: Final = 3.0
ANSWER_S: Final = 20.0


class Answer(StrEnum):
    """What a cluster said."""

    OPEN = "open"  #: it answered
    REFUSED = "refused"  #: it wants a token, or another one
    SILENT = "silent"  #: it did not answer, or is no cluster


def ask(address: str, *, token: Path | None) -> Answer:
    """What the cluster at ``address`` (``ip:port``) says to one who has ``token``, or none."""
    host, _, port = address.rpartition(":")
    try:
        # A GCS that is not there would be waited for, 40 seconds long.
        with socket.create_connection((host, int(port)), timeout=CONNECT_S):
            pass
    except (OSError, ValueError, OverflowError):
        return Answer.SILENT
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    environment["RAY_AUTH_MODE"] = "disabled" if token is None else "token"
    if token is not None:
        environment["RAY_AUTH_TOKEN_PATH"] = str(token)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "fleet.cluster.probe", address], env=environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=ANSWER_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Answer.SILENT
    said = done.stdout.split()
    return Answer(said[-1]) if said and said[-1] in set(Answer) else Answer.SILENT


def main(arguments: Sequence[str]) -> int:
    """Ask as the environment says, and write the answer."""
    from ray import _raylet
    from ray import exceptions as ray_errors

    gcs: Any = getattr(_raylet, "GcsClient")  # noqa: B009  (native: Ray gives it no types)
    answer = Answer.OPEN
    try:
        gcs(address=arguments[0]).internal_kv_keys(b"", b"session", timeout=10)
    except ray_errors.AuthenticationError:
        answer = Answer.REFUSED
    except (ray_errors.RayError, OSError, RuntimeError, ValueError):
        answer = Answer.SILENT
    sys.stdout.write(f"{answer.value}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
