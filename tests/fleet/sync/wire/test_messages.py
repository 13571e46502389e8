"""Lines of the conversation: what is said is understood, what is hostile costs little."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from companions.base import Closed
from fleet.sync.wire.base import NotUnderstood, decode, encode
from fleet.sync.wire.greeting import Refused, Still
from fleet.sync.wire.messages import ANSWERS, REQUESTS
from fleet.sync.wire.results import Result, ResultsFound
from fleet.sync.wire.sets import Let, Sent, Wanted

RESULT = Result(picture="day/one.jpg", meta_sha256="a" * 64, meta_size=5)


@pytest.mark.parametrize(
    "answer",
    [
        Still(),
        Let(),
        Wanted(published=False, missing=("a/b.png", "ü.png"), into="/in"),
        ResultsFound(outbox="/out", results=(RESULT,)),
        Refused(code="x", exit_code=1, message="two\nlines"),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_an_answer_is_one_line_and_is_read_as_it_was_said(answer: Closed) -> None:
    line = encode(answer)

    assert line.count(b"\n") == 1
    assert decode(line, ANSWERS) == answer


def test_a_request_is_read_as_it_was_said() -> None:
    assert decode(encode(Sent(set_id="0" * 16)), REQUESTS) == Sent(set_id="0" * 16)
    assert decode(encode(Still()), REQUESTS) == Still()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"say": "let", "moon": 1}', "let.moon: "),
        (
            b'{"say": "wanted", "published": true, "missing": ["", "/a", "b/../c"]}',
            "wanted.missing[0]: ",
        ),
    ],
)
def test_a_line_that_breaks_its_kind_is_told_by_its_first_fault_alone(
    line: bytes, told: str
) -> None:
    with pytest.raises(NotUnderstood) as refused:
        decode(line, ANSWERS)

    assert str(refused.value).startswith(told)
    # Tried as every other kind as well, it would be told what it lacks of a greeting.
    assert "protocol" not in str(refused.value)
    assert "[1]" not in str(refused.value)


@pytest.mark.parametrize(
    "line",
    [
        b'{"say": "let", "found": [' + b"{}," * 500_000 + b"{}]}",
        b'{"say": "wanted", "published": true, "missing": [' + b'"",' * 500_000 + b'""]}',
        b'{"say": "results_found", "outbox": "/", "results": [' + b"{}," * 500_000 + b"{}]}",
        b'{"say": "happened", "events": [' + b"[]," * 500_000 + b"[]]}",
        b"[" * 500_000,
        b"[" + b"{}," * 500_000 + b"{}]",
    ],
    ids=["let", "wanted", "results", "events", "deep", "list"],
)
def test_a_hostile_line_is_refused_at_its_first_faults(line: bytes) -> None:
    with pytest.raises(ValidationError) as found:
        ANSWERS.validate_json(line)

    # Every fault by itself, or once for every kind, takes up to ten seconds and gigabytes.
    assert found.value.error_count() <= 10
    with pytest.raises(NotUnderstood):
        decode(line, ANSWERS)
