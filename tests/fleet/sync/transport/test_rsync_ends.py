"""How a run of rsync is judged by its exit code and its words."""

from __future__ import annotations

import pytest

from companions.errors import MotionfleetError
from fleet.sync.errors import (
    HostKeyRefused,
    HostRefused,
    HostUnreachable,
    NoRoom,
    TransferFailed,
    TransferRefused,
)
from fleet.sync.transport.disk import Way
from fleet.sync.transport.rsync_ends import TAIL, judge, tail

CLOSED = (
    "rsync: connection unexpectedly closed (0 bytes received so far) [sender]\n"
    "rsync error: unexplained error (code 255) at io.c(232) [sender=3.5.0]\n"
)
CHANGED = (
    "@@@@@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n"
    "Host key for [127.0.0.1]:22 has changed and you have requested strict checking.\n"
    "Host key verification failed.\n"
)
UNKNOWN = (
    "No ED25519 host key is known for colo and you have requested strict checking.\n"
    "Host key verification failed.\n"
)


def judged(code: int, words: str = "") -> MotionfleetError | None:
    return judge(
        code,
        words,
        way=Way("rsync", "colo"),
        address="colo.lan",
        room_host="colo",
        room_folder="/inbox",
    )


def test_a_run_that_went_well_is_no_error() -> None:
    assert judged(0, "noise from a login script") is None


@pytest.mark.parametrize("code", [10, 12, 20, 23, 24, 30, 35])
def test_exit_codes_that_deserve_another_try(code: int) -> None:
    error = judged(code, "something broke")

    assert isinstance(error, TransferFailed)
    assert (error.status, error.retryable) == (code, True)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 11, 13, 14, 21, 22, 25, 124, 126])
def test_exit_codes_that_do_not(code: int) -> None:
    assert isinstance(judged(code, "syntax or usage"), TransferRefused)


def test_a_far_side_that_could_not_write_and_did_not_say_why_is_asked_again() -> None:
    error = judged(11, "\n")

    assert isinstance(error, TransferFailed)
    assert "did not say why" in str(error)


@pytest.mark.parametrize("signal", [1, 9, 10, 15])
def test_a_signal_deserves_another_try(signal: int) -> None:
    error = judged(-signal)

    assert isinstance(error, TransferFailed)
    assert f"signal {signal}" in str(error)


@pytest.mark.parametrize("code", [11, 12, 23])
@pytest.mark.parametrize("words", ["No space left on device (28)", "Disk quota exceeded (122)"])
def test_a_full_disk_is_told_as_one_whatever_the_code(code: int, words: str) -> None:
    error = judged(code, f'rsync: [receiver] write failed on "/inbox/a": {words}\n{CLOSED}')

    assert isinstance(error, NoRoom)
    assert (error.host, error.folder) == ("colo", "/inbox")


@pytest.mark.parametrize(
    ("words", "kind", "told"),
    [
        (CHANGED, HostKeyRefused, "ssh-keygen -R colo.lan"),
        (UNKNOWN, HostKeyRefused, "ssh colo.lan"),
        ("me@colo: Permission denied (publickey).\n", HostRefused, "Permission denied"),
        ("Received disconnect: Too many authentication failures\n", HostRefused, "Too many"),
        ("ssh: connect to host colo port 22: Connection refused\n", HostUnreachable, "refused"),
        ("ssh: Could not resolve hostname colo: Name or service not known\n", HostUnreachable,
         "resolve"),
        ("", HostUnreachable, "closed"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", [255, 12])
def test_what_ssh_says_is_told_whichever_code_rsync_happened_to_end_with(
    words: str, kind: type[MotionfleetError], told: str, code: int
) -> None:
    error = judged(code, words + CLOSED)

    if code == 12 and not words:
        assert isinstance(error, TransferFailed)
    else:
        assert isinstance(error, kind)
    assert told in str(error)


def test_a_far_side_that_spoke_cannot_make_us_doubt_its_key() -> None:
    spoken = CHANGED + CLOSED.replace("(0 bytes", "(77 bytes")

    assert isinstance(judged(12, spoken), TransferFailed)


@pytest.mark.parametrize(
    ("code", "words"),
    [(127, ""), (127, "bash: line 1: rsync: command not found\n"), (12, "sh: 1: rsync: not found")],
)
def test_a_host_without_rsync_is_told_so(code: int, words: str) -> None:
    error = judged(code, words)

    assert isinstance(error, TransferRefused)
    assert "there is no rsync on colo" in str(error)


def test_words_are_shown_short_and_harmless() -> None:
    shown = tail("\x1b]0;owned\x07" + "a" * 5000 + "\nlast\x9b31m words\n")

    assert shown.isprintable()
    assert len(shown) < TAIL + 20
    assert shown.endswith("last?31m words")


def test_what_rsync_says_about_itself_is_left_out() -> None:
    assert tail('rsync: open "/a" failed: Permission denied (13)\n' + CLOSED) == (
        'rsync: open "/a" failed: Permission denied (13); '
        "rsync: connection unexpectedly closed (0 bytes received so far) [sender]"
    )
