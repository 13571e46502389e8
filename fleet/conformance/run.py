"""Asking another implementation: one process for each case, several at once.

Exit status 0 accepts, any other refuses.  A process that dies by a signal or runs out of time has
said nothing.  Nothing goes through a shell.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import IO, Final

from companions.strict_json import shown
from fleet.conformance.cases import Answer, Case, Reply
from fleet.conformance.suite import Suite, schema_of

PLACEHOLDERS: Final = ("file", "kind", "schema", "version")
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_SAID_BYTES: Final = 2000


class CommandUnusable(ValueError):
    """A validator's command that cannot be run at all; ``str`` says why."""


def parse_command(text: str) -> Sequence[str]:
    """The words of a validator's command, placeholders and all.

    Raises:
        CommandUnusable: it has no words, an open quote or a placeholder that does not exist.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise CommandUnusable(f"the command cannot be split into words ({error})") from None
    if not words:
        raise CommandUnusable("the command is empty")
    unknown = sorted(set(_PLACEHOLDER.findall(text)) - set(PLACEHOLDERS))
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise CommandUnusable(f"there is no {{{unknown[0]}}}; there are {known}")
    return words


class Validator:
    """Another implementation, as a command with placeholders."""

    def __init__(
        self, words: Sequence[str], *, suite: Suite, schemas: Path, timeout_s: float
    ) -> None:
        self._words, self._suite, self._schemas = words, suite, schemas
        self._timeout_s = timeout_s
        self._running: set[subprocess.Popen[bytes]] = set()
        self._over = False
        self._lock = threading.Lock()

    def replies(self, *, jobs: int) -> Generator[tuple[Case, Reply]]:
        """What it says of every case, ``jobs`` at once, each as soon as it is known.

        Left early, it ends every process that is still running.

        Raises:
            CommandUnusable: the command cannot be started.
            DocumentInvalid: a schema that the command names is not there.
        """
        commands = [(case, self._command(case)) for case in self._suite.cases]
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            # Ctrl-C may come as soon as the first one runs, while others are still being added.
            try:
                asked = {pool.submit(self._ask, command): case for case, command in commands}
                for future in as_completed(asked):
                    yield asked[future], future.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                self._end_all()

    def _command(self, case: Case) -> Sequence[str]:
        values = {
            "file": str(self._suite.file_of(case)),
            "kind": case.kind,
            "version": str(case.version),
        }
        if any("{schema}" in word for word in self._words):
            values["schema"] = str(schema_of(case, folder=self._schemas))
        return [_filled(word, values) for word in self._words]

    def _ask(self, command: Sequence[str]) -> Reply:
        with tempfile.TemporaryFile() as output:
            process = self._start(command, output)
            try:
                status = process.wait(self._timeout_s)
            except subprocess.TimeoutExpired:
                _end(process)
                return Reply(Answer.NONE, f"no answer within {self._timeout_s:g} s")
            finally:
                with self._lock:
                    self._running.discard(process)
            said = _said(output)
        if status < 0:
            return Reply(Answer.NONE, f"died by {_signal_name(-status)}. {said}".rstrip())
        return Reply(Answer.ACCEPTED if status == 0 else Answer.REFUSED, said)

    def _start(self, command: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._over:
                raise CommandUnusable("stopped")
            try:
                # A session of its own: what the validator starts in turn is ended with it.
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                why = error.strerror or str(error)
                raise CommandUnusable(f"{command[0]!r} cannot be started ({why})") from None
            self._running.add(process)
        return process

    def _end_all(self) -> None:
        with self._lock:
            self._over = True
            for process in self._running:
                _end(process)


def _filled(word: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], word)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):  # it went by itself in between
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _said(output: IO[bytes]) -> str:
    """The end of what a process printed, on one line."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _SAID_BYTES))
    lines = output.read().decode("utf-8", "replace").splitlines()
    return " / ".join(shown(line.strip()) for line in lines[-6:] if line.strip())
