"""Edits of a motion: whatever the sequence, what comes out is a whole document, judged."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from companions import codec
from companions.easing import Easing, EasingName
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import (
    MAX_KEYFRAMES,
    MotionCompanion,
    MotionOrigin,
    MotionType,
    Move,
    SafetyVerdict,
)
from companions.preset import Pan, Preset, PushIn
from companions.trajectory import ObjectTrajectory
from selector.core import drafting
from selector.core.drafting import LEAST_BETWEEN, Edit, stops
from selector.core.presets import draw
from selector.core.safety import SENSITIVE, judge
from tests.companions import documents
from tests.selector.stills import NOON

PICTURE = Size(6000, 4000)
OUTPUTS = (Size(1280, 720), Size(720, 1280), Size(1024, 1024), Size(2048, 858))
LEFT, RIGHT = Rect.of(0.0, 0.2, 0.6, 0.7), Rect.of(0.4, 0.2, 1.0, 0.7)
KITE = {
    "name": "kite",
    "region": {"shape": "polygon", "points": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]},
    "points": [{"at": 0.0, "position": [0.3, 0.3]}, {"at": 1.0, "position": [0.6, 0.3]}],
}
PUSH: Preset = PushIn(name="push_in", zoom=1.5, towards=(0.3, 0.6))


def motion(**changes: object) -> MotionCompanion:
    plain = {**documents.MOTION, "x": {"scene": "12b"}, **changes}
    return codec.decode(documents.text_of(plain), MotionCompanion, file="a.motion.json")


def motions() -> st.SearchStrategy[MotionCompanion]:
    """Any motion over a picture of a usual shape."""

    def over(drawn: MotionCompanion, size: Size) -> MotionCompanion:
        image = drawn.image.model_copy(update={"width": size.width, "height": size.height})
        return drawn.model_copy(update={"image": image})

    sizes = st.sampled_from([PICTURE, Size(4000, 6000), Size(4000, 4000), Size(1600, 400)])
    return st.builds(over, documents.motions(), sizes)


class Editing(RuleBasedStateMachine):
    """An operator who may do anything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.motion = self.first = motion()
        self.expected_objects: tuple[ObjectTrajectory, ...] = ()
        self.expected_wishes: Any = None

    def edit(self, change: Edit) -> None:
        before = self.motion.model_dump_json()
        after = change(self.motion)
        assert self.motion.model_dump_json() == before
        self.motion = after

    @initialize(first=motions())
    def open(self, first: MotionCompanion) -> None:
        self.motion = self.first = first
        self.expected_objects, self.expected_wishes = first.objects, first.wishes

    @rule(stop=st.integers(-2, 70), rect=documents.rects())
    def draw(self, stop: int, rect: Rect) -> None:
        self.edit(lambda m: drafting.with_rect(m, stop, rect))

    @rule(stop=st.integers(-2, 70), degrees=st.none() | st.floats(-1000.0, 1000.0))
    def turn(self, stop: int, degrees: float | None) -> None:
        self.edit(lambda m: drafting.with_rotation(m, stop, degrees))

    @rule(seconds=st.floats(0.04, 60.0))
    def last(self, seconds: float) -> None:
        self.edit(lambda m: drafting.with_duration(m, seconds))

    @rule(easing=documents.easings())
    def ease(self, easing: Easing) -> None:
        self.edit(lambda m: drafting.with_easing(m, easing))

    @rule(output=st.sampled_from(OUTPUTS))
    def size(self, output: Size) -> None:
        self.edit(lambda m: drafting.with_output(m, output))

    @rule(wishes=st.fixed_dictionaries({}, optional={
        "prompt": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        "target_fps": st.none() | documents.rates(),
        "seed": st.none() | st.integers(0, 2**63 - 1),
    }))  # fmt: skip
    def wish(self, wishes: dict[str, object]) -> None:
        self.edit(lambda m: drafting.with_wishes(m, **wishes))
        self.expected_wishes = self.motion.wishes

    @rule(preset=documents.presets())
    def choose_preset(self, preset: Preset) -> None:
        picture, output = drafting.picture_size(self.motion), drafting.output_size(self.motion)
        drawn = draw(preset, picture=picture, output=output)
        self.edit(lambda m: drafting.with_preset(m, preset, start=drawn.start, end=drawn.end))
        assert self.motion.preset == preset

    @rule(objects=documents.moves().map(lambda move: move.objects))
    def carry(self, objects: tuple[ObjectTrajectory, ...]) -> None:
        self.edit(lambda m: drafting.with_objects(m, objects))
        self.expected_objects = objects

    @rule()
    def swap(self) -> None:
        self.edit(drafting.swapped)

    @rule(source=motions())
    def paste(self, source: MotionCompanion) -> None:
        self.edit(lambda m: drafting.pasted(m, source))

    @rule(move=documents.moves())
    def take(self, move: Move) -> None:
        self.edit(lambda m: drafting.with_move(m, move))

    @rule(at=st.floats(-0.5, 1.5), rect=documents.rects())
    def stop_at(self, at: float, rect: Rect) -> None:
        self.edit(lambda m: drafting.with_keyframe(m, at, rect))

    @rule(stop=st.integers(-2, 70))
    def go_by(self, stop: int) -> None:
        self.edit(lambda m: drafting.without_keyframe(m, stop))

    @rule(stop=st.integers(-2, 70), at=st.floats(-0.5, 1.5))
    def time(self, stop: int, at: float) -> None:
        self.edit(lambda m: drafting.retimed(m, stop, at))

    @invariant()
    def what_is_written_is_read_again(self) -> None:
        data = codec.encode(self.motion)
        assert codec.decode(data, MotionCompanion, file="a.motion.json") == self.motion

    @invariant()
    def what_no_edit_names_stays(self) -> None:
        for name in ("x", "image", "viability", "provenance", "schema_version"):
            assert getattr(self.motion, name) == getattr(self.first, name)
        assert self.motion.objects == self.expected_objects
        assert self.motion.wishes == self.expected_wishes

    @invariant()
    def label_and_verdict_follow_the_move(self) -> None:
        if self.motion is not self.first:
            assert drafting.judged(self.motion) == self.motion

    @invariant()
    def stops_follow_each_other(self) -> None:
        times = [stop.at for stop in stops(self.motion)]
        assert times[0] == 0.0
        assert times[-1] == 1.0
        assert all(a < b for a, b in itertools.pairwise(times))


