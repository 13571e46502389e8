"""What is known of the current clip, in words: its review, its findings, how it was made."""

from __future__ import annotations

from html import escape
from typing import Final

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtWidgets import QTextBrowser, QWidget

from companions.video_meta import Check, CheckVerdict
from selector.core.findings import marks_of
from selector.core.returned import Returned
from selector.view.review.shots import STATE_COLOURS, words_for
from selector.view.review.timeline import FAIL, WARN

_COLOURS: Final = {CheckVerdict.WARN: WARN, CheckVerdict.FAIL: FAIL}
_SIGNS: Final = {
    CheckVerdict.PASS: "✓",
    CheckVerdict.WARN: "!",
    CheckVerdict.FAIL: "✗",
    CheckVerdict.UNMEASURED: "-",
}


class FactsPanel(QTextBrowser):
    """Words beside the pictures; a finding that has a place on the timeline is a link to it.

    Signals:
        sought(frame): the reviewer wants to see that frame.
    """

    sought = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("About this clip")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setOpenLinks(False)
        self._shown = ""
        self.anchorClicked.connect(self._follow)

    def show_shot(self, shot: Returned | None, *, note: str = "", waiting: bool = False) -> None:
        """What is known of ``shot``; ``waiting``: the note is not part of a review yet."""
        page = "" if shot is None else _page(shot, note=note, waiting=waiting)
        if page != self._shown:  # or what the reviewer scrolled to would be gone
            self._shown = page
            self.setHtml(page)

    def _follow(self, url: QUrl) -> None:
        if url.scheme() == "frame":
            self.sought.emit(int(url.path()))


def _page(shot: Returned, *, note: str, waiting: bool) -> str:
    colour = STATE_COLOURS[shot.state].name()
    parts = [
        f"<h3>{escape(shot.name)}</h3>",
        f"<p style='color:{colour}'><b>{escape(words_for(shot))}</b></p>",
    ]
    if shot.why:
        parts.append(f"<p>{escape(shot.why)}</p>")
    review = shot.review
    if note:
        kept = " <i>(written with your decision)</i>" if waiting else ""
        parts.append(f"<p>“{escape(note)}”{kept}</p>")
    if review is not None:
        when = review.reviewed_at.strftime("%Y-%m-%d %H:%M")
        parts.append(f"<p>by {escape(review.reviewer)}, {when} UTC</p>")
        if review.reasons:
            parts.append(f"<p>Another attempt: {escape(_again(shot))}</p>")
    if shot.meta is not None:
        parts += _made(shot)
        parts += _checks(shot)
    return "".join(parts)


def _again(shot: Returned) -> str:
    redo = shot.review.redo if shot.review is not None else None
    if redo is None:
        return "none"
    words = [f"seed {redo.seed}"] if redo.seed is not None else []
    words += ["another move"] if redo.motion is not None else []
    words += ["another prompt"] if redo.prompt is not None else []
    words += ["another negative prompt"] if redo.negative_prompt is not None else []
    return ", ".join(words) or "as it was"


def _made(shot: Returned) -> list[str]:
    meta, facts = shot.meta, shot.facts
    if meta is None:
        return []
    recipe = meta.recipe
    lines = []
    if facts is not None:
        lines.append(
            f"{facts.width} x {facts.height}, {facts.frames} frames, {float(facts.fps):g} fps, "
            f"{facts.duration_sec:.2f} s, {facts.codec.value}"
        )
    params = recipe.generation_params
    lines.append(
        f"{escape(params.model)}, seed {params.seed}; {recipe.motion.type.value.replace('_', ' ')}"
    )
    if recipe.prompt:
        lines.append(f"<i>{escape(recipe.prompt)}</i>")
    if meta.cost.amount:
        lines.append(f"{meta.cost.amount:.3f} {meta.cost.currency}")
    return ["<p>" + "<br>".join(lines) + "</p>"]


def _checks(shot: Returned) -> list[str]:
    if shot.meta is None or not shot.meta.checks:
        return []
    firsts = {mark.check.name: mark.first for mark in reversed(marks_of(shot))}
    order = [CheckVerdict.FAIL, CheckVerdict.WARN, CheckVerdict.UNMEASURED, CheckVerdict.PASS]
    ranked = sorted(shot.meta.checks, key=lambda check: order.index(check.verdict))
    rows = "".join(_row(check, frame=firsts.get(check.name)) for check in ranked)
    return ["<h4>Quality</h4>", f"<table cellspacing='0' cellpadding='2'>{rows}</table>"]


def _row(check: Check, *, frame: int | None) -> str:
    colour = _COLOURS.get(check.verdict)
    style = f" style='color:{colour.name()}'" if colour is not None else ""
    name = escape(check.name.replace("_", " "))
    if frame is not None:
        name = f"<a href='frame:{frame}'>{name}</a>"
    value = "-" if check.value is None else f"{check.value:.3g}"
    limit = "" if check.threshold is None else f" / {check.threshold:.3g}"
    rows = f"<tr><td{style}>{_SIGNS[check.verdict]}</td><td>{name}</td><td>{value}{limit}</td></tr>"
    if colour is not None and check.detail:
        rows += f"<tr><td></td><td colspan='2'><small>{escape(check.detail)}</small></td></tr>"
    return rows
