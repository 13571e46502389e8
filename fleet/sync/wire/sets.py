"""Taking in a set: offered, told what is missing, sent by a transport, verified, published.

A set lies in ``INBOX/LABEL/SETID/``: the manifest and its members under the paths it names them
by.  It appears there in one rename, whole; before that it lies in ``INBOX/.arriving/SETID/``,
which no fleet looks into.  A published set is never changed again.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import FailFast, Field

from companions.base import Closed, Sha256
from companions.names import FileName, RelativePath
from fleet.sync.wire.base import Label, SetId, Size

MAX_MEMBERS = 400_000
"""Members of a set at most: a picture and a few masks for each of 100,000 shots."""


# The first fault is enough: told one by one, those of a hostile line would fill the memory.
Paths = Annotated[tuple[RelativePath, ...], FailFast()]


class Member(Closed):
    """One file that a manifest names."""

    path: RelativePath
    sha256: Sha256
    size_bytes: Size


class AskSets(Closed):
    """Which of these sets are there, whole and unchanged?"""

    do: Literal["ask_sets"] = "ask_sets"
    label: Label
    sets: Annotated[tuple[SetId, ...], Field(max_length=100_000), FailFast()]


class SetState(Closed):
    """How one set stands on the far side."""

    set_id: SetId
    intact: bool
    """Every file is there as it was published."""
    submitted: bool
    """The set was submitted to the fleet there, ever."""
    altered: Paths = ()
    """Files of it that someone changed there since (at most 100 are named); they are kept."""
    gone: Paths = ()
    """Files of it that someone removed there since (at most 100 are named)."""


class SetsHeld(Closed):
    """The answer to ``AskSets``: one state for each set that is there, in any order."""

    say: Literal["sets_held"] = "sets_held"
    sets: Annotated[tuple[SetState, ...], FailFast()]


class Offer(Closed):
    """A set that should go across.  Opens its arrival, which this conversation then holds."""

    do: Literal["offer"] = "offer"
    label: Label
    set_id: SetId
    manifest_name: FileName
    manifest: str
    """The manifest's text; its UTF-8 bytes hash to ``set_id``."""
    members: Annotated[tuple[Member, ...], Field(max_length=MAX_MEMBERS), FailFast()]


class Wanted(Closed):
    """The answer to ``Offer``: what has to travel.

    Nothing wanted and ``published``: the set is there already, and this is the end of it.
    """

    say: Literal["wanted"] = "wanted"
    published: bool
    missing: Paths
    """Members the far side has under no name."""
    into: Annotated[str, Field(max_length=4096)] = ""
    """The folder to send them into, as the transport has to name it."""


class Arriving(Closed):
    """Told about four times a second while members arrive (never asked for)."""

    say: Literal["arriving"] = "arriving"
    files: Size
    """Members that are verified, those that had not to travel included."""
    size_bytes: Size
    """Bytes of what was missing that are there, half-arrived files included."""


class Sent(Closed):
    """The transport is done: verify what has not been verified yet, then publish."""

    do: Literal["sent"] = "sent"
    set_id: SetId


class Given(Closed):
    """The transport failed for good, or the desk gives the arrival up; what arrived stays."""

    do: Literal["given_up"] = "given_up"
    set_id: SetId


class Verified(Closed):
    """The answer to ``Sent``.

    Everything is right: the set is published.  Else ``wrong`` are members that are missing or
    whose bytes are not the manifest's; what was wrong is removed, to be sent again.
    """

    say: Literal["verified"] = "verified"
    published: bool
    wrong: Paths = ()


class Let(Closed):
    """The answer to ``Given``: the arrival is closed."""

    say: Literal["let"] = "let"
