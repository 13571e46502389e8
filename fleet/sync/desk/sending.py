"""One set under way: files travel in a thread of their own, while this one hears what arrives."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from companions import files
from companions.base import Closed
from fleet.sync.desk.moving import moved
from fleet.sync.desk.progress import Complain, Tell, Told
from fleet.sync.desk.reach import Reached
from fleet.sync.desk.set import LocalSet, counted, members_of
from fleet.sync.errors import AnswerRefused, HostUnreachable, SetStale, TransferFailed
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.choice import worth_compressing
from fleet.sync.wire.sets import Arriving, Given, Let, Member, Sent, Verified, Wanted

_REPAIRS: Final = 2
"""How often members that arrived wrong are sent again."""


class Sending:
    """What one offered set takes to be published."""

    def __init__(
        self,
        reached: Reached,
        wanted: LocalSet,
        members: Sequence[Member],
        answer: Wanted,
        *,
        tell: Tell,
        complain: Complain,
    ) -> None:
        self._reached, self._wanted = reached, wanted
        self._members = {member.path: member for member in members}
        self._into = answer.into
        self._missing = answer.missing
        self._tell, self._complain = tell, complain
        self._stop = Stop()
        strangers = set(answer.missing) - set(self._members)
        if strangers:
            raise AnswerRefused(
                host=reached.name, what=f"it wants {min(strangers)!r}, which is not of the set"
            )
        self.total_bytes = sum(self._members[path].size_bytes for path in self._missing)

    def until_published(self) -> None:
        """Send what is missing, and again what arrived wrong, until the set is published.

        Raises:
            SetStale: a file is not what the manifest says.
            TransferFailed: files arrive wrong again and again, or not at all.
            HostUnreachable and its like: the host.
        """
        missing = self._missing
        for _ in range(1 + _REPAIRS):
            verified = self._send(missing)
            if verified.published:
                return
            missing = verified.wrong
            self._give_up_if_stale(missing)
        self._reached.conversation.ask(Given(set_id=self._wanted.set_id), Let)
        raise TransferFailed(
            host=self._reached.name, by=self._reached.transport.name, status=0,
            what=f"{counted(missing)} arrived with other bytes, again and again",
        )  # fmt: skip

    def _give_up_if_stale(self, wrong: Sequence[str]) -> None:
        """End the arrival where files here are not what the manifest says."""
        stale = []
        for path in wrong:
            member = self._members.get(path)
            if member is None:
                raise AnswerRefused(
                    host=self._reached.name, what=f"it speaks of {path!r}, which is not of the set"
                )
            with contextlib.suppress(OSError):
                if files.sha256_of(self._wanted.root / path) == member.sha256:
                    continue
            stale.append(path)
        if stale:
            self._reached.conversation.ask(Given(set_id=self._wanted.set_id), Let)
            what = f"{counted(stale)}: not the bytes that the manifest was written for"
            raise SetStale(manifest=str(self._wanted.manifest), what=what)

    def _send(self, paths: Sequence[str]) -> Verified:
        items = [Item(path, self._members[path].size_bytes) for path in paths]
        pace = self._reached.pace(compress=worth_compressing(items))
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sync-send") as beside:
            sending = beside.submit(self._transfer, items, pace)
            try:
                verified = self._hear()
            except BaseException:
                # Whatever ended the conversation: the transfer ends with it, before this returns.
                self._stop.event.set()
                raise
            if verified is None:
                sending.result()  # raises what kept it
                raise AnswerRefused(host=self._reached.name, what="it let go of what was sent")
            return verified

    def _transfer(self, items: Sequence[Item], pace: Pace) -> None:
        arrived = False
        try:
            if items:
                moved(
                    lambda: self._move(items, pace),
                    tries=self._reached.settings.tries,
                    stop=self._stop,
                    complain=self._complain,
                )
            arrived = True
        finally:
            # Whoever hears the host's answers is woken by the answer to this.
            last: Closed = (Sent if arrived else Given)(set_id=self._wanted.set_id)
            with contextlib.suppress(HostUnreachable):
                self._reached.conversation.say(last)

    def _move(self, items: Sequence[Item], pace: Pace) -> None:
        try:
            self._reached.transport.send(
                items,
                source=self._wanted.root,
                destination=self._into,
                pace=pace,
                stop=self._stop,
            )
        except TransferFailed:
            members_of(self._wanted)  # what is gone from here does not come by trying again
            raise

    def _hear(self) -> Verified | None:
        """What the host found; None if it was told that the transfer failed."""
        while True:
            match self._reached.conversation.next():
                case Arriving() as arriving:
                    self._tell(
                        Told(
                            doing="sending",
                            what=f"{self._wanted.root.name}/{self._wanted.manifest.name}",
                            files=min(arriving.files, len(self._members)),
                            total_files=len(self._members),
                            size_bytes=min(arriving.size_bytes, self.total_bytes),
                            total_bytes=self.total_bytes,
                        )
                    )
                case Verified() as verified:
                    return verified
                case Let():
                    return None
                case other:
                    raise AnswerRefused(
                        host=self._reached.name, what=f"it says {type(other).__name__} unasked"
                    )
