from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from companions.geometry import Size
from selector.media.decode import _heavy
from selector.media.loader import MIN_BUDGET_BYTES, Loader, Tier
from tests.selector.desks import PATIENCE_MS
from tests.selector.media import pictures

Making = Callable[..., Loader]


@pytest.fixture
def loaders(qapp: object) -> Iterator[Making]:
    """Makes loaders, and closes them at the end."""
    made: list[Loader] = []

    def make(**options: object) -> Loader:
        made.append(Loader(**{"threads": 1, **options}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


class Heard:
    """What a loader has told, in its order."""

    def __init__(self, loader: Loader) -> None:
        self.ready: list[tuple[Path, Tier]] = []
        self.failed: list[tuple[Path, str]] = []
        self.threads: set[int] = set()
        self.missing: list[Path] = []
        self._loader = loader
        loader.ready.connect(self._ready)
        loader.failed.connect(self._failed)

    def _ready(self, picture: Path, tier: Tier) -> None:
        self.threads.add(threading.get_ident())
        self.ready.append((picture, tier))
        if self._loader.image(picture, tier) is None:
            self.missing.append(picture)

    def _failed(self, picture: Path, why: str) -> None:
        self.threads.add(threading.get_ident())
        self.failed.append((picture, why))


def wait(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=PATIENCE_MS)


def test_an_image_is_there_when_it_is_told_of_in_the_windows_thread(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=5.0)
    loader = loaders()
    heard = Heard(loader)
    assert loader.image(picture) is None
    assert loader.size(picture) is None

    loader.want([picture])
    loader.want_thumbs([picture])
    wait(qtbot, lambda: len(heard.ready) == 2)

    assert heard.threads == {threading.get_ident()}
    assert heard.missing == []
    screen, thumb = loader.image(picture), loader.image(picture, Tier.THUMB)
    assert screen is not None
    assert thumb is not None
    assert (screen.width(), screen.height()) == (1500, 1172)
    assert (thumb.width(), thumb.height()) == (256, 200)
    assert loader.size(picture) == Size(2560, 2000)
    assert loader.problem(picture) is None


def test_pictures_come_in_the_order_of_the_plan(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    plan = pictures.many(tmp_path, 12, size=(200, 100))[::-1]
    loader = loaders()
    heard = Heard(loader)

    loader.want(plan)
    wait(qtbot, lambda: len(heard.ready) == 12)

    # The thread for the current picture takes the first one and nothing else.
    assert [picture for picture, _ in heard.ready if picture != plan[0]] == plan[1:]


def test_what_is_no_longer_planned_is_not_begun(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    *stale, current = pictures.many(tmp_path, 30, size=(3000, 2000))
    loader = loaders()
    heard = Heard(loader)

    loader.want(stale)
    loader.want([current])
    wait(qtbot, lambda: loader.image(current) is not None)
    later = pictures.plain(tmp_path / "later.jpg", pictures.RED)
    loader.want([later])
    wait(qtbot, lambda: loader.image(later) is not None)

    # At most what the two threads had begun before the plan was replaced.
    assert sum(picture in stale for picture, _ in heard.ready) <= 2


def test_the_current_picture_does_not_wait_for_one_that_is_being_decoded(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    slow = pictures.slow(tmp_path / "slow.png")
    first = pictures.plain(tmp_path / "first.jpg", pictures.RED)
    second = pictures.plain(tmp_path / "second.jpg", pictures.GREEN)
    loader = loaders()
    heard = Heard(loader)
    loader.ready.connect(
        lambda picture, _: loader.want([second, slow]) if picture == first else None
    )

    loader.want([first, slow])
    wait(qtbot, lambda: len(heard.ready) == 3)

    assert [picture for picture, _ in heard.ready] == [first, second, slow]


def test_the_current_picture_does_not_stand_in_line_behind_other_large_ones(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    large = (4100, 3000)  # such are decoded one at a time
    *stale, current = [
        pictures.plain(tmp_path / f"{i}.png", pictures.RED, size=large) for i in range(4)
    ]
    loader = loaders(threads=4)
    heard = Heard(loader)

    with _heavy:
        loader.want(stale)
        wait(qtbot, lambda: _heavy.waiting == 3)
        loader.want([current])
        wait(qtbot, lambda: _heavy.waiting == 4)
    wait(qtbot, lambda: len(heard.ready) == 4)

    assert heard.ready[0] == (current, Tier.SCREEN)


def test_a_thumb_comes_before_the_less_urgent_pictures(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    plan = pictures.many(tmp_path, 20, size=(200, 100))
    thumb = pictures.plain(tmp_path / "thumb.jpg", pictures.BLUE)
    loader = loaders()
    heard = Heard(loader)

    loader.want_thumbs([thumb])
    loader.want(plan)
    wait(qtbot, lambda: len(heard.ready) == 21)

    assert heard.ready.index((thumb, Tier.THUMB)) <= 10


def test_images_never_take_more_than_the_budget_and_loading_comes_to_an_end(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    plan = pictures.many(tmp_path, 40)
    loader = loaders(budget_bytes=1)
    heard = Heard(loader)
    over: list[int] = []
    loader.ready.connect(
        lambda *_: over.append(loader.held_bytes) if loader.held_bytes > MIN_BUDGET_BYTES else None
    )
    fit = 3  # of 10 MB each; room for a fourth is there only if it is no larger than they are

    loader.want_thumbs(plan)
    for first in range(0, 40, 3):
        loader.want(plan[first:])
        wait(
            qtbot,
            lambda first=first: all(loader.image(p) for p in plan[first : first + fit]),  # type: ignore[misc]
        )
    wait(qtbot, lambda: sum(tier is Tier.THUMB for _, tier in heard.ready) >= 24)
    wait(qtbot, lambda: (plan[39], Tier.SCREEN) in heard.ready and not loader._under_way)
    qtbot.wait(50)

    assert over == []
    # Each was loaded when it came into reach and not again.
    screens = [picture for picture, tier in heard.ready if tier is Tier.SCREEN]
    assert sorted(screens) == plan


def test_a_picture_that_stays_planned_is_not_given_up_for_others(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    stays, *others = pictures.many(tmp_path, 12)
    loader = loaders(budget_bytes=MIN_BUDGET_BYTES)
    heard = Heard(loader)

    for other in others:
        loader.want([other, stays])
        wait(qtbot, lambda other=other: (other, Tier.SCREEN) in heard.ready)  # type: ignore[misc]
        wait(qtbot, lambda: not loader._under_way)

    assert heard.ready.count((stays, Tier.SCREEN)) == 1
    assert loader.image(stays) is not None


def test_a_picture_that_cannot_be_shown_is_told_once_and_the_others_are_shown(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    whole = pictures.photograph(tmp_path / "whole.jpg")
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole.read_bytes()[:9000])
    loader = loaders(threads=3)
    heard = Heard(loader)

    loader.want([cut, tmp_path / "gone.jpg", whole])
    loader.want_thumbs([cut, whole])
    wait(qtbot, lambda: len(heard.ready) == 2 and len(heard.failed) >= 2)
    loader.want([cut, whole])
    qtbot.wait(50)

    assert sorted(picture for picture, _ in heard.failed) == [cut, tmp_path / "gone.jpg"]
    why = loader.problem(cut)
    assert why is not None
    assert "truncated" in why
    assert "\n" not in why
    assert loader.image(cut) is None
    assert loader.problem(whole) is None


def test_a_picture_that_fails_as_a_thumb_and_for_the_screen_at_once_is_told_once(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    cut = pictures.slow(tmp_path / "cut.png")
    cut.write_bytes(cut.read_bytes()[:-500_000])
    good = pictures.plain(tmp_path / "good.jpg", pictures.GREEN)
    loader = loaders()
    heard = Heard(loader)

    loader.want_thumbs([cut])
    qtbot.wait(30)  # most likely it is under way now
    loader.want([cut])
    wait(qtbot, lambda: bool(heard.failed))
    wait(qtbot, lambda: not loader._under_way)
    loader.want([cut, good])
    wait(qtbot, lambda: bool(heard.ready))

    assert len(heard.failed) == 1


def test_a_picture_that_was_mended_is_shown_once_it_is_forgotten(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"not a picture")
    loader = loaders()
    loader.want([picture])
    wait(qtbot, lambda: loader.problem(picture) is not None)

    pictures.plain(picture, pictures.GREEN)
    loader.forget(picture)
    wait(qtbot, lambda: loader.image(picture) is not None)

    assert loader.problem(picture) is None


def test_a_file_that_comes_back_is_tried_again_when_it_is_wanted_again(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    picture = tmp_path / "a.jpg"
    damaged = tmp_path / "b.jpg"
    damaged.write_bytes(b"not a picture")
    loader = loaders(retry_s=0.0)
    heard = Heard(loader)
    loader.want([picture, damaged])
    wait(qtbot, lambda: len(heard.failed) == 2)

    pictures.plain(picture, pictures.GREEN)
    loader.want([picture, damaged])
    wait(qtbot, lambda: loader.image(picture) is not None)

    assert loader.problem(picture) is None
    assert len(heard.failed) == 2  # what is damaged stays so


def test_a_picture_that_changes_while_it_is_read_is_shown_as_it_is_at_last(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    picture = pictures.slow(tmp_path / "a.png")
    loader = loaders()
    heard = Heard(loader)
    loader.want([picture])
    qtbot.wait(60)  # most likely it is under way now; if it is not, this shows less but the same

    pictures.plain(tmp_path / "new.png", pictures.GREEN).replace(picture)
    loader.forget(picture)
    wait(qtbot, lambda: bool(heard.ready))

    image = loader.image(picture)
    assert image is not None
    assert image.pixelColor(9, 9) == QColor(*pictures.GREEN)
    assert len(heard.ready) == 1
    assert loader.size(picture) == Size(640, 400)


def test_a_forgotten_picture_that_nobody_wants_is_not_read(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    first, second = pictures.many(tmp_path, 2)
    loader = loaders()
    heard = Heard(loader)
    loader.want([first])
    wait(qtbot, lambda: loader.image(first) is not None)
    loader.want([second])

    loader.forget(first)
    wait(qtbot, lambda: len(heard.ready) == 2)

    assert loader.image(first) is None
    assert [picture for picture, _ in heard.ready] == [first, second]


def test_large_pictures_are_shown_from_proxies_next_time(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=6.0)
    cache = tmp_path / "cache"
    first = loaders(cache_folder=cache)
    first.want([picture])
    wait(qtbot, lambda: any(each.is_file() for each in (cache / "proxies").rglob("?" * 64)))
    first.close()
    facts = picture.stat()
    picture.write_bytes(bytes(facts.st_size))
    os.utime(picture, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    second = loaders(cache_folder=cache)
    second.want([picture])
    wait(qtbot, lambda: second.image(picture) is not None or second.problem(picture) is not None)

    assert second.problem(picture) is None
    assert second.size(picture) == Size(3072, 2400)


def test_every_picture_of_a_hurry_has_its_proxy_when_there_is_time(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    whole = pictures.photograph(tmp_path / "0.jpg", scale=6.0)
    plan = [Path(shutil.copy(whole, tmp_path / f"{index}.jpg")) for index in range(1, 8)]
    cache = tmp_path / "cache"

    loaders(cache_folder=cache, threads=1).want(plan)

    def proxies() -> int:
        return sum(each.is_file() for each in (cache / "proxies").rglob("?" * 64))

    wait(qtbot, lambda: proxies() == len(plan))


def test_a_cache_folder_that_cannot_be_made_keeps_no_picture_from_being_shown(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=6.0)
    (tmp_path / "file").write_bytes(b"mine")
    loader = loaders(cache_folder=tmp_path / "file" / "cache")

    loader.want([picture])
    wait(qtbot, lambda: loader.image(picture) is not None)

    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_closed_loader_has_no_threads_and_tells_nothing(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    plan = pictures.many(tmp_path, 20, size=(2000, 1000))
    before = set(threading.enumerate())
    loader = loaders(threads=3)
    ours = set(threading.enumerate()) - before
    assert len(ours) == 4
    heard = Heard(loader)
    loader.want(plan)
    while not loader.held_bytes:  # the window does not get to hear of it
        time.sleep(0.001)

    loader.close()

    assert not any(thread.is_alive() for thread in ours)
    qtbot.wait(50)
    assert heard.ready == []
    assert loader.held_bytes == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_costs_one_picture_and_no_thread(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    # No file can have such a name, and asking for it is an error of a kind that no file causes.
    impossible = [tmp_path / f"{i}\0.jpg" for i in range(6)]
    good = pictures.plain(tmp_path / "good.jpg", pictures.RED)
    loader = loaders(cache_folder=tmp_path / "cache")
    heard = Heard(loader)

    loader.want([*impossible, good])
    wait(qtbot, lambda: loader.image(good) is not None and len(heard.failed) == 6)

    assert {picture for picture, _ in heard.failed} == set(impossible)
    assert all(loader.problem(picture) for picture in impossible)


@pytest.mark.skipif(sys.platform == "darwin", reason="names are text there")
def test_a_file_whose_name_is_not_text_is_shown(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    good = tmp_path / os.fsdecode(b"caf\xe9.jpg")
    Image.new("RGB", (60, 40), pictures.RED).save(tmp_path / "plain.jpg")
    (tmp_path / "plain.jpg").rename(good)
    bad = tmp_path / os.fsdecode(b"\xff\xfe.jpg")
    bad.write_bytes(b"not a picture")
    loader = loaders(cache_folder=tmp_path / "cache")
    heard = Heard(loader)

    loader.want([good, bad])
    wait(qtbot, lambda: bool(heard.ready) and bool(heard.failed))

    assert heard.ready == [(good, Tier.SCREEN)]
    assert heard.failed[0][0] == bad
    assert "not a picture" in heard.failed[0][1]


def test_wants_from_a_slot_are_served(qtbot: QtBot, tmp_path: Path, loaders: Making) -> None:
    plan = pictures.many(tmp_path, 15, size=(100, 80))
    loader = loaders()

    def go_on(picture: Path, tier: Tier) -> None:
        at = plan.index(picture)
        loader.want(plan[at + 1 : at + 2])

    loader.ready.connect(go_on)
    loader.want(plan[:1])

    wait(qtbot, lambda: loader.image(plan[-1]) is not None)


def test_a_picture_exported_anew_leaves_no_thumb_of_what_it_was(
    qtbot: QtBot, tmp_path: Path, loaders: Making
) -> None:
    picture = pictures.photograph(tmp_path / "a.jpg", scale=6.0)
    cache = tmp_path / "cache"
    first = loaders(cache_folder=cache)
    first.want([picture])
    wait(qtbot, lambda: first.image(picture) is not None)

    pictures.plain(picture, pictures.GREEN, size=(3000, 2000))  # by another program: unnoticed
    first.want_thumbs([picture])
    wait(qtbot, lambda: any(each.is_file() for each in (cache / "thumbs").rglob("?" * 64)))
    first.close()

    second = loaders(cache_folder=cache)
    second.want_thumbs([picture])
    wait(qtbot, lambda: second.image(picture, Tier.THUMB) is not None)
    thumb = second.image(picture, Tier.THUMB)
    assert thumb is not None
    assert thumb.pixelColor(9, 9).green() > 150
    assert second.size(picture) == Size(3000, 2000)
