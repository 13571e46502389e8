"""When a picture was taken: by its camera, else by its file."""

from __future__ import annotations

import calendar
import os
import time
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from selector.core.groups import GroupRule
from selector.core.moments import camera_moment, dated_share, opening_rule, taken_at

NOON = calendar.timegm((2025, 7, 4, 12, 0, 0))
SAID = "2025:07:04 12:00:00"


def dated(path: Path, moment: str | None, *, fraction: str | None = None) -> Path:
    """A picture whose camera wrote ``moment`` down."""
    exif = Image.Exif()
    exif[0x010F] = "a camera"  # some writers drop a header that says nothing of the picture
    block = exif.get_ifd(0x8769)
    if moment is not None:
        block[0x9003] = moment
    if fraction is not None:
        block[0x9291] = fraction
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48), (90, 120, 60)).save(path, exif=exif.tobytes())
    return path


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif", ".heic"])
def test_the_camera_says_when_in_every_format(tmp_path: Path, suffix: str) -> None:
    if suffix == ".heic":
        pytest.importorskip("pillow_heif").register_heif_opener()

    assert camera_moment(dated(tmp_path / f"a{suffix}", SAID)) == NOON


@pytest.mark.parametrize(
    ("fraction", "seconds"), [("5", 0.5), ("50", 0.5), ("043", 0.043), ("", 0.0), ("x", 0.0)]
)
def test_fractions_of_a_second_count(tmp_path: Path, fraction: str, seconds: float) -> None:
    found = camera_moment(dated(tmp_path / "a.jpg", SAID, fraction=fraction))

    assert found == pytest.approx(NOON + seconds, abs=1e-6)


@pytest.mark.parametrize(
    "moment",
    [
        None,
        "",
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "2025:13:04 12:00:00",
        "2025:07:00 12:00:00",
        "2025:07:04 24:00:00",
        "yesterday",
    ],
)
def test_a_camera_without_a_clock_says_nothing_and_the_file_counts(
    tmp_path: Path, moment: str | None
) -> None:
    picture = dated(tmp_path / "a.jpg", moment)
    os.utime(picture, (0, 1_751_630_400.25))

    assert camera_moment(picture) is None
    clock = calendar.timegm(datetime.fromtimestamp(1_751_630_400).timetuple())  # noqa: DTZ006
    assert taken_at(picture) == pytest.approx(clock + 0.25)


def test_the_camera_is_believed_before_the_file(tmp_path: Path) -> None:
    picture = dated(tmp_path / "a.jpg", SAID)
    os.utime(picture, (0, 0))

    assert taken_at(picture) == NOON


@pytest.mark.parametrize("damage", [b"", b"no picture", b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM"])
def test_a_damaged_picture_has_the_moment_of_its_file(tmp_path: Path, damage: bytes) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(damage)

    assert camera_moment(picture) is None
    assert taken_at(picture) is not None


@pytest.mark.parametrize("at", [30, 60, 100, 150])
def test_a_header_that_is_cut_or_garbled_is_survived(tmp_path: Path, at: int) -> None:
    picture = dated(tmp_path / "a.jpg", SAID)
    data = picture.read_bytes()
    for changed in (data[:at], data[:at] + b"\xff\x00\xff\xff" * 8 + data[at + 32 :]):
        picture.write_bytes(changed)

        assert taken_at(picture) is not None


def test_a_picture_too_large_to_be_opened_has_the_moment_of_its_file(tmp_path: Path) -> None:
    picture = dated(tmp_path / "a.jpg", SAID)
    data = bytearray(picture.read_bytes())
    frame = data.index(b"\xff\xc0") + 5
    data[frame : frame + 4] = (13_000).to_bytes(2) + (16_000).to_bytes(2)  # 208 megapixels
    picture.write_bytes(data)
    os.utime(picture, (0, 1_751_630_400))

    assert camera_moment(picture) is None
    assert taken_at(picture) is not None
    names = [picture.name, dated(tmp_path / "b.jpg", SAID).name]
    assert opening_rule(names, picture=tmp_path.joinpath)[0] is GroupRule.TIME


def test_a_picture_that_is_gone_has_no_moment(tmp_path: Path) -> None:
    assert taken_at(tmp_path / "gone.jpg") is None


def test_a_folder_is_judged_by_a_sample_of_all_its_pictures(tmp_path: Path) -> None:
    half = [dated(tmp_path / f"{index}.jpg", SAID if index < 30 else None) for index in range(60)]

    assert dated_share(half) == pytest.approx(0.5, abs=0.1)
    assert dated_share(half[:30]) == 1.0
    assert dated_share([]) == 0.0


@pytest.mark.parametrize(
    ("names", "moment", "rule"),
    [
        pytest.param(["IMG_0001.jpg", "IMG_0002.jpg"], SAID, GroupRule.TIME, id="a camera's"),
        pytest.param(["IMG_0001.jpg", "IMG_0002.jpg"], None, GroupRule.EACH, id="undated"),
        pytest.param(["a/1.jpg", "b/1.jpg"], SAID, GroupRule.FOLDER, id="in folders"),
        pytest.param(["g_1.jpg", "g_2.jpg"], SAID, GroupRule.STEM, id="alternatives"),
    ],
)
def test_a_folder_is_opened_with_the_rule_that_suits_it(
    tmp_path: Path, names: list[str], moment: str | None, rule: GroupRule
) -> None:
    for name in names:
        dated(tmp_path / name, moment)

    found, moments = opening_rule(names, picture=tmp_path.joinpath)

    assert found is rule
    assert moments == (dict.fromkeys(names, NOON) if rule is GroupRule.TIME else {})


def test_a_very_large_folder_is_opened_without_reading_a_single_header(tmp_path: Path) -> None:
    asked: list[str] = []

    def picture(name: str) -> Path:
        asked.append(name)
        return tmp_path / name

    found, _ = opening_rule([f"IMG_{index:05}.jpg" for index in range(20_000)], picture=picture)

    assert (found, asked) == (GroupRule.EACH, [])


@pytest.mark.parametrize("moment", [SAID, None], ids=["dated", "undated"])
def test_only_the_header_is_read(tmp_path: Path, moment: str | None) -> None:
    picture = tmp_path / "large.png"
    image = Image.effect_noise((3000, 2000), 90)
    if moment is None:
        image.save(picture, compress_level=1)
    else:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = moment
        image.save(picture, compress_level=1, exif=exif.tobytes())

    def reading_s() -> float:
        begun = time.process_time()
        assert (camera_moment(picture) is None) == (moment is None)
        return time.process_time() - begun

    with Image.open(picture) as image:
        begun = time.process_time()
        image.load()
        decoding_s = time.process_time() - begun
    assert min(reading_s() for _ in range(5)) < decoding_s / 5  # 1/60 measured
