"""What a model is held to follows the operator's rectangles, as the quality check measures it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from companions.geometry import Rect, Size
from fleet.generate.diffusion.guiding import conditioned
from fleet.qc.adherence import Adherence
from fleet.qc.glance import Glance
from fleet.qc.keyframe import PlannedShot
from fleet.qc.profile import STANDARD
from tests.fleet.footage import move, photo, plan
from tests.fleet.generate.diffusion.shots import shot

OUTPUT = Size(832, 480)
COUNT = 5


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("coffee.png", Rect.of(0.0, 0.0, 1.0, 1.0), Rect.of(0.25, 0.2, 0.75, 0.7)),
        ("chelsea.png", Rect.of(0.05, 0.2, 0.6, 0.8), Rect.of(0.4, 0.3, 0.95, 0.9)),
    ],
    ids=["zoom", "pan"],
)
def test_the_reference_is_within_a_thousandth_of_its_rectangles(
    name: str, start: Rect, end: Rect
) -> None:
    picture = photo(name)
    path = move(picture, start, end, output=OUTPUT)
    request = replace(
        shot(frames=COUNT), picture=picture, path=path, output=OUTPUT,
        move_fractions=[plan(COUNT).move_fraction(i) for i in range(COUNT)],
    )  # fmt: skip
    measured = Adherence(
        shot=PlannedShot.of(picture, path), plan=plan(COUNT), output=OUTPUT, limits=STANDARD
    )

    for index, frame in enumerate(conditioned(request).frames):
        measured.see(Glance.at(index, frame))

    (check,) = measured.checks()
    assert check.value is not None
    assert check.value < 0.001
