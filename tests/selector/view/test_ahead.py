"""What is wanted next, in which order."""

from __future__ import annotations

from selector.core.groups import Group
from selector.view import ahead

GROUPS = tuple(Group(f"g{n}", (f"g{n}/a", f"g{n}/b")) for n in range(12))


def test_the_candidate_that_is_shown_comes_first_then_its_group_and_those_to_come() -> None:
    names = ahead.to_show(GROUPS, range(12), group=5, candidate=1)

    assert names[:6] == ["g5/b", "g5/a", "g6/a", "g6/b", "g7/a", "g7/b"]
    assert names.index("g4/a") < names.index("g9/a")
    assert len(names) == len(set(names)) == 16


def test_groups_that_are_not_shown_are_not_wanted() -> None:
    names = ahead.to_show(GROUPS, (1, 5, 9), group=5, candidate=0)

    assert names == ["g5/a", "g5/b", "g9/a", "g9/b", "g1/a", "g1/b"]
    assert ahead.to_show(GROUPS, (1, 9), group=5, candidate=0) == ["g5/a", "g5/b"]
    assert ahead.to_show((), (), group=-1, candidate=0) == []


def test_of_a_folder_of_thousands_only_those_around_are_wanted() -> None:
    whole = Group(".", tuple(f"{n:05}" for n in range(20_000)))

    names = ahead.to_show((whole,), (0,), group=0, candidate=10_000)
    assert names[0] == "10000"
    assert set(names) == {f"{n:05}" for n in range(9_968, 10_032)}


def test_what_waits_is_looked_at_first_and_everything_in_the_end() -> None:
    order = list(dict.fromkeys(ahead.to_look_at(GROUPS, (8, 3), group=8, awaited=["g0/b"])))

    assert order[:5] == ["g0/b", "g8/a", "g8/b", "g3/a", "g3/b"]
    assert sorted(order) == sorted(name for group in GROUPS for name in group.pictures)
