"""The journal: what was written down is there again, whatever ended the program that wrote it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from companions.errors import FileUnwritable
from selector.core.decisions import Considered, Decision, Journal, latest

NOON = datetime(2025, 7, 4, 12, 0, tzinfo=UTC)


def decision(*pictures: Considered, group: str = "g", is_open: bool = False) -> Decision:
    return Decision(at=NOON, group=group, pictures=pictures, open=is_open)


def considered(name: str, *, picked: bool = False, score: float | None = None) -> Considered:
    return Considered(name=name, picked=picked, score=score)


def decisions() -> st.SearchStrategy[Decision]:
    """Decisions on pictures of any name, also of such as are no text."""
    # What Python makes of the bytes of a name that are no text.
    stray = st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF, categories=["Cs"])
    text = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    name = st.text(st.one_of(text, stray), min_size=1, max_size=12)
    each = st.builds(
        Considered,
        name=name,
        picked=st.booleans(),
        score=st.none() | st.floats(0.0, 1.0),
        flags=st.lists(st.sampled_from(["soft", "text"]), max_size=2).map(tuple),
    )
    moments = st.integers(0, 10**8).map(lambda s: NOON + timedelta(seconds=s))
    return st.builds(
        Decision,
        at=moments,
        group=name,
        pictures=st.lists(each, max_size=4).map(tuple),
        open=st.booleans(),
    )


@given(st.data())
@settings(max_examples=60)
def test_a_journal_cut_at_any_byte_gives_back_what_was_whole_and_takes_more(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    journal = Journal(tmp_path_factory.mktemp("shoot") / "journal")
    taken: Sequence[Decision] = data.draw(st.lists(decisions(), min_size=1, max_size=6))
    for each in taken:
        journal.append(each)
    whole = journal.path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    journal.path.write_bytes(whole[:cut])

    found = journal.replay()
    journal.append(taken[0])

    lines = whole[:cut].count(b"\n")
    # A line that lacks nothing but its end is whole.
    kept = lines + (lines < len(taken) and whole[cut : cut + 1] == b"\n")
    assert found.decisions == list(taken[:kept])
    assert found.skipped == (not whole[:cut].endswith(b"\n") and cut > 0 and kept == lines)
    assert journal.replay().decisions == [*taken[:kept], taken[0]]
    assert journal.path.read_bytes().startswith(whole[:cut])  # nothing is ever taken out


def test_a_line_needs_no_more_than_it_ever_held_and_an_empty_one_ends_nothing(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "journal")
    line = (
        '{"at": "2025-07-04T12:00:00Z", "group": "g", "pictures": [{"name": "%s", "picked": true}]}'
    )
    journal.path.write_text("\n\n".join((line % "a.jpg", line % "b.jpg")))

    found = journal.replay()

    assert found.skipped == 0
    assert latest(found.decisions) == {
        name: considered(name, picked=True) for name in ("a.jpg", "b.jpg")
    }


_WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from selector.core.decisions import Considered, Decision, Journal

journal, who = Journal(Path(sys.argv[1])), sys.argv[2]
sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
for index in range(60):
    names = [f"{who}/{index}/{n}" + "x" * (37 * index % 400) for n in range(30)]
    journal.append(Decision(at=datetime.now(UTC), group=f"{who} {index}",
        pictures=tuple(Considered(name=name, picked=False) for name in names)))
"""


def test_two_programs_that_write_at_once_tear_no_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, journal.path, who],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for who in ("anna", "berta")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:  # both wait for this
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0

    found = journal.replay()

    assert found.skipped == 0
    for who in ("anna", "berta"):
        written = [each.group for each in found.decisions if each.group.startswith(who)]
        assert written == [f"{who} {index}" for index in range(60)]


def test_where_nothing_was_decided_there_is_nothing(tmp_path: Path) -> None:
    assert Journal(tmp_path / "journal").replay().decisions == []
    assert list(tmp_path.iterdir()) == []


def test_a_line_of_a_newer_program_is_passed_over_and_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    strange = b'{"kind":"dictation","at":"2031-01-01T00:00:00Z"}\n'
    journal.path.write_bytes(strange)

    journal.append(decision(considered("a.jpg", picked=True)))

    found = journal.replay()
    assert [each.pictures[0].name for each in found.decisions] == ["a.jpg"]
    assert found.skipped == 1
    assert journal.path.read_bytes().startswith(strange)


def test_a_name_that_is_no_text_is_found_again(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    journal = Journal(tmp_path / "journal")

    journal.append(decision(considered(name, picked=True), group=name))

    (found,) = journal.replay().decisions
    assert (found.group, found.pictures[0].name) == (name, name)
    assert journal.path.read_bytes().decode("ascii")  # and the journal is text all the same


def test_a_journal_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()

    with pytest.raises(OSError):  # noqa: PT011 - its words are the system's
        Journal(tmp_path / "journal").replay()


def test_a_folder_that_is_gone_is_told_and_not_made_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "shoot" / "journal")

    with pytest.raises(FileUnwritable):
        journal.append(decision(considered("a.jpg")))

    assert list(tmp_path.iterdir()) == []


@contextmanager
def files_no_larger_than(size_bytes: int) -> Iterator[None]:
    """A disk that is full from there on, as far as one file goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room_bytes", [0, 1, 50, 150])
def test_on_a_disk_that_was_full_for_a_while_nothing_is_lost(
    tmp_path: Path, room_bytes: int
) -> None:
    journal = Journal(tmp_path / "journal")
    first, second = decision(considered("a.jpg")), decision(considered("b.jpg", picked=True))
    journal.append(first)

    full_bytes = journal.path.stat().st_size + room_bytes
    with files_no_larger_than(full_bytes), pytest.raises(FileUnwritable):
        journal.append(second, second)
    journal.append(second)

    assert set(latest(journal.replay().decisions)) == {"a.jpg", "b.jpg"}
    assert journal.replay().decisions[0] == first
    assert journal.replay().decisions[-1] == second


def test_a_name_is_never_empty() -> None:
    with pytest.raises(ValidationError, match="not empty"):
        considered("")


def test_the_last_word_on_a_picture_counts_and_what_was_taken_back_does_not() -> None:
    standing = latest(
        [
            decision(considered("a", picked=True), considered("b"), considered("c")),
            decision(considered("b", picked=True)),
            decision(considered("c"), is_open=True),
        ]
    )

    assert {name: each.picked for name, each in standing.items()} == {"a": True, "b": True}


def test_a_group_of_a_whole_shoot_can_be_decided_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    every = tuple(considered(f"IMG_{index:05}.jpg") for index in range(20_000))

    journal.append(decision(*every))

    assert journal.replay().decisions[0].pictures == every
