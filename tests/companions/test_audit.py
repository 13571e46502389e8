"""The operation log: whole lines in one chain, whatever is killed, full, cut or edited."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from companions import audit
from companions.audit import Actor, AuditedFile, AuditLog
from companions.errors import AuditBroken, AuditUnwritable, DocumentInvalid

AT = datetime(2025, 7, 4, 14, 30, 22, 125000, tzinfo=UTC)
ANNA = Actor(who="anna@desk-3", tool="fleet companions move", version="0.1.0")

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


def moved(source: str | None = "/p/a.jpg", target: str | None = "/q/a.jpg") -> AuditedFile:
    return AuditedFile(source=source, target=target, sha256="a" * 64, size_bytes=12)


def written(folder: Path, count: int, *, limit_bytes: int = audit.LIMIT_BYTES) -> AuditLog:
    log = AuditLog(folder, actor=ANNA, limit_bytes=limit_bytes)
    for number in range(1, count + 1):
        log.record(operation="move", operation_id=f"id-{number}", files=[moved()], at=AT)
    return log


def writer(folder: Path, name: str, *, turns: int, limit_bytes: int) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-c", WRITER, str(folder), name, str(turns), str(limit_bytes)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE)


def entries(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def ids(folder: Path, count: int = 10_000) -> list[str]:
    return [line.operation_id for line in audit.tail(folder, count=count)]


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


# -- cut and edited ----------------------------------------------------------------------------


def edited(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(change(lines_of(path))))


TAMPERINGS: list[tuple[str, Callable[[Path], object], str, int, str]] = [
    (
        "a line is edited",
        lambda f: edited(
            f / "operations.000002.jsonl",
            lambda ls: [ls[0].replace(b"anna", b"otto"), *ls[1:]],
        ),
        "operations.000002.jsonl", 2, "does not fit the line before it",
    ),
    (
        "a line is cut from the middle",
        lambda f: edited(f / "operations.000001.jsonl", lambda ls: [ls[0], *ls[2:]]),
        "operations.000001.jsonl", 2, "where 2 must follow",
    ),
    (
        "two lines change places",
        lambda f: edited(f / "operations.000001.jsonl", lambda ls: [ls[1], ls[0], *ls[2:]]),
        "operations.000001.jsonl", 1, "this is operation 2",
    ),
    (
        "the first line goes",
        lambda f: edited(f / "operations.000001.jsonl", lambda ls: ls[1:]),
        "operations.000001.jsonl", 1, "this is operation 2",
    ),
    (
        "the last line goes",
        lambda f: edited(f / "operations.jsonl", lambda ls: ls[:-1]),
        "operations.000002.jsonl", 4, "the log ends with operation 8, but head.json knows 9",
    ),
    (
        "the last line is cut short",
        lambda f: edited(f / "operations.jsonl", lambda ls: [*ls[:-1], ls[-1][:-5]]),
        "operations.000002.jsonl", 4, "but head.json knows 9",
    ),
    (
        "the last line is edited",
        lambda f: edited(
            f / "operations.jsonl", lambda ls: [*ls[:-1], ls[-1].replace(b"anna", b"otto")]
        ),
        "operations.jsonl", 1, "operation 9 is not the one head.json knows",
    ),
    (
        "an older file goes",
        lambda f: (f / "operations.000001.jsonl").unlink(),
        "operations.000001.jsonl", 1, "it is missing",
    ),
    (
        "the newest file goes",
        lambda f: (f / "operations.jsonl").unlink(),
        "operations.000002.jsonl", 4, "the log ends with operation 8",
    ),
    (
        "the newest older file goes",
        lambda f: (f / "operations.000002.jsonl").unlink(),
        "operations.jsonl", 1, "this is operation 9, where 5 must follow",
    ),
    (
        "an older file is cut in the middle of a line",
        lambda f: edited(f / "operations.000001.jsonl", lambda ls: [*ls[:-1], ls[-1][:-5]]),
        "operations.000001.jsonl", 4, "this line is cut off",
    ),
    (
        "a line is no line",
        lambda f: edited(f / "operations.000001.jsonl", lambda ls: [b"{}\n", *ls[1:]]),
        "operations.000001.jsonl", 1, "this is no line of the log",
    ),
    (
        "the head goes",
        lambda f: (f / "head.json").unlink(),
        "operations.jsonl", 1, "the log ends with operation 9, but head.json knows 0",
    ),
    (
        "the head is edited",
        lambda f: (f / "head.json").write_bytes(b"{}"),
        "head.json", 1, "this is no line of the log",
    ),
    (
        "the head goes back by one line, but to another",
        lambda f: (f / "head.json").write_bytes(
            b'{"sequence":8,"sha256":"' + b"f" * 64 + b'"}\n'
        ),
        "operations.jsonl", 1, "the log ends with operation 9, but head.json knows 8",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tamper", "name", "line", "what"),
    [case[1:] for case in TAMPERINGS],
    ids=[case[0] for case in TAMPERINGS],
)
def test_a_log_that_was_cut_or_edited_is_noticed_and_the_place_named(
    folder: Path, tamper: Callable[[Path], object], name: str, line: int, what: str
) -> None:
    written(folder, 9, limit_bytes=4 * LINE_BYTES)
    assert len(audit.verify(folder).files) == 3

    tamper(folder)

    with pytest.raises(AuditBroken, match=re.escape(what)) as caught:
        audit.verify(folder)
    assert (Path(caught.value.file).name, caught.value.line) == (name, line)
    assert caught.value.exit_code == 19


LINE_BYTES = 400


@pytest.mark.parametrize(
    "which",
    ["the last line goes", "the last line is edited", "the newest file goes", "the head goes",
     "the head is edited", "an older file goes", "the last line is cut short"],
)  # fmt: skip
def test_nothing_is_written_on_top_of_a_log_whose_end_was_changed(folder: Path, which: str) -> None:
    written(folder, 9, limit_bytes=4 * LINE_BYTES)
    next(case[1] for case in TAMPERINGS if case[0] == which)(folder)
    before = {entry.name: entry.read_bytes() for entry in folder.glob("operations*")}

    log = AuditLog(folder, actor=ANNA)
    with pytest.raises(AuditBroken):
        log.record(operation="move", operation_id="new", files=[moved()], at=AT)
    with pytest.raises(AuditBroken):
        log.holds(operation="move", operation_id="id-1")

    after = {entry.name: entry.read_bytes() for entry in folder.glob("operations*")}
    assert {n: after[n][: len(d)] for n, d in before.items()} == before or which.endswith("short")
    assert b"new" not in b"".join(after.values())


def test_the_newest_operations_can_be_read_whatever_became_of_the_oldest(folder: Path) -> None:
    written(folder, 9, limit_bytes=4 * LINE_BYTES)
    (folder / "operations.000001.jsonl").write_bytes(b"{")

    assert ids(folder, 2) == ["id-8", "id-9"]
    with pytest.raises(AuditBroken):
        ids(folder, 9)


def test_a_last_line_that_is_none_is_named_when_it_would_be_written_upon(folder: Path) -> None:
    written(folder, 3)
    edited(folder / "operations.jsonl", lambda lines: [*lines[:2], b"{}\n"])

    with pytest.raises(AuditBroken) as caught:
        written(folder, 4)

    assert caught.value.line == 3


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


# -- where it cannot be written ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["operations.jsonl", "head.json", "log.lock"])
def test_something_else_under_a_name_of_the_log_stops_the_operation(
    folder: Path, name: str
) -> None:
    (folder / name).mkdir(parents=True)

    with pytest.raises(AuditUnwritable, match="cannot be written") as caught:
        written(folder, 1)

    assert caught.value.exit_code == 31
    assert name in caught.value.path
    assert audit.tail(folder / "x", count=1) == ()


def test_a_fifo_or_link_under_the_name_of_the_log_is_refused_without_waiting(
    folder: Path, tmp_path: Path
) -> None:
    folder.mkdir(parents=True)
    os.mkfifo(folder / "operations.jsonl")
    with pytest.raises(AuditUnwritable):
        written(folder, 1)
    (folder / "operations.jsonl").unlink()
    (tmp_path / "elsewhere").write_bytes(b"")
    (folder / "operations.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditUnwritable):
        written(folder, 1)
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_a_folder_that_cannot_be_made_stops_the_operation(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(AuditUnwritable):
        written(tmp_path / "file" / "audit", 1)


def test_an_operation_too_large_for_a_line_stops_before_anything_is_written(folder: Path) -> None:
    log = written(folder, 1)
    with pytest.raises(AuditUnwritable, match="one line cannot hold"):
        log.record(
            operation="move", operation_id="x", files=[], detail="x" * (17 * 1024 * 1024), at=AT
        )
    assert audit.verify(folder).lines == 1


def test_a_log_that_cannot_be_read_is_said_so(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_bytes(b"")
    with pytest.raises(DocumentInvalid, match="cannot be read"):
        audit.verify(folder)
    with pytest.raises(DocumentInvalid, match="cannot be read"):
        audit.tail(folder, count=1)


# -- a disk of its own -------------------------------------------------------------------------

_IN_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")

FILLING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from companions.audit import Actor, AuditLog, verify
from companions.errors import AuditUnwritable

folder, filler = Path(sys.argv[1]), Path(sys.argv[2])
log = AuditLog(folder, actor=Actor(who="w", tool="t", version="1"))
done = 0
try:
    while True:
        log.record(
            operation="move", operation_id=f"id-{done}", files=[], detail="x" * 3000,
            at=datetime.now(UTC),
        )
        done += 1
except AuditUnwritable as error:
    print(error.errno_name, done == verify(folder).lines, verify(folder).unfinished)
filler.unlink()
log.record(operation="move", operation_id="last", files=[], at=datetime.now(UTC))
print(verify(folder).lines - done, verify(folder).torn)
"""


