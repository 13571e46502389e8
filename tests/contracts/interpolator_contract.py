"""What every interpolator does.  Each backend subclasses and gives ``interpolator``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from companions.geometry import Size
from companions.picture import Pixels
from fleet.interpolate.base import Interpolator
from tests.contracts.photographs import photograph, psnr, shifted

SIZE = Size(240, 160)


def pair(*, dx: float = 4.0, name: str = "coffee.png", size: Size = SIZE) -> tuple[Pixels, Pixels]:
    """Two frames of a pan of ``dx`` pixels over a photograph."""
    picture = photograph(name)
    return (
        shifted(picture, dx=40.0, dy=30.0, size=size),
        shifted(picture, dx=40.0 + dx, dy=30.0 + dx / 4.0, size=size),
    )


class InterpolatorContract:
    """What every interpolator does."""

    name: str
    """As in the manifest."""

    @pytest.fixture
    def interpolator(self) -> Interpolator:
        raise NotImplementedError

    def test_it_is_called_what_the_manifest_calls_it(self, interpolator: Interpolator) -> None:
        assert interpolator.name == self.name

    @pytest.mark.parametrize("fractions", [[], [0.5], [0.25, 0.5, 0.75], [1 / 3, 0.01, 0.99]])
    def test_it_makes_one_frame_for_each_fraction(
        self, interpolator: Interpolator, fractions: list[float]
    ) -> None:
        before, after = pair()

        made = interpolator.between(before, after, fractions)

        assert [(f.shape, f.dtype) for f in made] == [(before.shape, before.dtype)] * len(fractions)

    def test_the_same_pair_gives_the_same_bytes(self, interpolator: Interpolator) -> None:
        before, after = pair()

        first, second = (interpolator.between(before, after, [0.3, 0.7]) for _ in range(2))

        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))

    def test_pairs_side_by_side_give_what_they_give_alone(self, interpolator: Interpolator) -> None:
        if not interpolator.side_by_side:
            return
        pairs = [pair(dx=float(dx)) for dx in (2, 4, 6, 8)]

        def middle(frames: tuple[Pixels, Pixels]) -> Pixels:
            return interpolator.between(*frames, [0.5])[0]

        alone = [middle(each) for each in pairs]

        with ThreadPoolExecutor(2) as threads:
            together = list(threads.map(middle, pairs))

        assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))

    def test_a_frame_does_not_depend_on_which_others_are_asked_for(
        self, interpolator: Interpolator
    ) -> None:
        before, after = pair()

        together = interpolator.between(before, after, [0.2, 0.5, 0.9])[1]

        assert np.array_equal(together, interpolator.between(before, after, [0.5])[0])

    def test_it_takes_read_only_frames_and_leaves_them_as_they_are(
        self, interpolator: Interpolator
    ) -> None:
        before, after = pair()
        bytes_before = before.tobytes(), after.tobytes()
        before.setflags(write=False)
        after.setflags(write=False)

        interpolator.between(before, after, [0.5])

        assert (before.tobytes(), after.tobytes()) == bytes_before

    def test_between_equal_frames_is_that_frame(self, interpolator: Interpolator) -> None:
        before, _ = pair()

        made = interpolator.between(before, before.copy(), [0.1, 0.5, 0.9])

        assert all(np.array_equal(frame, before) for frame in made)

    def test_just_after_a_frame_is_almost_that_frame(self, interpolator: Interpolator) -> None:
        before, after = pair(dx=3.0)

        assert psnr(interpolator.between(before, after, [0.004])[0], before) > 40.0

    @pytest.mark.parametrize(
        "size",
        [Size(90, 160), Size(161, 91), Size(3, 2), Size(1, 1), Size(200, 5)],
        ids=["portrait", "odd", "tiny", "one pixel", "a strip"],
    )
    def test_it_takes_frames_of_any_shape(self, interpolator: Interpolator, size: Size) -> None:
        before, after = pair(size=size)

        made = interpolator.between(before, after, [0.5])

        assert made[0].shape == before.shape


class MovingInterpolatorContract(InterpolatorContract):
    """What every interpolator that makes new frames does besides."""

    def test_just_before_a_frame_is_almost_that_frame(self, interpolator: Interpolator) -> None:
        before, after = pair(dx=3.0)

        assert psnr(interpolator.between(before, after, [0.996])[0], after) > 40.0

    def test_later_fractions_are_nearer_to_the_later_frame(
        self, interpolator: Interpolator
    ) -> None:
        before, after = pair(dx=6.0)

        made = interpolator.between(before, after, [0.2, 0.5, 0.8])
        nearness = [psnr(frame, after) for frame in made]

        assert nearness == sorted(nearness)
        assert nearness[0] < nearness[-1]
