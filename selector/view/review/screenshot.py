"""The review window drawn into a file, standing in the middle of its clip."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from selector.view import screenshot
from selector.view.review.window import ReviewWindow

_SHARE: Final = 0.4
"""Share of the clip that has passed in the picture: neither at START nor at END."""


def draw(window: ReviewWindow, file: Path, *, patience_s: float) -> None:
    """Draw the window into ``file``, and end it.

    What has not arrived after ``patience_s`` is not in the picture.

    Raises:
        FileUnwritable: the folder or disk refuses.
    """
    deadline = time.monotonic() + patience_s
    stage = window.stage
    try:
        screenshot.wait(lambda: stage.is_seen, deadline=deadline)
        index = stage.reader.index
        if index is not None:
            wanted = round(_SHARE * (index.frames - 1))
            stage.reader.seek(wanted)
            screenshot.wait(lambda: stage.timeline.frame == wanted, deadline=deadline)
            screenshot.wait(lambda: not stage.expects_path(), deadline=deadline)
        screenshot.wait(window.list.is_complete, deadline=deadline)
        screenshot.save(window, file)
    finally:
        window.shut_down()
        window.deleteLater()
