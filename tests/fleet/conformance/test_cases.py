"""What counts as a right answer, and how answers add up."""

from __future__ import annotations

import pytest

from fleet.conformance.cases import Answer, Case, Count, Reply, case_at, judge, table

GOOD = Case("motion", 1, "whole", valid=True)
BAD = Case("motion", 1, "duration-zero", valid=False)
HIDDEN = Case("motion", 1, "rect-inverted", valid=False, beyond="x2 exceeds x1")
ACCEPTED, REFUSED, NONE = Answer.ACCEPTED, Answer.REFUSED, Answer.NONE

RIGHT_ANSWERS = {
    "a valid file accepted": (GOOD, ACCEPTED, True, True),
    "a valid file refused": (GOOD, REFUSED, False, False),
    "an invalid file accepted": (BAD, ACCEPTED, False, False),
    "an invalid file refused": (BAD, REFUSED, True, True),
    "a file beyond the schema accepted": (HIDDEN, ACCEPTED, False, True),
    "a file beyond the schema refused": (HIDDEN, REFUSED, True, True),
    "no answer to a valid file": (GOOD, NONE, False, False),
    "no answer to an invalid file": (BAD, NONE, False, False),
    "no answer to a file beyond the schema": (HIDDEN, NONE, False, False),
}


@pytest.mark.parametrize(
    ("case", "answer", "strictly", "by_schema"), RIGHT_ANSWERS.values(), ids=RIGHT_ANSWERS
)
def test_an_answer_is_right_or_wrong(
    case: Case,
    answer: Answer,
    strictly: bool,  # noqa: FBT001
    by_schema: bool,  # noqa: FBT001
) -> None:
    assert judge(case, Reply(answer), schema_only=False).agrees is strictly
    assert judge(case, Reply(answer), schema_only=True).agrees is by_schema


def test_the_table_has_a_row_for_each_version_and_one_for_all() -> None:
    asked = [
        (GOOD, ACCEPTED),
        (Case("motion", 1, "other", valid=True), REFUSED),
        (BAD, REFUSED),
        (HIDDEN, ACCEPTED),
        (Case("motion", 0, "whole", valid=True), NONE),
        (Case("audit", 1, "whole", valid=True), ACCEPTED),
    ]

    rows = table(judge(case, Reply(answer), schema_only=False) for case, answer in asked)

    assert [row.title for row in rows] == ["audit v1", "motion v0", "motion v1", "all"]
    motion = rows[2]
    assert (motion.accepted, motion.refused, motion.beyond) == (
        Count(1, 2),
        Count(1, 1),
        Count(0, 1),
    )
    assert (motion.unanswered, motion.disagreements) == (0, 2)
    assert (rows[3].accepted, rows[3].unanswered, rows[3].disagreements) == (Count(2, 4), 1, 3)


def test_a_file_is_a_case_by_where_it_lies() -> None:
    case = case_at("video_manifest/v12/invalid/path-climbs.out.json", beyond=None)

    assert case == Case("video_manifest", 12, "path-climbs.out", valid=False)
    assert case.path == "video_manifest/v12/invalid/path-climbs.out.json"
    for elsewhere in (
        "fields.json",
        "motion/v1/whole.json",
        "motion/v1/maybe/whole.json",
        "motion/1/valid/whole.json",
        "motion/vx/valid/whole.json",
        "motion/v1/valid/whole.txt",
        "a/motion/v1/valid/whole.json",
    ):
        assert case_at(elsewhere, beyond=None) is None, elsewhere
