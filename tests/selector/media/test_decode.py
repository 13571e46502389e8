from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QColorSpace, QImage, QImageReader

from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Size
from companions.picture import Pixels, decode_picture
from selector.media.decode import ALLOCATION_MB, decode, image_of, shrunk
from tests.selector import stills
from tests.selector.media import pictures

ASTRONAUT = stills.photograph("astronaut.png")[:400]
CLOSE = 2.5
"""Mean difference, in levels, that scaling in another way makes; wrong colours make 10 and more."""
EQUAL = 0.2
"""Mean difference that another reader's rounding makes where nothing is scaled."""


def pixels_of(image: QImage) -> Pixels:
    assert image.format() == QImage.Format.Format_RGB32
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return np.ascontiguousarray(rows[..., 2::-1])


def as_the_fleet_sees(data: bytes, size: tuple[int, int]) -> Pixels:
    pixels = decode_picture(data, file="x")
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def difference(a: Pixels, b: Pixels) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())


def exif(orientation: int) -> bytes:
    kept = Image.Exif()
    kept[0x0112] = orientation
    return kept.tobytes()


def jpeg(**options: object) -> bytes:
    return pictures.coded(ASTRONAUT, "JPEG", quality=95, **options)


def profile(space: QColorSpace.NamedColorSpace) -> bytes:
    return bytes(QColorSpace(space).iccProfile().data())


def turned(orientation: int) -> bytes:
    return jpeg(exif=exif(orientation))


def other(mode: str, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(ASTRONAUT).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def turned_by_xmp(orientation: int) -> bytes:
    body = b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    body += b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    body += b'tiff:Orientation="%d"/></rdf:RDF></x:xmpmeta>' % orientation
    return pictures.with_header(jpeg(), kind=0xE1, body=body)


def sixteen_bits() -> bytes:
    grey = np.asarray(Image.fromarray(ASTRONAUT).convert("L")).astype(np.uint16) * 257
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")
    return buffer.getvalue()


def with_alpha() -> bytes:
    image = Image.fromarray(ASTRONAUT).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def two_in_one() -> bytes:
    buffer = io.BytesIO()
    second = Image.new("RGB", (64, 48), pictures.RED)
    Image.fromarray(ASTRONAUT).save(buffer, "MPO", save_all=True, append_images=[second])
    return buffer.getvalue()


KINDS: dict[str, Callable[[], bytes]] = {
    "a plain JPEG": jpeg,
    "a progressive JPEG": lambda: jpeg(progressive=True),
    **{f"a JPEG turned as orientation {n} says": partial(turned, n) for n in range(1, 9)},
    "a JPEG turned by its XMP": lambda: turned_by_xmp(6),
    "a JPEG turned upside down by its XMP": lambda: turned_by_xmp(3),
    "a JPEG with a colour profile": lambda: jpeg(icc_profile=pictures.wide_gamut()),
    "a turned JPEG with a colour profile": lambda: jpeg(
        icc_profile=pictures.wide_gamut(), exif=exif(6)
    ),
    "a Display P3 JPEG": lambda: jpeg(icc_profile=profile(QColorSpace.NamedColorSpace.DisplayP3)),
    "an Adobe RGB JPEG": lambda: jpeg(icc_profile=profile(QColorSpace.NamedColorSpace.AdobeRgb)),
    "a ProPhoto JPEG": lambda: jpeg(icc_profile=profile(QColorSpace.NamedColorSpace.ProPhotoRgb)),
    "a JPEG with a profile nobody can read": lambda: jpeg(icc_profile=b"rubbish" * 40),
    "a grey JPEG": lambda: other("L", "JPEG", quality=95),
    "a CMYK JPEG": lambda: other("CMYK", "JPEG", quality=95),
    "a CMYK JPEG with a profile": lambda: other(
        "CMYK", "JPEG", quality=95, icc_profile=pictures.wide_gamut()
    ),
    "a grey JPEG with a profile": lambda: other(
        "L", "JPEG", quality=95, icc_profile=pictures.wide_gamut()
    ),
    "a JPEG with a second picture behind it": two_in_one,
    "a JPEG with a film behind it": lambda: jpeg() + bytes(300_000),
    "a JPEG with a small one in its header": lambda: pictures.with_header(
        jpeg(), kind=0xE5, body=pictures.coded(ASTRONAUT[:100, :100], "JPEG")
    ),
    "a PNG with alpha": with_alpha,
    "a PNG of 16 bits": sixteen_bits,
    "a palette PNG": lambda: other("P", "PNG"),
    "a WebP": lambda: pictures.coded(ASTRONAUT, "WEBP", quality=95),
    "a TIFF": lambda: pictures.coded(ASTRONAUT, "TIFF"),
    "a BMP": lambda: pictures.coded(ASTRONAUT, "BMP"),
    "an AVIF": lambda: pictures.coded(ASTRONAUT, "AVIF", quality=90),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("long_side", [200, 4000])
def test_a_picture_is_shown_as_the_fleet_renders_it(
    tmp_path: Path, kind: str, long_side: int
) -> None:
    data = KINDS[kind]()
    file = tmp_path / "picture"
    file.write_bytes(data)

    decoded = decode(file, long_side=long_side)

    shown = pixels_of(decoded.image)
    height, width = decode_picture(data, file="x").shape[:2]
    assert decoded.size == Size(width, height)
    assert max(shown.shape[:2]) == min(long_side, max(width, height))
    apart = difference(shown, as_the_fleet_sees(data, (shown.shape[1], shown.shape[0])))
    assert apart < (CLOSE if long_side < max(width, height) else EQUAL)


def test_the_profile_of_these_tests_changes_colours_for_all_to_see() -> None:
    plain, through = jpeg(), jpeg(icc_profile=pictures.wide_gamut())

    seen = [as_the_fleet_sees(data, (100, 80)) for data in (plain, through)]

    assert difference(*seen) > 4 * CLOSE


def refusal(tmp_path: Path, data: bytes) -> PictureRefused:
    file = tmp_path / "picture.jpg"
    file.write_bytes(data)
    with pytest.raises(PictureRefused) as refused:
        decode(file, long_side=1920)
    assert "\n" not in str(refused.value)
    assert str(file) in str(refused.value)
    return refused.value


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_cut_off_jpeg_is_told_as_such_in_the_fleets_words(
    tmp_path: Path, share: float, *, progressive: bool
) -> None:
    whole = jpeg(progressive=progressive)
    data = whole[: round(share * len(whole))]

    refused = refusal(tmp_path, data)

    assert refused.problem is PictureProblem.TRUNCATED
    with pytest.raises(PictureRefused) as by_the_fleet:
        decode_picture(data, file=refused.file)
    assert str(refused) == str(by_the_fleet.value)


def test_a_cut_off_jpeg_is_told_though_a_whole_one_is_in_its_header(tmp_path: Path) -> None:
    small = pictures.coded(ASTRONAUT[:60, :60], "JPEG")
    whole = pictures.with_header(jpeg(), kind=0xE1, body=small)

    refused = refusal(tmp_path, whole[: len(whole) // 2])

    assert refused.problem is PictureProblem.TRUNCATED


def test_a_jpeg_without_its_end_mark_is_judged_as_the_fleet_judges_it(tmp_path: Path) -> None:
    data = jpeg()[:-2]
    file = tmp_path / "a.jpg"
    file.write_bytes(data)

    def judged(read: Callable[[], object]) -> str:
        try:
            read()
        except PictureRefused as refused:
            return str(refused)
        return "shown"

    by_the_fleet = judged(lambda: decode_picture(data, file=str(file)))

    assert judged(lambda: decode(file, long_side=100)) == by_the_fleet


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000)))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", PictureProblem.EMPTY),
        (b"not a picture", PictureProblem.NOT_A_PICTURE),
        (b"\xff\xd8\xff", PictureProblem.NOT_A_PICTURE),
        (bomb(12_000, 14_000), PictureProblem.TOO_LARGE),
        (bomb(60_000, 60_000), PictureProblem.TOO_LARGE),
        (bomb(640, 480), PictureProblem.TRUNCATED),
    ],
    ids=["empty", "text", "a header alone", "168 megapixels", "3600 megapixels", "no pixels"],
)
def test_what_cannot_be_shown_is_refused_by_its_fault(
    tmp_path: Path, data: bytes, problem: PictureProblem
) -> None:
    assert refusal(tmp_path, data).problem is problem


