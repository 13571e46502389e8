"""From the generator's frames to exactly the clip's frames."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
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
from fleet.interpolate.resample import Resampling, resample
from tests.contracts.photographs import photograph, psnr, shifted

SIZE = Size(160, 90)


def plan(
    *, seconds: float, made_at: int, shown_at: int, num_frames: int | None = None
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


@settings(max_examples=40, deadline=None)
@given(
    seconds=st.floats(0.1, 3.0),
    made_at=st.integers(1, 30),
    shown_at=st.integers(1, 60),
    num_frames=st.none() | st.integers(2, 40),
)
def test_a_clip_has_exactly_its_frames_whatever_the_rates(
    seconds: float, made_at: int, shown_at: int, num_frames: int | None
) -> None:
    if round(Fraction(repr(seconds)) * shown_at) < 1:
        return
    wanted = plan(seconds=seconds, made_at=made_at, shown_at=shown_at, num_frames=num_frames)
    made = [np.full((2, 2, 3), i % 256, dtype=np.uint8) for i in range(wanted.generated)]
    report = Resampling()

    clip = list(resample(iter(made), wanted, Hold(), report=report))

    assert len(clip) == wanted.clip
    assert report.passed + report.interpolated + report.held == wanted.clip
    assert report.taken == wanted.generated


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


def test_two_generated_frames_are_held_at_a_time() -> None:
    wanted = plan(seconds=2, made_at=6, shown_at=15)
    made: list[weakref.ref[Live]] = []
    most = 0

    def source() -> Iterator[Pixels]:
        nonlocal most
        for i in range(wanted.generated):
            frame = np.full((4, 4, 3), i, dtype=np.uint8).view(Live)
            made.append(weakref.ref(frame))
            gc.collect()
            most = max(most, sum(ref() is not None for ref in made))
            yield frame
            del frame

    for _ in resample(source(), wanted, Blend()):
        pass

    assert 2 <= most <= 3
