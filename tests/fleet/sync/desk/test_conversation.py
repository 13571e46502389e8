"""What a far side may do wrong, each done by a real process: none of it goes further than a
sentence."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from companions.base import Closed
from fleet.sync.desk.conversation import Conversation, last_sentence
from fleet.sync.errors import AnswerRefused, FarFleetUnusable, HostUnreachable, RequestRefused
from fleet.sync.ssh.config import resolve
from fleet.sync.ssh.connection import Connection
from fleet.sync.ssh.local import LocalLine
from fleet.sync.wire.base import PROTOCOL
from fleet.sync.wire.greeting import Hello, Welcome
from fleet.sync.wire.sets import Arriving, Given, Let
from tests.fleet.sync.sshd import ALIAS, Sshd

WELCOME = Welcome(
    protocol=PROTOCOL, version="0.1.0", now=0.0, inbox="/in", outbox="/out", inbox_root="/in",
    outbox_root="/out", inbox_free=1, outbox_free=1, rsync="", restricted=False, at_work=False,
)  # fmt: skip
GREETS = f"hear(); say({WELCOME.model_dump_json()!r})\n"
HELLO = Hello(protocol=PROTOCOL, version="0.1.0")
GIVEN = Given(set_id="0" * 16)
LET = '{"say": "let"}'


@contextmanager
def talking(far: str, *, silence_s: float = 20.0, still_s: float = 15.0) -> Iterator[Conversation]:
    """A conversation with a far side whose program is ``far``; it can ``hear()`` and ``say(text)``
    a line."""
    program = (
        "import sys, os, time\n"
        "def say(text): sys.stdout.write(text + '\\n'); sys.stdout.flush()\n"
        "def hear(): return sys.stdin.readline()\n" + far
    )
    line = LocalLine([sys.executable, "-c", program], host=ALIAS)
    with Conversation(line, host=ALIAS, silence_s=silence_s, still_s=still_s) as conversation:
        yield conversation


def test_first_words_are_exchanged_and_the_far_side_ends_when_it_hears_goodbye(
    tmp_path: Path,
) -> None:
    heard = tmp_path / "heard"
    with talking(GREETS + f"open({str(heard)!r}, 'w').write(hear())") as conversation:
        assert conversation.greet() == WELCOME

    assert '"goodbye"' in heard.read_text()


def test_an_answer_waits_for_what_is_told_before_it_and_life_signs_are_passed_over() -> None:
    arriving = Arriving(files=3, size_bytes=70)
    told: list[Closed] = []
    with talking(
        'hear(); say(\'{"do": "still"}\')\n'
        f"say({arriving.model_dump_json()!r}); say({LET!r}); hear()"
    ) as conversation:
        assert conversation.ask(GIVEN, Let, meanwhile=told.append) == Let()

    assert told == [arriving]


def test_an_answer_of_another_kind_than_was_asked_for_is_refused() -> None:
    with (
        talking(f"hear(); say({LET!r}); hear()") as conversation,
        pytest.raises(AnswerRefused, match="'hello' with 'let'"),
    ):
        conversation.ask(HELLO, Welcome)


def test_a_refusal_is_told_in_the_far_sides_words() -> None:
    refusal = '{"say": "refused", "code": "disk_full", "exit_code": 9, "message": "no room"}'
    with (
        talking(f"hear(); say({refusal!r}); hear()") as conversation,
        pytest.raises(RequestRefused, match="colo says: no room"),
    ):
        conversation.ask(GIVEN, Let)


def test_a_far_side_that_refuses_and_ends_before_it_listens_is_still_heard() -> None:
    refusal = '{"say": "refused", "code": "gate", "exit_code": 9, "message": "not this folder"}'
    line = LocalLine(["sh", "-c", f"exec <&-; echo '{refusal}'"], host=ALIAS)
    deadline = time.monotonic() + 20.0
    while line.last_words()[0] is None:
        assert time.monotonic() < deadline

    with (
        Conversation(line, host=ALIAS) as conversation,
        pytest.raises(RequestRefused, match="not this folder"),
    ):
        conversation.greet()


@pytest.mark.parametrize("said", ["Welcome to Ubuntu 24.04", "[]", '"x"', "\\x1b[31mred"])
def test_a_start_up_file_that_prints_is_told_as_what_it_is(said: str) -> None:
    with (
        talking(f"say('{said}'); hear(); hear()") as conversation,
        pytest.raises(FarFleetUnusable, match=r"it printed .*\.bashrc.*ssh colo true"),
    ):
        conversation.greet()


def test_garbage_later_on_ends_the_conversation() -> None:
    with talking(GREETS + "hear(); say('warning: disk is slow'); hear()") as conversation:
        conversation.greet()
        with pytest.raises(AnswerRefused, match="no message: 'warning: disk is slow'"):
            conversation.ask(GIVEN, Let)


def test_another_version_of_the_conversation_is_told_with_the_remedy() -> None:
    other = WELCOME.model_copy(update={"protocol": PROTOCOL + 1}).model_dump_json()
    fields = WELCOME.model_dump_json()[:-1] + ', "moon": 1}'
    deaf = '{"say": "refused", "code": "not_understood", "exit_code": 1, "message": "do: what?"}'
    for answer in (other, fields, deaf):
        with (
            talking(f"hear(); say({answer!r}); hear()") as conversation,
            pytest.raises(FarFleetUnusable, match="same motionfleet on both sides"),
        ):
            conversation.greet()


def test_an_answer_out_of_all_proportion_is_refused_before_it_is_read() -> None:
    with (
        talking("hear(); say('{' + ' ' * 17_000_000 + '}'); hear()") as conversation,
        pytest.raises(AnswerRefused, match=r"1700000\d bytes"),
    ):
        conversation.ask(GIVEN, Let)


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ("sys.exit(127)", "the command is not there"),
        ("sys.stderr.write('sh: fleet: not found\\n'); sys.exit(127)", "sh: fleet: not found"),
        ("sys.stderr.write('+-----+\\n| No such command receive |\\n+-----+\\n'); sys.exit(2)",
         "exit code 2: No such command receive"),
        ("sys.exit(0)", "exit code 0: it said nothing"),
    ],
)  # fmt: skip
def test_a_far_side_that_ends_is_told_with_its_last_words(ends: str, told: str) -> None:
    with talking(ends) as conversation, pytest.raises(FarFleetUnusable, match=told):
        conversation.greet()


def test_a_far_side_that_was_killed_can_be_tried_again() -> None:
    with (
        talking("os.kill(os.getpid(), 9)") as conversation,
        pytest.raises(HostUnreachable, match="was ended") as error,
    ):
        conversation.greet()

    assert error.value.retryable


def test_a_far_side_that_is_silent_is_given_up_and_not_waited_for_at_the_end() -> None:
    begun = time.monotonic()
    with (
        pytest.raises(HostUnreachable, match=r"silent for 0.3 s"),
        talking("hear(); hear(); hear()", silence_s=0.3) as conversation,
    ):
        conversation.greet()

    assert time.monotonic() - begun < 5.0


def test_a_desk_that_has_nothing_to_say_says_that_it_is_there(tmp_path: Path) -> None:
    far = GREETS + 'hears = [hear(), hear()]; say(\'{"say": "let"}\'); hear()'
    with talking(far, still_s=0.05) as conversation:
        conversation.greet()

        assert conversation.next() == Let()


def test_a_command_that_is_missing_on_a_host_is_told_with_the_setting(host: Sshd) -> None:
    ssh = resolve(ALIAS, config_file=host.config)
    with (
        Connection(ssh, name=ALIAS) as connection,
        Conversation(connection.line(["no-such-fleet"]), host=ALIAS) as conversation,
        pytest.raises(FarFleetUnusable, match=r"not there: .*no-such-fleet.*\[hosts.colo\]"),
    ):
        conversation.greet()


def test_a_host_that_is_lost_is_no_far_side_that_ended(host: Sshd) -> None:
    ssh = resolve(ALIAS, config_file=host.config)
    with (
        Connection(ssh, name=ALIAS) as connection,
        Conversation(connection.line(["cat"]), host=ALIAS) as conversation,
    ):
        host.stop()
        begun = time.monotonic()

        with pytest.raises(HostUnreachable):
            conversation.ask(GIVEN, Let)
    assert time.monotonic() - begun < 10.0


def test_the_last_line_with_a_word_in_it_is_the_one_to_repeat() -> None:
    assert last_sentence("╭ Error ╮\n│ no such option: --x │\n╰───────╯\n") == "no such option: --x"
    assert last_sentence("\n \n") == ""
    assert len(last_sentence("x" * 10_000)) == 300