def test_a_file_that_is_gone_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureRefused) as missing:
        decode(tmp_path / "gone.jpg", long_side=100)
    with pytest.raises(PictureRefused) as folder:
        decode(tmp_path, long_side=100)

    assert missing.value.problem is PictureProblem.MISSING
    assert folder.value.problem is PictureProblem.UNREADABLE


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_jpeg_is_shown_or_refused_and_nothing_else(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    data = bytearray(jpeg(exif=exif(6), icc_profile=pictures.wide_gamut(), progressive=seed % 2))
    for _ in range(1 + seed % 7):
        first = random.random() < 0.5  # half of the damage to headers
        at = int(random.integers(2, 4000 if first else len(data)))
        data[at : at + int(random.integers(0, 4))] = random.bytes(int(random.integers(0, 4)))
    file = tmp_path / "a.jpg"
    file.write_bytes(data)

    try:
        decoded = decode(file, long_side=300)
    except PictureRefused as refused:
        assert "\n" not in str(refused)  # noqa: PT017
    else:
        assert max(decoded.image.width(), decoded.image.height()) <= 300


def test_a_strip_of_a_picture_keeps_a_pixel_of_width(tmp_path: Path) -> None:
    strip = np.zeros((2, 5000, 3), np.uint8)
    for form in ("JPEG", "PNG"):
        file = tmp_path / form
        file.write_bytes(pictures.coded(strip, form))

        image = decode(file, long_side=256).image

        assert (image.width(), image.height()) == (256, 1)


def test_qt_may_decode_whatever_the_fleet_takes(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(jpeg())

    decode(file, long_side=100)

    assert QImageReader.allocationLimit() == ALLOCATION_MB >= 160e6 * 4 / 2**20


def test_an_image_has_bytes_of_its_own() -> None:
    pixels = np.full((40, 30, 3), 200, np.uint8)
    image, small = image_of(pixels), shrunk(image_of(pixels), Size(15, 20))

    pixels[:] = 0
    since = [np.zeros((20, 15, 4), np.uint8) for _ in range(100)]  # where others' bytes were

    assert pixels_of(image).min() == 200
    assert (small.width(), small.height()) == (15, 20)
    assert pixels_of(small).min() == 200
    assert len(since) == 100
