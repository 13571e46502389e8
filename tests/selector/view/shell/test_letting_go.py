"""What was open and is closed takes no memory, no thread and no process from what is open now."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from pytestqt.qtbot import QtBot

from selector.view.shell.window import MainWindow
from tests.selector.desks import PATIENCE_MS, let_go, two_groups, wait_for_look
from tests.selector.media.test_darkroom import is_alive, process_ids
from tests.selector.windows import desk_of, press, settle, window

FIRST_A = "first/a.png"
WORKERS = frozenset({"loader", "stills", "preview", "clip-reader", "measurer"})


def looked_through(qtbot: QtBot, made: MainWindow) -> list[weakref.ref[QObject]]:
    """Use every page of the open folder; what stands behind them."""
    desk = desk_of(made)
    wait_for_look(qtbot, desk, FIRST_A)
    settle(qtbot, made)
    press(made, Qt.Key.Key_Space)
    press(made, Qt.Key.Key_Escape)
    press(made, Qt.Key.Key_E)
    edit = made.pages.edit
    assert edit is not None
    for _ in range(3):  # the first one picks as well, and Qt merges the others
        press(made, Qt.Key.Key_BracketLeft)
    assert desk.undo_stack.count() == 2
    edit.show_preview()
    preview = edit.preview
    assert preview is not None
    qtbot.waitUntil(lambda: preview.stage.image is not None, timeout=PATIENCE_MS)
    edit.show_canvas()
    press(made, Qt.Key.Key_Escape)
    press(made, Qt.Key.Key_1)
    assert made.pages.cull is not None
    assert made.pages.preview is not None
    pages = (made.pages.cull, edit, made.pages.preview)
    behind = (desk, desk.loader, desk.darkroom, *pages, preview.player)
    return [weakref.ref(each) for each in behind]


def workers() -> list[str]:
    return sorted(each.name for each in threading.enumerate() if each.name in WORKERS)


def test_another_folder_leaves_nothing_of_the_one_before(qtbot: QtBot, tmp_path: Path) -> None:
    one, other = two_groups(tmp_path / "one"), two_groups(tmp_path / "other")
    with window(qtbot, tmp_path, other) as made:
        bare = workers()
        assert made.open_folder(one)
        behind = looked_through(qtbot, made)
        (process_id,) = process_ids(desk_of(made).darkroom)[:1]

        assert made.open_folder(other)
        let_go()

        qtbot.waitUntil(lambda: all(each() is None for each in behind), timeout=PATIENCE_MS)
        assert workers() == bare
        assert not is_alive(process_id)


def test_a_closed_review_leaves_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        bare = workers()
        made.show_review()
        review = made.review.window
        assert review is not None
        behind = [weakref.ref(each) for each in (review, review.reader, review.loader)]
        assert len(workers()) > len(bare)

        review.close()
        del review
        let_go()
        gc.collect()

        assert [each() for each in behind] == [None] * 3
        assert workers() == bare
