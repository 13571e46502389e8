"""Findings on the timeline: their frames are read out of the fleet's own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions.video_meta import Check, CheckVerdict
from fleet.qc.exposure import _named
from selector.core.findings import marks_of
from selector.core.placement import Placement
from selector.core.returned import scan_returned
from tests.selector.clips import came_back


def spans(folder: Path, detail: str, verdict: CheckVerdict = CheckVerdict.WARN) -> list[object]:
    check = Check(name="x", value=1.0, threshold=0.5, verdict=verdict, detail=detail)
    came_back(folder, checks=[check])
    (shot,) = scan_returned(Placement(folder))
    return [(mark.first, mark.last) for mark in marks_of(shot)]


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("9 of 9 sampled frames placed on the picture; worst is frame 12", [(12, 12)]),
        ("the picture is not recognisable in frames 3, 6, 9", [(3, 3), (6, 6), (9, 9)]),
        ("largest step before frame 7", [(7, 7)]),
        ("4 in the second that ends with frame 23", [(0, 23)]),
        (_named("black", [2, 5]), [(2, 2), (5, 5)]),
        ("2 of 23 frames that should move stand still", []),
        ("worst is frame 500", []),  # the clip has 24
        ("", []),
    ],
)
def test_a_finding_that_names_frames_lies_there(
    tmp_path: Path, detail: str, expected: list[object]
) -> None:
    assert spans(tmp_path, detail) == expected


def test_a_figure_that_passes_is_no_finding(tmp_path: Path) -> None:
    assert spans(tmp_path, "worst is frame 12", CheckVerdict.PASS) == []


def test_every_finding_is_marked_and_none_hides_another(tmp_path: Path) -> None:
    words = ("4 in the second that ends with frame 23", "worst is frame 7", "worst is frame 24")
    checks = [
        Check(name=name, value=1.0, threshold=0.5, verdict=CheckVerdict.WARN, detail=detail)
        for name, detail in zip(("flash", "adherence", "beyond"), words, strict=True)
    ]
    came_back(tmp_path, checks=checks)
    (shot,) = scan_returned(Placement(tmp_path))

    assert [mark.check.name for mark in marks_of(shot)] == ["flash", "adherence"]
