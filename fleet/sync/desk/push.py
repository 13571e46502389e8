"""Sets to a host: what it has not, offered, sent, verified there, and there in one moment or not.

The host says what it is missing, whatever the names; only that travels.  Nothing is hashed here
while all goes well: the manifest says what every file is, and the host checks it at arrival.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from companions import codec
from companions.errors import CompanionError, FileUnwritable, MotionfleetError
from fleet.sync.desk.link import Link
from fleet.sync.desk.progress import Complain, Tell, silent, unheard
from fleet.sync.desk.reach import Reached
from fleet.sync.desk.record import Record
from fleet.sync.desk.sending import Sending
from fleet.sync.desk.set import LocalSet, members_of
from fleet.sync.errors import (
    NoRoom,
    RequestRefused,
    SetStale,
    TransferFailed,
    TransferRefused,
)
from fleet.sync.wire.sets import (
    AskSets,
    Member,
    Offer,
    SetsHeld,
    SetState,
    Wanted,
)

_ONE_SET_ONLY: Final = (
    CompanionError, SetStale, RequestRefused, NoRoom, TransferFailed, TransferRefused,
    FileUnwritable,
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
    sending = Sending(reached, wanted, members, answer, tell=tell, complain=complain)
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
