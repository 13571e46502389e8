"""The fleet there, asked from here: submit, status, events, cancel.

What is told is what the commands of the same names show, so that one renderer serves both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import FailFast, Field, JsonValue

from companions.base import Closed
from companions.names import FileName
from fleet.sync.wire.base import Label, SetId, Size

Text = Annotated[str, Field(max_length=20_000)]
Moment = Annotated[float, Field(ge=0.0, le=253_402_300_799.0)]
"""Seconds since the epoch, up to the end of the year 9999."""
Names = Annotated[
    tuple[Annotated[str, Field(max_length=4096)], ...], Field(max_length=100_000), FailFast()
]


Sent = Annotated[tuple[tuple[Label, FileName], ...], Field(max_length=100_000), FailFast()]
"""Manifests by the label of the folder they were sent from, and their file's name: all versions."""


class Submit(Closed):
    """Queue the shots of a set that is published there; twice is once."""

    do: Literal["submit"] = "submit"
    label: Label
    set_id: SetId


class Submitted(Closed):
    """The answer to ``Submit``: what it did, and from where to follow it."""

    say: Literal["submitted"] = "submitted"
    manifest_id: Text
    shots: Names
    """Ids of the set's shots, in the manifest's order."""
    new: Size
    reopened: Size
    replaced: Size
    adopted: Size
    known: Size
    unfinished: Size
    assumed: Annotated[tuple[Text, ...], FailFast()] = ()
    """What the manifest, being of an older version, did not say."""
    seen: Size
    """The ledger's last event when ``unfinished`` was counted: what happens next comes after it."""
    at_work: bool
    """Whether a dispatcher works on the ledger there."""


class Follow(Closed):
    """Tell events as they happen, those of ``shots`` after number ``after``.

    Answered by ``Happened`` again and again, at once for what is past, until every shot of
    ``shots`` has ended or nothing is at work on them (``Over``), or the desk sends anything but
    ``Still``, which is answered then.
    """

    do: Literal["follow"] = "follow"
    shots: Names
    after: Size


class Event(Closed):
    """One event of the ledger there."""

    seq: Size
    at: Moment
    shot_id: Text
    stage: Text
    kind: Text
    data: dict[str, JsonValue]


class Happened(Closed):
    """Events in order, each once."""

    say: Literal["happened"] = "happened"
    events: Annotated[tuple[Event, ...], FailFast()]


class Over(Closed):
    """No more events are told."""

    say: Literal["over"] = "over"
    ended: bool
    """All that was followed has ended, and every event of it was told.  Else the desk wanted no
    more, or nothing has been at work there for a while."""


class Enough(Closed):
    """The desk does not want to follow any longer; there is one ``Over`` for each ``Follow``."""

    do: Literal["enough"] = "enough"


class AskStatus(Closed):
    """What ``fleet status`` would show there."""

    do: Literal["ask_status"] = "ask_status"
    shots: bool = False
    unfinished: bool = False
    manifests: Names = ()
    sent: Sent = ()
    limit: Annotated[int, Field(ge=1)] | None = None


class StatusFound(Closed):
    """The answer to ``AskStatus``: the listing's own values, as JSON."""

    say: Literal["status_found"] = "status_found"
    found: Mapping[str, JsonValue]


class Cancel(Closed):
    """Withdraw what is named, as ``fleet cancel`` does there."""

    do: Literal["cancel"] = "cancel"
    names: Names = ()
    manifests: Names = ()
    projects: Names = ()
    sent: Sent = ()
    everything: bool = False
    who: Text
    """Who asked, for the ledger's events."""


class Cancelled(Closed):
    """The answer to ``Cancel``."""

    say: Literal["cancelled"] = "cancelled"
    shots: Names
    """Ids of shots that are withdrawn now."""
    publishing: Names = ()
    """Those left alone, because their clip took its place at that moment."""
    unwritten: Annotated[tuple[Text, ...], FailFast()] = ()
    """Why metas could not be written, of shots that are withdrawn all the same."""
    at_work: bool
    """Whether a dispatcher worked on the ledger there."""
