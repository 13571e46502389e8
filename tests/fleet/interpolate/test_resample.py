"""From the generator's frames to exactly the clip's frames."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companions.geometry import Size
from companions.picture import Pixels
from companions.timing import FrameGrid, FramePlan, plan_frames
from fleet.errors import BackendFailed
from fleet.interpolate.blend import Blend
from fleet.interpolate.flow import Flow
from fleet.interpolate.none import Hold
from fleet.interpolate.resample import AT_ONCE, Resampling, resample
from tests.contracts.photographs import photograph, psnr, shifted

SIZE = Size(160, 90)


def plan(
    *,
    seconds: float,
    made_at: int | Fraction,
    shown_at: int | Fraction,
    num_frames: int | None = None,
) -> FramePlan:
    return plan_frames(
        duration_s=seconds,
        target_fps=Fraction(shown_at),
        generator_fps=Fraction(made_at),
        grid=FrameGrid(least=1),
        num_frames=num_frames,
    )


def pan(count: int, *, name: str = "coffee.png", step: float = 3.0) -> list[Pixels]:
    picture = photograph(name)
    return [shifted(picture, dx=60.0 + step * i, dy=80.0, size=SIZE) for i in range(count)]


def test_a_clip_at_the_generators_own_rate_is_its_frames_byte_for_byte() -> None:
    wanted = plan(seconds=1, made_at=12, shown_at=12)
    made, report = pan(wanted.generated), Resampling()

    clip = list(resample(iter(made), wanted, Flow(), report=report))

    assert all(a is b for a, b in zip(clip, made, strict=True))
    assert (report.passed, report.interpolated, report.held) == (12, 0, 0)


def test_frames_that_coincide_pass_untouched_and_only_the_others_are_made() -> None:
    wanted = plan(seconds=1, made_at=8, shown_at=24)
    made, report = pan(wanted.generated), Resampling()

    clip = list(resample(iter(made), wanted, Flow(), report=report))

    assert len(clip) == wanted.clip == 24
    assert all(clip[3 * j] is made[j] for j in range(8))
    assert report.passed + report.interpolated == 24
    assert report.cuts == []


def test_interpolated_frames_lie_where_the_plan_says() -> None:
    wanted = plan(seconds=0.5, made_at=8, shown_at=32)
    picture = photograph("chelsea.png")
    made = pan(wanted.generated, name="chelsea.png", step=4.0)

    clip = list(resample(iter(made), wanted, Flow()))

    for index, frame in enumerate(clip):
        j, fraction = wanted.position(index)
        if j + 1 < len(made) - 1:  # the last generated frame is held at the move's end
            truth = shifted(picture, dx=60.0 + 4.0 * (j + fraction), dy=80.0, size=SIZE)
            assert psnr(frame, truth, border=6) > 33.0


RATES = [Fraction(n) for n in (1, 8, 12, 16, 24, 25, 30, 60)] + [
    Fraction(24000, 1001),
    Fraction(30000, 1001),
    Fraction(60000, 1001),
    Fraction(25, 2),
]
rates = st.sampled_from(RATES)


class Dated(np.ndarray):
    """A frame that knows the instant it shows, in seconds."""

    instant: float


def dated(instant: float) -> Dated:
    frame = np.zeros((2, 2, 3), dtype=np.uint8).view(Dated)
    frame.instant = instant
    return frame


class Clock:
    """An interpolator of dated frames: it makes the instant between them."""

    name = "clock"
    memory_bytes = 0
    side_by_side = True
    weights_sha256: Mapping[str, str] = {}

    def between(self, before: Pixels, after: Pixels, fractions: Sequence[float]) -> list[Pixels]:
        assert isinstance(before, Dated)
        assert isinstance(after, Dated)
        apart = after.instant - before.instant
        return [dated(before.instant + apart * fraction) for fraction in fractions]


@settings(max_examples=40, deadline=None)
@given(
    seconds=st.floats(0.1, 2.0), made_at=rates, shown_at=rates, num=st.none() | st.integers(2, 40)
)
def test_a_clip_has_exactly_its_frames_whatever_the_rates(
    seconds: float, made_at: Fraction, shown_at: Fraction, num: int | None
) -> None:
    if round(Fraction(repr(seconds)) * shown_at) < 1:
        return
    wanted = plan(seconds=seconds, made_at=made_at, shown_at=shown_at, num_frames=num)
    made = [np.full((2, 2, 3), i % 256, dtype=np.uint8) for i in range(wanted.generated)]
    report = Resampling()

    clip = list(resample(iter(made), wanted, Hold(), report=report))

    assert len(clip) == wanted.clip
    assert report.passed + report.interpolated + report.held == wanted.clip
    assert report.taken == wanted.generated
    assert clip[0] is made[0]
    assert clip[-1] is made[wanted.instants.index(wanted.last_instant)]


@settings(max_examples=40, deadline=None)
@given(
    seconds=st.floats(0.1, 2.0), made_at=rates, shown_at=rates, num=st.none() | st.integers(2, 40)
)
def test_every_clip_frame_shows_its_own_instant_whatever_the_rates(
    seconds: float, made_at: Fraction, shown_at: Fraction, num: int | None
) -> None:
    if round(Fraction(repr(seconds)) * shown_at) < 1:
        return
    wanted = plan(seconds=seconds, made_at=made_at, shown_at=shown_at, num_frames=num)
    made = [dated(float(instant)) for instant in wanted.instants]

    clip = list(resample(iter(made), wanted, Clock()))

    shown = [frame.instant for frame in clip if isinstance(frame, Dated)]
    assert shown == pytest.approx([i / float(shown_at) for i in range(wanted.clip)], abs=1e-9)


class Counted(Blend):
    """A blend that knows how many frames it made at once."""

    def __init__(self) -> None:
        self.most = 0

    def between(self, before: Pixels, after: Pixels, fractions: Sequence[float]) -> list[Pixels]:
        self.most = max(self.most, len(fractions))
        return super().between(before, after, fractions)


def test_a_long_way_between_two_frames_is_made_a_few_frames_at_a_time() -> None:
    wanted = plan(seconds=2, made_at=1, shown_at=30)
    made, counted, report = pan(wanted.generated), Counted(), Resampling()

    clip = list(resample(iter(made), wanted, counted, report=report))

    whole = Blend().between(made[0], made[1], [i / 30 for i in range(1, 30)])
    assert all(np.array_equal(a, b) for a, b in zip(clip[1:30], whole, strict=True))
    assert (len(clip), report.interpolated) == (60, 57)
    assert counted.most == AT_ONCE


def test_a_clip_slower_than_its_generator_takes_the_frames_of_its_instants() -> None:
    half = plan(seconds=1, made_at=24, shown_at=12)
    odd = plan(seconds=1, made_at=24, shown_at=10)
    made, report = pan(half.generated, step=1.0), Resampling()

    assert all(frame is made[2 * i] for i, frame in enumerate(resample(iter(made), half, Flow())))
    clip = list(resample(iter(pan(odd.generated, step=1.0)), odd, Flow(), report=report))

    assert (len(clip), report.taken) == (10, odd.generated)
    assert (report.passed, report.interpolated) == (3, 7)
    truth = shifted(photograph("coffee.png"), dx=60.0 + 2.4, dy=80.0, size=SIZE)
    assert psnr(clip[1], truth, border=6) > 33.0


def stuttering(wanted: FramePlan, *, at: int) -> list[Pixels]:
    """A pan whose frame ``at`` repeats the one before."""
    made = pan(wanted.generated)
    made[at] = made[at - 1].copy()
    return made


@pytest.mark.parametrize("shown_at", [8, 24, 20], ids=["as made", "three times", "between"])
def test_a_repeated_frame_is_passed_over_and_made_from_its_neighbours(shown_at: int) -> None:
    wanted = plan(seconds=1, made_at=8, shown_at=shown_at)
    report = Resampling()

    clip = list(resample(iter(stuttering(wanted, at=3)), wanted, Flow(), report=report))

    assert report.duplicates == [3]
    assert (len(clip), report.taken, report.cuts) == (wanted.clip, wanted.generated, [])
    for index, frame in enumerate(clip):
        at = wanted.position(index)
        if 2 <= sum(at) <= 4:
            truth = shifted(photograph("coffee.png"), dx=60.0 + 3.0 * sum(at), dy=80.0, size=SIZE)
            assert psnr(frame, truth, border=8) > 32.0


def test_the_frames_beside_a_repeated_one_pass_untouched() -> None:
    wanted = plan(seconds=1, made_at=8, shown_at=16)
    made, report = stuttering(wanted, at=3), Resampling()

    clip = list(resample(iter(made), wanted, Blend(), report=report))

    passed = [j for j in range(8) if j != 3]
    assert all(clip[2 * j] is made[j] for j in passed)
    assert (report.passed, report.interpolated) == (len(passed) + 1, 16 - len(passed) - 1)


def test_a_generator_that_shows_every_frame_twice_is_smoothed() -> None:
    wanted = plan(seconds=1, made_at=12, shown_at=12)
    twice, report = [pan(12)[j // 2 * 2] for j in range(12)], Resampling()

    clip = list(resample(iter(twice), wanted, Flow(), report=report))

    assert report.duplicates == [3, 5, 7, 9]
    assert (clip[0] is twice[0], clip[1] is twice[1], clip[-1] is twice[-1]) == (True, True, True)


@pytest.mark.parametrize("at", [2, 6], ids=["the third", "the last but one"])
def test_the_first_and_last_frames_that_can_be_passed_over_are(at: int) -> None:
    wanted = plan(seconds=1, made_at=8, shown_at=8)
    report = Resampling()

    list(resample(iter(stuttering(wanted, at=at)), wanted, Blend(), report=report))

    assert report.duplicates == [at]


@pytest.mark.parametrize("at", [1, 7], ids=["the second", "the last"])
def test_the_first_and_the_last_frame_are_never_passed_over(at: int) -> None:
    wanted = plan(seconds=1, made_at=8, shown_at=8)
    made, report = stuttering(wanted, at=at), Resampling()

    clip = list(resample(iter(made), wanted, Flow(), report=report))

    assert all(a is b for a, b in zip(clip, made, strict=True))
    assert report.duplicates == []


def test_the_frame_that_shows_the_end_of_the_move_is_kept_though_more_are_made() -> None:
    wanted = plan(seconds=0.5, made_at=8, shown_at=8, num_frames=9)
    made, report = stuttering(wanted, at=3), Resampling()

    clip = list(resample(iter(made), wanted, Blend(), report=report))

    assert clip[3] is made[3]
    assert report.duplicates == []


def test_a_passage_that_rests_stays_at_rest() -> None:
    wanted = plan(seconds=1, made_at=8, shown_at=8)
    made, report = pan(8), Resampling()
    made[4] = made[5] = made[3]

    clip = list(resample(iter(made), wanted, Flow(), report=report))

    assert all(a is b for a, b in zip(clip, made, strict=True))
    assert report.duplicates == []


def test_a_frame_that_repeats_before_a_cut_is_not_mended_across_it() -> None:
    wanted = plan(seconds=1, made_at=8, shown_at=16)
    made = [*pan(4), *pan(wanted.generated - 4, name="rocket.jpg")]
    report = Resampling()
    made[3] = made[2].copy()

    clip = list(resample(iter(made), wanted, Blend(), report=report))

    assert (report.duplicates, report.cuts, report.held) == ([], [4], 1)
    assert np.array_equal(clip[6], made[2])
    assert np.array_equal(clip[7], made[4])


def test_stop_motion_keeps_its_repeated_frames() -> None:
    wanted = plan(seconds=1, made_at=8, shown_at=8)
    made, report = stuttering(wanted, at=3), Resampling()

    clip = list(resample(iter(made), wanted, Hold(), report=report))

    assert all(a is b for a, b in zip(clip, made, strict=True))
    assert report.duplicates == []


def test_nothing_is_invented_across_a_cut() -> None:
    wanted = plan(seconds=1, made_at=4, shown_at=16)
    made = [*pan(2), *pan(wanted.generated - 2, name="rocket.jpg")]
    report = Resampling()

    clip = list(resample(iter(made), wanted, Blend(), report=report))

    assert report.cuts == [2]
    assert report.held == 3
    assert [np.array_equal(clip[i], made[1]) for i in (4, 5, 6, 7)] == [True, True, False, False]
    assert [np.array_equal(clip[i], made[2]) for i in (5, 6, 7, 8)] == [False, True, True, True]
    assert report.interpolated > 0


def test_a_source_that_ends_early_is_named() -> None:
    wanted = plan(seconds=1, made_at=6, shown_at=12)

    with pytest.raises(BackendFailed, match=r"wan2.2 failed: it made 3 of 7 frames") as failed:
        list(resample(iter(pan(3)), wanted, Blend(), source="wan2.2"))

    assert failed.value.backend == "wan2.2"


def test_a_source_without_any_frame_is_named() -> None:
    with pytest.raises(BackendFailed, match="0 of"):
        list(resample(iter([]), plan(seconds=1, made_at=6, shown_at=6), Hold()))


def test_a_source_that_makes_too_much_is_named() -> None:
    wanted = plan(seconds=1, made_at=6, shown_at=6)

    with pytest.raises(BackendFailed, match="more than"):
        list(resample(iter(pan(wanted.generated + 1)), wanted, Hold()))


def test_frames_held_beyond_the_end_of_the_move_are_read_too() -> None:
    wanted = plan(seconds=0.5, made_at=8, shown_at=8, num_frames=9)
    report = Resampling()

    clip = list(resample(iter(pan(9)), wanted, Hold(), report=report))

    assert (len(clip), report.taken) == (4, 9)


def test_a_clip_of_one_frame_is_the_first_frame() -> None:
    wanted = plan(seconds=0.1, made_at=10, shown_at=10)
    made = pan(wanted.generated)

    clip = list(resample(iter(made), wanted, Flow()))

    assert len(clip) == 1
    assert clip[0] is made[0]


class Live(np.ndarray):
    """An array that can be watched for being let go."""


@pytest.mark.parametrize("repeated", [(), (4, 7)], ids=["even", "with repeated frames"])
def test_three_generated_frames_and_those_of_pairs_at_work_are_held(
    repeated: tuple[int, ...],
) -> None:
    wanted = plan(seconds=1.5, made_at=6, shown_at=15)
    made: list[weakref.ref[Live]] = []
    most = 0
    report = Resampling()

    def source() -> Iterator[Pixels]:
        nonlocal most
        for i in range(wanted.generated):
            level = 10 * (i - 1 if i in repeated else i)
            frame = np.full((4, 4, 3), level, dtype=np.uint8).view(Live)
            made.append(weakref.ref(frame))
            most = max(most, sum(ref() is not None for ref in made))
            yield frame
            del frame

    for _ in resample(source(), wanted, Blend(), report=report):
        pass

    assert report.duplicates == list(repeated)
    assert 2 <= most <= 4
