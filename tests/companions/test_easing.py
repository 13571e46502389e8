"""Easing curves are CSS's: exact at both ends, never backwards, right in between."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given

from companions.easing import CURVES, Bezier, Easing, EasingName, eased
from tests.companions import documents

# Solved with numpy.roots from the cubic's definition, by no code of this repository.
REFERENCE = [
    (EasingName.LINEAR, 0.3, 0.3),
    (EasingName.EASE_IN, 0.25, 0.09346465),
    (EasingName.EASE_IN, 0.5, 0.31535681),
    (EasingName.EASE_IN, 0.75, 0.62186187),
    (EasingName.EASE_OUT, 0.25, 0.37813813),
    (EasingName.EASE_OUT, 0.5, 0.68464319),
    (EasingName.EASE_OUT, 0.75, 0.90653535),
    (EasingName.EASE_IN_OUT, 0.25, 0.12916193),
    (EasingName.EASE_IN_OUT, 0.5, 0.5),
    (EasingName.EASE_IN_OUT, 0.75, 0.87083807),
    ((0.25, 0.1, 0.25, 1.0), 0.5, 0.80240339),  # CSS "ease"
]


@pytest.mark.parametrize(("easing", "u", "progress"), REFERENCE)
def test_a_curve_has_the_values_of_css(easing: Easing, u: float, progress: float) -> None:
    assert eased(easing, u) == pytest.approx(progress, abs=1e-7)


@given(documents.easings())
def test_a_curve_starts_and_ends_exactly(easing: Easing) -> None:
    assert eased(easing, 0.0) == 0.0
    assert eased(easing, 1.0) == 1.0
    assert eased(easing, -0.1) == 0.0
    assert eased(easing, 1.1) == 1.0


@given(documents.easings())
def test_a_curve_never_goes_back_and_never_leaves_0_to_1(easing: Easing) -> None:
    values = [eased(easing, step / 64) for step in range(65)]

    assert all(0.0 <= value <= 1.0 for value in values)
    assert all(after >= before - 1e-12 for before, after in itertools.pairwise(values))


@given(easing=documents.easings(), u=documents.unit())
def test_a_reversed_curve_is_the_mirrored_one(easing: Easing, u: float) -> None:
    x1, y1, x2, y2 = CURVES[easing] if isinstance(easing, EasingName) else easing
    mirrored = (1.0 - x2, 1.0 - y2, 1.0 - x1, 1.0 - y1)

    # Where a curve is vertical, a rounding in u is a step in progress: compare across a hair.
    low, high = eased(mirrored, max(0.0, u - 1e-7)), eased(mirrored, min(1.0, u + 1e-7))
    assert low - 1e-6 <= 1.0 - eased(easing, 1.0 - u) <= high + 1e-6


def halved(curve: Bezier, u: float) -> float:
    """The curve at ``u`` by halving alone: slow, and right whatever its slope is."""

    def ordinate(p1: float, p2: float, s: float) -> float:
        r = 1.0 - s
        return 3.0 * r * r * s * p1 + 3.0 * r * s * s * p2 + s**3

    x1, y1, x2, y2 = curve
    low, high = 0.0, 1.0
    for _ in range(60):
        s = (low + high) / 2.0
        low, high = (s, high) if ordinate(x1, x2, s) < u else (low, s)
    return ordinate(y1, y2, low)


@pytest.mark.parametrize(
    "curve",
    [
        (1.0, 0.0, 0.0, 1.0),  # vertical in its middle
        (1.0, 1.0, 0.0, 0.0),
        (1.0, 0.0, 1.0, 1.0),  # vertical at its end
        (0.0, 1.0, 0.0, 0.0),  # and at its beginning
        (0.999, 0.0, 0.001, 1.0),
        (1.0, 0.2, 0.3, 0.9),
    ],
)
def test_a_curve_that_stands_on_end_is_right_as_well(curve: Bezier) -> None:
    hairs = [1e-18, 1e-14, 1e-11, 1.0 - 1e-11, 1.0 - 1e-13]
    for u in [*hairs, *(step / 2000 for step in range(1, 2000))]:
        # Where it is vertical, the last bit of u is some millionths of progress.
        assert eased(curve, u) == pytest.approx(halved(curve, u), abs=2e-5)


def test_every_name_has_its_curve() -> None:
    assert set(CURVES) == set(EasingName)
