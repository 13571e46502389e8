"""The reduced picture shows what the full one shows."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Size
from companions.picture import decode_picture
from selector.core.reduced import LONG_SIDE, reduce_picture
from tests.selector.stills import photograph


def large(name: str = "coffee.png", *, size: tuple[int, int] = (2400, 1600)) -> Image.Image:
    return Image.fromarray(photograph(name)).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def shrunk_afterwards(data: bytes, *, like: np.ndarray) -> np.ndarray:
    full = decode_picture(data, file="x")
    return cv2.resize(full, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_reduced_jpeg_is_the_full_one_made_smaller(orientation: int, mode: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(large().convert(mode), "JPEG", quality=95, exif=exif)

    reduced = reduce_picture(data, file="x")

    expected = shrunk_afterwards(data, like=reduced.pixels)
    assert max(reduced.pixels.shape) == LONG_SIDE
    assert np.abs(expected.astype(int) - reduced.pixels).mean() < 2.0
    upright = (2400, 1600) if orientation <= 4 else (1600, 2400)
    assert reduced.size == Size(*upright)


def test_a_profile_is_kept_on_the_way() -> None:
    # A profile unlike sRGB, or ignoring it would go unnoticed.
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = lab.replace(b"rXYZ", b"tmp1").replace(b"bXYZ", b"rXYZ").replace(b"tmp1", b"bXYZ")
    data = encoded(large(), "JPEG", quality=95, icc_profile=swapped)
    plain = encoded(large(), "JPEG", quality=95)

    reduced = reduce_picture(data, file="x")

    expected = shrunk_afterwards(data, like=reduced.pixels)
    unprofiled = shrunk_afterwards(plain, like=reduced.pixels)
    assert np.abs(expected.astype(int) - unprofiled).mean() > 10.0
    assert np.abs(expected.astype(int) - reduced.pixels).mean() < 2.0


@pytest.mark.filterwarnings("error")
def test_a_damaged_header_is_nothing_to_tell_on_the_terminal() -> None:
    tag = struct.pack(">HHI", 0x0112, 3, 70_000) + bytes(8)  # it has 140 kB, it says
    data = encoded(large(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + tag)

    assert reduce_picture(data, file="x").size == Size(2400, 1600)


def test_other_formats_are_reduced_too() -> None:
    reduced = reduce_picture(encoded(large(), "PNG"), file="x")

    assert max(reduced.pixels.shape) == LONG_SIDE
    assert reduced.size == Size(2400, 1600)


def test_a_small_picture_stays_as_it_is() -> None:
    pixels = photograph("chelsea.png")

    reduced = reduce_picture(encoded(Image.fromarray(pixels), "PNG"), file="x")

    assert np.array_equal(reduced.pixels, pixels)


def test_a_truncated_jpeg_is_refused_although_only_part_of_it_is_needed() -> None:
    data = encoded(large(), "JPEG")

    with pytest.raises(PictureRefused) as refused:
        reduce_picture(data[: len(data) * 2 // 3], file="x.jpg")

    assert refused.value.problem is PictureProblem.TRUNCATED
