"""All that can be said: what the desk asks, what the far side answers, told apart by a word."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import Field, TypeAdapter

from companions.base import Closed
from fleet.sync.wire.greeting import Goodbye, Hello, Refused, Still, Welcome
from fleet.sync.wire.results import AskResults, ResultsFound
from fleet.sync.wire.sets import (
    Arriving,
    AskSets,
    Given,
    Let,
    Offer,
    Sent,
    SetsHeld,
    Verified,
    Wanted,
)
from fleet.sync.wire.work import (
    AskStatus,
    Cancel,
    Cancelled,
    Enough,
    Follow,
    Happened,
    Over,
    StatusFound,
    Submit,
    Submitted,
)

Request: TypeAlias = (
    Hello | AskSets | Offer | Sent | Given | AskResults | Submit | Follow | Enough | AskStatus
    | Cancel | Still | Goodbye
)  # fmt: skip
Answer: TypeAlias = (
    Welcome | SetsHeld | Wanted | Arriving | Verified | Let | ResultsFound | Submitted | Happened
    | Over | StatusFound | Cancelled | Refused
)  # fmt: skip

REQUESTS: Final[TypeAdapter[Closed]] = TypeAdapter(Annotated[Request, Field(discriminator="do")])

# ``Still`` is told by its ``do`` from either side; everything else the far side says has ``say``.
# A plain union would try a hostile line as each kind, and keep a copy of it for every failure.
ANSWERS: Final[TypeAdapter[Closed]] = TypeAdapter(
    Annotated[Annotated[Answer, Field(discriminator="say")] | Still,
              Field(union_mode="left_to_right")]
)  # fmt: skip
