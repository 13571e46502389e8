"""Where the picture is on the canvas: fitted, or zoomed and shifted by the operator."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QTransform

from companions.geometry import Size
from selector.core.grips import Point

MARGIN: Final = 40.0
"""Room around a fitted picture, so that grips at its edge can be taken hold of."""
MOST: Final = 32.0
"""Widget pixels per picture pixel at the most."""
KEPT_VISIBLE: Final = 60.0
"""So much of the picture stays on the canvas, however far it is shifted."""


class Viewport:
    """A picture on a canvas.  Lengths on the canvas are in widget pixels, whatever the screen."""

    def __init__(self) -> None:
        self.picture = Size(1, 1)
        self.area = QSizeF(1.0, 1.0)
        self.fitted = True
        self._scale, self._origin = 1.0, QPointF()

    @property
    def scale(self) -> float:
        """Widget pixels per picture pixel."""
        return self._scale

    def show(self, picture: Size) -> None:
        """Show another picture, fitted."""
        if picture != self.picture:
            self.picture = picture
            self.fit()

    def resize(self, area: QSizeF) -> None:
        """The canvas has another size; what was fitted stays fitted."""
        before, self.area = self.area, area
        if self.fitted:
            self.fit()
        else:
            grown = QPointF(area.width() - before.width(), area.height() - before.height()) / 2.0
            self._place(self._scale, self._origin + grown)

    def fit(self) -> None:
        """Show the whole picture."""
        self.fitted = True
        self._scale = self._fitting()
        self._origin = QPointF(
            (self.area.width() - self.picture.width * self._scale) / 2.0,
            (self.area.height() - self.picture.height * self._scale) / 2.0,
        )

    def zoom(self, factor: float, *, about: QPointF) -> None:
        """Larger by ``factor``; what is at ``about`` stays there."""
        least = min(self._fitting(), MOST) / 2.0
        self.zoom_to(min(max(self._scale * factor, least), MOST), about=about)

    def zoom_to(self, scale: float, *, about: QPointF) -> None:
        """Show ``scale`` widget pixels per picture pixel; what is at ``about`` stays there."""
        self.fitted = False
        self._place(scale, about - (about - self._origin) * (scale / self._scale))

    def pan(self, by: QPointF) -> None:
        """Shift the picture."""
        self.fitted = False
        self._place(self._scale, self._origin + by)

    def at(self, point: Point) -> QPointF:
        """Where a point of the picture, in its pixels, is on the canvas."""
        return self._origin + QPointF(point[0], point[1]) * self._scale

    def at_fraction(self, x: float, y: float) -> QPointF:
        """Where a point of the picture, in its fractions, is on the canvas."""
        return self.at((x * self.picture.width, y * self.picture.height))

    def under(self, point: QPointF) -> Point:
        """Which point of the picture, in its pixels, a point of the canvas is."""
        there = (point - self._origin) / self._scale
        return there.x(), there.y()

    def fraction_under(self, point: QPointF) -> Point:
        """The same in fractions of the picture, kept inside it."""
        x, y = self.under(point)
        return (
            min(max(x / self.picture.width, 0.0), 1.0),
            min(max(y / self.picture.height, 0.0), 1.0),
        )

    def px(self, widget_px: float) -> float:
        """How many picture pixels so many widget pixels are."""
        return widget_px / self._scale

    def box(self) -> QRectF:
        """The picture on the canvas."""
        return QRectF(
            self._origin,
            QSizeF(self.picture.width * self._scale, self.picture.height * self._scale),
        )

    def transform(self) -> QTransform:
        """From picture pixels to the canvas."""
        return QTransform.fromTranslate(self._origin.x(), self._origin.y()).scale(
            self._scale, self._scale
        )

    def _fitting(self) -> float:
        wide = max(self.area.width() - 2.0 * MARGIN, 16.0)
        high = max(self.area.height() - 2.0 * MARGIN, 16.0)
        return min(wide / self.picture.width, high / self.picture.height)

    def _place(self, scale: float, origin: QPointF) -> None:
        wide, high = self.picture.width * scale, self.picture.height * scale
        keep_x, keep_y = min(KEPT_VISIBLE, wide), min(KEPT_VISIBLE, high)
        self._scale = scale
        self._origin = QPointF(
            min(max(origin.x(), keep_x - wide), self.area.width() - keep_x),
            min(max(origin.y(), keep_y - high), self.area.height() - keep_y),
        )
