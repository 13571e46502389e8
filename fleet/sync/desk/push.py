"""Sets to a host: what it has not, offered, sent, verified there, and there in one moment or not.

The host says what it is missing, whatever the names; only that travels.  Nothing is hashed here
while all goes well: the manifest says what every file is, and the host checks it at arrival.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from companions import codec, files
from companions.base import Closed
from companions.errors import CompanionError, FileUnwritable, MotionfleetError
from fleet.sync.desk.link import Link
from fleet.sync.desk.progress import Complain, Tell, Told, silent, unheard
from fleet.sync.desk.reach import Reached
from fleet.sync.desk.record import Record
from fleet.sync.desk.set import LocalSet, counted, members_of
from fleet.sync.errors import (
    AnswerRefused,
    HostUnreachable,
    NoRoom,
    RequestRefused,
    SetStale,
    TransferFailed,
    TransferRefused,
)
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.transport.choice import worth_compressing
from fleet.sync.transport.retry import run_with_retries
from fleet.sync.wire.sets import (
    Arriving,
    AskSets,
    Given,
    Let,
    Member,
    Offer,
    Sent,
    SetsHeld,
    SetState,
    Verified,
    Wanted,
)

_REPAIRS: Final = 2
"""How often members that arrived wrong are sent again."""
_ONE_SET_ONLY: Final = (
    CompanionError, SetStale, RequestRefused, NoRoom, TransferRefused, FileUnwritable
)  # fmt: skip
"""What keeps one set from going, and lets the others go on."""


class Delivery(StrEnum):
    """How a set came to be, or not to be, on the host."""

    SENT = "sent"  #: it arrived now
    THERE = "there"  #: it was there already
    REFUSED = "refused"  #: it could not go; the error says why


@dataclass(frozen=True, slots=True)
class Pushed:
    """One set after a push.

    Attributes:
        files: how many travelled.
        size_bytes: how many bytes they have.
        submitted: whether it was ever submitted to the fleet there.
        altered: its files that someone changed there; they are kept as they are.
        error: why it could not go.
    """

    wanted: LocalSet
    label: str
    state: Delivery
    files: int = 0
    size_bytes: int = 0
    submitted: bool = False
    altered: tuple[str, ...] = ()
    error: MotionfleetError | None = None


def push_sets(
    link: Link,
    label: str,
    sets: Sequence[LocalSet],
    *,
    record: Record,
    tell: Tell = silent,
    complain: Complain = unheard,
) -> tuple[Pushed, ...]:
    """Bring ``sets`` to the host, in their order; sets that are whole there cost one question.

    Raises:
        HostUnreachable, HostRefused, HostKeyRefused, FarFleetUnusable, AnswerRefused: the host.
        TransferFailed: files did not get across, however often it was tried.
        SyncRecordUnusable: the record cannot be written.
    """
    if not sets:
        return ()
    held = held_there(link, label, sets, complain=complain)
    return tuple(
        push_set(
            link,
            label,
            wanted,
            state=held.get(wanted.set_id),
            record=record,
            tell=tell,
            complain=complain,
        )
        for wanted in sets
    )


def held_there(
    link: Link, label: str, sets: Sequence[LocalSet], *, complain: Complain = unheard
) -> Mapping[str, SetState]:
    """How those sets stand on the host, by id; none of those that are not there.

    Raises:
        HostUnreachable and its like, as ``push_sets``.
    """
    ids = tuple(dict.fromkeys(wanted.set_id for wanted in sets))
    answer = link.steadily(
        lambda reached: reached.conversation.ask(AskSets(label=label, sets=ids), SetsHeld),
        tell=complain,
    )
    return {state.set_id: state for state in answer.sets}


def push_set(
    link: Link,
    label: str,
    wanted: LocalSet,
    *,
    state: SetState | None,
    record: Record,
    tell: Tell = silent,
    complain: Complain = unheard,
) -> Pushed:
    """Bring one set to the host, which says it has it in ``state``.

    Raises:
        HostUnreachable and its like, as ``push_sets``.
    """
    submitted = state is not None and state.submitted
    altered = state.altered if state is not None else ()
    try:
        if is_done(state):
            done = Pushed(wanted, label, Delivery.THERE)
        else:
            done = link.steadily(
                lambda reached: _deliver(reached, label, wanted, tell=tell, complain=complain),
                tell=complain,
            )
    except _ONE_SET_ONLY as error:
        return Pushed(
            wanted, label, Delivery.REFUSED, submitted=submitted, altered=altered, error=error
        )
    record.keep_delivered(label, set_id=wanted.set_id, manifest_sha256=wanted.sha256)
    return Pushed(
        wanted, label, done.state, done.files, done.size_bytes,
        submitted=submitted, altered=altered,
    )  # fmt: skip


def is_done(state: SetState | None) -> bool:
    """Whether there is nothing to send: what someone altered there is not written over."""
    return state is not None and (state.intact or not state.gone)


def _deliver(
    reached: Reached, label: str, wanted: LocalSet, *, tell: Tell, complain: Complain
) -> Pushed:
    members = members_of(wanted)
    answer = reached.conversation.ask(_offer(label, wanted, members), Wanted)
    if answer.published:
        return Pushed(wanted, label, Delivery.THERE)
    sending = _Sending(reached, wanted, members, answer, tell=tell, complain=complain)
    sending.until_published()
    return Pushed(wanted, label, Delivery.SENT, len(answer.missing), sending.total_bytes)


def _offer(label: str, wanted: LocalSet, members: tuple[Member, ...]) -> Offer:
    data = codec.read_bytes(wanted.manifest)
    if hashlib.sha256(data).hexdigest() != wanted.sha256:
        raise SetStale(manifest=str(wanted.manifest), what="it was written anew this very moment")
    return Offer(
        label=label,
        set_id=wanted.set_id,
        manifest_name=wanted.manifest.name,
        manifest=data.decode("utf-8"),
        members=members,
    )


class _Sending:
    """One set under way: files in a thread of their own, while this one hears what arrives."""

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
                run_with_retries(
                    lambda: self._reached.transport.send(
                        items, source=self._wanted.root, destination=self._into, pace=pace,
                        stop=self._stop,
                    ),
                    tries=self._reached.settings.tries,
                    sleep=self._stop.event.wait,
                    tell=self._told,
                )  # fmt: skip
            arrived = True
        finally:
            # Whoever hears the host's answers is woken by the answer to this.
            last: Closed = (Sent if arrived else Given)(set_id=self._wanted.set_id)
            with contextlib.suppress(HostUnreachable):
                self._reached.conversation.say(last)

    def _told(self, error: MotionfleetError, _failed: int, wait_s: float) -> None:
        self._complain(f"{error} Trying again in {wait_s:.0f} s.")

    def _hear(self) -> Verified | None:
        """What the host found; None if it was told that the transfer failed."""
        while True:
            match self._reached.conversation.next():
                case Arriving() as arriving:
                    self._tell(
                        Told(
                            doing="sending",
                            what=self._wanted.manifest.name,
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
