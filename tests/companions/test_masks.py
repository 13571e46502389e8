"""Masks: what is read is what was drawn, and nothing else is taken for it."""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from companions.errors import PathRefused, PictureProblem, PictureRefused
from companions.geometry import Size
from companions.masks import MAX_MASK_BYTES, Mask, mask_box, polygon_mask, read_mask
from companions.trajectory import MaskRegion, PolygonRegion

PICTURE = Size(600, 400)
NAME = "a.kite.mask.png"


def disc() -> Mask:
    y, x = np.mgrid[0:200, 0:300]
    return np.where((x - 100) ** 2 + (y - 80) ** 2 < 900, 255, 0).astype(np.uint8)


def png_of(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return buffer.getvalue()


def placed(folder: Path, data: bytes, *, name: str = NAME) -> MaskRegion:
    (folder / name).write_bytes(data)
    return MaskRegion(shape="mask", path=name, sha256=hashlib.sha256(data).hexdigest())


def problem_of(region: MaskRegion, folder: Path, *, picture: Size = PICTURE) -> PictureProblem:
    with pytest.raises(PictureRefused) as refused:
        read_mask(region, folder=folder, picture=picture)
    assert "draw the region again" in str(refused.value)
    return refused.value.problem


def test_a_mask_is_read_value_for_value(tmp_path: Path) -> None:
    soft = disc()
    soft[10, 10] = 77
    region = placed(tmp_path, png_of(soft))

    assert np.array_equal(read_mask(region, folder=tmp_path, picture=PICTURE), soft)


def test_neither_gamma_nor_transparency_nor_orientation_changes_a_masks_values(
    tmp_path: Path,
) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    region = placed(tmp_path, png_of(disc(), transparency=0, exif=turned))

    assert np.array_equal(read_mask(region, folder=tmp_path, picture=PICTURE), disc())


def test_a_reduced_mask_may_be_off_by_the_rounding_of_its_sides(tmp_path: Path) -> None:
    region = placed(tmp_path, png_of(np.full((683, 1024), 255, dtype=np.uint8)))

    assert read_mask(region, folder=tmp_path, picture=Size(6000, 4000)).shape == (683, 1024)


def test_a_missing_mask_is_told_as_missing(tmp_path: Path) -> None:
    region = MaskRegion(shape="mask", path=NAME, sha256="a" * 64)

    assert problem_of(region, tmp_path) is PictureProblem.MISSING


def test_a_mask_drawn_anew_by_someone_else_is_told_as_changed(tmp_path: Path) -> None:
    region = placed(tmp_path, png_of(disc()))
    (tmp_path / NAME).write_bytes(png_of(255 - disc()))

    assert problem_of(region, tmp_path) is PictureProblem.CHANGED


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png_of(np.zeros((200, 300, 3), dtype=np.uint8)), id="colour"),
        pytest.param(png_of(np.zeros((200, 300), dtype=np.uint16)), id="16 bits"),
        pytest.param(png_of(np.zeros((200, 300), dtype=bool)), id="1 bit"),
        pytest.param(b"no picture at all", id="no picture"),
    ],
)
def test_what_is_no_8_bit_grey_png_is_refused(tmp_path: Path, data: bytes) -> None:
    region = placed(tmp_path, data)

    with pytest.raises(PictureRefused) as refused:
        read_mask(region, folder=tmp_path, picture=PICTURE)

    assert refused.value.problem is PictureProblem.NOT_A_PICTURE


def test_a_grey_jpeg_under_a_masks_name_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(disc()).save(buffer, "JPEG")

    assert problem_of(placed(tmp_path, buffer.getvalue()), tmp_path) is (
        PictureProblem.NOT_A_PICTURE
    )


def test_a_mask_of_another_shape_than_its_picture_is_refused(tmp_path: Path) -> None:
    region = placed(tmp_path, png_of(disc()))

    assert problem_of(region, tmp_path, picture=Size(400, 600)) is PictureProblem.CHANGED
    assert problem_of(region, tmp_path, picture=Size(610, 400)) is PictureProblem.CHANGED


def test_a_black_mask_is_refused_because_it_has_no_region(tmp_path: Path) -> None:
    region = placed(tmp_path, png_of(np.full((200, 300), 127, dtype=np.uint8)))

    assert problem_of(region, tmp_path) is PictureProblem.EMPTY


def test_a_bomb_is_refused_by_its_header_alone(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)

    header = (12_000).to_bytes(4) + (8_000).to_bytes(4) + bytes([8, 0, 0, 0, 0])
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")

    assert problem_of(placed(tmp_path, bomb), tmp_path) is PictureProblem.TOO_LARGE


def test_a_file_over_the_limit_is_not_even_read(tmp_path: Path) -> None:
    region = placed(tmp_path, png_of(disc()))
    os.truncate(tmp_path / NAME, MAX_MASK_BYTES + 1)

    assert problem_of(region, tmp_path) is PictureProblem.UNREADABLE


def test_a_mask_that_links_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    region = placed(tmp_path, png_of(disc()))
    (inside / NAME).symlink_to(tmp_path / NAME)

    with pytest.raises(PathRefused):
        read_mask(region, folder=inside, picture=PICTURE)


@settings(max_examples=200)
@given(data=st.data())
def test_a_damaged_mask_is_refused_or_still_a_mask(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = bytearray(png_of(disc()))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(whole)))
    folder = tmp_path_factory.mktemp("damaged")
    region = placed(folder, bytes(whole[:cut]))

    try:
        mask = read_mask(region, folder=folder, picture=PICTURE)
    except PictureRefused:
        return
    assert mask.dtype == np.uint8
    assert mask.ndim == 2


def test_the_box_goes_around_all_that_belongs_and_nothing_softer() -> None:
    mask = np.zeros((100, 200), dtype=np.uint8)
    mask[20:30, 50:60] = 255
    mask[80, 190] = 128
    mask[99, 199] = 127

    assert mask_box(mask) == (50 / 200, 20 / 100, 191 / 200, 81 / 100)
    assert mask_box(np.zeros((5, 5), dtype=np.uint8)) is None


def test_a_polygon_becomes_the_pixels_it_covers_and_at_most_one_more_around() -> None:
    half = PolygonRegion(shape="polygon", points=((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))

    mask = polygon_mask(half, size=Size(100, 60))

    assert mask.shape == (60, 100)
    assert (mask[:, :49] == 255).all()
    assert (mask[:, 52:] == 0).all()


def test_where_a_polygon_overlaps_itself_there_is_a_hole() -> None:
    ring = PolygonRegion(
        shape="polygon",
        points=(
            (0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.1),
            (0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6), (0.4, 0.4),
        ),
    )  # fmt: skip

    mask = polygon_mask(ring, size=Size(100, 100))

    assert mask[50, 50] == 0
    assert mask[20, 50] == 255
