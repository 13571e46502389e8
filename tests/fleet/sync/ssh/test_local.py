"""A process of this machine is spoken with as one over ssh is, and never outlives its line."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from fleet.sync.errors import FarFleetUnusable, HostUnreachable
from fleet.sync.ssh.local import LocalLine


def python(program: str, *, end_s: float = 20.0) -> LocalLine:
    return LocalLine([sys.executable, "-u", "-c", program], host="mounted", end_s=end_s)


def test_lines_go_both_ways_and_a_long_one_comes_whole() -> None:
    line = LocalLine(["cat"], host="mounted")
    long = b"x" * 5_000_000 + b"\n"

    sending = threading.Thread(target=lambda: line.send(b"one\n" + long))
    sending.start()

    assert line.receive(timeout_s=10.0) == b"one\n"
    assert line.receive(timeout_s=30.0) == long
    sending.join()
    line.close()
    line.close()
    assert line.last_words() == (0, "")


def test_the_end_is_an_empty_line_and_the_last_words_say_why() -> None:
    line = python("import sys; print('half', end=''); sys.exit('no such thing')")

    assert line.receive(timeout_s=20.0) == b""
    assert line.last_words() == (1, "no such thing\n")
    with pytest.raises(HostUnreachable, match="its fleet has ended"):
        line.send(b"anyone?\n")
    line.close()


def test_one_that_was_killed_has_no_exit_code() -> None:
    line = python("import os; os.kill(os.getpid(), 9)")

    assert line.receive(timeout_s=20.0) == b""
    assert line.last_words() == (None, "")
    line.close()


def test_silence_is_told_and_does_not_last() -> None:
    line = LocalLine(["cat"], host="mounted")
    with pytest.raises(HostUnreachable, match=r"silent for 0.2 s"):
        line.receive(timeout_s=0.2)
    line.close()


def test_a_command_that_is_not_there_is_told_with_the_setting_that_names_it() -> None:
    with pytest.raises(FarFleetUnusable, match=r"\[hosts.mounted\] fleet"):
        LocalLine(["/no/such/fleet", "receive"], host="mounted")


def test_one_that_does_not_end_with_its_input_is_ended(tmp_path: Path) -> None:
    at = tmp_path / "pid"
    line = python(
        f"import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(at)!r}, 'w').write(str(os.getpid())); print('up')\n"
        f"time.sleep(600)",
        end_s=0.3,
    )
    assert line.receive(timeout_s=20.0) == b"up\n"

    begun = time.monotonic()
    line.close()

    assert time.monotonic() - begun < 10.0
    assert not Path(f"/proc/{at.read_text()}").exists()
