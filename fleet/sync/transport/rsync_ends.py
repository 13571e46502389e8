"""How a run of rsync ended, decided from its exit code and its words.

The words may be a hostile host's: they choose between our own errors and are shown harmless and
short, nothing more.
"""

from __future__ import annotations

import re
from typing import Final

from companions.errors import MotionfleetError
from fleet.sync.errors import (
    HostKeyRefused,
    HostRefused,
    HostUnreachable,
    NoRoom,
)
from fleet.sync.transport.disk import Way, harmless
from fleet.sync.transport.status import WORTH_ANOTHER_TRY, Status

TAIL: Final = 600
"""Characters of its words that a message shows."""

_FULL: Final = re.compile(r"No space left on device|Disk quota exceeded|File too large \(27\)")
_KEY_CHANGED: Final = re.compile(r"REMOTE HOST IDENTIFICATION HAS CHANGED")
_KEY_UNKNOWN: Final = re.compile(r"Host key verification failed|No \S+ host key is known for")
_KEPT_OUT: Final = re.compile(
    r"Permission denied \(|Too many authentication failures|no mutual signature"
)
_AWAY: Final = re.compile(r"^(?:ssh: |kex_exchange_identification: |Connection )", re.MULTILINE)
_NOT_A_BYTE: Final = re.compile(r"connection unexpectedly closed \(0 bytes received so far\)")
_BY_LUCK: Final = frozenset({Status.SOCKET, Status.STREAM})
_NO_COMMAND: Final = re.compile(r"rsync: (?:command )?not found|rsync: No such file or directory")
_NOISE: Final = re.compile(r"^(?:Warning: Permanently added|rsync error: .* \(code \d+\) at )")


def judge(
    code: int, words: str, *, way: Way, address: str, room_host: str, room_folder: str
) -> MotionfleetError | None:
    """The error for a run that ended with ``code``, or None where all went well.

    A negative code is the signal that ended it.  ``room_host`` and ``room_folder`` say where
    the files were to arrive.
    """
    if code == Status.OK:
        return None
    said = tail(words)
    # Where ssh ended before the far rsync said a word, rsync's own code is a matter of luck.
    if code == Status.SSH or (code in _BY_LUCK and _NOT_A_BYTE.search(words)):
        ssh = _ssh_error(words, said, way=way, address=address)
        if code == Status.SSH or not isinstance(ssh, HostUnreachable) or _AWAY.search(words):
            return ssh
    if _FULL.search(words):
        return NoRoom(host=room_host, folder=room_folder, what=said)
    if code < 0:
        return way.failed(Status.STOPPED, f"it was ended by signal {-code}; {said}")
    if code == Status.NO_COMMAND or _NO_COMMAND.search(words):
        return way.refused(Status.NO_COMMAND, f"there is no rsync on {way.host}: {said}")
    if code == Status.FILE_IO and not words.strip():
        # The far side's words are lost now and then when it ends at once, as on a full disk;
        # the next try says what it is.
        return way.failed(code, "the other side could not write a file, and did not say why")
    if code in WORTH_ANOTHER_TRY:
        return way.failed(code, said)
    return way.refused(code, said)


def tail(words: str) -> str:
    """The end of ``words`` as one harmless line; the first line of real news comes first."""
    lines = [harmless(line).strip() for line in words.splitlines()]
    news = [line for line in lines if line and not _NOISE.match(line)]
    kept = news or [line for line in lines if line]
    if not kept:
        return "it said nothing"
    text = "; ".join(kept)
    return text if len(text) <= TAIL else f"{text[: TAIL // 2]} [...] {text[-TAIL // 2 :]}"


def _ssh_error(words: str, said: str, *, way: Way, address: str) -> MotionfleetError:
    if _KEY_CHANGED.search(words):
        return HostKeyRefused(
            host=way.host,
            what="has changed",
            remedy=f"If that machine was set up anew, compare its key with its operator's, then "
            f"take the old one away: ssh-keygen -R {address}. If not, someone may be in between.",
        )
    if _KEY_UNKNOWN.search(words):
        return HostKeyRefused(
            host=way.host,
            what="is unknown",
            remedy=f"Connect once by hand and compare what is shown with its operator's: "
            f"ssh {address}",
        )
    if _KEPT_OUT.search(words):
        return HostRefused(host=way.host, what=said)
    return HostUnreachable(host=way.host, what=said)
