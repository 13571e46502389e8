"""The picture on the canvas: the screen's image at once, every pixel of it once it is zoomed into.

Full pixels are read in the preview's own thread and kept only while this picture is open.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from selector.media.decode import image_of
from selector.media.stills import Stills
from selector.view.edit.canvas import Canvas
from selector.view.edit.editing import Editing


class Showing(QObject):
    """Hands the canvas the image it needs."""

    def __init__(self, editing: Editing, canvas: Canvas, stills: Stills) -> None:
        super().__init__(canvas)
        self._editing, self._canvas, self._stills = editing, canvas, stills
        self._full: QImage | None = None
        self._asked = False
        loader = editing.desk.loader
        loader.ready.connect(self._take)
        loader.failed.connect(self._take)
        stills.ready.connect(self._take_full)
        editing.opened.connect(self.let_go)
        editing.changed.connect(self.refresh)
        canvas.zoomed.connect(self._want_full)

    def let_go(self) -> None:
        """Keep no full pixels: another picture is opened, or none is seen."""
        self._full, self._asked = None, False
        self.refresh()

    def refresh(self) -> None:
        """Show what there is."""
        name = self._editing.name
        if not name:
            return
        picture, loader = self._editing.desk.picture(name), self._editing.desk.loader
        image = self._full or loader.image(picture)
        words = "" if image is not None else loader.problem(picture) or name
        self._canvas.set_image(image, self._editing.picture, words=words)

    def _take(self, picture: Path, _more: object) -> None:
        if self._is_open(picture):
            self.refresh()
            self._want_full()

    def _want_full(self) -> None:
        """Ask for every pixel where the screen's image has too few for the zoom."""
        name, picture = self._editing.name, self._editing.picture
        if self._asked or not name or picture is None or not self._canvas.isVisible():
            return
        path = self._editing.desk.picture(name)
        image = self._editing.desk.loader.image(path)
        drawn = picture.width * self._canvas.view.scale * self._canvas.devicePixelRatioF()
        if image is not None and image.width() < min(drawn, picture.width):
            self._asked = True
            self._stills.want(path)

    def _take_full(self, picture: Path) -> None:
        pixels = self._stills.pixels(picture) if self._is_open(picture) and self._asked else None
        if pixels is not None:
            self._full = image_of(pixels)
            self.refresh()

    def _is_open(self, picture: Path) -> bool:
        name = self._editing.name
        return bool(name) and picture == self._editing.desk.picture(name)
