"""Errands: one after the other, in a thread, until they are called back."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtWidgets import QApplication

from selector.view.errand import Errand
from tests.selector.desks import PATIENCE_MS, let_errands_end


@pytest.mark.parametrize("refuses", [False, True])
@pytest.mark.parametrize("stops", [False, True])
def test_an_errand_that_was_stopped_tells_nothing(
    qapp: QApplication, *, stops: bool, refuses: bool
) -> None:
    begun, go = threading.Event(), threading.Event()

    def read(item: str) -> str:
        begun.set()
        assert go.wait(PATIENCE_MS / 1000.0)
        if refuses:
            raise OSError("no such disk")
        return item.upper()

    errand, told = Errand(["a"], read), list[object]()
    errand.told.done.connect(lambda ended: told.append(ended.results))
    errand.told.failed.connect(told.append)
    errand.start()
    assert begun.wait(PATIENCE_MS / 1000.0)
    if stops:
        errand.stop()
    go.set()
    let_errands_end()
    QApplication.processEvents()

    assert told == ([] if stops else ["no such disk"] if refuses else [["A"]])
