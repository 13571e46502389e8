from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

from companions.errors import PictureRefused
from companions.geometry import Size
from selector.media.decode import Decoded, decode
from selector.media.disk_cache import DiskCache, Stamp
from selector.media.fetching import fetch
from selector.media.plan import Tier, fitted
from selector.media.proxies import QUALITY, Proxies
from tests.selector.media import pictures

LARGE = 6.0  # the photograph at 3072 by 2400 pixels, which is worth a proxy


def pixels_of(image: QImage) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[..., :3].copy()


def same(a: QImage, b: QImage) -> bool:
    """Whether they differ by no more than a JPEG of good quality does."""
    apart = np.abs(pixels_of(a).astype(np.int16) - pixels_of(b).astype(np.int16))
    return float(apart.mean()) < 4.0


def replaced_unnoticed(picture: Path) -> None:
    """Put rubbish in the place of a picture, so that its stamp stays."""
    facts = picture.stat()
    picture.write_bytes(os.urandom(facts.st_size))
    os.utime(picture, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def fetched_and_kept(picture: Path, proxies: Proxies, tier: Tier = Tier.SCREEN) -> Decoded:
    fetched = fetch(picture, tier, at_hand=None, proxies=proxies)
    assert fetched.keep_as is not None
    assert proxies.save(fetched.keep_as, tier, fetched.decoded)
    return fetched.decoded


@pytest.mark.parametrize("tier", list(Tier))
def test_a_picture_is_shown_from_its_proxy_the_second_time(tmp_path: Path, tier: Tier) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=LARGE)
    first = fetched_and_kept(picture, Proxies(tmp_path / "cache"), tier)
    replaced_unnoticed(picture)

    second = fetch(picture, tier, at_hand=None, proxies=Proxies(tmp_path / "cache"))

    assert second.decoded.size == first.size == Size(3072, 2400)
    assert second.decoded.image.format() == QImage.Format.Format_RGB32
    assert same(second.decoded.image, first.image)
    assert second.keep_as is None


def test_a_thumb_is_made_from_the_screens_proxy(tmp_path: Path) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=LARGE)
    proxies = Proxies(tmp_path / "cache")
    fetched_and_kept(picture, proxies)
    expected = decode(picture, long_side=256)
    replaced_unnoticed(picture)

    thumb = fetch(picture, Tier.THUMB, at_hand=None, proxies=proxies)

    assert thumb.decoded.size == expected.size
    assert same(thumb.decoded.image, expected.image)


def test_a_thumb_is_made_from_the_image_at_hand(tmp_path: Path) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=2.0)
    at_hand = fetch(picture, Tier.SCREEN, at_hand=None, proxies=None)
    expected = decode(picture, long_side=256)
    picture.unlink()

    thumb = fetch(picture, Tier.THUMB, at_hand=at_hand, proxies=None)

    assert thumb.decoded.size == expected.size
    assert same(thumb.decoded.image, expected.image)


def test_a_changed_picture_is_not_shown_from_its_old_proxy(tmp_path: Path) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=LARGE)
    proxies = Proxies(tmp_path / "cache")
    fetched_and_kept(picture, proxies)
    pictures.plain(picture, pictures.RED, size=(3000, 2000))

    again = fetch(picture, Tier.SCREEN, at_hand=None, proxies=proxies)

    assert again.decoded.size == Size(3000, 2000)
    assert again.decoded.image.pixelColor(5, 5).red() > 180


def test_a_damaged_proxy_is_made_anew(tmp_path: Path) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=LARGE)
    proxies = Proxies(tmp_path / "cache")
    first = fetched_and_kept(picture, proxies)
    (file,) = [each for each in (tmp_path / "cache").rglob("*") if each.is_file()]
    file.write_bytes(file.read_bytes()[:-100])

    again = fetched_and_kept(picture, proxies)

    assert same(again.image, first.image)
    stamp = Stamp.of(picture)
    assert proxies.load(stamp, Tier.SCREEN) is not None


