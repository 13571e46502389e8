"""Snapping: what is nearly right goes where it belongs, and says to what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.geometry import Rect, Size
from selector.core.snapping import Guide, Snapped, snapped, snapped_point
from tests.companions import documents

PICTURE = Size(6000, 4000)
REACH = 60.0
"""A hundredth of the width, 1.5 hundredths of the height."""


def snap(rect: Rect, *, others: tuple[Rect, ...] = (), faces: tuple[Rect, ...] = ()) -> Snapped:
    return snapped(rect, picture=PICTURE, others=others, faces=faces, reach_px=REACH)


def few() -> st.SearchStrategy[tuple[Rect, ...]]:
    return st.lists(documents.rects(), max_size=3).map(tuple)


@given(rect=documents.rects(), others=few(), faces=few())
def test_a_snapped_rectangle_keeps_its_size_and_goes_no_further_than_the_reach(
    rect: Rect, others: tuple[Rect, ...], faces: tuple[Rect, ...]
) -> None:
    found = snap(rect, others=others, faces=faces).rect

    assert (found.width, found.height) == pytest.approx((rect.width, rect.height), abs=1e-9)
    assert abs(found.x1 - rect.x1) * 6000 <= REACH + 1e-6
    assert abs(found.y1 - rect.y1) * 4000 <= REACH + 1e-6


@given(rect=documents.rects(), others=few(), faces=few())
def test_every_guide_is_a_line_that_the_rectangle_now_lies_on(
    rect: Rect, others: tuple[Rect, ...], faces: tuple[Rect, ...]
) -> None:
    found = snap(rect, others=others, faces=faces)

    for guide in found.guides:
        low, high = (
            (found.rect.x1, found.rect.x2) if guide.vertical else (found.rect.y1, found.rect.y2)
        )
        own = [low, high, (low + high) / 2.0]
        if guide.what == "face":
            own += [low + (high - low) / 3.0, low + 2.0 * (high - low) / 3.0]
        assert min(abs(line - guide.at) for line in own) < 1e-9


@given(rect=documents.rects(), others=few(), faces=few())
def test_what_has_snapped_stays(
    rect: Rect, others: tuple[Rect, ...], faces: tuple[Rect, ...]
) -> None:
    once = snap(rect, others=others, faces=faces).rect

    assert snap(once, others=others, faces=faces).rect.root == pytest.approx(once.root, abs=1e-9)


@pytest.mark.parametrize(
    ("x1", "snapped_x1", "line", "what"),
    [
        (0.008, 0.0, 0.0, "edge"),
        (0.792, 0.8, 1.0, "edge"),
        (0.395, 0.4, 0.5, "middle"),
        (0.23, 1 / 3 - 0.1, 1 / 3, "third"),
        (0.56, 2 / 3 - 0.1, 2 / 3, "third"),
    ],
)
def test_a_rectangle_snaps_to_the_pictures_lines(
    x1: float, snapped_x1: float, line: float, what: str
) -> None:
    found = snap(Rect.of(x1, 0.2, x1 + 0.2, 0.4))

    assert found.rect.x1 == pytest.approx(snapped_x1)
    assert Guide(vertical=True, at=line, what=what) in found.guides


@pytest.mark.parametrize(
    ("x1", "snapped_x1"),
    [(0.205, 0.2), (0.415, 0.41), (0.355, 0.35), (0.7, 0.7)],
    ids=["left edges", "right edges", "no line near but the middles", "nothing near"],
)
def test_a_rectangle_snaps_to_another_rectangles_edges_and_middle(
    x1: float, snapped_x1: float
) -> None:
    other = Rect.of(0.2, 0.05, 0.62, 0.95)
    width = {0.205: 0.14, 0.415: 0.21, 0.355: 0.12, 0.7: 0.14}[x1]

    found = snap(Rect.of(x1, 0.52, x1 + width, 0.61), others=(other,))

    assert found.rect.x1 == pytest.approx(snapped_x1)


@pytest.mark.parametrize(
    "x1",
    [0.2, 0.3, 0.18, 0.04, 0.25 - 0.08, 0.25 - 0.16, 0.25 - 0.24 * 2 / 3],
    ids=["starts at it", "starts after it", "ends after it", "ends before it", "third", "2", "2nd"],
)
def test_a_rectangle_snaps_to_a_faces_edges_and_puts_its_middle_on_its_own_lines(
    x1: float,
) -> None:
    face = Rect.of(0.2, 0.05, 0.3, 0.15)
    wide = {0.18: 0.12, 0.04: 0.16}.get(x1, 0.24)

    found = snap(Rect.of(x1 + 0.004, 0.5, x1 + 0.004 + wide, 0.9), faces=(face,))

    assert found.rect.x1 == pytest.approx(x1, abs=1e-9)
    assert any(guide.vertical and guide.what == "face" for guide in found.guides)


def test_the_nearest_of_several_lines_wins_on_each_axis_by_itself() -> None:
    other = Rect.of(0.1, 0.1, 0.9, 0.9)

    found = snap(Rect.of(0.103, 0.007, 0.4, 0.5), others=(other,))

    assert found.rect.root == pytest.approx((0.1, 0.0, 0.397, 0.493))
    assert found.guides == (
        Guide(vertical=True, at=0.1, what="other"),
        Guide(vertical=False, at=0.0, what="edge"),
    )


@given(x=st.floats(-500.0, 6500.0), y=st.floats(-500.0, 4500.0), others=few(), faces=few())
def test_a_dragged_point_goes_to_the_nearest_line_within_reach_or_stays(
    x: float, y: float, others: tuple[Rect, ...], faces: tuple[Rect, ...]
) -> None:
    (at_x, at_y), guides = snapped_point(
        (x, y), picture=PICTURE, others=others, faces=faces, reach_px=REACH
    )

    lines = {0.0, 1 / 3, 0.5, 2 / 3, 1.0}
    lines_x = lines | {line for r in (*others, *faces) for line in (r.x1, r.x2)}
    nearest = min(abs(line * 6000 - x) for line in lines_x)
    vertical = [guide for guide in guides if guide.vertical]
    if nearest <= REACH - 1e-6:
        assert abs(at_x - x) == pytest.approx(nearest, abs=1e-6)
        assert at_x == pytest.approx(vertical[0].at * 6000)
    elif nearest > REACH + 1e-6:
        assert at_x == pytest.approx(x)
        assert not vertical
    assert abs(at_y - y) <= REACH + 1e-6


def test_a_dragged_corner_snaps_to_both_its_lines_and_names_them() -> None:
    other = Rect.of(0.1, 0.1, 0.7, 0.7)

    at, guides = snapped_point((4210.0, 1990.0), picture=PICTURE, others=(other,), reach_px=REACH)

    assert at == pytest.approx((4200.0, 2000.0))
    assert [(guide.vertical, guide.what) for guide in guides] == [
        (True, "other"),
        (False, "middle"),
    ]
