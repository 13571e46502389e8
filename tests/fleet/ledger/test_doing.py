"""What is under way, beside the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.jobs.progress import Progress
from fleet.ledger.doing import FRESH_S, Doing, read_doing, write_doing

STEP = Doing(done=12, steps=40, piece=1, pieces=2, left_s=180.0)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "doing.json"

    write_doing(path, {"s1": STEP}, now=1000.0)

    assert read_doing(path, now=1001.0) == {"s1": STEP}
    assert STEP.progress == Progress(12, 40, 1, 2)


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"at_s": 1000.0, "shots": {"s": {}}}'])
def test_where_nothing_is_known_there_is_nothing(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "doing.json"
    if content is not None:
        path.write_bytes(content)

    assert read_doing(path, now=1000.0) == {}


def test_what_a_killed_dispatcher_left_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "doing.json"
    write_doing(path, {"s1": STEP}, now=1000.0)

    assert read_doing(path, now=1000.0 + FRESH_S + 1.0) == {}


def test_where_it_cannot_be_written_nothing_happens(tmp_path: Path) -> None:
    write_doing(tmp_path / "no folder" / "doing.json", {"s1": STEP}, now=1000.0)

    assert not list(tmp_path.iterdir())
