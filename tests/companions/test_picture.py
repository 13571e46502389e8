"""Every still picture in use comes out upright in sRGB; all else is refused in words."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from companions import picture
from companions.errors import PictureProblem, PictureRefused
from companions.geometry import MAX_SIDE_PX, Size
from companions.motion import PictureIdentity
from tests.companions import pictures
from tests.companions.pictures import encoded, scene

SCENE = scene()
HEIGHT, WIDTH, _ = SCENE.shape
GREY = np.asarray(Image.fromarray(SCENE).convert("L"))
RAMP16 = np.linspace(0, 65535, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint16)


def decoded(data: bytes) -> picture.Pixels:
    pixels = picture.decode_picture(data, file="a.png")
    facts = picture.inspect_picture(data, file="a.png")
    assert pixels.dtype == np.uint8
    assert pixels.flags["C_CONTIGUOUS"]
    assert (facts.size.height, facts.size.width, 3) == pixels.shape
    return pixels


def assert_near(pixels: picture.Pixels, expected: object, *, within: float = 1.0) -> None:
    difference = np.abs(pixels.astype(np.float64) - np.asarray(expected, dtype=np.float64))
    assert float(difference.max()) <= within


def grey3(grey: object) -> picture.Pixels:
    return np.repeat(np.asarray(grey)[:, :, None], 3, axis=2).astype(np.uint8)


LOSSLESS: dict[str, dict[str, bool]] = {
    "PNG": {},
    "TIFF": {},
    "BMP": {},
    "WEBP": {"lossless": True},
}


@pytest.mark.parametrize(("kind", "options"), LOSSLESS.items(), ids=LOSSLESS)
def test_a_lossless_picture_comes_out_as_it_went_in(kind: str, options: dict[str, bool]) -> None:
    assert np.array_equal(decoded(encoded(SCENE, kind, **options)), SCENE)


@pytest.mark.parametrize("kind", ["JPEG", "AVIF", "HEIF"])
def test_a_lossy_picture_comes_out_nearly_as_it_went_in(kind: str) -> None:
    pixels = decoded(encoded(SCENE, kind, quality=95))

    assert np.abs(pixels.astype(int) - SCENE.astype(int)).mean() < 4.0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_picture_stands_upright_whatever_its_exif_orientation(
    kind: str, orientation: int
) -> None:
    given_options: dict[str, dict[str, int]] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
    options = given_options.get(kind, {})
    stored = pictures.stored_for(SCENE, orientation)

    pixels = decoded(encoded(stored, kind, exif=pictures.exif(orientation), **options))

    assert pixels.shape == SCENE.shape
    error = np.abs(pixels.astype(int) - SCENE.astype(int))
    assert error.max() == 0 if kind != "JPEG" else error.mean() < 3.0


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_png_may_say_how_it_is_turned_after_its_pixels(orientation: int) -> None:
    stored = pictures.stored_for(SCENE, orientation)
    data = encoded(stored, "PNG", exif=pictures.exif(orientation))

    assert np.array_equal(decoded(pictures.with_late_exif(data)), SCENE)


def test_a_broken_exif_block_leaves_a_good_picture_as_it_is_stored() -> None:
    data = encoded(SCENE, "PNG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01" * 20)

    assert np.array_equal(decoded(data), SCENE)


MODES: dict[str, tuple[bytes, object, float]] = {
    "grey": (encoded(GREY, "PNG"), grey3(GREY), 0),
    "1 bit": (
        encoded(Image.fromarray(GREY).convert("1", dither=Image.Dither.NONE), "PNG"),
        grey3(np.where(GREY >= 128, 255, 0)),
        0,
    ),
    "16-bit grey PNG": (pictures.sixteen_bits(RAMP16, ".png"), grey3(RAMP16 / 257), 1),
    "16-bit grey TIFF": (pictures.sixteen_bits(RAMP16, ".tif"), grey3(RAMP16 / 257), 1),
    "16-bit RGB PNG": (
        pictures.sixteen_bits(SCENE.astype(np.uint16) * 257, ".png"),
        SCENE,
        0,
    ),
    "16-bit RGB TIFF": (
        pictures.sixteen_bits(SCENE.astype(np.uint16) * 257, ".tif"),
        SCENE,
        0,
    ),
    "float TIFF": (encoded(GREY.astype(np.float32) / 255, "TIFF"), grey3(GREY), 1),
    "palette": (
        encoded(Image.fromarray(SCENE).quantize(64), "PNG"),
        np.asarray(Image.fromarray(SCENE).quantize(64).convert("RGB")),
        0,
    ),
    "palette GIF": (
        encoded(Image.fromarray(GREY), "GIF"),
        grey3(GREY),
        0,
    ),
    "CMYK without profile": (
        encoded(Image.new("CMYK", (WIDTH, HEIGHT), (0, 255, 255, 0)), "TIFF"),
        np.full_like(SCENE, (255, 0, 0)),
        0,
    ),
    "CMYK JPEG, which Adobe inverts": (
        encoded(Image.new("CMYK", (WIDTH, HEIGHT), (0, 255, 255, 0)), "JPEG", quality=100),
        np.full_like(SCENE, (255, 0, 0)),
        3,
    ),
    "Lab": (
        encoded(
            Image.frombytes("LAB", (WIDTH, HEIGHT), bytes([128, 0, 0]) * WIDTH * HEIGHT), "TIFF"
        ),
        np.full_like(SCENE, 119),  # L* 50.2 is sRGB 119
        2,
    ),
}


@pytest.mark.parametrize(("data", "expected", "within"), MODES.values(), ids=MODES)
def test_a_picture_of_any_mode_becomes_the_srgb_it_means(
    data: bytes, expected: object, within: float
) -> None:
    assert_near(decoded(data), expected, within=within)


def test_what_is_see_through_shows_white_paper() -> None:
    alpha = np.linspace(0, 255, WIDTH).astype(np.uint8)[None, :].repeat(HEIGHT, axis=0)
    share = alpha[:, :, None] / 255.0
    on_paper = SCENE * share + 255.0 * (1.0 - share)
    grey_on_paper = GREY[:, :, None] * share + 255.0 * (1.0 - share)

    rgba = encoded(np.dstack([SCENE, alpha]), "PNG")
    la = encoded(Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(alpha)]), "PNG")
    webp = encoded(np.dstack([SCENE, alpha]), "WEBP", lossless=True, exact=True)

    assert_near(decoded(rgba), on_paper)
    assert_near(decoded(webp), on_paper)
    assert_near(decoded(la), np.repeat(grey_on_paper, 3, axis=2))


def test_a_see_through_colour_of_a_palette_or_of_rgb_shows_white_paper() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([200, 10, 10, 10, 200, 10])
    palette.putdata([0, 1])
    rgb = Image.new("RGB", (2, 1), (200, 10, 10))
    rgb.putpixel((1, 0), (10, 200, 10))
    expected = [[[255, 255, 255], [10, 200, 10]]]

    assert decoded(encoded(palette, "PNG", transparency=0)).tolist() == expected
    assert decoded(encoded(palette, "GIF", transparency=0)).tolist() == expected
    assert decoded(encoded(rgb, "PNG", transparency=(200, 10, 10))).tolist() == expected


COLOURS = [(234, 51, 35), (128, 128, 128), (100, 150, 120), (200, 120, 90), (0, 0, 0)]
P3 = pictures.rgb_profile(pictures.P3_PRIMARIES, gamma=None)
ADOBE_RGB = pictures.rgb_profile(pictures.ADOBE_RGB_PRIMARIES, gamma=563 / 256)


def test_the_red_of_srgb_written_in_display_p3_is_the_red_of_srgb() -> None:
    # sRGB's red is (0.9175, 0.2003, 0.1386) in Display P3 (W3C, CSS Color 4).
    data = encoded(np.full_like(SCENE, (234, 51, 35)), "PNG", icc_profile=P3)

    assert_near(decoded(data), (255, 0, 0), within=2)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
@pytest.mark.parametrize("colour", COLOURS, ids=str)
def test_display_p3_becomes_srgb(colour: tuple[int, int, int], kind: str) -> None:
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    data = encoded(np.full_like(SCENE, colour), kind, icc_profile=P3, **options)

    expected = pictures.in_srgb(colour, pictures.P3_PRIMARIES, gamma=None)
    assert_near(decoded(data), expected, within=2.5)


@pytest.mark.parametrize("colour", COLOURS, ids=str)
def test_adobe_rgb_becomes_srgb(colour: tuple[int, int, int]) -> None:
    data = encoded(np.full_like(SCENE, colour), "TIFF", icc_profile=ADOBE_RGB)

    expected = pictures.in_srgb(colour, pictures.ADOBE_RGB_PRIMARIES, gamma=563 / 256)
    assert_near(decoded(data), expected, within=2)


def test_a_profile_holds_under_alpha_too() -> None:
    rgba = np.dstack([np.full_like(SCENE, (234, 51, 35)), np.full_like(GREY, 128)])

    data = encoded(rgba, "PNG", icc_profile=P3)

    assert_near(decoded(data), (255, 127, 127), within=3)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_holds_with_and_without_alpha(mode: str) -> None:
    image = Image.new(mode, (4, 4), 128 if mode == "L" else (128, 255))

    data = encoded(image, "PNG", icc_profile=pictures.grey_profile(gamma=1.0))

    assert_near(decoded(data), 188, within=2)  # linear 0.5 is sRGB 188


def test_cmyk_with_a_profile_is_what_that_press_prints() -> None:
    red = (54.29, 80.80, 69.89)  # sRGB's red in Lab, D50
    profile = pictures.cmyk_profile(cyan_prints_as_lab=red)
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    paper = Image.new("CMYK", (8, 8), (0, 0, 0, 0))

    assert_near(decoded(encoded(cyan, "TIFF", icc_profile=profile)), (255, 0, 0), within=8)
    assert_near(decoded(encoded(paper, "TIFF", icc_profile=profile)), 255, within=2)
    assert_near(decoded(encoded(cyan, "TIFF")), (0, 255, 255), within=0)


@pytest.mark.parametrize("profile", [b"not a profile", P3[:200], P3[:-400]], ids=len)
def test_an_unreadable_profile_leaves_the_pixels_as_they_are(profile: bytes) -> None:
    assert np.array_equal(decoded(encoded(SCENE, "PNG", icc_profile=profile)), SCENE)


def test_a_profile_for_other_channels_leaves_the_pixels_as_they_are() -> None:
    data = encoded(SCENE, "PNG", icc_profile=pictures.grey_profile(gamma=1.0))

    assert np.array_equal(decoded(data), SCENE)


def test_the_first_picture_of_an_mpo_is_the_picture() -> None:
    second = Image.fromarray(SCENE[::-1].copy())
    data = encoded(SCENE, "MPO", save_all=True, append_images=[second], quality=95)

    assert np.abs(decoded(data).astype(int) - SCENE.astype(int)).mean() < 3.0


def refusal(data: bytes, look: Callable[..., object]) -> PictureRefused:
    with pytest.raises(PictureRefused) as caught:
        look(data, file="stills/a.png")
    assert str(caught.value).startswith("stills/a.png: ")
    assert str(caught.value).endswith(".")
    return caught.value


BOTH = [picture.inspect_picture, picture.decode_picture]
OTHER = Image.fromarray(SCENE[::-1].copy())
SEVERAL = {
    "GIF": encoded(SCENE, "GIF", save_all=True, append_images=[OTHER]),
    "APNG": encoded(SCENE, "PNG", save_all=True, append_images=[OTHER]),
    "WebP": encoded(SCENE, "WEBP", save_all=True, append_images=[OTHER]),
    "AVIF": encoded(SCENE, "AVIF", save_all=True, append_images=[OTHER]),
    "TIFF of two pages": encoded(SCENE, "TIFF", save_all=True, append_images=[OTHER]),
}


@pytest.mark.parametrize("look", BOTH)
@pytest.mark.parametrize("data", SEVERAL.values(), ids=SEVERAL)
def test_several_pictures_in_one_file_are_refused(data: bytes, look: Callable[..., object]) -> None:
    error = refusal(data, look)

    assert (error.problem, error.reason) == (PictureProblem.ANIMATED, "picture_animated")
    assert "holds 2 pictures" in str(error)


NO_PICTURES = {
    "text": b"This is a shopping list.\n",
    "HTML": b"<!DOCTYPE html><html></html>",
    "zeros": bytes(1000),
    "PDF": b"%PDF-1.7\n%%EOF\n",
    "MP4": bytes.fromhex("0000002066747970 69736f6d00000200 69736f6d69736f32") + bytes(64),
    "EPS, which Pillow would hand to Ghostscript": encoded(SCENE, "EPS"),
}


@pytest.mark.parametrize("look", BOTH)
@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_is_refused(data: bytes, look: Callable[..., object]) -> None:
    assert refusal(data, look).problem is PictureProblem.NOT_A_PICTURE


@pytest.mark.parametrize("look", BOTH)
def test_an_empty_file_is_refused_as_empty(look: Callable[..., object]) -> None:
    assert refusal(b"", look).problem is PictureProblem.EMPTY


NOISE = np.random.default_rng(7).integers(0, 256, (64, 96, 3), dtype=np.uint8)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "AVIF", "HEIF"])
def test_a_truncated_picture_is_refused_at_every_length(kind: str, share: float) -> None:
    data = encoded(NOISE, kind)
    cut = data[: int(len(data) * share)]

    error = refusal(cut, picture.decode_picture)

    assert error.problem in {PictureProblem.TRUNCATED, PictureProblem.NOT_A_PICTURE}


@pytest.mark.parametrize("missing", [2, 3, 50, 500])
def test_a_jpeg_that_lacks_its_last_bytes_is_truncated(missing: int) -> None:
    error = refusal(encoded(NOISE, "JPEG")[:-missing], picture.decode_picture)

    assert (error.problem, error.reason) == (PictureProblem.TRUNCATED, "picture_truncated")
    assert "Copy the file again" in str(error)


def test_a_flipped_bit_in_a_png_is_found() -> None:
    data = bytearray(encoded(NOISE, "PNG"))
    data[len(data) // 2] ^= 0x10

    assert refusal(bytes(data), picture.decode_picture).problem is PictureProblem.TRUNCATED


def test_the_header_alone_decides_an_inspection() -> None:
    unreadable_pixels = pictures.png(4000, 3000, bits=8, colour=2, body=b"no zlib stream")

    facts = picture.inspect_picture(unreadable_pixels, file="a.png")

    assert (facts.size, facts.format) == (Size(4000, 3000), "PNG")
    assert refusal(unreadable_pixels, picture.decode_picture).problem is PictureProblem.TRUNCATED


def black_png(width: int, height: int) -> bytes:
    """A valid one-bit PNG of any size, in a few kilobytes."""
    rows, hundred = zlib.compressobj(9), bytes(1 + width // 8) * 100
    body = b"".join(rows.compress(hundred) for _ in range(height // 100)) + rows.flush()
    return pictures.png(width, height, bits=1, colour=0, body=body)


GROWTH = """
import resource, sys
from pathlib import Path
from companions import picture
from companions.errors import PictureRefused

