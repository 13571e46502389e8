"""The operation log: whole lines in one chain, whoever writes at once and whoever is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from companions import audit
from companions.audit import Actor, AuditLog
from companions.errors import AuditBroken
from tests.companions.auditing import ANNA, AT, entries, ids, lines_of, moved, written

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from companions.audit import Actor, AuditedFile, AuditLog

folder, name, turns, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
log = AuditLog(folder, actor=Actor(who=name, tool="t", version="1"), limit_bytes=limit)
moved = AuditedFile(source="/a" * 40, target="/b" * 40, sha256="a" * 64, size_bytes=1)
for turn in range(turns):
    log.record(operation="move", operation_id=f"{name}-{turn}", files=[moved], at=datetime.now(UTC))
    print(turn, flush=True)
"""


def writer(folder: Path, name: str, *, turns: int, limit_bytes: int) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-c", WRITER, str(folder), name, str(turns), str(limit_bytes)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "audit"


# -- what is written ---------------------------------------------------------------------------


def test_a_line_says_who_did_what_with_which_files_and_when(folder: Path) -> None:
    written(folder, 1)

    (data,) = lines_of(folder / "operations.jsonl")
    assert data == json.dumps(json.loads(data), sort_keys=True, separators=(",", ":")).encode() + (
        b"\n"
    )
    assert json.loads(data) == {
        "sequence": 1,
        "previous": "0" * 64,
        "at": "2025-07-04T14:30:22.125Z",
        "who": "anna@desk-3",
        "tool": "fleet companions move",
        "version": "0.1.0",
        "operation": "move",
        "operation_id": "id-1",
        "detail": "",
        "files": [
            {"source": "/p/a.jpg", "target": "/q/a.jpg", "sha256": "a" * 64, "size_bytes": 12}
        ],
    }


def test_the_log_is_for_its_owner_alone(folder: Path) -> None:
    written(folder, 3, limit_bytes=600)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()} == {0o600}


def test_an_operation_is_logged_once_however_often_it_is_recorded(folder: Path) -> None:
    log = written(folder, 3)
    other = AuditLog(folder, actor=ANNA)
    for again in (log, other):
        again.record(operation="move", operation_id="id-2", files=[moved()], at=AT)
    other.record(operation="undo", operation_id="id-2", files=[moved()], at=AT)

    assert ids(folder) == ["id-1", "id-2", "id-3", "id-2"]
    assert log.holds(operation="undo", operation_id="id-2")
    assert not log.holds(operation="undo", operation_id="id-1")
    assert not log.holds(operation="move", operation_id="id-")
    assert not AuditLog(folder / "none", actor=ANNA).holds(operation="move", operation_id="id-1")
    assert not (folder / "none").exists()


def test_a_name_that_is_no_text_or_holds_a_newline_stays_on_its_line(folder: Path) -> None:
    names = [
        "/p/" + os.fsdecode(b"\xff\xfe.jpg"),
        '/p/two\nlines "x".jpg',
        "/p/caf\u00e9\u2028.jpg",
    ]
    log = AuditLog(folder, actor=Actor(who="\udcff\ud800@desk", tool="t", version="1"))
    for number, name in enumerate(names):
        log.record(
            operation="move", operation_id=f"id-{number}", files=[moved(name, None)],
            detail=name, at=AT,
        )  # fmt: skip

    assert len(lines_of(folder / "operations.jsonl")) == 3
    logged = audit.tail(folder, count=3)
    assert [line.files[0].source for line in logged] == [r"/p/\xff\xfe.jpg", *names[1:]]
    assert logged[1].detail == names[1]
    assert logged[0].who == r"\xff\ud800@desk"
    assert audit.verify(folder).lines == 3


def test_the_file_is_put_by_at_its_limit_and_the_chain_goes_on(folder: Path) -> None:
    log = written(folder, 20, limit_bytes=2000)

    older = sorted(entries(folder) - {"head.json", "log.lock", "operations.jsonl"})
    assert older == [f"operations.{n:06d}.jsonl" for n in range(1, len(older) + 1)]
    assert len(older) >= 3
    assert all((folder / name).stat().st_size <= 2000 for name in older)
    checked = audit.verify(folder)
    assert checked.lines == 20
    assert checked.files == tuple(folder / name for name in [*older, "operations.jsonl"])
    assert ids(folder, 7) == [f"id-{n}" for n in range(14, 21)]
    assert ids(folder, 0) == []
    assert log.holds(operation="move", operation_id="id-16")


