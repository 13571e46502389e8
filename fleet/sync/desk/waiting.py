"""Submissions that wait for their host: written down while it cannot be reached, delivered later.

One small document for each manifest and host, in ``FLEET_HOME/sync/waiting/HOST/``.  It names the
manifest's file and hash and holds nothing of it: what is delivered is the file, if it is still the
one that was submitted.  Whoever delivers says so with ``delivered``; nothing else takes a
submission away but ``drop``.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from companions import codec
from companions.base import Closed, Instant, Sha256
from companions.files import Pending, reporting_unwritable
from fleet.home import Home
from fleet.sync.errors import SyncRecordUnusable

SUFFIX: Final = ".json"
DAMAGED: Final = ".damaged"
"""Appended to the name of a document that cannot be read: it is kept for a person to look at."""
_MAX_BYTES: Final = 64 * 1024


class Waiting(Closed):
    """One manifest that was submitted to a host that could not be reached."""

    schema_version: Literal[1] = 1
    manifest: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^/")]
    """Absolute path of its file."""
    sha256: Sha256
    """What its bytes hashed to when it was submitted."""
    at: Instant
    """When that was."""
    by: Annotated[str, Field(max_length=256)]
    """Who submitted it."""

    @property
    def path(self) -> Path:
        """The manifest's file."""
        return Path(self.manifest)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one host.

    Attributes:
        entries: in the order submitted.
        problems: documents that could not be read, in words; each was moved aside.
    """

    entries: Sequence[Waiting]
    problems: Sequence[str]


def wait_for(
    host: str, manifest: Path, *, sha256: str, by: str, now: datetime, home: Home
) -> Waiting:
    """Write down that ``manifest`` is to be submitted; the same file twice is once, the newer.

    Raises:
        SyncRecordUnusable: its path cannot be written down.
        FileUnwritable: the disk is full, or the folder is read-only.
    """
    path = Path(os.path.realpath(manifest))
    place = _place(home, host, path)
    try:
        entry = Waiting(manifest=str(path), sha256=sha256, at=now, by=by)
        data = entry.model_dump_json(indent=2).encode() + b"\n"
    except ValueError as error:
        what = f"the path {str(path)!a} cannot stand in it: {type(error).__name__}"
        raise SyncRecordUnusable(path=place, what=what) from None
    with reporting_unwritable(place):
        for folder in (home.sync, home.sync / "waiting", place.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Pending(place, data, mode=0o600) as pending:
        pending.commit()
    return entry


def waiting(home: Home, host: str) -> Queue:
    """What waits for ``host``.

    A document that cannot be read is moved aside and told, once.

    Raises:
        SyncRecordUnusable: the folder cannot be read.
    """
    folder = _folder(home, host)
    entries, problems = [], []
    with _explained(folder):
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        for place in found:
            if place.suffix != SUFFIX or place.name.startswith("."):
                continue
            try:
                entry = _read(place)
            except FileNotFoundError:
                continue  # delivered by another process in this moment
            except ValueError as error:
                aside = place.with_name(place.name + DAMAGED)
                place.replace(aside)
                problems.append(
                    f"a submission that waited for {host} cannot be read ({error}); it was kept as "
                    f"{aside}. Submit that manifest again."
                )
            else:
                entries.append(entry)
    return Queue(entries=sorted(entries, key=lambda each: each.at), problems=problems)


def fault_of(entry: Waiting) -> str | None:
    """Why ``entry`` cannot be delivered as it was submitted, or None if it can."""
    try:
        with entry.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"it cannot be read any more ({error.strerror or error})"
    if sha256 != entry.sha256:
        return "it was changed since"
    return None


def remedy(host: str) -> str:
    """What to do about a submission that cannot be delivered."""
    return f"Submit it again (fleet submit --host {host}), or drop it (fleet cancel --host {host})"


def delivered(entry: Waiting, *, host: str, home: Home) -> None:
    """Forget ``entry``, which has gone across; one that was submitted anew meanwhile stays.

    Raises:
        SyncRecordUnusable: the folder cannot be written.
    """
    place = _place(home, host, entry.path)
    with _explained(place), contextlib.suppress(FileNotFoundError, ValueError):
        if _read(place) == entry:
            place.unlink()


def drop(home: Home, host: str, manifests: Sequence[Path] | None) -> list[Waiting]:
    """Forget what waits of ``manifests``, or all that waits; what was forgotten.

    Raises:
        SyncRecordUnusable: the folder cannot be read or written.
    """
    named = None if manifests is None else {os.path.realpath(each) for each in manifests}
    gone = [
        entry for entry in waiting(home, host).entries if named is None or entry.manifest in named
    ]
    for entry in gone:
        delivered(entry, host=host, home=home)
    return gone


def _folder(home: Home, host: str) -> Path:
    return home.sync / "waiting" / host


def _place(home: Home, host: str, manifest: Path) -> Path:
    name = hashlib.sha256(os.fsencode(manifest)).hexdigest()[:16]
    return _folder(home, host) / f"{name}{SUFFIX}"


def _read(place: Path) -> Waiting:
    """The document at ``place``.

    Raises:
        ValueError: it is none.
        OSError: as the disk says.
    """
    try:
        # No link is followed, and nothing that is opened blocks.
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError("it is a symbolic link") from None
        raise
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_MAX_BYTES)
    try:
        return Waiting.model_validate_json(data)
    except ValidationError as error:
        raise ValueError("; ".join(str(each) for each in codec.problems_of(error)[:2])) from None


@contextlib.contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SyncRecordUnusable(path=place, what=error.strerror or str(error)) from None
