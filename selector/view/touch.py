"""Wheels and touch pads: a wheel and a pinch zoom, two fingers shift what is seen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QGestureEvent, QPinchGesture, QWidget


def shift_of(event: QWheelEvent) -> QPointF | None:
    """By how much two fingers on a touch pad shift the picture; None: it is to be zoomed.

    Only touch pads say when a movement begins and ends.  With Ctrl they zoom as well.
    """
    by = event.pixelDelta()
    zooms = event.modifiers() & Qt.KeyboardModifier.ControlModifier
    if zooms or event.phase() == Qt.ScrollPhase.NoScrollPhase:
        return None
    return QPointF(by) if not by.isNull() or event.angleDelta().isNull() else None


def pinch_of(event: QEvent, widget: QWidget) -> tuple[float, QPointF] | None:
    """How many times larger a pinch makes the picture, and about which point of the widget; None
    for any other event.  Touch pads and touch screens tell it in different ways."""
    if isinstance(event, QNativeGestureEvent):
        if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            return 1.0 + event.value(), event.position()
    elif isinstance(event, QGestureEvent):
        pinch = event.gesture(Qt.GestureType.PinchGesture)
        if isinstance(pinch, QPinchGesture):
            return pinch.scaleFactor(), QPointF(widget.mapFromGlobal(pinch.hotSpot().toPoint()))
    return None
