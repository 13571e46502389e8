"""What is typed into fields, as values."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.geometry import Size
from companions.timing import parse_rate
from selector.view.edit import parsing


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parsing.parse_number, "1,5", 1.5),
        (parsing.parse_duration, "4 s", 4.0),
        (parsing.parse_duration, "60", 60.0),
        (parsing.parse_size, "1280x720", Size(1280, 720)),
        (parsing.parse_size, "1920 \u00d7 1080", Size(1920, 1080)),
        (parsing.parse_size, "640 360", Size(640, 360)),
        (parsing.parse_fps, "23.976", Fraction(24000, 1001)),
        (parsing.parse_fps, "30000/1001", Fraction(30000, 1001)),
        (parsing.parse_fps, "", None),
        (parsing.parse_seed, "0", 0),
        (parsing.parse_seed, "", None),
        (parsing.parse_model, "org/wan-2.2:v1", "org/wan-2.2:v1"),
    ],
)
def test_what_people_write_is_understood(
    parse: Callable[[str], object], text: str, value: object
) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "why"),
    [
        (parsing.parse_number, "nan", "a number"),
        (parsing.parse_number, "inf", "a number"),
        (parsing.parse_duration, "0", "over 0"),
        (parsing.parse_duration, "60.01", "at most 60"),
        (parsing.parse_size, "1280", "width x height"),
        (parsing.parse_size, "1281 x 720", "even"),
        (parsing.parse_size, "62 x 720", "64 to 8192"),
        (parsing.parse_size, "8194 x 720", "64 to 8192"),
        (parsing.parse_fps, "0", "1 to 240"),
        (parsing.parse_fps, "fast", "1 to 240"),
        (parsing.parse_seed, "9223372036854775808", "whole number"),
        (parsing.parse_seed, "1.5", "whole number"),
        (parsing.parse_seed, "٣", "whole number"),
        (parsing.parse_model, "a b", "letters"),
        (parsing.parse_model, "x" * 121, "at most 120"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    parse: Callable[[str], object], text: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text)


@given(st.floats(0.001, 60.0))
def test_a_number_that_is_shown_is_read_as_it_was_to_a_thousandth(value: float) -> None:
    assert parsing.parse_number(parsing.shown_number(value)) == pytest.approx(value, abs=6e-4)


@pytest.mark.parametrize("rate", [24, 25, 23.976, 29.97, 59.94, 12.5, "24000/1001"])
def test_a_rate_that_is_shown_is_read_as_it_was(rate: object) -> None:
    exact = parse_rate(rate)
    assert parsing.parse_fps(parsing.shown_fps(exact)) == exact
