"""Pictures at full resolution: the fleet's pixels, two at a time; refusals are told."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from companions.picture import decode_picture, read_picture_bytes
from selector.media.stills import Stills
from tests.selector import stills as photographs
from tests.selector.desks import PATIENCE_MS


@pytest.fixture
def stills(qapp: object) -> Iterator[Stills]:
    made = Stills()
    yield made
    made.close()


def read(qtbot: QtBot, stills: Stills, picture: Path) -> None:
    with qtbot.waitSignal(stills.ready, timeout=PATIENCE_MS):
        stills.want(picture)


def test_pixels_are_those_that_the_fleet_decodes(
    qtbot: QtBot, stills: Stills, tmp_path: Path
) -> None:
    picture = photographs.copied("rocket.jpg", tmp_path)

    read(qtbot, stills, picture)

    pixels = stills.pixels(picture)
    assert pixels is not None
    assert np.array_equal(pixels, decode_picture(read_picture_bytes(picture), file="x"))
    assert not pixels.flags.writeable


def test_the_two_pictures_used_last_are_kept(qtbot: QtBot, stills: Stills, tmp_path: Path) -> None:
    first, second, third = (
        photographs.copied(name, tmp_path) for name in ("coffee.png", "chelsea.png", "rocket.jpg")
    )
    read(qtbot, stills, first)
    read(qtbot, stills, second)
    assert stills.pixels(first) is not None

    read(qtbot, stills, third)

    assert stills.pixels(second) is None
    assert stills.pixels(first) is not None
    assert stills.pixels(third) is not None


def test_a_picture_over_the_budget_is_kept_alone(qtbot: QtBot, tmp_path: Path) -> None:
    small = Stills(budget_bytes=1000)
    first = photographs.copied("coffee.png", tmp_path)
    second = photographs.copied("chelsea.png", tmp_path)
    try:
        read(qtbot, small, first)
        read(qtbot, small, second)

        assert small.pixels(first) is None
        assert small.pixels(second) is not None
    finally:
        small.close()


def test_trimmed_to_one_it_keeps_the_picture_used_last(
    qtbot: QtBot, stills: Stills, tmp_path: Path
) -> None:
    first, second = (photographs.copied(name, tmp_path) for name in ("coffee.png", "chelsea.png"))
    read(qtbot, stills, first)
    read(qtbot, stills, second)
    assert stills.pixels(first) is not None

    stills.trim()

    assert stills.pixels(second) is None
    assert stills.pixels(first) is not None


def test_a_picture_that_changed_on_the_disk_is_read_again(
    qtbot: QtBot, stills: Stills, tmp_path: Path
) -> None:
    picture = photographs.copied("coffee.png", tmp_path, to="x.png")
    read(qtbot, stills, picture)
    photographs.copied("chelsea.png", tmp_path, to="x.png")
    os.utime(picture, ns=(1, 1))

    assert stills.pixels(picture) is None

    read(qtbot, stills, picture)
    pixels = stills.pixels(picture)
    assert pixels is not None
    assert np.array_equal(pixels, photographs.photograph("chelsea.png"))


def test_a_damaged_picture_is_told_with_its_reason_and_the_next_one_is_read(
    qtbot: QtBot, stills: Stills, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes((photographs.PHOTOGRAPHS / "coffee.png").read_bytes()[:5000])
    good = photographs.copied("chelsea.png", tmp_path)

    with qtbot.waitSignal(stills.failed, timeout=PATIENCE_MS) as told:
        stills.want(bad)

    picture, why = told.args or (None, "")
    assert picture == bad
    assert "truncated" in why
    read(qtbot, stills, good)
    assert stills.pixels(good) is not None


def test_a_missing_picture_is_told(qtbot: QtBot, stills: Stills, tmp_path: Path) -> None:
    with qtbot.waitSignal(stills.failed, timeout=PATIENCE_MS) as told:
        stills.want(tmp_path / "gone.jpg")

    assert "no such file" in (told.args or [None, ""])[1]


def test_a_closed_reader_reads_nothing_more(qtbot: QtBot, tmp_path: Path) -> None:
    closed = Stills()
    read(qtbot, closed, photographs.copied("coffee.png", tmp_path))
    closed.close()

    closed.want(other := photographs.copied("chelsea.png", tmp_path))

    assert closed.pixels(other) is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_is_told_and_the_next_one_is_read(
    qtbot: QtBot, stills: Stills, tmp_path: Path
) -> None:
    # No file can have such a name, and asking for it is an error of a kind that no file causes.
    with qtbot.waitSignal(stills.failed, timeout=PATIENCE_MS) as told:
        stills.want(tmp_path / "a\0.jpg")

    assert "not foreseen" in (told.args or [None, ""])[1]
    read(qtbot, stills, photographs.copied("chelsea.png", tmp_path))


def test_a_closed_reader_keeps_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    closed = Stills()
    picture = photographs.copied("coffee.png", tmp_path)
    read(qtbot, closed, picture)
    pixels = closed.pixels(picture)
    assert pixels is not None
    held = weakref.ref(pixels)
    del pixels

    closed.close()

    assert held() is None
