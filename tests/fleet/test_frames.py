"""A frame from outside is a frame, or the message names which one is not and why."""

from __future__ import annotations

import numpy as np
import pytest

from fleet.errors import BackendFailed
from fleet.frames import checked

GOOD = np.zeros((6, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize("like", [None, (6, 8)], ids=["the first", "a later one"])
def test_a_good_frame_is_given_back_as_it_is(like: tuple[int, int] | None) -> None:
    assert checked(GOOD, index=0, source="camera", like=like) is GOOD


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (np.full((6, 8, 3), np.nan, dtype=np.float32), "frame 7 holds NaN or infinity"),
        (np.full((6, 8, 3), np.inf), "frame 7 holds NaN or infinity"),
        (np.zeros((6, 8, 3), dtype=np.float32), r"frame 7 is float32\[6, 8, 3\], not uint8"),
        (np.zeros((6, 8, 3), dtype=np.uint16), r"frame 7 is uint16\[6, 8, 3\], not uint8"),
        (np.zeros((6, 8), dtype=np.uint8), r"frame 7 is uint8\[6, 8\], not uint8\[height"),
        (np.zeros((6, 8, 4), dtype=np.uint8), r"frame 7 is uint8\[6, 8, 4\]"),
        (np.zeros((0, 8, 3), dtype=np.uint8), r"frame 7 is uint8\[0, 8, 3\]"),
        (np.zeros((8, 6, 3), dtype=np.uint8), "frame 7 is 6 x 8 where those before are 8 x 6"),
        (b"\0" * 144, "frame 7 is bytes"),
        (None, "frame 7 is NoneType"),
    ],
    ids=[
        "NaN",
        "infinity",
        "floats",
        "16 bit",
        "grey",
        "alpha",
        "empty",
        "turned",
        "bytes",
        "none",
    ],
)
def test_what_is_no_frame_is_refused_with_its_number_its_maker_and_the_reason(
    frame: object, told: str
) -> None:
    with pytest.raises(BackendFailed, match=f"ltx failed: {told}") as failed:
        checked(frame, index=7, source="ltx", like=(6, 8))

    assert failed.value.backend == "ltx"
    assert "try other parameters for this shot" in str(failed.value)
