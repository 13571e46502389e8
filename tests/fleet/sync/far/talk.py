"""A desk that speaks with a real ``fleet receive`` over pipes, word by word."""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from companions.base import Closed
from fleet.sync.wire.base import PROTOCOL, decode, encode
from fleet.sync.wire.greeting import Goodbye, Hello, Refused, Still, Welcome
from fleet.sync.wire.messages import ANSWERS
from fleet.sync.wire.sets import (
    Arriving,
    AskSets,
    Member,
    Offer,
    Sent,
    SetsHeld,
    SetState,
    Verified,
    Wanted,
)

A = TypeVar("A", bound=Closed)
ANSWER_S = 30.0
LABEL = "stills-3fa94c21"
MANIFEST_NAME = "day.video_manifest.json"
FILES = {"a/one.jpg": b"one" * 1000, "a/b/two.png": b"two" * 5000, "three.tif": b""}
"""A small set."""


class Talk:
    """One ``fleet receive`` of the home ``home``; a context manager that says goodbye."""

    def __init__(
        self, home: Path, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.inbox, self.outbox = home / "inbox", home / "outbox"
        self.told: list[Arriving] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fleet", "receive", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "FLEET_HOME": str(home), **(environment or {})},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None and kind is None:
            self.say(Goodbye())
            assert self.end() == 0
        self.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):  # it was killed with words unread
                stream.close()

    def say(self, message: Closed) -> None:
        """Send ``message``."""
        self.write(encode(message))

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def hear(self) -> Closed | None:
        """The next thing it says, ``Still`` left out; None once it has ended."""
        stream = self.process.stdout
        assert stream is not None
        while True:
            # A buffered line would not be seen by select: there is at most one answer under way.
            if not stream.peek(1):  # type: ignore[attr-defined]
                return None
            message = decode(stream.readline(), ANSWERS)
            if not isinstance(message, Still):
                return message

    def ask(self, request: Closed, kind: type[A]) -> A:
        """Send ``request``, and return its answer, which must be a ``kind``."""
        self.say(request)
        while True:
            answer = self.hear()
            if isinstance(answer, Arriving) and kind is not Arriving:
                self.told.append(answer)
                continue
            assert isinstance(answer, kind), answer
            return answer

    def greet(self) -> Welcome:
        """Exchange the first words."""
        return self.ask(Hello(protocol=PROTOCOL, version="test"), Welcome)

    def refused(self, request: Closed) -> Refused:
        """Send what must be refused."""
        return self.ask(request, Refused)

    def send(self, offer: Offer, files: Mapping[str, bytes]) -> Verified:
        """Offer a set, put what is wanted of ``files`` in place, and have it verified."""
        wanted = self.ask(offer, Wanted)
        land(wanted, {path: files[path] for path in wanted.missing})
        return self.ask(Sent(set_id=offer.set_id), Verified)

    def end(self) -> int:
        """Wait until it has ended; its exit code."""
        return self.process.wait(timeout=ANSWER_S)

    def kill(self) -> None:
        """``kill -9``, and wait until it is gone."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=ANSWER_S)


def offer_of(
    files: Mapping[str, bytes], *, label: str = LABEL, text: str = "", name: str = MANIFEST_NAME
) -> Offer:
    """The offer of a set of ``files``."""
    manifest = text or "".join(f"{path} {sha256(data)}\n" for path, data in files.items())
    return Offer(
        label=label,
        set_id=sha256(manifest.encode())[:16],
        manifest_name=name,
        manifest=manifest,
        members=tuple(
            Member(path=path, sha256=sha256(data), size_bytes=len(data))
            for path, data in files.items()
        ),
    )


def land(wanted: Wanted, files: Mapping[str, bytes]) -> None:
    """Put files where a transport would: under another name first."""
    for path, data in files.items():
        place = Path(wanted.into, path)
        half = place.with_name(f".{place.name}.part")
        half.write_bytes(data)
        half.replace(place)


def sha256(data: bytes) -> str:
    """The hash of ``data``."""
    return hashlib.sha256(data).hexdigest()


def tree_of(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def published(home: Path, offer: Offer) -> Path:
    """Where the offered set lies once it is published."""
    return home / "inbox" / offer.label / offer.set_id


def wait_for(process: subprocess.Popen[bytes], *, seconds: float) -> bool:
    """Whether the process has something to say (or has ended) within ``seconds``."""
    assert process.stdout is not None
    return bool(select.select([process.stdout], [], [], seconds)[0])


def state(far: Talk, offer: Offer) -> SetState | None:
    """How the set stands, as the desk is told."""
    held = far.ask(AskSets(label=offer.label, sets=(offer.set_id,)), SetsHeld)
    return held.sets[0] if held.sets else None


def whole(offer: Offer, files: dict[str, bytes]) -> dict[str, bytes]:
    """What a published set holds."""
    return {**files, offer.manifest_name: offer.manifest.encode()}