TestEditing = Editing.TestCase
TestEditing.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


@given(first=motions(), stop=st.sampled_from([-1, 9, 80]))
def test_an_edit_of_a_stop_that_is_gone_changes_nothing(first: MotionCompanion, stop: int) -> None:
    for change in (
        drafting.with_rect(first, stop, LEFT),
        drafting.with_rotation(first, stop, 3.0),
        drafting.without_keyframe(first, stop),
        drafting.retimed(first, stop, 0.5),
    ):
        assert change is first


def test_each_stop_is_drawn_and_turned_by_its_own_number() -> None:
    drawn = drafting.with_keyframe(motion(), 0.5, LEFT)
    for stop, rect in enumerate((LEFT, Rect.of(0.2, 0.2, 0.8, 0.7), RIGHT)):
        drawn = drafting.with_rotation(drafting.with_rect(drawn, stop, rect), stop, 2.5 * stop)

    seen = stops(drawn)

    assert [(view.rect.x1, view.rotation_deg) for view in seen] == [
        (0.0, 0.0),
        (0.2, 2.5),
        (0.4, 5.0),
    ]


@pytest.mark.parametrize(
    ("asked", "kept"), [(0.1, 0.1), (180.0, 180.0), (190.0, -170.0), (-540.0, -180.0)]
)
def test_whole_turns_are_taken_off_and_an_angle_within_one_stays_exact(
    asked: float, kept: float
) -> None:
    assert stops(drafting.with_rotation(motion(), 0, asked))[0].rotation_deg == kept


def test_a_keyframe_whose_turn_is_taken_back_follows_its_neighbours() -> None:
    turned = drafting.with_rotation(drafting.with_keyframe(motion(), 0.5, LEFT), 1, 7.0)

    assert stops(drafting.with_rotation(turned, 1, None))[1].rotation_deg is None


def test_windows_upright_again_leave_no_rotation_behind() -> None:
    turned = drafting.with_rotation(motion(), 0, 7.0)

    assert drafting.with_rotation(turned, 0, 0.0).rotation is None


def test_the_label_follows_the_rectangles() -> None:
    panned = drafting.with_rect(drafting.with_rect(motion(), 0, LEFT), 1, RIGHT)

    assert panned.type is MotionType.PAN_RIGHT
    assert drafting.swapped(panned).type is MotionType.PAN_LEFT


def test_the_verdict_follows_the_duration() -> None:
    panned = drafting.with_rect(drafting.with_rect(motion(), 0, LEFT), 1, RIGHT)

    fast, slow = drafting.with_duration(panned, 1.0), drafting.with_duration(panned, 20.0)

    assert fast.safety is not None
    assert fast.safety.verdict is SafetyVerdict.BLOCK
    assert slow.safety is not None
    assert slow.safety.verdict is not SafetyVerdict.BLOCK


