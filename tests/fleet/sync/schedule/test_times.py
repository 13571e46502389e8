"""Times of day and days of the week, as an operator writes them, and what follows from them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.sync.schedule.times import (
    Weekday,
    When,
    last_due,
    missed,
    next_run,
    parse_clock,
    parse_weekdays,
)
from tests.fleet.sync.schedule.nightlies import whens

FRIDAY = datetime.fromisoformat("2026-11-20T01:30")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", "MON TUE WED THU FRI"),
        ("Mon, wed ,SUNDAY", "MON WED SUN"),
        ("fri-mon", "MON FRI SAT SUN"),
        ("sat", "SAT"),
        ("mon-sun", ""),
        ("tue-mon", ""),
    ],
)
def test_days_are_written_as_people_write_them(text: str, days: str) -> None:
    assert parse_weekdays(text) == tuple(Weekday[day] for day in days.split())


@pytest.mark.parametrize("text", ["", "mo", "mon-", "-mon", "weekend", "mon fri", "mon,,tue"])
def test_what_is_no_day_is_refused_with_how_days_are_written(text: str) -> None:
    with pytest.raises(ValueError, match="mon-fri or mon,wed,sun"):
        parse_weekdays(text)


@pytest.mark.parametrize("text", ["24:00", "2", "2:60", "02:00:00", "-1:00", "1\u0662:00", ""])
def test_what_is_no_time_of_day_is_refused_with_how_one_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="02:00"):
        parse_clock(text)


def test_a_time_of_day_may_do_without_its_leading_nought() -> None:
    assert parse_clock("2:05") == parse_clock("02:05") == (2, 5)


@given(when=whens, now=st.datetimes(FRIDAY, FRIDAY + timedelta(days=4000)))
def test_the_next_run_is_the_first_moment_ahead_that_fits(when: When, now: datetime) -> None:
    due = next_run(when, now=now)

    assert now < due <= now + timedelta(days=7)
    assert (due.hour, due.minute) == (when.hour, when.minute)
    days = when.weekdays or tuple(Weekday)
    assert due.weekday() in days
    between = (now + timedelta(days=count) for count in range(8))
    fitting = [
        moment
        for day in between
        if (moment := day.replace(hour=when.hour, minute=when.minute, second=0, microsecond=0))
        > now
        and moment.weekday() in days
    ]
    assert due == min(fitting)


def test_it_is_told_in_words() -> None:
    assert When(2, 0).words == "every day at 02:00"
    assert When(23, 5, (Weekday.MON, Weekday.SUN)).words == "Mon, Sun at 23:05"
    days = parse_weekdays("mon-wed,fri,sat,sun")
    assert When(7, 0, days).words == "Mon to Wed, Fri to Sun at 07:00"
    assert When(7, 0, parse_weekdays("sat,sun")).words == "Sat, Sun at 07:00"
    assert next_run(When(2, 0), now=FRIDAY) == FRIDAY + timedelta(minutes=30)


def test_what_is_due_this_moment_is_due_again_tomorrow() -> None:
    assert last_due(When(1, 30), now=FRIDAY) == FRIDAY
    assert next_run(When(1, 30), now=FRIDAY) == FRIDAY + timedelta(days=1)


@given(when=whens, now=st.datetimes(FRIDAY, FRIDAY + timedelta(days=4000)))
def test_between_the_last_time_and_the_next_there_is_none(when: When, now: datetime) -> None:
    last = last_due(when, now=now)

    assert last <= now
    assert next_run(when, now=last) == next_run(when, now=now)


@pytest.mark.parametrize(
    ("since", "last", "now", "due"),
    [
        ("2026-11-18T12:00", None, "2026-11-20T09:00", "2026-11-20T02:00"),
        ("2026-11-18T12:00", "2026-11-19T02:01", "2026-11-20T09:00", "2026-11-20T02:00"),
        ("2026-11-18T12:00", "2026-11-20T02:01", "2026-11-20T09:00", None),
        ("2026-11-18T12:00", "2026-11-19T02:01", "2026-11-20T02:59", None),
        ("2026-11-20T08:00", None, "2026-11-20T09:00", None),
    ],
    ids=["never ran", "not since", "ran", "perhaps still at work", "installed after it was due"],
)
def test_a_run_that_was_due_and_never_began_is_missed(
    since: str, last: str | None, now: str, due: str | None
) -> None:
    told = missed(
        When(2, 0),
        since=datetime.fromisoformat(since),
        last=datetime.fromisoformat(last) if last else None,
        now=datetime.fromisoformat(now),
    )

    assert told == (datetime.fromisoformat(due) if due else None)
