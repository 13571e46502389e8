"""Lines come out whole and in order, and a line without an end does not fill the memory."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.sync.ssh.lines import TAIL_BYTES, Lines, Tail, TooLong


@given(lines=st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"") + b"\n")),
       step=st.integers(1, 17))  # fmt: skip
def test_however_the_bytes_come_the_lines_are_the_same(lines: list[bytes], step: int) -> None:
    text = b"".join(lines)
    held, found = Lines(), []
    for start in range(0, len(text), step):
        held.add(text[start : start + step])
        while (line := held.take()) is not None:
            found.append(line)

    assert found == lines
    assert held.take() is None


def test_a_line_longer_than_the_limit_is_refused_with_and_without_its_end() -> None:
    endless = Lines(limit=100)
    endless.add(b"x" * 101)
    ended = Lines(limit=100)
    ended.add(b"x" * 100 + b"\n")
    longest = Lines(limit=100)
    longest.add(b"x" * 99 + b"\n")

    with pytest.raises(TooLong):
        endless.take()
    with pytest.raises(TooLong):
        ended.take()
    assert longest.take() == b"x" * 99 + b"\n"


def test_a_long_line_that_comes_in_small_pieces_is_looked_at_once_only() -> None:
    held = Lines()
    held.add(b"x" * 50_000_000)
    begun = time.process_time()
    for _ in range(20_000):
        held.add(b"x")
        assert held.take() is None

    # Looked through anew each time, this is 1 TB.
    assert time.process_time() - begun < 4.0


def test_of_what_is_said_on_stderr_the_end_is_kept() -> None:
    reading, writing = os.pipe()
    tail = Tail(lambda size: os.read(reading, size))
    with os.fdopen(writing, "wb") as out:
        out.write(b"noise " * 100_000)
        out.write(b"the last words")

    said = tail.text(within_s=10.0)
    os.close(reading)

    assert said.endswith("noise the last words")
    assert len(said) == TAIL_BYTES