def test_an_edit_is_judged_by_the_profile_the_motion_was_judged_by() -> None:
    strict = drafting.judged(motion(), profile=SENSITIVE)

    after = drafting.with_duration(strict, 4.5)

    expected = judge(after, picture=PICTURE, output=OUTPUTS[0], profile=SENSITIVE)
    assert after.safety == expected


def test_a_preset_that_is_drawn_into_is_drawn_freely_from_then_on() -> None:
    drawn = draw(PUSH, picture=PICTURE, output=OUTPUTS[0])
    preset = drafting.with_preset(motion(), PUSH, start=drawn.start, end=drawn.end)

    assert preset.type is MotionType.PUSH_IN
    assert drafting.with_rect(preset, 1, drawn.end) is preset
    moved = drafting.with_rect(preset, 1, LEFT)
    assert moved.preset is None
    assert moved.type is not MotionType.PUSH_IN


def test_a_preset_is_drawn_anew_for_another_clip_size_and_another_picture() -> None:
    drawn = draw(PUSH, picture=PICTURE, output=OUTPUTS[0])
    preset = drafting.with_preset(motion(), PUSH, start=drawn.start, end=drawn.end)
    image = {**documents.MOTION["image"], "width": 3000, "height": 5000}

    tall = drafting.with_output(preset, OUTPUTS[1])
    elsewhere = drafting.pasted(motion(image=image), preset)

    expected = draw(PUSH, picture=PICTURE, output=OUTPUTS[1])
    assert (tall.start_rect, tall.end_rect) == (expected.start, expected.end)
    expected = draw(PUSH, picture=Size(3000, 5000), output=OUTPUTS[0])
    assert (elsewhere.start_rect, elsewhere.end_rect) == (expected.start, expected.end)
    assert elsewhere.preset == PUSH


def test_rectangles_that_somebody_wrote_under_a_presets_name_stay_their_own() -> None:
    own = motion(type="push_in", preset={"name": "push_in", "zoom": 1.5, "towards": None})

    tall = drafting.with_output(own, OUTPUTS[1])

    assert tall.end_rect == fit_aspect(own.end_rect, picture=PICTURE, output=OUTPUTS[1])
    assert tall.preset == own.preset


def test_another_clip_size_grows_every_rectangle_to_its_shape() -> None:
    drawn = drafting.with_keyframe(motion(), 0.5, LEFT)

    square = drafting.with_output(drawn, Size(1024, 1024))

    for view in stops(square):
        assert view.rect.width * 6000 == pytest.approx(view.rect.height * 4000, abs=0.1)


def test_the_same_clip_size_again_leaves_a_rectangle_of_another_shape_alone() -> None:
    free = drafting.with_rect(motion(), 0, Rect.of(0.1, 0.1, 0.2, 0.9))

    assert drafting.with_output(free, OUTPUTS[0]) is free


def test_swapping_a_preset_makes_it_the_one_that_goes_the_other_way() -> None:
    pan: Preset = Pan(name="pan_left", distance=0.2, window=0.7)
    drawn = draw(pan, picture=PICTURE, output=OUTPUTS[0])
    panned = drafting.with_preset(motion(), pan, start=drawn.start, end=drawn.end)

    back = drafting.swapped(panned)

    assert back.preset == Pan(name="pan_right", distance=0.2, window=0.7)
    assert back.type is MotionType.PAN_RIGHT
    assert drafting.swapped(back) == panned


def test_swapping_mirrors_the_stops_in_time() -> None:
    drawn = drafting.with_rotation(drafting.with_keyframe(motion(), 0.25, LEFT), 0, 4.0)

    seen = stops(drafting.swapped(drawn))

    assert [(view.at, view.rect, view.rotation_deg) for view in seen] == [
        (0.0, motion().end_rect, 0.0),
        (0.75, LEFT, None),
        (1.0, motion().start_rect, 4.0),
    ]


def test_stops_next_to_the_start_can_be_swapped_to_next_to_the_end() -> None:
    early = [{"at": at, "rect": list(LEFT.root)} for at in (5e-324, 1e-300, 1e-17, 0.5)]

    swapped = drafting.swapped(motion(keyframes=early))

    times = [stop.at for stop in swapped.keyframes]
    assert times == sorted(set(times))
    assert times[0] == 0.5
    assert times[-1] < 1.0


