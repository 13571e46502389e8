"""A crash between any two instructions of publishing costs nothing and doubles nothing.

A sample of the points; ``make bench ARGS=publish_crashes`` dies at every one of them.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.chaos.publishing import SCENES, Trial

DEATHS = 8
DEATHS_TWICE = 6
TAKING_PLACES = {"_publish", "Pending.commit", "remove_durably"}
"""Where clip and meta come and go: every line of these is died at."""


@pytest.mark.parametrize("scene", SCENES)
def test_publishing_that_is_killed_anywhere_ends_as_one_clip_and_one_meta_after_a_restart(
    scene: str, tmp_path: Path
) -> None:
    trial, chance = Trial(scene, tmp_path), random.Random(20260103)
    points = dict(enumerate(trial.points(), start=1))
    chosen = {point for point, function in points.items() if function in TAKING_PLACES}
    chosen |= set(chance.sample(sorted(points.keys() - chosen), DEATHS))

    for point in sorted(chosen):
        trial.die(point)


@pytest.mark.parametrize("scene", SCENES)
def test_a_restart_that_is_killed_too_is_mended_by_the_next(scene: str, tmp_path: Path) -> None:
    trial, chance = Trial(scene, tmp_path), random.Random(20260104)
    points = len(trial.points())

    for point in sorted(chance.sample(range(1, points + 1), DEATHS_TWICE)):
        trial.die(point, again=chance.randint(1, trial.points_after(point)))
