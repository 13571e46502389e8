"""Edits of objects: each keeps the others and the contract, whatever is asked for."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from companions.easing import EasingName
from companions.geometry import Size
from companions.motion import MAX_OBJECTS
from companions.objects import pose_at
from companions.trajectory import ObjectTrajectory, PolygonRegion
from selector.core import objects
from selector.core.objects import Objects

PICTURE = Size(3000, 2000)
TRIANGLE = PolygonRegion(shape="polygon", points=((0.2, 0.2), (0.4, 0.2), (0.3, 0.4)))
WAY = [(0.5, 0.5), (0.6, 0.5), (0.6, 0.9)]
MOMENTS = st.floats(0.0, 1.0)


def made(*names: str) -> Objects:
    """Objects of those names, the lowest first."""
    found: Objects = ()
    for name in names:
        found = objects.added(found, TRIANGLE, WAY, begins=(0.3, 0.3), name=name, picture=PICTURE)
    return found


def named(found: Objects) -> list[str]:
    """Their names."""
    return [each.name for each in found]


def valid(found: Objects) -> None:
    """Whether each is what the contract says, or pydantic's error."""
    for each in found:
        assert ObjectTrajectory.model_validate_json(each.model_dump_json()) == each


def test_an_object_begins_where_it_is_and_takes_the_whole_clip() -> None:
    (only,) = made("kite")
    assert only.points[0].position == (0.3, 0.3)
    assert only.points[-1].position == pytest.approx((0.4, 0.7))
    assert (only.points[0].at, only.points[-1].at) == (0.0, 1.0)


def test_there_are_no_more_objects_than_the_contract_allows() -> None:
    full = made(*(f"o{i}" for i in range(MAX_OBJECTS)))
    with pytest.raises(ValueError, match="at most 32"):
        objects.added(full, TRIANGLE, WAY, begins=(0.3, 0.3), name="x", picture=PICTURE)


def test_a_free_name_is_never_one_that_is_taken() -> None:
    found = made("object 1", "object 3", "kite")
    assert objects.free_name(found) == "object 2"
    assert objects.free_name(()) == "object 1"


def test_a_name_is_trimmed_unique_and_plain() -> None:
    found = made("a", "b")
    assert named(objects.renamed(found, 1, "  kite ")) == ["a", "kite"]
    assert objects.renamed(found, 0, "a") == found
    with pytest.raises(ValueError, match="another object is called a"):
        objects.renamed(found, 1, "a")
    for name in ("", "a/b", "x" * 121):
        with pytest.raises(ValueError, match=r".+"):
            objects.renamed(found, 1, name)


@given(index=st.integers(0, 3), by=st.integers(-6, 6))
def test_raising_moves_one_and_keeps_the_others_order(index: int, by: int) -> None:
    found = made("a", "b", "c", "d")
    after = objects.raised(found, index, by)
    assert after.index(found[index]) == min(max(index + by, 0), 3)
    rest = [each for each in found if each != found[index]]
    assert [each for each in after if each != found[index]] == rest


@given(start=MOMENTS, end=MOMENTS, later=MOMENTS)
def test_retiming_stretches_every_moment_and_can_be_done_again(
    start: float, end: float, later: float
) -> None:
    found = made("a")
    if end - start < objects.LEAST_SPAN:
        with pytest.raises(ValueError, match="before it ends"):
            objects.retimed(found, 0, start=start, end=end)
        return
    after = objects.retimed(found, 0, start=start, end=end)
    valid(after)
    assert after[0].points[0].at == start
    assert after[0].points[-1].at == pytest.approx(end)
    u = start + (end - start) * later
    assert pose_at(after[0], u).x == pytest.approx(pose_at(found[0], later).x, abs=1e-6)


@example(a=81.43876510149491, b=0.01, turn=0.0)  # rounded below what the contract allows
@given(a=st.floats(0.01, 100.0), b=st.floats(0.01, 100.0), turn=st.floats(-3600.0, 3600.0))
def test_sizes_and_turns_go_from_the_first_to_the_second(a: float, b: float, turn: float) -> None:
    after = objects.reshaped(made("a"), 0, scale=(a, b), rotation_deg=(0.0, turn))
    valid(after)
    first, last = after[0].points[0], after[0].points[-1]
    assert (first.scale, last.scale) == pytest.approx((a, b))
    assert (first.rotation_deg, last.rotation_deg) == pytest.approx((0.0, turn))


@pytest.mark.parametrize("scale", [(0.0, 1.0), (1.0, -2.0), (1.0, 1000.0)])
def test_a_size_that_cannot_be_is_refused(scale: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        objects.reshaped(made("a"), 0, scale=scale, rotation_deg=(0.0, 0.0))


def test_another_way_keeps_time_size_and_turn() -> None:
    timed = objects.retimed(made("a", "b"), 1, start=0.2, end=0.6)
    shaped = objects.reshaped(timed, 1, scale=(1.0, 2.0), rotation_deg=(0.0, 45.0))

    after = objects.rewayed(shaped, 1, [(0.1, 0.1), (0.2, 0.1)], picture=PICTURE)

    first, last = after[1].points[0], after[1].points[-1]
    assert (first.at, last.at) == pytest.approx((0.2, 0.6))
    assert (last.scale, last.rotation_deg) == pytest.approx((2.0, 45.0))
    assert first.position == (0.3, 0.3)
    assert last.position == pytest.approx((0.4, 0.3))
    assert after[0] == shaped[0]


def test_an_eased_object_is_slow_at_first_along_its_whole_way() -> None:
    plain = made("a")
    after = objects.eased(plain, 0, EasingName.EASE_IN)
    valid(after)
    assert after[0].easing is EasingName.EASE_IN
    even, soft = pose_at(plain[0], 0.2), pose_at(after[0], 0.2)
    assert soft.x - 0.3 < (even.x - 0.3) / 2.0


@pytest.mark.parametrize("easing", [EasingName.EASE_IN, EasingName.EASE_IN_OUT])
def test_a_size_grows_with_the_way_whether_it_is_given_before_the_easing_or_after(
    easing: EasingName,
) -> None:
    grown = {"scale": (1.0, 4.0), "rotation_deg": (0.0, 90.0)}

    before = objects.eased(objects.reshaped(made("a"), 0, **grown), 0, easing)
    after = objects.reshaped(objects.eased(made("a"), 0, easing), 0, **grown)

    for u in (0.1, 0.3, 0.5, 0.8):
        one, other = pose_at(before[0], u), pose_at(after[0], u)
        assert other.scale == pytest.approx(one.scale, rel=1e-3)
        assert other.rotation_deg == pytest.approx(one.rotation_deg, abs=0.1)


def test_sizes_that_a_file_gives_between_outlive_another_easing_and_another_time() -> None:
    (plain,) = made("a")
    first, middle, last = plain.points
    swelling = middle.model_copy(update={"scale": 3.0, "rotation_deg": 45.0})
    found = (plain.model_copy(update={"points": (first, swelling, last)}),)

    after = objects.eased(found, 0, EasingName.EASE_IN_OUT)
    after = objects.retimed(after, 0, start=0.2, end=0.6)
    after = objects.reshaped(after, 0, scale=(1.0, 1.0), rotation_deg=(0.0, 0.0))

    valid(after)
    kept = after[0].points[1]
    assert (kept.position, kept.scale, kept.rotation_deg) == (middle.position, 3.0, 45.0)


@given(index=st.integers(0, 2))
def test_removing_takes_one(index: int) -> None:
    found = made("a", "b", "c")
    after = objects.removed(found, index)
    assert after == tuple(each for each in found if each != found[index])
