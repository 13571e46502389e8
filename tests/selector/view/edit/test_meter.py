"""The safety meter: values against limits in words and bars, and a button that mends the move."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from companions.geometry import Rect
from companions.motion import SafetyVerdict
from selector.core import drafting
from selector.view.edit.gauges import gauges, sharp_output
from selector.view.edit.remedies import offers
from tests.selector import stills
from tests.selector.view.edit.editors import (
    PICTURE,
    editing,
    motion_for,
    on_disk,
    pull,
    shown,
)


def test_a_fast_move_is_told_with_its_speed_and_the_limit(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        meter = page.inspector.meter
        assert "Safe" in meter.verdict.text()

        page.editing.edit(lambda m: drafting.with_duration(m, 3.0), what="hurry")

        speed = next(bar.gauge for bar in meter.bars if bar.gauge and bar.gauge.title == "Speed")
        assert speed.verdict is SafetyVerdict.WARN
        assert meter.findings.text().startswith(f"peak speed {speed.shown}, limit 20")
        assert speed.shown in {f"{v} %/s" for v in range(20, 41)}


def test_the_meter_follows_a_drag_before_it_is_let_go(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        bar = page.inspector.meter.bars[0]
        assert bar.gauge is not None
        before = bar.gauge.value
        view = page.canvas.view
        pull(page.canvas, view.at_fraction(0.4, 0.4), view.at_fraction(0.7, 0.6), lets_go=False)
        assert bar.gauge.value > before


def test_a_button_makes_the_move_safe_and_undo_takes_it_back(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        page.editing.edit(lambda m: drafting.with_duration(m, 0.5), what="hurry")
        meter = page.inspector.meter
        assert "Blocked" in meter.verdict.text()
        qtbot.waitUntil(lambda: bool(meter.remedies))

        QTest.mouseClick(meter.remedies[0], Qt.MouseButton.LeftButton)

        safety = on_disk(page).safety
        assert safety is not None
        assert safety.verdict is SafetyVerdict.PASS
        assert meter.remedies == []
        page.desk.undo_stack.undo()
        assert on_disk(page).duration_sec == 0.5


def test_values_stand_where_the_limits_marks_say() -> None:
    picture = stills.PHOTOGRAPHS / "rocket.jpg"
    fast = drafting.with_duration(motion_for(picture), 0.5)
    speed = gauges(fast)[0]
    assert speed.block is not None
    assert 0.0 < speed.warn < speed.block < 1.0
    assert speed.value > speed.block
    assert speed.verdict is SafetyVerdict.BLOCK


def test_few_pixels_are_mended_by_a_smaller_clip_that_passes() -> None:
    picture = stills.PHOTOGRAPHS / "rocket.jpg"
    small = Rect.of(0.4, 0.4, 0.6, 0.56875)  # 480 pixels for 640
    tight = motion_for(picture, start=small, end=small)
    smaller = sharp_output(tight)
    assert smaller is not None
    assert smaller.width % 2 == 0
    assert smaller.width <= 0.2 * PICTURE.width
    assert any("a clip of" in offer.what for offer in offers(tight))


@pytest.mark.parametrize("seconds", [0.4, 1.0, 2.0])
def test_every_offer_that_says_so_passes(seconds: float) -> None:
    picture = stills.PHOTOGRAPHS / "rocket.jpg"
    fast = drafting.with_rotation(drafting.with_duration(motion_for(picture), seconds), 1, 25.0)
    found = offers(fast)
    assert found
    for offer in found:
        safety = offer.change(fast).safety
        assert safety is not None
        assert not offer.is_safe or safety.verdict is SafetyVerdict.PASS, offer.what


def test_a_safe_move_needs_no_offer(qtbot: QtBot, tmp_path: Path) -> None:
    with editing(qtbot, tmp_path) as page:
        assert offers(shown(page)) == ()
