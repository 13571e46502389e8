"""Where the preview is seen: the frame, the masks over it, and a word where something is amiss."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from companions.geometry import Size
from selector.view.edit import inks

SURROUND: Final = QColor(24, 24, 26)
MOVED: Final = QColor(inks.OBJECT.red(), inks.OBJECT.green(), inks.OBJECT.blue(), 128)
INVENTED: Final = QColor(255, 200, 0, 128)
MOST_PIXELS: Final = 1280 * 720
"""Frames are rendered no larger, so that they keep up on two cores; see benchmarks/preview.py."""
LEAST_SIDE: Final = 16


class Stage(QWidget):
    """Paints one frame in the middle, as large as it fits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 90)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._image: QImage | None = None
        self._tints: tuple[QImage, ...] = ()
        self._aspect = 16 / 9
        self._message = self._badge = self._caption = ""

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """960x540, the size that previews are measured at."""
        return QSize(960, 540)

    def show_frame(self, image: QImage | None) -> None:
        """Paint this frame from now on; None for nothing."""
        self._image = image
        self.update()

    def show_masks(self, masks: tuple[QImage, QImage] | None) -> None:
        """Paint over the frame where objects are (violet) and what is made up (amber)."""
        self._tints = () if masks is None else tuple(map(_tinted, masks, (MOVED, INVENTED)))
        self.update()

    def set_aspect(self, output: Size) -> None:
        """The shape of the clip."""
        self._aspect = output.aspect
        self.update()

    def set_message(self, text: str) -> None:
        """A line in the middle, over whatever is shown; empty for none."""
        self._message = text
        self.update()

    def set_badge(self, text: str) -> None:
        """A few words in the corner, as a warning; empty for none."""
        if text != self._badge:
            self._badge = text
            self.update()

    def set_caption(self, text: str) -> None:
        """What the frame is, where that is not obvious; empty for none."""
        self._caption = text
        self.update()

    @property
    def image(self) -> QImage | None:
        """The frame that is shown."""
        return self._image

    @property
    def badge(self) -> str:
        """The warning in the corner."""
        return self._badge

    @property
    def caption(self) -> str:
        """What the frame is said to be."""
        return self._caption

    @property
    def message(self) -> str:
        """The line in the middle."""
        return self._message

    @property
    def frame_rect(self) -> QRectF:
        """Where the frame is painted, in the widget's coordinates."""
        width, height = float(self.width()), float(self.height())
        w = min(width, height * self._aspect)
        h = w / self._aspect
        return QRectF(round((width - w) / 2), round((height - h) / 2), round(w), round(h))

    def drawn_size(self, output: Size) -> Size:
        """The size to render at: the screen's pixels here, but no more than the clip has itself."""
        ratio = self.devicePixelRatioF()
        share = min(
            1.0,
            self.width() * ratio / output.width,
            self.height() * ratio / output.height,
            (MOST_PIXELS / output.pixels) ** 0.5,
        )
        if share == 1.0:
            return output
        return Size(
            max(LEAST_SIDE, round(output.width * share)),
            max(LEAST_SIDE, round(output.height * share)),
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        """Paint it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), SURROUND)
        frame = self.frame_rect
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            for image in (self._image, *self._tints):
                painter.drawImage(frame, image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._message:
            _label(painter, self._message, at=frame.center(), width=frame.width() - 24)
        if self._badge:
            _label(painter, self._badge, at=frame.topRight() + QPointF(-8, 8), corner=1, warn=True)
        if self._caption:
            _label(painter, self._caption, at=frame.bottomLeft() + QPointF(8, -8), corner=-1)
        painter.end()


def _label(
    painter: QPainter,
    text: str,
    *,
    at: QPointF,
    width: float = 400.0,
    corner: int = 0,
    warn: bool = False,
) -> None:
    """White on a dark pill; around ``at``, or with its top right (1) or bottom left (-1) there."""
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    room = QRectF(0, 0, max(80.0, width), 1000)
    box = painter.fontMetrics().boundingRect(room.toRect(), int(flags), text)
    pill = QRectF(0, 0, box.width() + 20.0, box.height() + 10.0)
    if corner == 0:
        pill.moveCenter(at)
    elif corner > 0:
        pill.moveTopRight(at)
    else:
        pill.moveBottomLeft(at)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(170, 60, 0, 230) if warn else QColor(0, 0, 0, 170))
    painter.drawRoundedRect(pill, 6, 6)
    painter.setPen(QPen(QColor(255, 255, 255)))
    painter.drawText(pill, int(flags), text)


def _tinted(mask: QImage, colour: QColor) -> QImage:
    """The colour where the mask is, for painting over a frame."""
    tinted = QImage(mask.size(), QImage.Format.Format_ARGB32_Premultiplied)
    tinted.fill(colour)
    painter = QPainter(tinted)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
    painter.drawImage(0, 0, mask)
    painter.end()
    return tinted
