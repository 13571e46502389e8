"""The far side's end of the conversation: it answers, goes on after an error, notices silence."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

from companions.base import Closed
from companions.errors import FileUnwritable
from fleet.sync.errors import NoRoom
from fleet.sync.far.conversation import MOST_WAITING, Desk, Handler, converse
from fleet.sync.wire.base import decode, encode
from fleet.sync.wire.greeting import Goodbye, Refused, Still
from fleet.sync.wire.messages import ANSWERS
from fleet.sync.wire.sets import AskSets, Given, Let, SetsHeld, SetState

ENDS_S = 20.0
ASKED = AskSets(label="x", sets=())


@dataclass
class Pipes:
    """A conversation's two pipes, and the thread that serves them."""

    desk: Desk
    to_far: BinaryIO
    from_far: BinaryIO
    served: threading.Thread | None = None
    heard: list[Closed] = field(default_factory=list)

    def serve(self, handlers: Mapping[type[Closed], Handler]) -> None:
        """Begin."""
        self.served = threading.Thread(target=converse, args=(self.desk, handlers), daemon=True)
        self.served.start()

    def say(self, message: Closed) -> None:
        """Send a request."""
        self.to_far.write(encode(message))
        self.to_far.flush()

    def hear(self) -> Closed:
        """The next answer, whatever it is."""
        return decode(self.from_far.readline(), ANSWERS)

    def ended(self) -> bool:
        """Whether it ends."""
        assert self.served is not None
        self.served.join(ENDS_S)
        return not self.served.is_alive()


def pipes(silence_s: float) -> Iterator[Pipes]:
    """Two pipes."""
    (far_reads, desk_writes), (desk_reads, far_writes) = os.pipe(), os.pipe()
    with (
        contextlib.suppress(BrokenPipeError),  # what was never read is flushed once more
        os.fdopen(far_reads, "rb") as source, os.fdopen(far_writes, "wb") as sink,
        os.fdopen(desk_writes, "wb") as to_far, os.fdopen(desk_reads, "rb") as from_far,
    ):  # fmt: skip
        yield Pipes(Desk(source, sink, silence_s=silence_s), to_far, from_far)
        to_far.close()


@pytest.fixture
def far() -> Iterator[Pipes]:
    """A conversation."""
    yield from pipes(90.0)


@pytest.fixture
def impatient() -> Iterator[Pipes]:
    """One that takes half a second of silence for the end."""
    yield from pipes(0.5)


def test_requests_are_answered_in_their_order(far: Pipes) -> None:
    far.serve({AskSets: lambda _: SetsHeld(sets=()), Given: lambda _: Let()})
    far.say(ASKED)
    far.say(Given(set_id="0" * 16))

    assert [far.hear(), far.hear()] == [SetsHeld(sets=()), Let()]


def test_an_error_is_answered_in_words_and_the_conversation_goes_on(far: Pipes) -> None:
    def fails(_: Closed) -> Closed:
        raise NoRoom(host="far", folder="/in", what="full")

    far.serve({AskSets: fails, Given: lambda _: Let()})
    far.say(ASKED)
    far.say(Given(set_id="0" * 16))

    refused = far.hear()
    assert isinstance(refused, Refused)
    assert (refused.code, refused.exit_code, refused.retryable) == ("no_room", 86, False)
    assert "/in" in refused.message
    assert far.hear() == Let()


def test_whether_an_error_deserves_another_try_is_told(far: Pipes) -> None:
    def fails(_: Closed) -> Closed:
        raise FileUnwritable(path=Path("/x"), errno_name="EIO", what="I/O")

    far.serve({AskSets: fails})
    far.say(ASKED)

    assert far.hear().retryable  # type: ignore[attr-defined]


def test_goodbye_ends_it(far: Pipes) -> None:
    far.serve({})
    far.say(Goodbye())

    assert far.ended()
    assert far.desk.gone.is_set()


def test_a_desk_that_fell_silent_is_given_up(impatient: Pipes) -> None:
    impatient.serve({})

    assert impatient.hear() == Still()
    assert impatient.ended()


def test_a_desk_that_says_still_is_not_given_up(impatient: Pipes) -> None:
    impatient.serve({AskSets: lambda _: SetsHeld(sets=())})
    # One word for each of the far side's: eight of them take twice the silence it would bear.
    for _ in range(8):
        assert impatient.hear() == Still()
        impatient.say(Still())

    impatient.say(ASKED)
    answer = impatient.hear()
    while answer == Still():
        answer = impatient.hear()
    assert answer == SetsHeld(sets=())


def test_a_desk_that_takes_nothing_in_is_given_up(impatient: Pipes) -> None:
    """Its line is up and its far end is gone: a large answer must not be waited for for ever."""
    states = tuple(SetState(set_id="0" * 16, intact=True, submitted=True) for _ in range(20_000))
    impatient.serve({AskSets: lambda _: SetsHeld(sets=states)})
    impatient.say(ASKED)

    assert impatient.ended()


def test_a_long_answer_arrives_whole_at_a_slow_desk(far: Pipes) -> None:
    states = tuple(SetState(set_id="0" * 16, intact=True, submitted=True) for _ in range(20_000))
    far.serve({AskSets: lambda _: SetsHeld(sets=states)})
    far.say(ASKED)

    assert far.hear() == SetsHeld(sets=states)


def test_a_desk_that_asks_on_without_listening_is_told_and_given_up(far: Pipes) -> None:
    answered = threading.Event()
    far.serve({AskSets: lambda _: Let() if answered.wait(ENDS_S) else None})
    for _ in range(MOST_WAITING + 2):
        far.say(ASKED)

    refused = far.hear()
    assert isinstance(refused, Refused)
    assert "requests wait" in refused.message
    answered.set()
    assert far.ended()


def test_half_a_line_is_not_obeyed(far: Pipes) -> None:
    done: list[Closed] = []
    far.serve({AskSets: done.append})
    far.to_far.write(encode(ASKED)[:-1])
    far.to_far.close()

    assert far.ended()
    assert not done


def test_telling_a_desk_that_is_gone_harms_nobody(far: Pipes) -> None:
    far.from_far.close()

    far.desk.tell(Let())
    far.desk.tell(Let())

    assert far.desk.gone.is_set()