def peak_bytes():
    status = Path("/proc/self/status")
    if status.exists():  # Linux, where ru_maxrss starts at the peak of the parent process
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

small, large = (Path(argument).read_bytes() for argument in sys.argv[1:])
picture.decode_picture(small, file="small.png")
before = peak_bytes()
for look in (picture.inspect_picture, picture.decode_picture):
    try:
        print(look(large, file="large.png").size)
    except PictureRefused as error:
        print(error.problem.value)
    if look is picture.inspect_picture:
        print(peak_bytes() - before < 32 * 2**20)
print(peak_bytes() - before < 32 * 2**20)
"""


def grown_by_looking_at(data: bytes, folder: Path) -> list[str]:
    """What each look at ``data`` gave, and whether the process stayed small, in a process apart."""
    (folder / "small.png").write_bytes(encoded(SCENE, "PNG"))
    (folder / "large.png").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(folder / "small.png"), str(folder / "large.png")],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\n")[:-1]


def test_a_bomb_is_refused_from_its_header_within_a_little_memory(tmp_path: Path) -> None:
    bomb = black_png(20_000, 10_000)  # 200 MB once decoded
    assert len(bomb) < 40_000

    assert grown_by_looking_at(bomb, tmp_path) == ["too_large", "True", "too_large", "True"]


def test_inspecting_a_large_picture_does_not_decode_it(tmp_path: Path) -> None:
    large = black_png(12_000, 8_000)  # 96 MB once decoded

    first, stayed_small, *_ = grown_by_looking_at(large, tmp_path)

    assert (first, stayed_small) == ("Size(width=12000, height=8000)", "True")


@pytest.mark.parametrize(
    ("width", "height", "fits"), [(16_000, 10_000, True), (16_001, 10_000, False)]
)
def test_the_limit_is_160_megapixels_exactly(width: int, height: int, fits: bool) -> None:  # noqa: FBT001
    data = pictures.png(width, height, bits=1, colour=0, body=b"")

    if fits:
        assert picture.inspect_picture(data, file="a").size == Size(width, height)
    else:
        assert refusal(data, picture.inspect_picture).problem is PictureProblem.TOO_LARGE


@pytest.mark.parametrize("turned", [False, True])
def test_a_picture_longer_than_documents_can_say_is_too_large(*, turned: bool) -> None:
    def strip(length: int) -> bytes:
        width, height = (300, length) if turned else (length, 300)
        return pictures.png(width, height, bits=1, colour=0, body=b"")

    longest = picture.inspect_picture(strip(MAX_SIDE_PX), file="a").size
    PictureIdentity(name="a.png", width=longest.width, height=longest.height, sha256="0" * 64)

    refused = refusal(strip(MAX_SIDE_PX + 1), picture.inspect_picture)
    assert refused.problem is PictureProblem.TOO_LARGE
    assert "100001 pixels long; the limit is 100000" in str(refused)


def test_a_file_is_read_whole_or_refused_with_its_reason(tmp_path: Path) -> None:
    good = tmp_path / "a.png"
    good.write_bytes(encoded(SCENE, "PNG"))
    (tmp_path / "empty.png").write_bytes(b"")
    os.mkfifo(tmp_path / "fifo.png")

    assert picture.read_picture_bytes(good) == good.read_bytes()
    for path, problem in (
        (tmp_path / "missing.png", PictureProblem.MISSING),
        (tmp_path / "empty.png", PictureProblem.EMPTY),
        (tmp_path / "fifo.png", PictureProblem.UNREADABLE),
        (tmp_path, PictureProblem.UNREADABLE),
        (good / "below.png", PictureProblem.UNREADABLE),
    ):
        with pytest.raises(PictureRefused) as caught:
            picture.read_picture_bytes(path)
        assert (caught.value.problem, caught.value.file) == (problem, str(path))
        assert caught.value.exit_code == 20


DAMAGED = {
    kind: encoded(SCENE[:24, :32].copy(), kind, exif=pictures.exif(6))
    for kind in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF")
} | {kind: encoded(SCENE[:24, :32].copy(), kind) for kind in ("BMP", "GIF")}


@settings(max_examples=400)
@given(kind=st.sampled_from(list(DAMAGED)), edits=st.data())
def test_a_damaged_picture_gives_pixels_or_a_refusal(kind: str, edits: st.DataObject) -> None:
    data = bytearray(DAMAGED[kind])
    for _ in range(edits.draw(st.integers(1, 5))):
        start = edits.draw(st.integers(0, min(len(data), 400)))
        length = edits.draw(st.integers(0, 6))
        data[start : start + length] = edits.draw(st.binary(max_size=6))
    for look in (picture.inspect_picture, picture.decode_picture):
        try:
            look(bytes(data), file="a")
        except PictureRefused:
            continue
