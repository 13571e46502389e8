"""How tiles share their room, for any number of them in any room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from companions.geometry import Size
from selector.view.cull.arranging import GAP, SMALLEST, arrange

ROOMS = st.builds(Size, st.integers(300, 4000), st.integers(200, 3000))


@given(count=st.integers(1, 60), room=ROOMS)
def test_tiles_lie_beside_each_other_within_the_width(count: int, room: Size) -> None:
    arranged = arrange(count, room=room)
    boxes = [arranged.box(index) for index in range(count)]
    for one, each in enumerate(boxes):
        assert each.x >= GAP
        assert each.x + each.width + GAP <= room.width
        assert each.y + each.height + GAP <= arranged.height
        for other in boxes[one + 1 :]:
            apart_x = each.x + each.width <= other.x or other.x + other.width <= each.x
            assert apart_x or each.y + each.height <= other.y


@given(count=st.integers(1, 4))
def test_up_to_four_are_seen_at_once_without_scrolling(count: int) -> None:
    assert arrange(count, room=Size(1200, 800)).height <= 800


@given(count=st.integers(1, 20_000), room=ROOMS, data=st.data())
def test_a_point_in_a_tile_finds_that_tile(count: int, room: Size, data: st.DataObject) -> None:
    arranged = arrange(count, room=room)
    index = data.draw(st.integers(0, count - 1))
    box = arranged.box(index)
    x, y = box.x + box.width // 2, box.y + box.height // 2

    assert arranged.at(x, y) == index
    assert index in arranged.between(box.y, box.y + 1)
    assert len(arranged.between(box.y, box.y + room.height)) <= 2 * arranged.columns * (
        room.height // arranged.cell.height + 2
    )


def test_many_tiles_scroll_instead_of_shrinking() -> None:
    arranged = arrange(500, room=Size(1200, 800))

    assert arranged.cell.width >= SMALLEST
    assert arranged.height > 800
