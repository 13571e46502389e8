"""The nearest safe move: what is offered passes, and it is the least that does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companions import codec
from companions.easing import EasingName
from companions.geometry import Rect, Size, fit_aspect, largest_window
from companions.motion import (
    MAX_DURATION_S,
    MotionCompanion,
    MotionKeyframe,
    MotionType,
    Move,
    Rotation,
    SafetyVerdict,
)
from companions.preset import Pan
from selector.core.drafting import judged, with_move
from selector.core.nearest import Remedy, nearest_safe
from selector.core.safety import PROFILES, SENSITIVE, STANDARD, Profile, judge
from tests.companions import documents

PICTURE, HD = Size(6000, 4000), Size(1280, 720)
SIZES = (
    (PICTURE, HD),
    (Size(4000, 6000), HD),
    (Size(1920, 1080), HD),
    (Size(2400, 1600), Size(720, 1280)),
)


def passes(move: Move, *, picture: Size = PICTURE, output: Size = HD) -> bool:
    safety = judge(move, picture=picture, output=output)
    return safety.verdict is SafetyVerdict.PASS


def window(x: float, y: float, width: float) -> Rect:
    """A rectangle of the clip's shape."""
    return Rect.around(x, y, width, width * 1.5 * 9.0 / 16.0)


def move(start: Rect, end: Rect, *, duration_s: float = 4.0, **more: object) -> Move:
    given = {"start_rect": start, "end_rect": end, "duration_sec": duration_s, **more}
    return Move.model_validate(given)


def offers(tried: Move) -> tuple[Remedy, ...]:
    return nearest_safe(tried, picture=PICTURE, output=HD)


def offered(tried: Move, word: str) -> Remedy:
    return next(remedy for remedy in offers(tried) if re.search(word, remedy.what))


FAST_PAN = move(window(0.25, 0.5, 0.5), window(0.45, 0.5, 0.5), duration_s=2.0)


@settings(max_examples=60)
@given(
    tried=documents.moves(),
    size=st.sampled_from(SIZES),
    profile=st.sampled_from([STANDARD, SENSITIVE]),
)
def test_whatever_is_offered_passes_and_the_nearest_comes_first(
    tried: Move, size: tuple[Size, Size], profile: Profile
) -> None:
    picture, output = size

    found = nearest_safe(tried, picture=picture, output=output, profile=profile)

    for remedy in found:
        whole = Move.model_validate_json(remedy.move.model_dump_json())
        safety = judge(whole, picture=picture, output=output, profile=profile)
        assert safety.verdict is SafetyVerdict.PASS
        assert remedy.what
    assert [remedy.change for remedy in found] == sorted(remedy.change for remedy in found)
    assert all(0.0 <= remedy.change <= 1.0 for remedy in found)
    # What takes two changes is offered only where it gives up less than one would.
    assert not any(", " in remedy.what for remedy in found[1:])


@settings(max_examples=60)
@given(tried=documents.moves(), size=st.sampled_from(SIZES))
def test_there_is_an_offer_for_every_unsafe_move_over_a_picture_with_pixels_enough(
    tried: Move, size: tuple[Size, Size]
) -> None:
    picture, output = size

    found = nearest_safe(tried, picture=picture, output=output)

    widest, _ = largest_window(picture=picture, output=output)
    assert widest * picture.width >= output.width
    assert bool(found) is not passes(tried, picture=picture, output=output)


@settings(max_examples=40)
@given(tried=documents.moves())
def test_an_offer_taken_into_a_motion_is_judged_to_pass_there(tried: Move) -> None:
    plain = documents.text_of({**documents.MOTION, "x": {"scene": 3}})
    motion = codec.decode(plain, MotionCompanion, file="a.motion.json")

    for name, profile in PROFILES.items():
        unsafe = judged(with_move(motion, tried), profile=profile)
        for remedy in nearest_safe(unsafe, picture=PICTURE, output=HD, profile=profile):
            safe = with_move(unsafe, remedy.move)
            assert safe.safety is not None
            assert (safe.safety.profile, safe.safety.verdict) == (name, SafetyVerdict.PASS)


def test_a_safe_move_is_offered_nothing() -> None:
    assert offers(move(window(0.5, 0.5, 0.9), window(0.5, 0.5, 0.7), duration_s=8.0)) == ()


def test_a_picture_with_too_few_pixels_is_offered_nothing() -> None:
    small = Size(900, 600)

    assert nearest_safe(FAST_PAN, picture=small, output=HD) == ()


def test_more_time_is_offered_to_the_tenth_of_a_second() -> None:
    remedy = offered(FAST_PAN, " s instead of 2")

    seconds = remedy.move.duration_sec
    assert remedy.what == f"{seconds:g} s instead of 2"
    assert seconds == round(seconds, 1)
    assert remedy.change == pytest.approx(1.0 - 2.0 / seconds)
    assert (remedy.move.start_rect, remedy.move.end_rect) == (
        FAST_PAN.start_rect,
        FAST_PAN.end_rect,
    )
    assert not passes(FAST_PAN.model_copy(update={"duration_sec": seconds - 0.1}))


