"""When a nightly sync runs: a time of day on some or all days of the week, in local time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final


class Weekday(IntEnum):
    """A day of the week, counted as ``datetime.weekday`` does."""

    MON = 0
    TUE = 1
    WED = 2
    THU = 3
    FRI = 4
    SAT = 5
    SUN = 6

    @property
    def word(self) -> str:
        """``Mon``: as systemd and people write it."""
        return self.name.capitalize()


@dataclass(frozen=True, slots=True)
class When:
    """A time of day, local, on ``weekdays``; on every day where none is named."""

    hour: int
    minute: int
    weekdays: tuple[Weekday, ...] = ()

    @property
    def clock(self) -> str:
        """``02:00``."""
        return f"{self.hour:02}:{self.minute:02}"

    @property
    def words(self) -> str:
        """``every day at 02:00``."""
        if not self.weekdays:
            return f"every day at {self.clock}"
        spans: list[list[Weekday]] = []
        for day in self.weekdays:
            if spans and day == spans[-1][-1] + 1:
                spans[-1].append(day)
            else:
                spans.append([day])
        return f"{', '.join(map(_span, spans))} at {self.clock}"


SLACK: Final = timedelta(hours=1)
"""A run that is due is not missed before: it may be under way, or its machine may just wake."""
_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_NAMES: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
)  # fmt: skip


def _span(days: Sequence[Weekday]) -> str:
    if len(days) > len((Weekday.SAT, Weekday.SUN)):
        return f"{days[0].word} to {days[-1].word}"
    return ", ".join(day.word for day in days)


def parse_clock(text: str) -> tuple[int, int]:
    """Hour and minute of ``02:00``.

    Raises:
        ValueError: it is no time of day; says how one is written.
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no time of day; write hours and minutes: 02:00")
    return int(found[1]), int(found[2])


def parse_weekdays(text: str) -> tuple[Weekday, ...]:
    """The days of ``mon-fri,sun``, in the week's order; none where all seven are named.

    Raises:
        ValueError: a day is not one; says how they are written.
    """
    days: set[Weekday] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        begin = _weekday(first, of=text)
        end = _weekday(last, of=text) if dash else begin
        # fri-mon goes over the end of the week.
        days.update(Weekday((begin + step) % 7) for step in range((end - begin) % 7 + 1))
    return () if len(days) == len(Weekday) else tuple(sorted(days))


def _weekday(word: str, *, of: str) -> Weekday:
    wanted = word.strip().lower()
    for day, name in zip(Weekday, _NAMES, strict=True):
        if len(wanted) >= len("mon") and name.startswith(wanted):
            return day
    raise ValueError(f"{of!r} are no days of the week; write them as mon-fri or mon,wed,sun")


def next_run(when: When, *, now: datetime) -> datetime:
    """The first moment after ``now`` at which ``when`` is due; ``now`` is local and naive."""
    days: Sequence[Weekday] = when.weekdays or tuple(Weekday)
    due = now.replace(hour=when.hour, minute=when.minute, second=0, microsecond=0)
    while due <= now or due.weekday() not in days:
        due += timedelta(days=1)
    return due


def last_due(when: When, *, now: datetime) -> datetime:
    """The last moment up to ``now`` at which ``when`` was due; ``now`` is local and naive."""
    days: Sequence[Weekday] = when.weekdays or tuple(Weekday)
    due = now.replace(hour=when.hour, minute=when.minute, second=0, microsecond=0)
    while due > now or due.weekday() not in days:
        due -= timedelta(days=1)
    return due


def missed(when: When, *, since: datetime, last: datetime | None, now: datetime) -> datetime | None:
    """When a run was due that never began, as far as is known; None where none was.

    ``since`` is when the schedule was installed, ``last`` when the last run began; all are local
    and naive.
    """
    due = last_due(when, now=now)
    began = last is not None and last >= due
    return None if began or due < since or now < due + SLACK else due
