"""Groups: which pictures are one choice, by folder, name or time."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.core.groups import GroupRule, default_rule, group_pictures, natural


def groups(*names: str, rule: GroupRule = GroupRule.STEM) -> list[tuple[str, ...]]:
    return [group.pictures for group in group_pictures(names, rule=rule)]


def keys(*names: str, rule: GroupRule = GroupRule.STEM) -> list[str]:
    return [group.key for group in group_pictures(names, rule=rule)]


@pytest.mark.parametrize(
    "together",
    [
        pytest.param(("gate_01.jpg", "gate_02.jpg", "gate_10.jpg"), id="numbers"),
        pytest.param(("gate-a.jpg", "gate-b.jpg"), id="letters"),
        pytest.param(("gate.jpg", "gate 2.jpg", "gate 3.png"), id="the first without a number"),
        pytest.param(("DSC1234 (2).jpg", "DSC1234 (3).jpg", "DSC1234.jpg"), id="copies"),
        pytest.param(("IMG_0001.jpg", "IMG_0001-2.jpg"), id="a second version"),
        pytest.param(("x_00001_BURST2020.jpg", "x_00002_BURST2020.jpg"), id="a burst"),
        pytest.param(
            (
                "00000IMG_00000_BURST20190101120000123_COVER.jpg",
                "00001IMG_00001_BURST20190101120000123.jpg",
                "00012IMG_00012_BURST20190101120000123.jpg",
            ),
            id="a telephone's burst",
        ),
        pytest.param(
            ("IMG_20150601_123456_BURST001_COVER.jpg", "IMG_20150601_123456_BURST002.jpg"),
            id="an older telephone's burst",
        ),
        pytest.param(("Tor, früh_1.jpg", "Tor, früh_2.jpg"), id="any script"),
        pytest.param(("門_1.jpg", "門_2.jpg"), id="one sign"),
    ],
)
def test_names_that_differ_in_a_counter_are_one_group(together: tuple[str, ...]) -> None:
    found = groups(*together)

    assert len(found) == 1
    assert set(found[0]) == set(together)


@pytest.mark.parametrize(
    "apart",
    [
        pytest.param(("IMG_0001.jpg", "IMG_0002.jpg", "IMG_0800.jpg"), id="a camera's numbers"),
        pytest.param(("DSC_001.jpg", "DSC_002.jpg"), id="three digits"),
        pytest.param(("DSC12.jpg", "DSC13.jpg"), id="no separator"),
        pytest.param(("2024.jpg", "2025.jpg"), id="years"),
        pytest.param(("1.jpg", "2.jpg", "3.jpg"), id="nothing but numbers"),
        pytest.param(("a.jpg", "b.jpg"), id="nothing but letters"),
        pytest.param(("_1.jpg", "_2.jpg"), id="nothing before the separator"),
        pytest.param(("2024-07-04.jpg", "2024-07-05.jpg"), id="days"),
        pytest.param(("trip 2024_07_04.jpg", "trip 2024_07_05.jpg"), id="days after a word"),
        pytest.param(("2024-07.jpg", "2024-08.jpg"), id="months"),
        pytest.param(
            ("photo_2024-01-01_12-30-45.jpg", "photo_2024-01-01_12-30-46.jpg"), id="moments"
        ),
        pytest.param(
            ("Screenshot 2024-01-01 at 12.30.45.png", "Screenshot 2024-01-01 at 12.30.46.png"),
            id="moments with a word",
        ),
        pytest.param(("ComfyUI_00001_.png", "ComfyUI_00002_.png"), id="a generator's numbers"),
        pytest.param(("x_00001_BURST2020.jpg", "x_00001_BURST2021.jpg"), id="two bursts"),
        pytest.param(("day1/gate_1.jpg", "day2/gate_2.jpg"), id="two folders"),
    ],
)
def test_names_that_differ_otherwise_are_groups_of_their_own(apart: tuple[str, ...]) -> None:
    assert groups(*apart) == [(name,) for name in apart]


def test_only_the_last_counter_is_taken_off() -> None:
    assert keys("gate_01_a.jpg", "gate_01_b.jpg", "gate_02_a.jpg") == ["gate_01", "gate_02"]


def test_a_group_is_named_by_what_its_pictures_share() -> None:
    assert keys("day 1/gate_01.jpg", "day 1/gate_02.jpg") == ["day 1/gate"]


def test_pictures_stand_in_the_order_of_their_numbers() -> None:
    shuffled = ("s/g_10.jpg", "s/g_9.jpg", "s/g_1.jpg")

    assert groups(*shuffled) == [("s/g_1.jpg", "s/g_9.jpg", "s/g_10.jpg")]
    assert groups("b10/x.jpg", "b9/x.jpg", rule=GroupRule.FOLDER) == [("b9/x.jpg",), ("b10/x.jpg",)]


def test_each_folder_is_a_group() -> None:
    found = groups("a/1.jpg", "a/2.jpg", "b/1.jpg", "top.jpg", rule=GroupRule.FOLDER)

    assert found == [("top.jpg",), ("a/1.jpg", "a/2.jpg"), ("b/1.jpg",)]


def test_pictures_taken_one_after_another_are_a_group_and_undated_ones_alone() -> None:
    taken_at = {"a.jpg": 100.0, "b.jpg": 103.0, "c.jpg": 106.9, "d.jpg": 111.0}

    found = group_pictures(
        [*taken_at, "undated.jpg"], rule=GroupRule.TIME, taken_at=taken_at, gap_s=4.0
    )

    assert [g.pictures for g in found] == [
        ("a.jpg", "b.jpg", "c.jpg"),
        ("d.jpg",),
        ("undated.jpg",),
    ]


@given(
    st.lists(st.text("ab01_-. ()/é", min_size=1, max_size=12), unique=True, max_size=30),
    st.sampled_from(GroupRule),
)
def test_every_picture_is_in_one_group_and_every_group_has_its_own_name(
    stems: list[str], rule: GroupRule
) -> None:
    names = [stem + ".jpg" for stem in stems]
    taken_at = {name: float(len(name)) for name in names[::2]}

    found = group_pictures(names, rule=rule, taken_at=taken_at)

    assert sorted(n for group in found for n in group.pictures) == sorted(names)
    assert len({group.key for group in found}) == len(found)


@given(st.lists(st.text(max_size=8), max_size=20), st.randoms())
def test_any_names_have_one_order_wherever_they_came_from(
    names: list[str], chance: random.Random
) -> None:
    there = sorted(names, key=natural)
    chance.shuffle(names)
    back = sorted(names, key=natural)

    assert [natural(name) for name in there] == [natural(name) for name in back]


@pytest.mark.parametrize(
    ("names", "dated_share", "rule"),
    [
        pytest.param(["a/1.jpg", "b/1.jpg"], 1.0, GroupRule.FOLDER, id="folders"),
        pytest.param(["a/1.jpg", "top.jpg"], 1.0, GroupRule.FOLDER, id="a folder"),
        pytest.param(["g_1.jpg", "g_2.jpg", "h.jpg"], 1.0, GroupRule.STEM, id="alternatives"),
        pytest.param([f"g_{i}.jpg" for i in range(40)], 1.0, GroupRule.TIME, id="one long series"),
        pytest.param([f"IMG_{i:04}.jpg" for i in range(40)], 0.5, GroupRule.TIME, id="a camera's"),
        pytest.param([f"IMG_{i:04}.jpg" for i in range(40)], 0.4, GroupRule.EACH, id="undated"),
        pytest.param(
            [f"DCIM/IMG_{i:04}.jpg" for i in range(400)], 1.0, GroupRule.TIME, id="a whole shoot"
        ),
        pytest.param(
            [f"d/g{i:03}_{j}.jpg" for i in range(100) for j in "ab"],
            0.0,
            GroupRule.STEM,
            id="alternatives in one large folder",
        ),
        pytest.param([], 0.0, GroupRule.EACH, id="nothing"),
    ],
)
def test_the_rule_is_chosen_by_what_the_folder_holds(
    names: list[str], dated_share: float, rule: GroupRule
) -> None:
    assert default_rule(names, dated_share=dated_share) is rule


def test_twenty_thousand_names_are_grouped_at_once() -> None:
    names = [f"day {d}/gate_{i:04}_{c}.jpg" for d in range(10) for i in range(500) for c in "abcd"]
    random.Random(5).shuffle(names)
    spent = []
    for _ in range(3):
        begun = time.process_time()
        found = group_pictures(names, rule=GroupRule.STEM)
        spent.append(time.process_time() - begun)

    assert len(found) == 5_000
    assert min(spent) < 0.5  # 0.13 s measured; CPU time, but of a machine of any age
