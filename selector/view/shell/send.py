"""The Send dialog: what will be sent, what not and why; the manifest; the fleet at work on it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QFontDatabase
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from companions.errors import MotionfleetError
from companions.names import MANIFEST_SUFFIX
from companions.seen import ABSENT
from companions.timing import rate_value
from selector.core.batch import BatchSettings, asked_settings, batch_name
from selector.core.gathering import project_name
from selector.core.settings import DeskSettings
from selector.core.submission import Target, write_manifests
from selector.view import theme
from selector.view.desk import Desk
from selector.view.shell.outgoing import Outgoing, manifest_stem
from selector.view.shell.preferences import MODELS, RATES, offer, rate_in
from selector.view.shell.sending import MOST_LINES, Sending

QUIET_MS: Final = 300
"""How long nothing has to change before the picks are read again."""


class SendDialog(QDialog):
    """Writes a manifest of the picks and has the fleet make their clips.

    Nothing is written before the operator presses a button, and no manifest is written over: each
    has the moment in its name.  What is decided or drawn while the dialog is open is read before
    anything can be sent.
    """

    def __init__(
        self, desk: Desk, settings: DeskSettings, sending: Sending, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Send")
        self.desk, self.settings, self.sending = desk, settings, sending
        self.outgoing = Outgoing(desk, self)
        self._target: Target | None = None
        self._is_stale = self._is_done = False
        self._quiet = QTimer(self, singleShot=True, interval=QUIET_MS)
        self.summary, self.list = QLabel(), QTreeWidget()
        self.model, self.rate, self.priority = QComboBox(), QComboBox(), QSpinBox()
        self.blocked, self.file = QCheckBox("&Take unsafe moves too"), QLineEdit()
        self.log, self.progress, self.told = QPlainTextEdit(), QProgressBar(), QLabel()
        self.send, self.write = QPushButton("&Send"), QPushButton("&Write the manifest only")
        self.cancel, self.browse = QPushButton("Stop the &fleet"), QPushButton("&Choose…")
        self._fill()
        self._build()
        self._connect()
        self.list.setFocus()
        self._show_running()
        self.look()

    def look(self) -> None:
        """Read anew what would be sent."""
        self._target, self._is_stale = None, False
        self._enable()
        path = self._path()
        try:
            target = Target.of(self.desk.placement.root, out=path, per_image=False)
        except MotionfleetError as error:
            self.summary.setText(str(error))
            return
        if os.path.lexists(path):
            self.summary.setText(
                f"{path.name} is there already, and nothing is written over it: give another name."
            )
            return
        self._target = target
        self.summary.setText("Reading the picks...")
        self.outgoing.gather(target, include_blocked=self.blocked.isChecked())

    def write_manifest(self) -> Path | None:
        """Write the manifest of all that is ready; where it is, or None where that failed."""
        if not self.desk.save_again():
            self._tell(f"Not all is on the disk yet: {self.desk.why_unsaved}", bad=True)
            return None
        self._look_if_moved()
        if self._target is None or self._is_stale:
            return None
        ready = [each for each in self.outgoing.gathered if each.source is not None]
        try:
            [written] = write_manifests(
                self._asked(), ready, target=self._target, before={self._path(): ABSENT}
            )
        except (MotionfleetError, ValueError) as error:
            self._tell(str(error), bad=True)
            return None
        self._tell(f"{written.name}: {len(ready):,} shot{'s' if len(ready) > 1 else ''} written.")
        self._name_next()
        self.look()
        return written

    def submit(self) -> None:
        """Write the manifest and have the fleet work on it."""
        manifest = self.write_manifest()
        if manifest is None:
            return
        self.sending.start(self.settings.fleet_command, manifest, host=self.settings.fleet_host)
        self._show_running()

    def done(self, result: int) -> None:
        """Close; the fleet goes on."""
        self._is_done = True
        self._quiet.stop()
        self.outgoing.stop()
        super().done(result)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's
        """Read anew what was changed in the window meanwhile, once this dialog is used again."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self._is_stale:
            self._look_soon()

    # -- within -----------------------------------------------------------------------------------

    def _asked(self) -> BatchSettings:
        """What is asked of all shots.

        Raises:
            ValueError: the rate is none.
            DocumentInvalid: another value breaks the contract.
        """
        return asked_settings(
            project_id=project_name(self.desk.placement.root),
            batch_id=self.batch,
            created_at=datetime.now(UTC),
            model=self.model.currentText().strip(),
            target_fps=rate_in(self.rate),
            priority=self.priority.value() or None,
        )

    def _path(self) -> Path:
        path = Path(self.file.text().strip()).expanduser()
        return path if path.is_absolute() else self.desk.placement.root / path

    def _take(self) -> None:
        rows = self.outgoing.rows
        self.list.clear()
        items = []
        for row in sorted(rows, key=lambda each: each.is_ready):
            item = QTreeWidgetItem(
                [row.name, row.move, "will be sent" if row.is_ready else row.why]
            )
            if not row.is_ready:
                item.setForeground(2, QColor(theme.REJECTED))
            item.setToolTip(2, row.why)
            items.append(item)
        self.list.addTopLevelItems(items)
        ready = sum(row.is_ready for row in rows)
        left = len(rows) - ready
        said = f"{ready:,} shot{'s' if ready != 1 else ''} will be sent"
        if not rows:
            said = "Nothing is picked yet"
        elif left:
            said += f"; {left:,} of the picks cannot be, see why below"
        self.summary.setText(f"{said}.")
        self._enable(ready=ready > 0)
        if self.focusWidget() in (None, self.list):
            (self.send if self.send.isEnabled() else self.list).setFocus()

    def _enable(self, *, ready: bool = False) -> None:
        self.write.setEnabled(ready)
        self.send.setEnabled(ready and not self.sending.is_running)

    def _outdate(self) -> None:
        """Something was decided or drawn: what was read of the picks is not what they are now."""
        if self._is_done:
            return
        self.outgoing.stop()
        self._is_stale = True
        self._enable()
        self.summary.setText("The picks have changed, and are read again.")
        self._look_soon()

    def _look_soon(self) -> None:
        if self.isActiveWindow():  # else it is read once when it is used again, not at every pick
            self._quiet.start()

    def _tell(self, words: str, *, bad: bool = False) -> None:
        self.told.setText(words)
        self.told.setForegroundRole(
            self.palette().ColorRole.BrightText if bad else self.palette().ColorRole.WindowText
        )
        self.told.show()

    def _advance(self, done: int, total: int) -> None:
        self.summary.setText(f"Reading the picks: {done:,} of {total:,}")

    def _count(self, ended: int, total: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(ended)

    def _over(self, well: bool, words: str) -> None:  # noqa: FBT001 - a signal's
        if self._is_done:
            return
        if well:
            self.progress.setRange(0, 1)
            self.progress.setValue(1)
        elif self.progress.maximum() == 0:
            self.progress.setRange(0, 1)
        self._tell(words, bad=not well)
        self._show_running()
        if not self._is_stale:
            self.look()

    def _show_running(self) -> None:
        running = self.sending.is_running
        self.cancel.setEnabled(running)
        self.cancel.setVisible(running)
        if running:
            self.send.setEnabled(False)
            self.log.setPlainText("\n".join(self.sending.lines))
            self._count(*self.sending.count)  # busy until the first shot has ended
            self.log.show()
            self.progress.show()
            self.cancel.setFocus()

    def _name_next(self) -> None:
        """A batch of its own for the next manifest, named by the first moment that is free."""
        folder, at = self.desk.placement.manifest_folder(), datetime.now(UTC)
        while True:
            self.batch = batch_name(at)
            stem = manifest_stem(self.desk.placement, self.batch)
            path = folder / f"{stem}{MANIFEST_SUFFIX}"
            if not os.path.lexists(path):
                break
            at += timedelta(seconds=1)
        self.file.setText(str(path))

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            "Write the manifest to",
            str(self._path()),
            f"Manifests (*{MANIFEST_SUFFIX})",
            options=QFileDialog.Option.DontConfirmOverwrite,  # it is refused here
        )
        if chosen:
            suffix = "" if chosen.endswith(MANIFEST_SUFFIX) else MANIFEST_SUFFIX
            self.file.setText(chosen + suffix)
            self.look()

    def _fill(self) -> None:
        offer(self.model, MODELS, now=self.settings.model)
        offer(self.rate, RATES, now=str(rate_value(self.settings.target_fps)))
        self.priority.setRange(-100, 100)
        self.priority.setToolTip("Higher is sooner; 0 is usual")
        self._name_next()
        self.list.setHeaderLabels(["Picture", "Move", "What becomes of it"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAllColumnsShowFocus(True)
        self.list.setAccessibleName("Picks")
        header = self.list.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(0, 260)
        header.resizeSection(1, 90)
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(MOST_LINES)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setAccessibleName("What the fleet says")
        self.log.setTabChangesFocus(True)
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        for widget in (self.log, self.progress, self.told, self.cancel):
            widget.hide()

    def _build(self) -> None:
        form = QFormLayout()
        form.addRow("&Generator", self.model)
        form.addRow("&Rate, frames/s", self.rate)
        form.addRow("&Priority", self.priority)
        file = QHBoxLayout()
        file.addWidget(self.file, 1)
        file.addWidget(self.browse)
        form.addRow("&Manifest", file)
        label = form.labelForField(file)
        if isinstance(label, QLabel):
            label.setBuddy(self.file)
        form.addRow("", self.blocked)
        buttons = QDialogButtonBox()
        role = QDialogButtonBox.ButtonRole
        buttons.addButton(self.send, role.AcceptRole)
        buttons.addButton(self.write, role.ActionRole)
        buttons.addButton(self.cancel, role.ActionRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Close)
        self.send.setDefault(True)
        column = QVBoxLayout(self)
        column.addWidget(self.summary)
        column.addWidget(self.list, 3)
        column.addLayout(form)
        column.addWidget(self.log, 2)
        column.addWidget(self.progress)
        column.addWidget(self.told)
        column.addWidget(buttons)
        self.send.clicked.connect(self.submit)
        self.write.clicked.connect(self.write_manifest)
        buttons.rejected.connect(self.reject)
        self.resize(760, 600)

    def _connect(self) -> None:
        for changed in (self.desk.regrouped, self.desk.decided, self.desk.motion_changed):
            changed.connect(self._outdate)
        self._quiet.timeout.connect(self.look)
        self.outgoing.ready.connect(self._take)
        self.outgoing.advanced.connect(self._advance)
        self.outgoing.failed.connect(self.summary.setText)
        self.blocked.toggled.connect(self.look)
        self.file.editingFinished.connect(self._look_if_moved)
        self.browse.clicked.connect(self._browse)
        self.cancel.clicked.connect(self.sending.cancel)
        self.sending.said.connect(self.log.appendPlainText)
        self.sending.advanced.connect(self._count)
        self.sending.ended.connect(self._over)

    def _look_if_moved(self) -> None:
        if self._target is None or self._target.batch != self._path():
            self.look()
