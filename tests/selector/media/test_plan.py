from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from companions.geometry import Size
from selector.media.cache import ByteCache
from selector.media.plan import (
    URGENT,
    Key,
    Plan,
    Tier,
    fitted,
    image_bytes,
    kept,
    next_key,
)

LARGE = Size(6000, 4000)
ROOMY = {Tier.THUMB: 10**9, Tier.SCREEN: 10**9}


def paths(count: int) -> tuple[Path, ...]:
    return tuple(Path(f"/{i:03d}.jpg") for i in range(count))


def order(plan: Plan, budgets: dict[Tier, int] = ROOMY) -> list[Key]:
    return list(kept(plan, budgets=budgets, size_of=lambda _: LARGE, refused=()))


def test_thumbs_come_after_the_most_urgent_pictures_for_the_screen() -> None:
    pictures = paths(URGENT + 2)

    keys = order(Plan(screens=pictures, thumbs=pictures[:2]))

    assert [tier for _, tier in keys] == [Tier.SCREEN] * URGENT + [Tier.THUMB] * 2 + [
        Tier.SCREEN
    ] * 2
    assert [picture for picture, tier in keys if tier is Tier.SCREEN] == list(pictures)


def test_no_more_is_loaded_than_the_budget_holds() -> None:
    each = image_bytes(Tier.SCREEN, LARGE)

    keys = order(Plan(screens=paths(50)), {**ROOMY, Tier.SCREEN: 3 * each + 1})

    assert [picture for picture, _ in keys] == list(paths(3))


def test_a_picture_of_unknown_size_is_counted_as_the_largest_there_can_be() -> None:
    assert image_bytes(Tier.SCREEN, None) == 1500 * 1500 * 4
    assert image_bytes(Tier.SCREEN, LARGE) == 1500 * 1000 * 4
    assert image_bytes(Tier.THUMB, Size(100, 50)) == 100 * 50 * 4


def test_a_picture_that_cannot_be_shown_takes_no_room() -> None:
    first, second, third = paths(3)
    each = image_bytes(Tier.SCREEN, LARGE)

    keys = kept(
        Plan(screens=(first, second, third)),
        budgets={**ROOMY, Tier.SCREEN: 2 * each},
        size_of=lambda _: LARGE,
        refused={first},
    )

    assert list(keys) == [(second, Tier.SCREEN), (third, Tier.SCREEN)]


def test_what_is_there_or_under_way_is_not_begun_again() -> None:
    first, second, third = paths(3)
    wanted = dict.fromkeys((picture, Tier.SCREEN) for picture in (first, second, third))

    key = next_key(
        wanted,
        held={Tier.SCREEN: {(first, Tier.SCREEN)}, Tier.THUMB: ()},
        under_way={(second, Tier.SCREEN)},
    )

    assert key == (third, Tier.SCREEN)


def test_a_thumb_waits_for_its_picture_that_is_being_decoded_for_the_screen() -> None:
    first, second = paths(2)
    wanted: dict[Key, None] = {(first, Tier.THUMB): None, (second, Tier.THUMB): None}
    nothing: dict[Tier, tuple[Key, ...]] = {Tier.SCREEN: (), Tier.THUMB: ()}

    key = next_key(wanted, held=nothing, under_way={(first, Tier.SCREEN)})

    assert key == (second, Tier.THUMB)


def test_the_thread_for_the_current_picture_takes_nothing_else() -> None:
    first, second = paths(2)
    wanted: dict[Key, None] = {(first, Tier.SCREEN): None, (second, Tier.SCREEN): None}
    nothing: dict[Tier, tuple[Key, ...]] = {Tier.SCREEN: (), Tier.THUMB: ()}

    assert next_key(wanted, held=nothing, under_way=(), only=second) == (second, Tier.SCREEN)
    assert next_key(wanted, held=nothing, under_way=(), only=Path("/other.jpg")) is None


@given(st.integers(1, 200_000), st.integers(1, 200_000), st.sampled_from(list(Tier)))
def test_a_fitted_size_has_pixels_and_is_no_longer_than_its_tier(
    width: int, height: int, tier: Tier
) -> None:
    size = fitted(Size(width, height), long_side=tier.long_side)

    assert 1 <= size.width <= min(width, tier.long_side)
    assert 1 <= size.height <= min(height, tier.long_side)


@given(
    sizes=st.lists(st.tuples(st.integers(1, 8000), st.integers(1, 8000)), min_size=1, max_size=30),
    screens=st.lists(st.integers(0, 29), max_size=40),
    thumbs=st.lists(st.integers(0, 29), max_size=40),
    budget=st.integers(15 * 2**20, 90 * 2**20),
    damaged=st.sets(st.integers(0, 29)),
)
def test_loading_by_a_plan_ends_within_the_budget_with_each_picture_loaded_once(
    sizes: list[tuple[int, int]],
    screens: list[int],
    thumbs: list[int],
    budget: int,
    damaged: set[int],
) -> None:
    pictures = paths(len(sizes))
    true = {picture: Size(*size) for picture, size in zip(pictures, sizes, strict=True)}
    plan = Plan(
        tuple(pictures[i] for i in screens if i < len(pictures)),
        tuple(pictures[i] for i in thumbs if i < len(pictures)),
    )
    budgets = {Tier.SCREEN: budget, Tier.THUMB: 2**20}
    caches = {tier: ByteCache[Key, None](share) for tier, share in budgets.items()}
    known: dict[Path, Size] = {}
    refused: set[Path] = set()
    loaded: list[Key] = []

    def now() -> dict[Key, None]:
        return kept(plan, budgets=budgets, size_of=known.get, refused=refused)

    while (key := next_key(now(), held=caches, under_way=())) is not None:
        picture, tier = key
        loaded.append(key)
        if pictures.index(picture) in damaged:
            refused.add(picture)
            continue
        known[picture] = true[picture]
        size_bytes = image_bytes(tier, true[picture])
        assert caches[tier].put(key, None, size_bytes=size_bytes, keep=now())

    assert len(loaded) == len(set(loaded))
    assert all(key in caches[key[1]] for key in now())
    if plan.screens and plan.screens[0] not in refused:
        assert (plan.screens[0], Tier.SCREEN) in caches[Tier.SCREEN]
