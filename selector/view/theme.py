"""Dark and light: palettes, and the colours that mean something in both.

Pictures are judged on a neutral ground, so both palettes are greys with one accent.  Everything
is a palette; there are no style sheets that a widget could contradict.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from selector.core.settings import Theme

ACCENT: Final = QColor(240, 142, 40)
"""The current group and candidate; neither START's green nor END's blue."""
PICKED: Final = QColor(52, 168, 83)
REJECTED: Final = QColor(214, 69, 65)
BLOCKED: Final = QColor(245, 188, 40)
BADGE: Final = QColor(0, 0, 0, 170)
"""Behind words that stand on a picture."""
ON_BADGE: Final = QColor(255, 255, 255)

_Role = QPalette.ColorRole


_DARK: Final = {
    _Role.Window: QColor(37, 37, 38),
    _Role.WindowText: QColor(224, 224, 224),
    _Role.Base: QColor(27, 27, 28),
    _Role.AlternateBase: QColor(45, 45, 47),
    _Role.Text: QColor(228, 228, 228),
    _Role.PlaceholderText: QColor(140, 140, 142),
    _Role.Button: QColor(58, 58, 60),
    _Role.ButtonText: QColor(228, 228, 228),
    _Role.BrightText: QColor(255, 120, 110),
    _Role.Light: QColor(84, 84, 86),
    _Role.Midlight: QColor(68, 68, 70),
    _Role.Mid: QColor(52, 52, 54),
    _Role.Dark: QColor(22, 22, 23),
    _Role.Shadow: QColor(0, 0, 0),
    _Role.Highlight: ACCENT,
    _Role.HighlightedText: QColor(20, 20, 20),
    _Role.Link: QColor(120, 175, 255),
    _Role.LinkVisited: QColor(180, 150, 255),
    _Role.ToolTipBase: QColor(58, 58, 60),
    _Role.ToolTipText: QColor(228, 228, 228),
}
_LIGHT: Final = {
    _Role.Window: QColor(236, 236, 236),
    _Role.WindowText: QColor(32, 32, 33),
    _Role.Base: QColor(250, 250, 250),
    _Role.AlternateBase: QColor(240, 240, 241),
    _Role.Text: QColor(28, 28, 29),
    _Role.PlaceholderText: QColor(118, 118, 120),
    _Role.Button: QColor(226, 226, 227),
    _Role.ButtonText: QColor(28, 28, 29),
    _Role.BrightText: QColor(176, 30, 24),
    _Role.Light: QColor(255, 255, 255),
    _Role.Midlight: QColor(244, 244, 244),
    _Role.Mid: QColor(205, 205, 206),
    _Role.Dark: QColor(160, 160, 162),
    _Role.Shadow: QColor(90, 90, 92),
    _Role.Highlight: ACCENT,
    _Role.HighlightedText: QColor(20, 20, 20),
    _Role.Link: QColor(20, 90, 200),
    _Role.LinkVisited: QColor(95, 60, 170),
    _Role.ToolTipBase: QColor(255, 255, 240),
    _Role.ToolTipText: QColor(28, 28, 29),
}


def apply(application: QApplication, theme: Theme) -> None:
    """Give every window that theme, now."""
    hints = application.styleHints()
    schemes = {Theme.DARK: Qt.ColorScheme.Dark, Theme.LIGHT: Qt.ColorScheme.Light}
    # Title bars and native dialogs follow the scheme, the rest follows the palette.
    hints.setColorScheme(schemes.get(theme, Qt.ColorScheme.Unknown))
    paint(application, hints.colorScheme() if theme is Theme.SYSTEM else schemes[theme])


def paint(application: QApplication, scheme: Qt.ColorScheme) -> None:
    """Give every window the colours of that scheme; dark where the desktop does not say."""
    is_dark = scheme is not Qt.ColorScheme.Light
    # The same style everywhere: others draw parts of their own beside the palette.
    if (style := application.style()) is None or style.objectName() != "fusion":
        application.setStyle("Fusion")
    shown = palette(dark=is_dark)
    application.setPalette(shown)
    # Boxes to tick are drawn in the ground of text fields, which in the dark nobody would see.
    ticked = palette(dark=is_dark)
    if is_dark:
        ticked.setColor(_Role.Base, QColor(96, 96, 98))
    for kind in ("QCheckBox", "QRadioButton"):
        # Qt's stubs ask for bytes, which it then refuses.
        application.setPalette(ticked, kind)  # type: ignore[arg-type]


def palette(*, dark: bool) -> QPalette:
    """The palette of one of the two."""
    made = QPalette()
    for role, colour in (_DARK if dark else _LIGHT).items():
        made.setColor(role, colour)
        if role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
            faint = QColor(colour)
            faint.setAlpha(110)
            made.setColor(QPalette.ColorGroup.Disabled, role, faint)
    return made


def is_dark(shown: QPalette) -> bool:
    """Whether words are lighter than the ground they stand on."""
    return shown.color(_Role.WindowText).lightness() > shown.color(_Role.Window).lightness()


def ground(shown: QPalette) -> QColor:
    """What pictures lie on: grey, and never so bright that a picture looks dark beside it."""
    return shown.color(_Role.Base) if is_dark(shown) else QColor(212, 212, 213)


def mixed(one: QColor, other: QColor, share: float) -> QColor:
    """``one`` with ``share`` (0..1) of ``other``."""
    return QColor.fromRgbF(
        one.redF() + (other.redF() - one.redF()) * share,
        one.greenF() + (other.greenF() - one.greenF()) * share,
        one.blueF() + (other.blueF() - one.blueF()) * share,
    )
