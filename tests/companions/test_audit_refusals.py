"""A log that was cut or edited is noticed, and where none can be written nothing is begun."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from companions import audit
from companions.audit import AuditLog
from companions.errors import AuditBroken, AuditUnwritable, DocumentInvalid
from tests.companions.auditing import ANNA, AT, edited, ids, moved, written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "audit"


# -- cut and edited ----------------------------------------------------------------------------


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
