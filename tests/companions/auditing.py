"""Operation logs to look at, and to spoil."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from companions import audit
from companions.audit import Actor, AuditedFile, AuditLog

AT = datetime(2025, 7, 4, 14, 30, 22, 125000, tzinfo=UTC)
ANNA = Actor(who="anna@desk-3", tool="fleet companions move", version="0.1.0")


def moved(source: str | None = "/p/a.jpg", target: str | None = "/q/a.jpg") -> AuditedFile:
    return AuditedFile(source=source, target=target, sha256="a" * 64, size_bytes=12)


def written(folder: Path, count: int, *, limit_bytes: int = audit.LIMIT_BYTES) -> AuditLog:
    log = AuditLog(folder, actor=ANNA, limit_bytes=limit_bytes)
    for number in range(1, count + 1):
        log.record(operation="move", operation_id=f"id-{number}", files=[moved()], at=AT)
    return log


def entries(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def ids(folder: Path, count: int = 10_000) -> list[str]:
    return [line.operation_id for line in audit.tail(folder, count=count)]


def edited(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path.write_bytes(b"".join(change(lines_of(path))))
