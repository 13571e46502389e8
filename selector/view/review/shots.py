"""The list of clips: a small picture, the name, how far its review is, what the fleet said."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from selector.core.returned import Returned, ReviewState
from selector.core.reviewing import REASON_WORDS
from selector.media.loader import Loader
from selector.media.plan import Tier
from selector.view.review.session import ReviewSession

STATE_COLOURS: Final = {
    ReviewState.TO_REVIEW: QColor(140, 144, 150),
    ReviewState.ACCEPTED: QColor(46, 174, 96),
    ReviewState.REJECTED: QColor(214, 66, 70),
    ReviewState.NO_CLIP: QColor(160, 128, 206),
    ReviewState.UNUSABLE: QColor(214, 134, 30),
}
STATE_WORDS: Final = {
    ReviewState.TO_REVIEW: "to review",
    ReviewState.ACCEPTED: "accepted",
    ReviewState.REJECTED: "rejected",
    ReviewState.NO_CLIP: "no clip",
    ReviewState.UNUSABLE: "not usable",
}
_ROW: Final = 58
_THUMB: Final = QSize(72, 48)
Index = QModelIndex | QPersistentModelIndex


def words_for(shot: Returned) -> str:
    """How far its review is, in a few words."""
    review = shot.review
    if shot.state is ReviewState.REJECTED and review is not None:
        return "rejected: " + ", ".join(REASON_WORDS[reason] for reason in review.reasons)
    words = STATE_WORDS[shot.state]
    return f"{words}, flagged" if shot.is_flagged and not shot.trouble else words


class ShotModel(QAbstractListModel):
    """The listed clips."""

    def __init__(self, session: ReviewSession) -> None:
        super().__init__(session)
        self._session = session
        session.listed.connect(self._reset)
        session.changed.connect(self._refresh)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        """How many there are."""
        return 0 if parent.isValid() else len(self._session.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A clip's name, and for the delegate the clip."""
        if not index.isValid():
            return None
        shot = self._session.shots[self._session.shown[index.row()]]
        if role == Qt.ItemDataRole.UserRole:
            return shot
        if role == Qt.ItemDataRole.DisplayRole:
            return shot.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{shot.name}\n{shot.why or words_for(shot)}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{shot.name}, {words_for(shot)}"
        return None

    def _reset(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _refresh(self, name: str) -> None:
        if name in self._session.shown:
            at = self.index(self._session.shown.index(name))
            self.dataChanged.emit(at, at)


class ShotDelegate(QStyledItemDelegate):
    """Paints one clip's row."""

    def __init__(self, loader: Loader, parent: QWidget) -> None:
        super().__init__(parent)
        self._loader = loader

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's
        """All rows are equally high."""
        del option, index
        return QSize(200, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint."""
        shot = index.data(Qt.ItemDataRole.UserRole)
        if not isinstance(shot, Returned):
            return
        rect: QRect = option.rect
        palette: QPalette = option.palette
        state: QStyle.StateFlag = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        role = QPalette.ColorRole.Highlight if chosen else QPalette.ColorRole.Base
        painter.fillRect(rect, palette.color(role))
        painter.fillRect(QRect(rect.left(), rect.top(), 4, rect.height() - 1),
                         STATE_COLOURS[shot.state])  # fmt: skip
        thumb = QRect(rect.left() + 10, rect.top() + 5, _THUMB.width(), _THUMB.height())
        image = self._loader.image(shot.picture, Tier.THUMB) if shot.picture is not None else None
        if image is None:
            painter.fillRect(thumb, palette.color(QPalette.ColorRole.Mid))
        else:
            size = image.size().scaled(_THUMB, Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(0, 0, size.width(), size.height())
            place.moveCenter(thumb.center())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(place, image)
        words = QRect(thumb.right() + 9, rect.top() + 8, 0, 20)
        words.setRight(rect.right() - 8)
        ink = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        painter.setPen(palette.color(ink))
        metrics = QFontMetrics(painter.font())
        middle = Qt.TextElideMode.ElideMiddle
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter,
                         metrics.elidedText(shot.name, middle, words.width()))  # fmt: skip
        words.translate(0, 21)
        if not chosen:
            painter.setPen(STATE_COLOURS[shot.state])
        end = Qt.TextElideMode.ElideRight
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter,
                         metrics.elidedText(words_for(shot), end, words.width()))  # fmt: skip
        painter.restore()


class ShotList(QListView):
    """The listed clips, for the mouse; keys go to the window.

    Signals:
        chosen(name): the reviewer clicked on that clip.
    """

    chosen = Signal(str)

    def __init__(self, session: ReviewSession, loader: Loader, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._loader = session, loader
        self.setAccessibleName("Clips")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setModel(ShotModel(session))
        self.setItemDelegate(ShotDelegate(loader, self))
        self.clicked.connect(lambda index: self.chosen.emit(str(index.data())))
        loader.ready.connect(lambda *_: self.viewport().update())
        self.verticalScrollBar().valueChanged.connect(self.want_thumbs)

    def show_current(self) -> None:
        """Mark the current clip and have it in sight."""
        if self._session.name in self._session.shown:
            index = self.model().index(self._session.shown.index(self._session.name), 0)
            self.setCurrentIndex(index)
            self.scrollTo(index)
        else:
            self.clearSelection()
        self.want_thumbs()

    def is_complete(self) -> bool:
        """Whether every small picture in sight is there, or cannot be."""
        return all(
            self._loader.image(picture, Tier.THUMB) is not None
            or self._loader.problem(picture) is not None
            for picture in self._in_sight()
        )

    def want_thumbs(self) -> None:
        """Have small pictures of what is in sight."""
        self._loader.want_thumbs(self._in_sight())

    def _in_sight(self) -> list[Path]:
        first = max(0, self.verticalScrollBar().value() // _ROW)
        last = first + self.viewport().height() // _ROW + 2
        pictures = [self._session.shots[name].picture for name in self._session.shown[first:last]]
        return [picture for picture in pictures if picture is not None]
