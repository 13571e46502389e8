"""What ``fleet status`` shows, as it crosses: the ledger's own summaries, as JSON and back.

The same values on both sides, so that one renderer serves the ledger here and the ledger there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import JsonValue, TypeAdapter, ValidationError

from companions import codec
from fleet.ledger.summary import ShotLine, Summary

END_OF_TIME_S: Final = 253_402_300_799.0
"""The last second of the year 9999: no later moment can be shown."""


@dataclass(frozen=True, slots=True)
class Overview:
    """The ledger in counts.

    Attributes:
        doing: shots that a worker holds.
        ended: those that ended last.
        at_work: whether a dispatcher works on it.
    """

    summary: Summary
    doing: Sequence[ShotLine]
    ended: Sequence[ShotLine]
    at_work: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """Shots one by one, in the order submitted.

    Attributes:
        seen: the ledger's last event before they were looked up: what happens to them next comes
            after it.
        more: whether there are more than were asked for.
        at_work: whether a dispatcher works on them.
        paused: whether anything is paused there.
    """

    lines: Sequence[ShotLine]
    seen: int
    more: bool
    at_work: bool
    paused: bool


T = TypeVar("T", Overview, Listing)

_ADAPTERS: Final[Mapping[type[Any], TypeAdapter[Any]]] = {
    Overview: TypeAdapter(Overview),
    Listing: TypeAdapter(Listing),
}


def as_found(value: Overview | Listing) -> Mapping[str, JsonValue]:
    """``value`` as JSON."""
    found: Mapping[str, JsonValue] = _ADAPTERS[type(value)].dump_python(value, mode="json")
    return found


def of_found(found: Mapping[str, JsonValue], kind: type[T]) -> T:
    """The value of ``kind`` that ``found`` is.

    Raises:
        ValueError: it is none, or holds what cannot be: a moment outside the calendar.
    """
    try:
        value: T = _ADAPTERS[kind].validate_python(found)
    except ValidationError as error:
        problems = "; ".join(str(problem) for problem in codec.problems_of(error)[:3])
        raise ValueError(problems) from None
    if isinstance(value, Overview):
        lines = [*value.doing, *value.ended]
        moments = [each.submitted_at for each in value.summary.manifests]
    else:
        lines, moments = list(value.lines), []
    moments += [line.submitted_at for line in lines]
    moments += [line.finished_at for line in lines if line.finished_at is not None]
    if not all(0.0 <= each <= END_OF_TIME_S for each in moments):
        raise ValueError("a moment lies outside the calendar")
    if any("message" not in reason for line in lines for reason in line.reasons):
        raise ValueError("a reason without its message")
    return value