def test_a_new_file_begun_right_after_one_was_put_by_follows_it(folder: Path) -> None:
    written(folder, 3)
    (folder / "operations.jsonl").rename(folder / "operations.000001.jsonl")  # killed right here

    assert audit.verify(folder).lines == 3
    again = AuditLog(folder, actor=ANNA)
    assert again.holds(operation="move", operation_id="id-3")
    again.record(operation="move", operation_id="id-4", files=[moved()], at=AT)

    assert audit.verify(folder).lines == 4
    assert len(lines_of(folder / "operations.jsonl")) == 1


def test_the_head_can_be_noted_and_expected_later(folder: Path) -> None:
    written(folder, 2)
    noted = audit.verify(folder).head
    AuditLog(folder, actor=ANNA).record(operation="x", operation_id="y", files=[], at=AT)

    assert audit.verify(folder, expect=noted).head != noted
    shutil.rmtree(folder)
    written(folder, 1)  # a whole new log, which is whole in itself
    assert audit.verify(folder).lines == 1
    with pytest.raises(AuditBroken, match="has the expected hash"):
        audit.verify(folder, expect=noted)


def test_a_log_that_was_never_written_is_whole_and_empty(folder: Path) -> None:
    checked = audit.verify(folder)

    assert (checked.lines, checked.head, checked.files) == (0, "0" * 64, ())
    assert audit.tail(folder, count=5) == ()
    assert not folder.exists()


# -- crashes -----------------------------------------------------------------------------------


def test_a_crash_between_line_and_head_is_no_damage_and_is_mended(folder: Path) -> None:
    written(folder, 2)
    head = (folder / "head.json").read_bytes()
    log = written(folder, 3)
    (folder / "head.json").write_bytes(head)

    checked = audit.verify(folder)
    assert (checked.lines, checked.ahead) == (3, True)
    assert log.holds(operation="move", operation_id="id-3")
    assert not audit.verify(folder).ahead
    log.record(operation="move", operation_id="id-4", files=[moved()], at=AT)
    assert audit.verify(folder).lines == 4


def test_the_very_first_line_may_be_ahead_of_a_head_that_was_never_written(folder: Path) -> None:
    written(folder, 1)
    (folder / "head.json").unlink()

    assert audit.verify(folder).ahead
    written(folder, 2)
    assert audit.verify(folder).lines == 2


def test_the_beginning_of_a_line_that_a_power_cut_ended_is_set_aside_and_told(
    folder: Path,
) -> None:
    written(folder, 2)
    (folder / "torn-4").write_bytes(b"earlier")
    with (folder / "operations.jsonl").open("ab") as stream:
        stream.write(b'{"at":"2025-07')

    before = audit.verify(folder)
    assert (before.lines, before.unfinished, before.torn) == (2, True, (folder / "torn-4",))
    written(folder, 3)

    after = audit.verify(folder)
    assert (after.lines, after.unfinished) == (3, False)
    assert after.torn == (folder / "torn-4", folder / "torn-5")
    assert (folder / "torn-5").read_bytes() == b'{"at":"2025-07'
    assert (folder / "torn-4").read_bytes() == b"earlier"


def test_many_processes_write_at_once_and_the_chain_holds(folder: Path) -> None:
    turns, names = 25, ["w1", "w2", "w3", "w4"]
    started = [writer(folder, name, turns=turns, limit_bytes=6000) for name in names]
    while any(process.poll() is None for process in started):
        audit.verify(folder)  # whole at every moment, while it grows and is put by
    for process in started:
        with process:
            assert process.stdout is not None
            assert len(process.stdout.readlines()) == turns
        assert process.returncode == 0

    assert sorted(ids(folder)) == sorted(f"{n}-{turn}" for n in names for turn in range(turns))
    assert audit.verify(folder).lines == turns * len(names)


def test_writers_killed_again_and_again_leave_a_whole_log_with_all_they_were_promised(
    folder: Path,
) -> None:
    promised: set[str] = set()
    for kill in range(12):
        with writer(folder, f"k{kill}", turns=10_000, limit_bytes=3000) as process:
            assert process.stdout is not None
            for _ in range(1 + kill % 4):
                promised.add(f"k{kill}-{int(process.stdout.readline())}")
            process.send_signal(signal.SIGKILL)
            promised.update(f"k{kill}-{int(line)}" for line in process.stdout if b"\n" in line)

        assert audit.verify(folder).lines >= len(promised)
        assert promised <= set(ids(folder))

    written(folder, 1)
    checked = audit.verify(folder)
    assert not checked.ahead
    assert checked.lines == len(ids(folder))
    assert not {name for name in entries(folder) if name.endswith(".tmp")}
