"""The pages look as they did when a person last looked at them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from selector.core.settings import Theme
from tests.selector.desks import PATIENCE_MS, two_groups, wait_for_look
from tests.selector.snapshots import assert_looks_as_before
from tests.selector.windows import cull_of, desk_of, settle, settle_filmstrip, window

FIRST = ("first/a.png", "first/b.png")


@pytest.mark.parametrize("theme", [Theme.DARK, Theme.LIGHT])
def test_the_cull(qtbot: QtBot, tmp_path: Path, theme: Theme) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        made.apply_theme(theme)
        for name in desk_of(made).scan.names:
            wait_for_look(qtbot, desk_of(made), name)
        cull_of(made).show_rectangles(on=True)
        desk_of(made).pick(1)
        settle(qtbot, made)
        settle_filmstrip(qtbot, made)

        assert_looks_as_before(made, f"cull-{theme.value}", scratch=tmp_path)


def test_comparing(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        made.apply_theme(Theme.DARK)
        for name in FIRST:
            wait_for_look(qtbot, desk_of(made), name)
        settle(qtbot, made)
        made.show_page("compare")
        qtbot.waitUntil(made.pages.is_complete, timeout=PATIENCE_MS)
        settle_filmstrip(qtbot, made)

        assert_looks_as_before(made, "compare", scratch=tmp_path)


@pytest.mark.parametrize("theme", [Theme.DARK, Theme.LIGHT])
def test_the_editor(qtbot: QtBot, tmp_path: Path, theme: Theme) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        made.apply_theme(theme)
        for name in FIRST:
            wait_for_look(qtbot, desk_of(made), name)
        settle(qtbot, made)
        desk_of(made).go(0, 1)
        made.show_page("edit")
        qtbot.waitUntil(made.pages.is_complete, timeout=PATIENCE_MS)

        assert_looks_as_before(made, f"edit-{theme.value}", scratch=tmp_path)


def test_the_keys(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path) as made:
        made.apply_theme(Theme.DARK)
        made.show_page("keys")
        sheet = made.shown_surface()
        sheet.resize(1100, 800)

        assert_looks_as_before(sheet, "keys", scratch=tmp_path)


def test_the_start(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path) as made:
        made.apply_theme(Theme.DARK)

        assert_looks_as_before(made, "start", scratch=tmp_path)
