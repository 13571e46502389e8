"""What every upscaler does.  Each backend subclasses and gives ``upscaler``."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from companions.geometry import Size
from companions.picture import Pixels
from fleet.errors import ParameterRefused
from fleet.upscale.base import Upscaler
from tests.contracts.photographs import photograph, psnr, shifted

SIZE = Size(48, 32)


def part(name: str = "coffee.png", size: Size = SIZE) -> Pixels:
    """A part of a photograph with detail in it."""
    return shifted(photograph(name), dx=60.0, dy=140.0, size=size)


class UpscalerContract:
    """What every upscaler does."""

    name: str
    """As in the manifest."""

    factors: tuple[int, ...]
    """What it makes, of those a manifest can ask for."""

    @pytest.fixture
    def upscaler(self) -> Upscaler:
        raise NotImplementedError

    def test_it_is_called_what_the_manifest_calls_it(self, upscaler: Upscaler) -> None:
        assert upscaler.name == self.name

    def test_a_frame_becomes_as_many_times_its_size_as_asked(self, upscaler: Upscaler) -> None:
        for factor in self.factors:
            made = upscaler.enlarged(part(), factor)

            assert made.shape == (32 * factor, 48 * factor, 3)
            assert made.dtype == np.uint8

    def test_what_it_gives_is_a_new_array_in_one_piece(self, upscaler: Upscaler) -> None:
        frame = part(size=Size(9, 7))

        made = upscaler.enlarged(frame, self.factors[0])

        assert made.flags.c_contiguous
        assert made.flags.writeable
        assert not np.shares_memory(made, frame)

    def test_the_same_frame_gives_the_same_bytes_whatever_came_between(
        self, upscaler: Upscaler
    ) -> None:
        first = upscaler.enlarged(part(), self.factors[0])
        upscaler.enlarged(part("chelsea.png", Size(31, 17)), self.factors[-1])

        assert np.array_equal(upscaler.enlarged(part(), self.factors[0]), first)

    def test_it_takes_read_only_frames_and_leaves_them_as_they_are(
        self, upscaler: Upscaler
    ) -> None:
        frame = part()
        before = frame.tobytes()
        frame.setflags(write=False)

        upscaler.enlarged(frame, self.factors[0])

        assert frame.tobytes() == before

    def test_it_takes_a_part_of_a_larger_array(self, upscaler: Upscaler) -> None:
        large = part(size=Size(60, 40))
        window = large[3:23:2, 40:10:-1]

        made = upscaler.enlarged(window, self.factors[0])

        assert np.array_equal(made, upscaler.enlarged(window.copy(), self.factors[0]))

    @pytest.mark.parametrize(
        "size",
        [Size(20, 36), Size(33, 21), Size(3, 2), Size(1, 1), Size(40, 1), Size(1, 3)],
        ids=["portrait", "odd", "tiny", "one pixel", "one row", "one column"],
    )
    def test_it_takes_frames_of_any_shape(self, upscaler: Upscaler, size: Size) -> None:
        for factor in self.factors:
            made = upscaler.enlarged(part(size=size), factor)

            assert made.shape == (size.height * factor, size.width * factor, 3)

    def test_it_agrees_to_its_factors_and_refuses_others_by_the_field(
        self, upscaler: Upscaler
    ) -> None:
        for factor in (2, 4):
            if factor in self.factors:
                upscaler.check(factor)
            else:
                with pytest.raises(ParameterRefused, match=f"not by {factor}") as caught:
                    upscaler.check(factor)
                assert caught.value.field == "upscaling.factor"

    def test_its_weights_are_named_by_their_hashes(self, upscaler: Upscaler) -> None:
        hashes = upscaler.weights_sha256

        assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in hashes.values())
        assert bool(hashes) == (upscaler.memory_bytes > 0)


class FaithfulUpscalerContract(UpscalerContract):
    """What every upscaler does besides that shows the frame it was given and no other."""

    def test_a_frame_of_one_colour_keeps_it_to_its_edges(self, upscaler: Upscaler) -> None:
        colour = np.array([10, 200, 77], dtype=np.uint8)
        for factor in self.factors:
            made = upscaler.enlarged(np.tile(colour, (5, 7, 1)), factor)

            assert np.array_equal(made, np.tile(colour, (5 * factor, 7 * factor, 1)))

    def test_colours_stay_what_they_are_on_the_whole(self, upscaler: Upscaler) -> None:
        for factor in self.factors:
            made = upscaler.enlarged(part(), factor)

            assert np.abs(made.mean(axis=(0, 1)) - part().mean(axis=(0, 1))).max() < 0.5

    def test_nothing_moves(self, upscaler: Upscaler) -> None:
        for factor in self.factors:
            made = upscaler.enlarged(part(), factor)
            back = cv2.resize(made, (48, 32), interpolation=cv2.INTER_AREA)

            there = psnr(np.asarray(back, dtype=np.uint8), part())
            beside = psnr(np.asarray(np.roll(back, 1, axis=1), dtype=np.uint8), part())
            assert there > 30.0
            assert there > beside + 6.0