def test_a_stop_is_added_only_where_there_is_room_for_it() -> None:
    drawn = drafting.with_keyframe(motion(), 0.5, LEFT)

    for at in (0.0, 0.004, 0.5, 0.495, 0.995, 1.0, -1.0, 2.0):
        assert drafting.with_keyframe(drawn, at, RIGHT) is drawn
    for i in range(1, 99):
        drawn = drafting.with_keyframe(drawn, i / 99, LEFT)
    assert len(drawn.keyframes) == MAX_KEYFRAMES


def test_a_stop_that_is_taken_away_leaves_the_others_where_they_were() -> None:
    drawn = motion()
    for at in (0.25, 0.5, 0.75):
        drawn = drafting.with_keyframe(drawn, at, LEFT)

    assert [each.at for each in stops(drafting.without_keyframe(drawn, 2))] == [
        0.0,
        0.25,
        0.75,
        1.0,
    ]
    for end in (0, 4):
        assert drafting.without_keyframe(drawn, end) is drawn


def test_a_stop_is_moved_in_time_as_far_as_its_neighbours() -> None:
    drawn = motion()
    for at in (0.3, 0.6):
        drawn = drafting.with_keyframe(drawn, at, LEFT)

    assert stops(drafting.retimed(drawn, 1, 0.45))[1].at == 0.45
    assert stops(drafting.retimed(drawn, 1, 0.9))[1].at == pytest.approx(0.6 - LEAST_BETWEEN)
    assert stops(drafting.retimed(drawn, 2, 0.0))[2].at == pytest.approx(0.3 + LEAST_BETWEEN)


def test_a_stop_between_neighbours_that_are_too_near_stays_where_it_is() -> None:
    frames = [{"at": at, "rect": list(LEFT.root)} for at in (0.5, 0.501, 0.502)]
    crowded = motion(keyframes=frames)

    assert drafting.retimed(crowded, 2, 0.9) is crowded


def test_pasting_brings_the_move_and_leaves_what_belongs_to_the_picture() -> None:
    source = drafting.with_easing(motion(duration_sec=9.0), EasingName.LINEAR)
    target = motion(objects=[KITE], wishes={"seed": 4})

    pasted = drafting.pasted(target, drafting.with_keyframe(source, 0.4, LEFT))

    assert (pasted.duration_sec, pasted.easing) == (9.0, EasingName.LINEAR)
    assert [stop.at for stop in pasted.keyframes] == [0.4]
    assert pasted.objects == target.objects
    assert pasted.wishes == target.wishes
    assert pasted.x == {"scene": "12b"}


def test_wishes_are_added_and_taken_back_one_by_one() -> None:
    wished = drafting.with_wishes(motion(), target_fps=Fraction(25))
    wished = drafting.with_wishes(drafting.with_wishes(wished, seed=7), prompt="dusk")

    assert wished.wishes is not None
    assert (wished.wishes.seed, wished.wishes.prompt) == (7, "dusk")
    assert wished.wishes.target_fps == Fraction(25)
    nothing = drafting.with_wishes(wished, seed=None, prompt=None, target_fps=None)
    assert nothing.wishes is None


@pytest.mark.parametrize(
    "refused",
    [
        lambda m: drafting.with_duration(m, 0.0),
        lambda m: drafting.with_duration(m, 60.5),
        lambda m: drafting.with_duration(m, float("nan")),
        lambda m: drafting.with_easing(m, (0.5, 1.5, 0.5, 1.0)),
        lambda m: drafting.with_output(m, Size(1281, 720)),
        lambda m: drafting.with_wishes(m, seed=-1),
        lambda m: drafting.with_wishes(m, mood="sad"),
        lambda m: drafting.with_objects(m, m.objects * 2),
    ],
)
def test_what_the_contract_refuses_is_refused_before_it_is_a_document(refused: Edit) -> None:
    with pytest.raises(ValueError, match="validation error"):
        refused(motion(objects=[KITE]))


def test_a_remedys_move_is_taken_over_whole() -> None:
    move = Move(start_rect=LEFT, end_rect=RIGHT, duration_sec=12.0, easing=EasingName.EASE_OUT)

    after = drafting.with_move(motion(objects=[KITE]), move)

    assert (after.start_rect, after.end_rect, after.duration_sec) == (LEFT, RIGHT, 12.0)
    assert after.easing is EasingName.EASE_OUT
    assert after.type is MotionType.PAN_RIGHT
    assert [moving.name for moving in after.objects] == ["kite"]


def test_a_drawn_motion_says_that_a_person_drew_it() -> None:
    drawn = drafting.edited(motion(), now=NOON)

    assert drawn.provenance.origin is MotionOrigin.EDITED
    assert drawn.provenance.at == NOON
