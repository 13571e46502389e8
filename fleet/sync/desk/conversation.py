"""The desk's end of the conversation: ask, wait, get an answer of the kind that was asked for.

The far side's words are hostile input: only the kind of answer that was asked for is returned,
``Refused`` becomes an error of ours, and anything else ends the conversation.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from importlib import metadata
from types import TracebackType
from typing import Final, Self, TypeVar

from companions.base import Closed
from fleet.sync.errors import AnswerRefused, FarFleetUnusable, HostUnreachable, RequestRefused
from fleet.sync.ssh.lines import MAX_ANSWER_BYTES
from fleet.sync.wire.base import PROTOCOL, NotUnderstood, decode, encode
from fleet.sync.wire.greeting import Goodbye, Hello, Refused, Still, Welcome
from fleet.sync.wire.line import Line
from fleet.sync.wire.messages import ANSWERS
from fleet.sync.wire.results import ResultsFound
from fleet.sync.wire.sets import SetsHeld, Verified, Wanted
from fleet.sync.wire.work import StatusFound

SILENCE_S: Final = 60.0
"""The far side is never silent for longer; it says ``Still`` every 15 s."""
STILL_S: Final = 15.0
FAREWELL_S: Final = 2.0
"""How long the last word may wait for its turn: a dead line is not waited for."""
WORDS: Final = 300
"""How much of what a far side says of itself an error repeats."""

PLENTY_BYTES: Final = 16 * 1024 * 1024
"""The longest answer to most questions.  Read, a hostile line takes many times its own length."""
ROOMY: Final = frozenset({Wanted, Verified, SetsHeld, ResultsFound, StatusFound})
"""Answers that tell of every file or shot; these may be as long as any line."""

A = TypeVar("A", bound=Closed)


class Conversation:
    """One running ``fleet receive`` on a host; a context manager.  Not for several threads."""

    def __init__(
        self, line: Line, *, host: str, silence_s: float = SILENCE_S, still_s: float = STILL_S
    ) -> None:
        self.host = host
        self._still_s = still_s
        self._line = line
        self._silence_s = silence_s
        self._sending = threading.Lock()
        self._greeted = False
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep_alive, name="sync-still", daemon=True)

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        try:
            # On a line that is dead a word would be waited for until it times out.
            if not isinstance(error, HostUnreachable) and self._sending.acquire(timeout=FAREWELL_S):
                try:
                    self._line.send(encode(Goodbye()))
                finally:
                    self._sending.release()
        except HostUnreachable:
            pass  # it has ended already, which is all that was to be said
        finally:
            self._line.close()
            self._keeper.join(timeout=STILL_S)

    def greet(self, *, examine: bool = False) -> Welcome:
        """Exchange the first words; to ``examine`` takes some seconds longer.

        Raises:
            FarFleetUnusable: ``fleet`` is not there, ended at once, or speaks another version.
            HostUnreachable: the line broke.
        """
        version = metadata.version("motionfleet")
        try:
            welcome = self.ask(Hello(protocol=PROTOCOL, version=version, examine=examine), Welcome)
        except RequestRefused as refused:
            if refused.their_code != "not_understood":
                raise
            raise self._foreign(f"it does not understand our first words: {refused.what}") from None
        self._greeted = True
        if welcome.protocol != PROTOCOL:
            raise self._foreign(
                f"it speaks version {welcome.protocol} of the conversation, this side {PROTOCOL}"
            )
        return welcome

    def say(self, request: Closed) -> None:
        """Send ``request`` without waiting for an answer.

        Raises:
            HostUnreachable: the line broke.
        """
        self._send(request)

    def ask(
        self, request: Closed, kind: type[A], *, meanwhile: Callable[[Closed], None] | None = None
    ) -> A:
        """Send ``request`` and return the answer, which is of ``kind``.

        ``meanwhile`` gets what the far side tells unasked before it.

        Raises:
            RequestRefused: the far side refused, and said why.
            AnswerRefused: it said something else, or nothing that can be understood.
            FarFleetUnusable: it ended.
            HostUnreachable: the line broke or fell silent.
        """
        with contextlib.suppress(HostUnreachable):
            # Where it takes nothing in any longer, it may have said why before it ended.
            self._send(request)
        while True:
            answer = self.next(limit_bytes=MAX_ANSWER_BYTES if kind in ROOMY else PLENTY_BYTES)
            if isinstance(answer, kind):
                return answer
            if meanwhile is None:
                raise AnswerRefused(
                    host=self.host, what=f"it answered {_word(request)!r} with {_word(answer)!r}"
                )
            meanwhile(answer)

    def next(self, *, limit_bytes: int = PLENTY_BYTES) -> Closed:
        """The next thing the far side says that is neither ``Still`` nor ``Refused``.

        Raises:
            RequestRefused, AnswerRefused, FarFleetUnusable, HostUnreachable: as ``ask``.
        """
        while True:
            line = self._line.receive(timeout_s=self._silence_s)
            if not line:
                raise self._ended()
            if len(line) > limit_bytes:
                raise AnswerRefused(
                    host=self.host, what=f"an answer of {len(line)} bytes where {limit_bytes} are "
                    f"the most",
                )  # fmt: skip
            try:
                answer = decode(line, ANSWERS)
            except NotUnderstood as error:
                raise self._no_message(line, str(error)[:WORDS]) from None
            if isinstance(answer, Refused):
                raise RequestRefused(host=self.host, code=answer.code, what=answer.message)
            if not isinstance(answer, Still):
                return answer

    def _no_message(self, line: bytes, why: str) -> FarFleetUnusable | AnswerRefused:
        words = repr(line[:80].decode(errors="replace").rstrip("\n"))
        if self._greeted:
            return AnswerRefused(host=self.host, what=f"no message: {words} ({why})")
        if line.startswith(b"{"):
            return self._foreign(f"its first words are not understood here ({why})")
        return FarFleetUnusable(
            host=self.host,
            what=f"where it should greet it printed {words}",
            remedy="If a start-up file of the shell there prints (.bashrc, .zshenv), let it do so "
            f"for a terminal only; this must print nothing: ssh {self.host} true",
        )

    def _foreign(self, what: str) -> FarFleetUnusable:
        return FarFleetUnusable(
            host=self.host, what=what, remedy="Install the same motionfleet on both sides."
        )

    def _ended(self) -> FarFleetUnusable | HostUnreachable:
        code, said = self._line.last_words()
        words = last_sentence(said) or "it said nothing"
        if code is None:
            # Killed, or its machine goes down: what is asked again may well be answered.
            return HostUnreachable(host=self.host, what=f"its fleet was ended; {words}")
        if code in {126, 127}:
            return FarFleetUnusable(
                host=self.host,
                what=f"the command is not there: {words}",
                remedy=f"Say where it is: [hosts.{self.host}] fleet = "
                f'"/path/to/fleet" in settings.toml.',
            )
        return FarFleetUnusable(
            host=self.host,
            what=f"it ended with exit code {code}: {words}",
            remedy=f"See: fleet hosts check {self.host}",
        )

    def _keep_alive(self) -> None:
        while not self._over.wait(self._still_s):
            try:
                self._send(Still())
            except HostUnreachable:
                return  # whoever waits for an answer is told by the line itself

    def _send(self, message: Closed) -> None:
        with self._sending:
            self._line.send(encode(message))


def last_sentence(said: str) -> str:
    """The last line with a word in it; an error in a frame ends in a line without one."""
    for line in reversed(said.splitlines()):
        words = line.strip(" \t│|+-╭╮╰╯─")
        if any(letter.isalnum() for letter in words):
            return words[:WORDS]
    return ""


def _word(message: Closed) -> str:
    return str(getattr(message, "do", None) or getattr(message, "say", ""))