@pytest.mark.parametrize("rubbish", [b"", b"12345678", b"12345678 and what is no JPEG"])
def test_a_proxy_that_is_no_picture_is_made_anew(tmp_path: Path, rubbish: bytes) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=LARGE)
    proxies = Proxies(tmp_path / "cache")
    first = fetched_and_kept(picture, proxies)
    disk = DiskCache(tmp_path / "cache" / "proxies", budget_bytes=10**9, spare_bytes=0)
    assert disk.save(rubbish, Stamp.of(picture), Tier.SCREEN.long_side, QUALITY)

    again = fetched_and_kept(picture, proxies)

    assert same(again.image, first.image)


def test_a_small_picture_needs_no_proxy(tmp_path: Path) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg")

    fetched = fetch(picture, Tier.SCREEN, at_hand=None, proxies=Proxies(tmp_path / "cache"))

    assert fetched.keep_as is None


def test_a_picture_that_is_gone_is_refused_though_its_proxy_is_there(tmp_path: Path) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=LARGE)
    proxies = Proxies(tmp_path / "cache")
    fetched_and_kept(picture, proxies)
    picture.unlink()

    with pytest.raises(PictureRefused, match="no such file"):
        fetch(picture, Tier.SCREEN, at_hand=None, proxies=proxies)


def test_proxies_beyond_the_budget_go_and_thumbs_stay(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    proxies = Proxies(folder, budget_bytes=1_000_000)
    for i in range(8):
        picture = pictures.photograph(tmp_path / f"{i}.jpg", scale=LARGE)
        for tier in Tier:
            fetched_and_kept(picture, proxies, tier)

    assert proxies.sweep_if_due()

    def bytes_in(name: str) -> int:
        return sum(f.stat().st_size for f in (folder / name).rglob("*") if f.is_file())

    assert 0 < bytes_in("proxies") <= 750_000
    assert sum(f.is_file() for f in (folder / "thumbs").rglob("*")) == 8
    assert not proxies.sweep_if_due()


def test_no_thumb_is_made_from_an_image_of_what_the_file_was_before(tmp_path: Path) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=LARGE)
    proxies = Proxies(tmp_path / "cache")
    before = fetch(picture, Tier.SCREEN, at_hand=None, proxies=proxies)
    pictures.plain(picture, pictures.RED, size=(3000, 2000))

    thumb = fetch(picture, Tier.THUMB, at_hand=before, proxies=proxies)

    assert thumb.decoded.size == Size(3000, 2000)
    assert thumb.decoded.image.pixelColor(5, 5).red() > 180
    assert thumb.keep_as == Stamp.of(picture)


def test_what_changes_while_it_is_read_leaves_no_proxy(tmp_path: Path) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=LARGE)

    class Overtaken(Proxies):
        def load(self, stamp: Stamp, tier: Tier) -> Decoded | None:
            pictures.plain(picture, pictures.RED, size=(3000, 2000))  # by another program
            return super().load(stamp, tier)

    fetched = fetch(picture, Tier.SCREEN, at_hand=None, proxies=Overtaken(tmp_path / "cache"))

    assert fetched.decoded.size == Size(3000, 2000)
    assert fetched.stamp is None
    assert fetched.keep_as is None


@pytest.mark.parametrize("tier", list(Tier))
@pytest.mark.parametrize("height", [3011, 1999, 37])
def test_every_way_to_an_image_gives_the_size_that_the_plan_counts_with(
    tmp_path: Path, tier: Tier, height: int
) -> None:
    # A thumb that were a row higher would take more than was planned, and be decoded in a circle.
    picture = pictures.plain(tmp_path / "a.jpg", pictures.RED, size=(6000, height))
    expected = fitted(Size(6000, height), long_side=tier.long_side)
    proxies = Proxies(tmp_path / "cache")
    screen = fetched_and_kept(picture, proxies) if height > 1000 else None

    ways = [
        fetch(picture, tier, at_hand=None, proxies=None),
        fetch(picture, tier, at_hand=None, proxies=proxies),
        fetch(
            picture,
            tier,
            at_hand=fetch(picture, Tier.SCREEN, at_hand=None, proxies=proxies),
            proxies=None,
        ),
    ]

    assert screen is None or screen.size == Size(6000, height)
    for each in ways:
        image = each.decoded.image
        assert Size(image.width(), image.height()) == expected