def namespaces_work() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return (
        subprocess.run([*_IN_NAMESPACE, "true"], check=False, capture_output=True).returncode == 0
    )


needs_namespaces = pytest.mark.skipif(
    not namespaces_work(), reason="a disk small enough to fill needs Linux mount namespaces"
)


def in_namespace(script: str) -> str:
    argv = [*_IN_NAMESPACE, "sh", "-ec", script]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120).stdout


@needs_namespaces
def test_a_disk_that_fills_up_stops_the_operation_and_the_log_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    disk, script = tmp_path / "disk", tmp_path / "filling.py"
    disk.mkdir()
    script.write_text(FILLING)

    said = in_namespace(f"""
        mount -t tmpfs -o size=256k none {disk}
        head -c 120k /dev/zero > {disk}/filler
        PYTHONPATH={Path.cwd()} {sys.executable} {script} {disk}/audit {disk}/filler
    """)

    assert said == "ENOSPC True False\n1 ()\n"


@needs_namespaces
def test_a_read_only_disk_stops_the_operation_and_its_log_can_still_be_read(
    folder: Path, tmp_path: Path
) -> None:
    written(folder, 3)
    script = tmp_path / "reading.py"
    script.write_text(f"""
from datetime import UTC, datetime
from pathlib import Path
from companions.audit import Actor, AuditLog, tail, verify
from companions.errors import AuditUnwritable

folder = Path({str(folder)!r})
try:
    AuditLog(folder, actor=Actor(who="w", tool="t", version="1")).record(
        operation="move", operation_id="x", files=[], at=datetime.now(UTC)
    )
except AuditUnwritable as error:
    print(error.errno_name)
print(verify(folder).lines, len(tail(folder, count=2)))
""")

    said = in_namespace(f"""
        mount --bind {folder} {folder}
        mount -o remount,bind,ro {folder}
        PYTHONPATH={Path.cwd()} {sys.executable} {script}
    """)

    assert said == "EROFS\n3 2\n"
