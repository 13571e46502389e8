"""What a case is, which answers are right, and how they add up.  Touches nothing.

A case is one file of the suite.  An implementation accepts or refuses it, or gives no answer:
it died or ran out of time, and that is never taken for a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

_SORTS: Final = {"valid": True, "invalid": False}


class Answer(StrEnum):
    """What an implementation said of a file."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NONE = "no answer"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and what was printed with it (shortened)."""

    answer: Answer
    said: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the suite.

    Attributes:
        kind: of the document it is, or fails to be.
        version: of that kind.
        name: what it shows; the file's name without ``.json``.
        valid: whether it keeps to the contract.
        beyond: the name of the rule it breaks, if a JSON Schema cannot say that rule.
    """

    kind: str
    version: int
    name: str
    valid: bool
    beyond: str | None = None

    @property
    def path(self) -> str:
        """Where in the suite its file lies."""
        sort = "valid" if self.valid else "invalid"
        return f"{self.kind}/v{self.version}/{sort}/{self.name}.json"


@dataclass(frozen=True, slots=True)
class Count:
    """So many of so many."""

    hit: int = 0
    of: int = 0

    def __str__(self) -> str:
        return f"{self.hit}/{self.of}"

    def __add__(self, other: Count) -> Count:
        return Count(self.hit + other.hit, self.of + other.of)


@dataclass(frozen=True, slots=True)
class Row:
    """How one version of one kind went.

    Attributes:
        title: ``motion v1``, or what the row sums up.
        accepted: valid files that were accepted.
        refused: invalid files that were refused, less those beyond a schema.
        beyond: the invalid files beyond a schema that were refused.
        unanswered: files that got no answer.
        disagreements: files that did not get the right answer; the unanswered are among them.
    """

    title: str
    accepted: Count
    refused: Count
    beyond: Count
    unanswered: int
    disagreements: int


@dataclass(frozen=True, slots=True)
class Result:
    """What an implementation said of one case, and whether that is right."""

    case: Case
    reply: Reply
    agrees: bool


def case_at(path: str, *, beyond: str | None) -> Case | None:
    """The case whose file lies at ``path`` in the suite; None if that is no case's place."""
    parts = PurePosixPath(path)
    if len(parts.parts) != 4 or parts.suffix != ".json":
        return None
    kind, version, sort, _ = parts.parts
    if sort not in _SORTS or not version.startswith("v") or not version[1:].isdecimal():
        return None
    return Case(kind, int(version[1:]), parts.stem, valid=_SORTS[sort], beyond=beyond)


def judge(case: Case, reply: Reply, *, schema_only: bool) -> Result:
    """Whether ``reply`` is right.

    ``schema_only``: what a JSON Schema cannot say may be accepted as well as refused.
    """
    if reply.answer is Answer.NONE:
        agrees = False
    elif case.valid:
        agrees = reply.answer is Answer.ACCEPTED
    else:
        excused = schema_only and case.beyond is not None
        agrees = excused or reply.answer is Answer.REFUSED
    return Result(case, reply, agrees)


def table(results: Iterable[Result]) -> Sequence[Row]:
    """One row for each version of each kind, in their order, and one of all."""
    groups: dict[tuple[str, int], list[Result]] = {}
    everything: list[Result] = []
    for result in results:
        groups.setdefault((result.case.kind, result.case.version), []).append(result)
        everything.append(result)
    rows = [_row(f"{kind} v{number}", groups[kind, number]) for kind, number in sorted(groups)]
    return [*rows, _row("all", everything)]


def _row(title: str, results: Sequence[Result]) -> Row:
    seen = [each for each in results if not each.case.valid and each.case.beyond is None]
    beyond = [each for each in results if each.case.beyond is not None]
    return Row(
        title=title,
        accepted=_count((r for r in results if r.case.valid), Answer.ACCEPTED),
        refused=_count(seen, Answer.REFUSED),
        beyond=_count(beyond, Answer.REFUSED),
        unanswered=_count(results, Answer.NONE).hit,
        disagreements=sum(not each.agrees for each in results),
    )


def _count(results: Iterable[Result], answer: Answer) -> Count:
    answers = [each.reply.answer for each in results]
    return Count(answers.count(answer), len(answers))