def test_more_time_never_exceeds_what_a_clip_may_last() -> None:
    slow = move(
        window(0.5, 0.5, 1.0), window(0.5, 0.5, 0.51), duration_s=59.0, easing=EasingName.LINEAR
    )
    sped = slow.model_copy(update={"duration_sec": 0.1})

    assert all(remedy.move.duration_sec <= MAX_DURATION_S for remedy in offers(sped))


def test_less_way_is_offered_to_the_hundredth_as_it_is_told() -> None:
    remedy = offered(FAST_PAN, "^END")

    share = round(100 * remedy.change)
    assert remedy.what == f"END {share}% nearer to START"
    assert remedy.move.start_rect == FAST_PAN.start_rect
    assert remedy.move.end_rect.x1 == pytest.approx(0.2 * (1.0 - remedy.change))
    further = 0.2 * (1.0 - remedy.change + 0.01)
    assert not passes(
        FAST_PAN.model_copy(update={"end_rect": Rect.around(0.25 + further, 0.5, 0.5, 0.421875)})
    )


def test_a_start_that_is_too_tight_is_drawn_toward_the_end() -> None:
    tight = move(window(0.5, 0.5, 0.15), window(0.5, 0.5, 0.4), duration_s=12.0)

    remedy = offered(tight, "^START")

    assert remedy.move.end_rect == tight.end_rect
    assert remedy.move.start_rect.width * 6000 >= 1280 * (1 - 1e-6)


def test_larger_rectangles_are_offered_where_pixels_are_too_few_and_say_how_much() -> None:
    tight = move(window(0.5, 0.5, 0.2), window(0.52, 0.5, 0.2))

    remedy = offered(tight, "larger")

    told = re.fullmatch(r"rectangles (\d+)% larger", remedy.what)
    assert told is not None
    grown = remedy.move.start_rect.width / 0.2 - 1.0
    assert 100 * grown == pytest.approx(int(told[1]), abs=0.51)
    assert 6000 * remedy.move.start_rect.width == pytest.approx(1280, rel=0.06)
    assert remedy == offers(tight)[0]


def test_a_window_that_is_turned_out_of_the_picture_is_turned_less_with_its_keyframes() -> None:
    frame = MotionKeyframe(at=0.5, rect=window(0.5, 0.5, 0.98), rotation_deg=9.0)
    turned = move(
        window(0.5, 0.5, 0.98),
        window(0.5, 0.5, 0.98),
        duration_s=20.0,
        keyframes=(frame,),
        rotation=Rotation(start_deg=0.0, end_deg=4.0),
    )

    remedy = offered(turned, "^turned")

    kept = remedy.move.keyframes[0].rotation_deg
    assert kept is not None
    assert 0.0 < kept < 9.0
    assert remedy.move.rotation is not None
    assert remedy.move.rotation.end_deg / 4.0 == pytest.approx(kept / 9.0)


def test_a_rectangle_of_another_shape_is_offered_as_it_is_rendered_anyway() -> None:
    free = move(Rect.of(0.1, 0.2, 0.9, 0.7), Rect.of(0.12, 0.2, 0.9, 0.7), duration_s=9.0)

    remedy = offers(free)[0]

    assert remedy.change == 0.0
    assert "shape" in remedy.what
    assert remedy.move.start_rect == fit_aspect(free.start_rect, picture=PICTURE, output=HD)


def test_where_no_single_change_is_enough_two_are_taken_together() -> None:
    # Too few pixels and out of the picture: neither larger nor less turned alone helps.
    corner = move(
        window(0.05, 0.05, 0.1),
        window(0.05, 0.05, 0.1),
        rotation=Rotation(start_deg=20.0, end_deg=20.0),
    )

    remedy = offers(corner)[0]

    assert "larger" in remedy.what
    assert "turned" in remedy.what


def test_a_change_that_gives_up_most_of_a_move_stands_behind_a_smaller_one_in_two_parts() -> None:
    wild = move(window(0.5, 0.5, 1.0), window(0.1, 0.1, 0.22), duration_s=2.0)

    found = offers(wild)

    assert re.fullmatch(r"END \d+% nearer to START, rectangles up to \d+% larger", found[0].what)
    assert all(remedy.change > max(0.5, found[0].change) for remedy in found[1:])


def test_a_preset_stays_one_where_only_its_time_changes() -> None:
    preset = Pan(name="pan_right", distance=0.2, window=0.5)
    pan = FAST_PAN.model_copy(update={"type": MotionType.PAN_RIGHT, "preset": preset})

    assert offered(pan, " s instead of").move.preset == preset
    assert offered(pan, "^END").move.preset is None
