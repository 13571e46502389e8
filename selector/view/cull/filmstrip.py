"""The filmstrip: every group that is shown, in a row, with thumbs and the colours of verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from selector.core.cull import Verdict
from selector.media.loader import Tier
from selector.view import theme
from selector.view.cull.painting import fitted
from selector.view.cull.scaled import Scaled
from selector.view.desk import Desk

CELL: Final = QSize(132, 108)
_THUMB: Final = QRect(6, 6, 120, 80)
_VERDICT_PX: Final = 4
_AHEAD: Final = 24
"""So many groups beyond what is in sight get their thumbs too."""
_THUMBS_MS: Final = 25

_CHECKED: Final = 16
"""A group may be a folder of thousands; its mark of a problem tells of the first few."""

_Index = QModelIndex | QPersistentModelIndex


def face_of(desk: Desk, group: int) -> str:
    """The picture that stands for a group: its first pick, else the first that can be shown."""
    names = desk.cull.picked(group) or desk.cull.groups[group].pictures
    for name in names[:_CHECKED]:
        if desk.looking.problem(name) is None and desk.loader.problem(desk.picture(name)) is None:
            return name
    return names[0]


class Groups(QAbstractListModel):
    """The groups that are shown, one row each."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self._shown = desk.shown
        desk.regrouped.connect(self._clear)
        desk.listed.connect(self._reset)
        desk.decided.connect(self._changed)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's
        """How many groups are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401
        """A group's name for people; the rest is painted from the desk."""
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return None
        group = self._shown[index.row()]
        title, verdict = self.desk.title(group), self.desk.cull.verdict(group)
        return title if role == Qt.ItemDataRole.DisplayRole else f"{title}, {verdict.value}"

    def group(self, row: int) -> int:
        """Which group stands in that row."""
        return self._shown[row]

    def row(self, group: int) -> int | None:
        """In which row that group stands, if it is shown."""
        return self._shown.index(group) if group in self._shown else None

    def _clear(self) -> None:
        """Numbers mean something else now; which groups are shown is told next."""
        self.beginResetModel()
        self._shown = ()
        self.endResetModel()

    def _reset(self) -> None:
        self.beginResetModel()
        self._shown = self.desk.shown
        self.endResetModel()

    def _changed(self, group: int) -> None:
        if (row := self.row(group)) is not None:
            self.dataChanged.emit(self.index(row), self.index(row))


class Cell(QStyledItemDelegate):
    """Paints one group: its picked or first picture, its verdict, its name."""

    def __init__(self, model: Groups, scaled: Scaled, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._scaled = model, scaled

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:  # noqa: N802
        """All cells have one size."""
        return CELL

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint the cell."""
        desk, group = self._model.desk, self._model.group(index.row())
        names = desk.cull.groups[group].pictures
        verdict = desk.cull.verdict(group)
        cell, palette = QRect(option.rect), option.palette
        current = group == desk.group
        painter.save()
        painter.setClipRect(cell)
        plate = _THUMB.translated(cell.topLeft())
        painter.fillRect(plate, theme.ground(palette))
        picture = desk.picture(face_of(desk, group))
        pixmap, _ = self._scaled.get(
            picture, _THUMB.size(), ratio=painter.device().devicePixelRatio()
        )
        if pixmap is not None:
            painter.drawPixmap(fitted(pixmap.deviceIndependentSize(), plate).toRect(), pixmap)
        if verdict is Verdict.REJECTED:
            veil = QColor(theme.ground(palette))
            veil.setAlphaF(0.6)
            painter.fillRect(plate, veil)
        if any(desk.problem(name) is not None for name in names[:_CHECKED]):
            painter.fillRect(QRect(plate.left(), plate.top(), plate.width(), 4), theme.BLOCKED)
        colour = {Verdict.PICKED: theme.PICKED, Verdict.REJECTED: theme.REJECTED}.get(
            verdict, palette.color(QPalette.ColorRole.Mid)
        )
        stripe = QRect(plate.left(), plate.bottom() + 1, plate.width(), _VERDICT_PX)
        painter.fillRect(stripe, colour)
        words = QRect(
            plate.left(), stripe.bottom() + 1, plate.width(), cell.bottom() - stripe.bottom()
        )
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        count = f"{len(names)}" if len(names) > 1 else ""
        metrics = painter.fontMetrics()
        room = words.width() - metrics.horizontalAdvance(count) - 6
        name = metrics.elidedText(desk.title(group), Qt.TextElideMode.ElideMiddle, room)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | middle, name)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | middle, count)
        if current:
            painter.setPen(QPen(theme.ACCENT, 2))
            painter.drawRect(cell.adjusted(2, 2, -3, -2))
        painter.restore()


class Filmstrip(QListView):
    """The groups of a desk in a row.

    Signals:
        chosen(group): that group was clicked.
    """

    chosen = Signal(int)

    def __init__(self, desk: Desk, scaled: Scaled, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.groups = Groups(desk, self)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setModel(self.groups)
        self.setItemDelegate(Cell(self.groups, scaled, self))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        # The page has the keys: a list would take arrows and letters for itself.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Groups")
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.setFixedHeight(CELL.height() + self.horizontalScrollBar().sizeHint().height() + 4)
        self._thumbs = QTimer(self, singleShot=True, interval=_THUMBS_MS)
        self._thumbs.timeout.connect(self.want_thumbs)
        self.clicked.connect(self._choose)
        self.horizontalScrollBar().valueChanged.connect(self._ask)
        desk.moved.connect(self.follow)
        desk.listed.connect(self.follow)
        desk.loader.ready.connect(self._take_image)
        desk.loader.failed.connect(self._take_problem)
        desk.looked.connect(self._take_look)
        self.follow()

    def follow(self) -> None:
        """Have the current group in sight, in the middle where there is room."""
        row = self.groups.row(self.desk.group)
        if row is not None:
            self.scrollTo(self.groups.index(row), QAbstractItemView.ScrollHint.PositionAtCenter)
        self.viewport().update()
        self._ask()

    def want_thumbs(self) -> None:
        """Ask for the thumbs in sight, from the middle outwards, then for those around."""
        rows = self.groups.rowCount()
        first = self.horizontalScrollBar().value() // CELL.width()
        count = self.viewport().width() // CELL.width() + 2
        middle = first + count // 2
        sight = range(max(0, first - _AHEAD), min(rows, first + count + _AHEAD))
        desk, names = self.desk, []
        for row in sorted(sight, key=lambda each: abs(each - middle)):
            group = self.groups.group(row)
            names.append(face_of(desk, group))
        desk.loader.want_thumbs([desk.picture(name) for name in names])

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's
        """Stay with the current group."""
        super().resizeEvent(event)
        self.follow()

    def _ask(self) -> None:
        self._thumbs.start()

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self.groups.group(index.row()))

    def _take_problem(self, _picture: Path, _why: str) -> None:
        """Another picture may stand for its group now."""
        self.viewport().update()
        self._ask()

    def _take_look(self, name: str) -> None:
        if self.desk.looking.problem(name) is not None:
            self.viewport().update()
            self._ask()

    def _take_image(self, _picture: Path, tier: Tier) -> None:
        if tier is Tier.THUMB:
            self.viewport().update()
