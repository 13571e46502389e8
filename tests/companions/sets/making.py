"""Sets to work on, what became of them, and processes that die at a chosen step."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from companions import files
from companions.audit import Actor, AuditedFile, AuditLog, tail, verify
from companions.sets.disk import Disk

ACTOR = Actor(who="anna@desk-3", tool="the tests", version="0")
SUFFIXES = (".jpg", ".motion.json", ".video_manifest.json", ".caption", ".mp4")


def make_set(folder: Path, stem: str, *, suffixes: Sequence[str] = SUFFIXES) -> Path:
    """A picture and its companions, each with bytes of its own; the picture's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, suffix in enumerate(suffixes):
        text = f"{stem.encode('utf-8', 'surrogateescape')!r}{suffix}".encode()
        (folder / f"{stem}{suffix}").write_bytes(text * (1 + 7 * place))
    return folder / f"{stem}{suffixes[0]}"


def log_in(folder: Path) -> AuditLog:
    """The operation log in ``folder``."""
    return AuditLog(folder, actor=ACTOR)


def logged(folder: Path) -> list[str]:
    """The operations in the log, oldest first; the log is whole."""
    if not folder.exists():
        return []
    verify(folder)
    return [line.operation for line in tail(folder, count=100_000)]


def names(folder: Path) -> list[str]:
    """What is in a folder, ours included."""
    return sorted(path.name for path in folder.iterdir())


def contents(*folders: Path) -> Counter[str]:
    """How often each content lies in the folders, under whatever name."""
    return Counter(
        hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(files.TEMPORARY_PREFIX)
    )


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file's bytes and time, by name."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
        if path.is_file()
    }


@dataclass
class Life:
    """Steps until a process ends itself; with 0 it ends before the first."""

    steps: int
    taken: int = 0

    def step(self, *, last_act: Callable[[], object] | None = None) -> None:
        """Take one step, or die; ``last_act`` is done half of what would have been done."""
        if self.taken >= self.steps:
            if last_act is not None:
                last_act()
            os.kill(os.getpid(), signal.SIGKILL)
        self.taken += 1


class MortalDisk(Disk):
    """The real disk, to a process that is killed before a given step."""

    def __init__(self, life: Life) -> None:
        self.life = life

    def write(self, path: Path, data: bytes) -> None:
        torn = path.with_name(f"{files.TEMPORARY_PREFIX}torn{files.TEMPORARY_SUFFIX}")
        self.life.step(last_act=lambda: torn.write_bytes(data[: len(data) // 2]))
        super().write(path, data)

    def link(self, source: Path, target: Path) -> None:
        self.life.step()
        super().link(source, target)

    def begin(self, temporary: Path) -> int:
        self.life.step()
        return super().begin(temporary)

    def append(self, descriptor: int, chunk: bytes) -> None:
        self.life.step(last_act=lambda: os.write(descriptor, chunk[: len(chunk) // 2]))
        super().append(descriptor, chunk)

    def finish(self, descriptor: int, temporary: Path, *, like: Path) -> None:
        self.life.step()
        super().finish(descriptor, temporary, like=like)

    def settle(self, temporary: Path, target: Path) -> None:
        # As far as it comes between the two names of a file that was linked into place.
        def linked() -> None:
            with contextlib.suppress(OSError):
                os.link(temporary, target)

        self.life.step()
        self.life.step(last_act=linked)
        super().settle(temporary, target)

    def respell(self, source: Path, target: Path) -> None:
        self.life.step()
        super().respell(source, target)

    def remove(self, path: Path) -> None:
        self.life.step()
        super().remove(path)

    def flush_folder(self, folder: Path) -> None:
        self.life.step()
        super().flush_folder(folder)


class MortalLog(AuditLog):
    """The real log, to a process that is killed before or after a line."""

    def __init__(self, folder: Path, life: Life) -> None:
        super().__init__(folder, actor=ACTOR)
        self.life = life

    def record(
        self,
        *,
        operation: str,
        operation_id: str,
        files: Sequence[AuditedFile],
        detail: str = "",
        at: datetime,
    ) -> None:
        self.life.step()
        super().record(
            operation=operation, operation_id=operation_id, files=files, detail=detail, at=at
        )
        self.life.step()


@contextlib.contextmanager
def child(action: Callable[[], object]) -> Iterator[int]:
    """A process of its own that does ``action``; the block may send it signals."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            action()
            code = 0
        except BaseException:  # noqa: BLE001  # the frame of a process
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    yield pid


def ended_by(action: Callable[[], object]) -> int:
    """The exit code of a process that did ``action``: 0, or minus the signal that ended it."""
    with child(action) as pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def until_it_lives(action: Callable[[Life], object]) -> Iterator[int]:
    """Run ``action`` in processes that die before their first step, their second, and so on.

    Yields after each death how many steps were taken, and returns after the one that lived.
    """
    for steps in itertools.count():
        code = ended_by(partial(action, Life(steps)))
        if code != -signal.SIGKILL:
            break
        yield steps
    assert code == 0
