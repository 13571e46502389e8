"""``fleet sync HOST --all``: every folder of the settings, unattended, with a report at the end.

The report says what was done and, with the same exit code as the command, whether all went
through; a command of the operator's own choice is called where it did not.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from companions import files
from companions.base import Closed, Instant
from companions.errors import MotionfleetError
from fleet.errors import Interrupted, SettingsInvalid
from fleet.home import Home
from fleet.settings import Host, Settings
from fleet.sync.desk.folder import Problem, Synced, sync
from fleet.sync.desk.link import Link
from fleet.sync.desk.outcome import Conflict, Outcome, conflicts_of, outcome_of
from fleet.sync.desk.progress import Complain, Tell, silent, unheard
from fleet.sync.desk.record import open_record
from fleet.sync.errors import FolderAway, HostUnreachable, SyncBusy, SyncIncomplete

KEPT: Final = 60
"""Reports that are kept for each host; the oldest make room."""
COMMAND_LIMIT_S: Final = 60.0
KNOCK_EVERY_S: Final = 10.0
_MAX_REPORT_BYTES: Final = 16 * 1024 * 1024
_TOLD: Final = 200
"""Problems that a report names; it counts the others."""

Text = Annotated[str, Field(max_length=20_000)]


class Trouble(Closed):
    """One thing that did not go through."""

    about: Text
    code: Text
    message: Text


class Report(Closed):
    """One nightly sync."""

    schema_version: Literal[1] = 1
    host: Text
    started_at: Instant
    ended_at: Instant
    exit_code: Annotated[int, Field(ge=0, le=255)]
    """The command's; 0 where all went through."""
    code: Text = ""
    """The error's word; empty where all went through."""
    message: Text = ""
    """The error's first line; empty where all went through."""
    transport: Text = ""
    """How files travelled, and why so."""
    folders: tuple[Text, ...] = ()
    outcome: Outcome = Outcome()
    problems: tuple[Trouble, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[Text, ...] = ()
    failure_command: Text = ""
    """How the operator's own command went; empty where none was called."""


@dataclass(frozen=True, slots=True)
class Night:
    """A nightly sync that is over.

    Attributes:
        path: where the report lies.
        done: what was done, if the host could be worked with at all.
        problems: what did not go through, folders that are not there included.
        error: what the command ends with, if anything.
    """

    report: Report
    path: Path
    done: Synced | None
    problems: tuple[Problem, ...]
    error: MotionfleetError | None


def run(
    host: str,
    *,
    settings: Settings,
    home: Home,
    patience_s: float,
    tell: Tell = silent,
    complain: Complain = unheard,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Night:
    """Sync every folder of ``host``; a host that is not there yet is waited for ``patience_s``.

    The patience is seconds of ``clock``; ``now`` is the time of day that the report tells.

    Raises:
        SettingsInvalid: the settings name no folders for the host.
        SyncBusy: another process is at work on one of them; nothing was done, nothing is reported.
        FileUnwritable: the report cannot be written.
    """
    table = settings.hosts.get(host, Host())
    folders = absolute(table.folders, host=host, file=home.settings_file)
    started = now()
    done: Synced | None = None
    error: MotionfleetError | None = None
    try:
        with open_record(home, host) as record, Link(host, settings=settings) as link:
            _await(link, patience_s=patience_s, complain=complain, clock=clock, sleep=sleep)
            here = [folder for folder in folders if folder.is_dir()]
            done = sync(link, here, home=home, record=record, tell=tell, complain=complain)
    except SyncBusy:
        raise
    except MotionfleetError as found:
        error = found
    except KeyboardInterrupt:
        error = Interrupted(again=f"fleet sync {host} --all")
    missing = [
        Problem(str(folder), FolderAway(folder=folder))
        for folder in folders if not folder.is_dir()
    ]  # fmt: skip
    problems = [*missing, *(done.problems if done is not None else ())]
    path = _unused(home.sync / "reports", host, started)
    conflicts = conflicts_of(done) if done is not None else []
    if error is None and (problems or conflicts):
        error = SyncIncomplete(problems=len(problems) + len(conflicts), report=str(path))
    report = Report(
        host=host,
        started_at=started,
        ended_at=now(),
        exit_code=error.exit_code if error is not None else 0,
        code=error.reason if error is not None else "",
        message=told_in_a_line(error, problems, conflicts),
        transport=done.said if done is not None else "",
        folders=tuple(map(str, folders)),
        outcome=outcome_of(done) if done is not None else Outcome(),
        problems=tuple(
            Trouble(about=each.about, code=each.error.reason, message=str(each.error)[:20_000])
            for each in problems[:_TOLD]
        ),
        conflicts=tuple(conflicts[:_TOLD]),
        notes=done.notes if done is not None else (),
    )
    _write(path, report)
    if error is not None and table.failure_command:
        argv = filled(
            table.failure_command,
            {"host": host, "exit": str(report.exit_code), "message": report.message,
             "report": str(path)},
        )  # fmt: skip
        fault = call(argv, limit_s=COMMAND_LIMIT_S)
        if fault:
            complain(f"the failure command {argv[0]!r} {fault}")
        report = report.model_copy(update={"failure_command": fault or "called"})
        _write(path, report)
    prune(home, host)
    return Night(report, path, done, tuple(problems), error)


def absolute(folders: Sequence[Path], *, host: str, file: Path) -> list[Path]:
    """The folders that the settings name, ``~`` filled in.

    Raises:
        SettingsInvalid: none, or one that is relative: nobody can say to what.
    """
    if not folders:
        raise SettingsInvalid(
            file=file, what=f'hosts.{host}.folders: names none, such as folders = ["~/stills"]'
        )
    found = [folder.expanduser() for folder in folders]
    for folder in found:
        if not folder.is_absolute():
            raise SettingsInvalid(
                file=file,
                what=f"hosts.{host}.folders: {str(folder)!r} is no absolute path, nor does it "
                f"begin with ~",
            )
    return found


def last_report(home: Home, host: str) -> Report | None:
    """The newest report of ``host`` that can be read, if there is one."""
    for path in sorted(_reports(home, host), reverse=True):
        with contextlib.suppress(OSError, ValidationError):
            return Report.model_validate_json(files.read_limited(path, limit=_MAX_REPORT_BYTES))
    return None


def name_of(host: str, at: datetime) -> str:
    """The name of a report's file."""
    return f"{host}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.json"


def _unused(folder: Path, host: str, at: datetime) -> Path:
    """Where a report belongs; a second later for each that has that second already."""
    while (path := folder / name_of(host, at)).exists():
        at += timedelta(seconds=1)
    return path


def filled(argv: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """``argv`` with ``{name}`` filled in, each once: a value is never looked into again."""
    names = "|".join(map(re.escape, values))
    return [re.sub(rf"\{{({names})\}}", lambda found: values[found[1]], word) for word in argv]


def call(argv: Sequence[str], *, limit_s: float) -> str:
    """Run a command of the operator's; empty if it went well, else what was wrong, in words."""
    try:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return f"could not be started ({error})"
    try:
        status = process.wait(timeout=limit_s)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"was ended: it took more than {limit_s:g} s"
    return f"ended with exit code {status}" if status else ""


def prune(home: Home, host: str) -> None:
    """Remove all but the newest reports of ``host``."""
    for path in sorted(_reports(home, host))[:-KEPT]:
        path.unlink(missing_ok=True)


def told_in_a_line(
    error: MotionfleetError | None, problems: Sequence[Problem], conflicts: Sequence[Conflict]
) -> str:
    """What a report's message says: the error, or the first of what did not go through."""
    if error is None:
        return ""
    text = str(error)
    if isinstance(error, SyncIncomplete):
        first = [*(str(each.error) for each in problems),
                 *(f"{each.path} was kept: {each.why}" for each in conflicts)]  # fmt: skip
        more = len(first) - 1
        text = " ".join(first[0].split()) + (f" (and {more} more)" if more else "")
    return text.strip().partition("\n")[0][:2000]


def _reports(home: Home, host: str) -> list[Path]:
    # By the whole name: the host "colo" is not the host "colo-2".
    ours = re.compile(re.escape(host) + r"-[0-9]{8}T[0-9]{6}Z[.]json")
    folder = home.sync / "reports"
    with contextlib.suppress(FileNotFoundError):
        return [path for path in folder.iterdir() if ours.fullmatch(path.name)]
    return []


def _write(path: Path, report: Report) -> None:
    with files.reporting_unwritable(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = report.model_dump_json(indent=2)
    files.write_atomic(path, f"{text}\n".encode(errors="backslashreplace"))


def _await(
    link: Link,
    *,
    patience_s: float,
    complain: Complain,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    """Wait for a host that cannot be reached: a machine that just woke has no network yet."""
    deadline = clock() + patience_s
    while True:
        try:
            link.connect()
        except HostUnreachable as error:
            if clock() >= deadline:
                raise
            complain(f"{error.what}; knocking again in {KNOCK_EVERY_S:g} s")
            sleep(KNOCK_EVERY_S)
        else:
            return
