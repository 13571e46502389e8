"""Wishes came to the motion after files were published: who has none sees no difference."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from companions import codec
from companions.motion import MotionCompanion
from companions.wishes import Wishes
from tests.companions import documents


def motion(**wishes: object) -> MotionCompanion:
    plain = {**documents.MOTION, "wishes": wishes}
    return codec.decode(documents.text_of(plain), MotionCompanion, file="m")


@pytest.mark.parametrize("nothing", [{}, {"prompt": None, "seed": None}], ids=["empty", "null"])
def test_to_wish_for_nothing_is_to_have_no_wishes(nothing: dict[str, object]) -> None:
    without = codec.decode(documents.text_of(documents.MOTION), MotionCompanion, file="m")

    assert motion(**nothing) == without
    assert codec.encode(motion(**nothing)) == codec.encode(without)
    assert b"wishes" not in codec.encode(without)


def test_wishes_that_were_taken_back_in_a_copy_are_not_written() -> None:
    emptied = motion(seed=7).model_copy(update={"wishes": Wishes()})

    assert b"wishes" not in codec.encode(emptied)


def test_wishes_are_written_and_read_again() -> None:
    wished = motion(prompt="waves", target_fps="24000/1001", seed=7)

    data = codec.encode(wished)

    assert json.loads(data)["wishes"] == {
        "model": None,
        "negative_prompt": None,
        "prompt": "waves",
        "seed": 7,
        "target_fps": "24000/1001",
    }
    assert codec.decode(data, MotionCompanion, file="m") == wished


@given(documents.motions())
def test_wishes_are_no_part_of_the_move(companion: MotionCompanion) -> None:
    without = companion.model_copy(update={"wishes": None})

    assert codec.fingerprint(companion.move()) == codec.fingerprint(without.move())
