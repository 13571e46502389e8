"""Fuzzing the loaders: what goes in, and what may come out.

Inputs are the golden files and what our own programs write beside pictures, tampered with: as
bytes, as JSON text and as values.  Whatever goes in, a loader gives a document or one of our
errors, and a document that it gives can be written and read again.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from companions import audit_lines, audit_reading, codec, upgrade
from companions.audit import Actor, AuditedFile, AuditLog
from companions.base import Document
from companions.errors import CompanionError
from companions.sets import journal, trash_record
from companions.sets.plan import Member, Operation, Plan
from companions.validation import KINDS, Unseen
from companions.video_manifest import VideoManifest

GOLDEN: Final = Path(__file__).resolve().parents[1] / "golden"
NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)
OPERATION_ID: Final = "0123456789abcdef"

TOKENS: Final = (
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\u", b"\\ud800", b"\\udc00"),
    *(b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-0", b"0.1", b"1" * 400, b"1" * 5000),
    *(
        b"[" * 70,
        b'{"a":' * 70,
        b"\xff",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\x00",
        b"\n",
        b"\x1b[",
    ),
    *(
        b'"kind"',
        b'"schema_version"',
        b'"x"',
        b'"keyframes"',
        b"2026-02-30T00:00:00Z",
        b"../",
        b"%:",
    ),
)
VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 2, 1.0, -0.0, 1e308, 5e-324, 10**18, 2**63, 10**400, -(10**30)),
    *("", "a", "\0", "\x1b[2J", "../a", "/", "a/../b", "u\u0308", "\ud800", "%:%00", "é" * 130),
    *(
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "1/240",
        "motion",
        "push_in",
        "a" * 5000,
    ),
    *([], {}, [[]], [None] * 70, {"": {}}, {"name": "orbit"}, {"shape": "mask"}, [0, 0, 1, 1]),
)


@dataclass(frozen=True, slots=True)
class Loader:
    """One way a file gets in.

    Attributes:
        name: for messages.
        load: gives what the bytes say, or raises a ``CompanionError``.
    """

    name: str
    load: Callable[[bytes], object]


def pure_loaders() -> Sequence[Loader]:
    """The readers of documents, of the current and of every version."""

    def current(kind: type[Document]) -> Callable[[bytes], object]:
        return lambda data: reread(codec.decode(data, kind, file="f"))

    def every(data: bytes) -> object:
        loaded = upgrade.decode(data, VideoManifest, file="f", around=Unseen())
        assert str(loaded.assumed)
        return reread(loaded.document)

    return [
        *(Loader(f"decode {name}", current(kind)) for name, kind in KINDS.items()),
        Loader("upgrade", every),
    ]


def reread(document: Document) -> Document:
    """The document, once it has been written and read again and was the same."""
    again = codec.decode(codec.encode(document), type(document), file="f")
    assert again == document
    return document


def file_loaders(folder: Path) -> Sequence[Loader]:
    """The readers of what lies about on disks; they work in ``folder``, which exists."""
    log = folder / "audit"
    log.mkdir(exist_ok=True)
    head = log / audit_lines.HEAD
    kept = _audit_log(log)

    def journals(data: bytes) -> object:
        path = folder / _journal(folder).name
        path.write_bytes(data)
        return journal.read(path)

    def records(data: bytes) -> object:
        (folder / trash_record.RECORD_NAME).write_bytes(data)
        return trash_record.read(folder)

    def lines(data: bytes) -> object:
        head.write_bytes(kept)
        (log / audit_lines.CURRENT).write_bytes(data)
        assert len(audit_reading.tail(log, count=2)) <= 2
        return audit_reading.verify(log)

    def heads(data: bytes) -> object:
        head.write_bytes(data)
        return audit_reading.verify(log)

    return [
        Loader("journal", journals),
        Loader("trash record", records),
        Loader("audit log", lines),
        Loader("audit head", heads),
    ]


def golden_seeds() -> Sequence[bytes]:
    """Every golden file, valid or not, but for the largest."""
    files = sorted(GOLDEN.glob("*/v*/*/*.json"))
    return [file.read_bytes() for file in files if file.stat().st_size < 8_000]


def file_seeds(folder: Path) -> Sequence[bytes]:
    """What the readers in ``file_loaders(folder)`` take."""
    log = folder / "audit"
    log.mkdir(exist_ok=True)
    head = _audit_log(log)
    found = _journal(folder)
    record = trash_record.record_of(found, at=NOON, who="anna@desk-3")
    return [
        journal.encode(found),
        trash_record.encode(record),
        (log / audit_lines.CURRENT).read_bytes(),
        head,
    ]


def _journal(folder: Path) -> journal.Journal:
    plan = Plan(
        operation=Operation.MOVE,
        source=folder.resolve(),
        target=folder.resolve() / "b",
        members=(
            Member("a.motion.json", "a.motion.json", 10, 20, 30, picture=False),
            Member("a.jpg", "a.jpg", 10, 20, 31, picture=True),
        ),
        source_stems=("a",),
        target_stems=("a",),
    )
    return journal.Journal(OPERATION_ID, plan, ("a" * 64, "b" * 64))


def _audit_log(folder: Path) -> bytes:
    """Make the log in ``folder`` one of three lines; what its head is."""
    for file in folder.iterdir():
        file.unlink()
    log = AuditLog(folder, actor=Actor(who="anna@desk-3", tool="fleet companions", version="0"))
    files = [AuditedFile(source="/a/b.jpg", target=None, sha256="a" * 64, size_bytes=7)]
    for number in range(3):
        log.record(operation="move", operation_id=str(number), files=files, at=NOON)
    return (folder / audit_lines.HEAD).read_bytes()


def mutations(seeds: Sequence[bytes], *, count: int, rng: random.Random) -> Iterator[bytes]:
    """So many inputs, made of the seeds."""
    for _ in range(count):
        data = rng.choice(seeds)
        if rng.random() < 0.5:
            data = _of_values(data, seeds, rng)
        if rng.random() < 0.6:
            data = _of_bytes(data, seeds, rng)
        yield data


def _of_bytes(data: bytes, seeds: Sequence[bytes], rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        start = rng.randint(0, len(changed))
        end = min(len(changed), start + rng.choice((0, 0, 1, 1, 2, 8, 64, 4096)))
        match rng.randrange(6):
            case 0:
                changed[start:end] = rng.randbytes(rng.randint(0, 4))
            case 1:
                changed[start:end] = rng.choice(TOKENS)
            case 2:
                changed[start:end] = changed[start:end] * 2
            case 3:
                del changed[start:end]
            case 4:
                other = rng.choice(seeds)
                cut = rng.randint(0, len(other))
                changed[start:end] = other[cut : cut + rng.choice((4, 40, 400, 4000))]
            case _ if changed:
                changed[min(start, len(changed) - 1)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _of_values(data: bytes, seeds: Sequence[bytes], rng: random.Random) -> bytes:
    tree = _parsed(data)
    for _ in range(rng.randint(1, 3)):
        places = list(_places(tree))
        if not places:
            break
        container, key = rng.choice(places)
        match rng.randrange(5):
            case 0:
                del container[key]
            case 1:
                container[key] = copy.deepcopy(rng.choice(VALUES))
            case 2:
                container[key] = _part(rng.choice(seeds), rng)
            case 3 if isinstance(container, dict):
                container[rng.choice(("x", "kind", "a\0", "preset", "crf"))] = copy.deepcopy(
                    rng.choice(VALUES)
                )
            case 4 if isinstance(container, list):
                container.insert(key, container[key])
            case _:
                container[key] = [container[key]] * rng.choice((1, 2, 100))
    try:
        text = json.dumps(tree, ensure_ascii=rng.random() < 0.5)
    except RecursionError:
        return data
    if rng.random() < 0.1 and '": ' in text:  # a key twice
        text = text.replace("{", '{"x": {}, "x": {}, ', 1)
    return text.encode("utf-8", "surrogatepass")


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return {}


def _part(data: bytes, rng: random.Random) -> Any:
    places = list(_places(_parsed(data)))
    if not places:
        return None
    container, key = rng.choice(places)
    return container[key]


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict | list):
            for key in list(node) if isinstance(node, dict) else range(len(node)):
                yield node, key
                waiting.append(node[key])


def outcome(loader: Loader, data: bytes) -> bool:
    """Whether ``loader`` took the input; False: it refused it as it should.

    Raises:
        AssertionError: it did neither.
    """
    try:
        return loader.load(data) is not None
    except CompanionError:
        return False
    except BaseException as error:
        raise AssertionError(f"{loader.name}: {error!r} for {data[:2000]!r}") from error
