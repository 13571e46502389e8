"""What a push or a pull would do; nothing is sent, fetched or written."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from companions.errors import MotionfleetError
from fleet.sync.desk.asked import Asked
from fleet.sync.desk.fetched import Fetch, admitted
from fleet.sync.desk.folder import Folder, elsewhere
from fleet.sync.desk.link import Link
from fleet.sync.desk.place import Places, Step
from fleet.sync.desk.push import held_there, is_done
from fleet.sync.desk.record import Record
from fleet.sync.desk.set import members_of
from fleet.sync.errors import SetStale
from fleet.sync.wire.results import AskResults, ResultsFound


@dataclass(frozen=True, slots=True)
class WouldSend:
    """One set before a push.

    Attributes:
        there: whether the host has it, so that nothing of it would be sent.
        files: files that would travel at most; what the host has under another name does not.
        size_bytes: their bytes.
        error: why it could not go.
    """

    manifest: Path
    there: bool
    files: int = 0
    size_bytes: int = 0
    error: MotionfleetError | None = None


@dataclass(frozen=True, slots=True)
class WouldFetch:
    """One folder before a pull: paths that would be fetched, and those that would stay."""

    root: Path
    paths: tuple[str, ...]
    size_bytes: int
    conflicts: tuple[str, ...]


def would_push(link: Link, folders: Sequence[Folder]) -> list[WouldSend]:
    """What ``push`` would send of ``folders``.

    Raises:
        HostUnreachable and its like: the host.
    """
    found = []
    for folder in folders:
        held = held_there(link, folder.label, folder.sets) if folder.label else {}
        for each in folder.sets:
            if is_done(held.get(each.set_id)):
                found.append(WouldSend(each.manifest, there=True))
                continue
            try:
                sizes = [member.size_bytes for member in members_of(each)]
            except SetStale as error:
                found.append(WouldSend(each.manifest, there=False, error=error))
            else:
                found.append(
                    WouldSend(each.manifest, there=False, files=len(sizes), size_bytes=sum(sizes))
                )
    return found


def would_pull(link: Link, folders: Sequence[Folder], *, record: Record) -> list[WouldFetch]:
    """What ``pull`` would fetch for ``folders``.

    Raises:
        HostUnreachable and its like: the host.
        SyncRecordUnusable: the record cannot be read.
    """
    others = elsewhere(folders)
    return [
        _would_fetch(link, folder, record=record, but=others.get(folder.label, ()))
        for folder in folders
        if folder.label
    ]


def _would_fetch(link: Link, folder: Folder, *, record: Record, but: Collection[str]) -> WouldFetch:
    asked = Asked(folder.sets, but=but)
    request = AskResults(label=folder.label, pictures=asked.pictures)
    answer = link.steadily(lambda reached: reached.conversation.ask(request, ResultsFound))
    results, _ = admitted(answer.results, asked.pictures)
    places = Places(folder.path, record.written(folder.label), record.local(folder.label))
    paths: list[str] = []
    conflicts: list[str] = []
    size_bytes = 0
    for result in results:
        with contextlib.suppress(OSError):  # told by the pull itself
            decision = places.decide(result)
            if decision.step is Step.CONFLICT:
                conflicts.append(decision.path)
            if decision.step in {Step.META, Step.BOTH}:
                fetch = Fetch(result, clip=decision.step is Step.BOTH)
                paths += fetch.paths
                size_bytes += fetch.size_bytes
    return WouldFetch(folder.path, tuple(paths), size_bytes, tuple(conflicts))
