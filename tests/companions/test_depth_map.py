"""Depth maps from outside: read for what they are, or refused in words."""

from __future__ import annotations

import hashlib
import io
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from companions.attached import DepthMap
from companions.depth_map import Depth, decode_depth
from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Size

PICTURE = Size(60, 40)


def slope(height: int = 20, width: int = 30) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    row = np.linspace(0.0, 1.0, width, dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(row, (height, width)))


def npy(values: npt.NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=True)
    return stream.getvalue()


def png(values: npt.NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


def read(data: bytes, *, picture: Size = PICTURE) -> Depth:
    named = DepthMap(path="a.depth.npy", sha256=hashlib.sha256(data).hexdigest(), focus=0.25)
    return decode_depth(data, named, picture=picture, file="a.depth.npy")


@pytest.mark.parametrize(
    ("data", "least_step"),
    [
        (npy(slope()), 1e-7),
        (npy(slope().astype(np.float16)), 1e-3),
        (png(np.rint(slope() * 65535).astype(np.uint16)), 1 / 65535),
        (png(np.rint(slope() * 255).astype(np.uint8)), 1 / 255),
    ],
    ids=["float32", "float16", "16 bits", "8 bits"],
)
def test_a_map_says_the_same_in_every_form(data: bytes, least_step: float) -> None:
    depth = read(data)

    assert np.abs(depth.inverse - slope()).max() <= least_step
    assert (depth.far_over_near, depth.focus) == (8.0, 0.25)


_HEADER = b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000, 100000), }"
HOSTILE = {
    "of objects": (npy(np.array([[{}]], dtype=object)), PictureProblem.NOT_A_PICTURE),
    "of whole numbers": (npy(np.zeros((20, 30), dtype=np.int64)), PictureProblem.NOT_A_PICTURE),
    "of three dimensions": (npy(np.zeros((20, 30, 1), np.float32)), PictureProblem.NOT_A_PICTURE),
    "by columns": (npy(np.asfortranarray(slope())), PictureProblem.NOT_A_PICTURE),
    "not finite": (npy(slope() * np.float32("nan")), PictureProblem.NOT_A_PICTURE),
    "in metres": (npy(slope() * 7), PictureProblem.NOT_A_PICTURE),
    "cut off": (npy(slope())[:-1], PictureProblem.TRUNCATED),
    "cut off in its header": (npy(slope())[:9], PictureProblem.NOT_A_PICTURE),
    "as large as it says": (
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(_HEADER)) + _HEADER,
        PictureProblem.TOO_LARGE,
    ),
    "a colour picture": (png(np.zeros((20, 30, 3), np.uint8)), PictureProblem.NOT_A_PICTURE),
    "of another shape": (npy(slope(30, 20)), PictureProblem.CHANGED),
    "nothing": (b"", PictureProblem.EMPTY),
}


@pytest.mark.parametrize(("data", "problem"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_depth_map_is_refused_by_name(data: bytes, problem: PictureProblem) -> None:
    with pytest.raises(PictureRefused) as refused:
        read(data)

    assert refused.value.problem is problem
    assert "a.depth.npy" in str(refused.value)


def test_another_map_than_the_one_that_was_named_is_refused() -> None:
    named = DepthMap(path="a.depth.png", sha256="0" * 64)

    with pytest.raises(PictureRefused, match="another file"):
        decode_depth(npy(slope()), named, picture=PICTURE, file="a.depth.png")
