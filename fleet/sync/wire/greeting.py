"""The first words: who is there, where sets go and results lie, what there is room for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from companions.base import Closed
from fleet.sync.wire.base import Size

Word = Annotated[str, Field(max_length=1000)]


class Hello(Closed):
    """The desk's first message."""

    do: Literal["hello"] = "hello"
    protocol: int
    """Version of the conversation."""
    version: Word
    """Version of motionfleet on the desk."""
    examine: bool = False
    """Whether to take the seconds to really ask the cluster if it lets strangers in."""


class Welcome(Closed):
    """The far side's answer: what is to be known before anything is sent.

    Attributes of the fleet are told as they are at this moment.
    """

    say: Literal["welcome"] = "welcome"
    protocol: int
    version: Word
    """Version of motionfleet there."""
    now: float
    """Its clock, in seconds since the epoch."""
    inbox: Word
    """Absolute path of the folder that takes sets in."""
    outbox: Word
    """Absolute path of the folder below which clips are published."""
    inbox_root: Word
    """``inbox`` as a transport has to name it: a restricted key turns paths round."""
    outbox_root: Word
    """``outbox`` likewise."""
    inbox_free: Size
    """Free bytes of the inbox's disk."""
    outbox_free: Size
    """Free bytes of the outbox's disk."""
    rsync: Word
    """The first line that ``rsync --version`` prints there; empty where there is no rsync."""
    restricted: bool
    """Whether this key may do nothing but sync (``fleet gate``)."""
    at_work: bool
    """Whether a dispatcher works on the ledger at this moment."""
    cluster: Word = ""
    """The address of the cluster that ``fleet up`` started, if one is on record."""
    authenticated: bool | None = None
    """Whether that cluster asks for its token; None where there is no cluster or it is silent."""


class Still(Closed):
    """Sent by either side when it has had nothing to say for a while: the line is alive."""

    do: Literal["still"] = "still"


class Goodbye(Closed):
    """The desk's last message; the far side ends."""

    do: Literal["goodbye"] = "goodbye"


class Refused(Closed):
    """The far side could not do what was asked; it goes on listening.

    ``code`` and ``exit_code`` are those of the error tree.
    """

    say: Literal["refused"] = "refused"
    code: Word
    exit_code: Annotated[int, Field(ge=1, le=255)]
    message: Annotated[str, Field(max_length=20_000)]
    retryable: bool = False
