"""A contact sheet: every shot of a submission on one PNG, to judge a night's work at a glance.

A row shows the keyframe with its motion rectangles, five frames out of the clip, and the figures
that matter.  A shot without a clip shows its keyframe and, in words, why.  Nothing that is
missing or broken stops the sheet: what cannot be shown says so in its place.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from PIL import Image, ImageDraw, ImageOps

from companions import files
from companions.camera import CameraPath, Stop, turned_corners
from companions.errors import MotionfleetError
from companions.geometry import Size
from companions.picture import Pixels, decode_picture, read_picture_bytes
from companions.video_meta import CheckVerdict, Verdict, VideoMeta
from fleet.encode.probe import read_frames
from fleet.report.lettering import elided, font, wrapped

MAX_ROWS: Final = 100
"""Most shots on one sheet; the sheet says how many more there are."""

_SHOWN: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
_PICTURE_H: Final = 170
_KEYFRAME_W: Final = 302
_FRAME_W: Final = (128, 302)
"""Narrowest and widest column of frames; 302 x 170 is 16:9."""
_EDGE: Final = 28
_GAP: Final = 8
_AFTER_KEYFRAME: Final = 24
_HEAD_H: Final = 74
_CAPTION_H: Final = 34
_ROW_GAP: Final = 26
_FOOT_H: Final = 40
_TITLE, _TEXT, _SMALL = 22, 15, 13

_PAPER: Final = (24, 25, 27)
_WELL: Final = (36, 37, 40)
_RULE: Final = (50, 52, 56)
_INK: Final = (232, 232, 230)
_FAINT: Final = (150, 152, 156)
_Colour: TypeAlias = tuple[int, int, int]
_START: Final = (74, 212, 110)
_END: Final = (86, 156, 255)
_BETWEEN: Final = (226, 226, 224)
_COLOURS: Final = {
    Verdict.PASS: (74, 190, 110),
    Verdict.FLAGGED: (240, 176, 60),
    Verdict.FAILED: (236, 92, 84),
    Verdict.QUARANTINED: (236, 92, 84),
    Verdict.CANCELLED: (150, 152, 156),
}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One shot of the sheet.

    Attributes:
        picture: its picture.
        clip: its clip, or None where it ended without one.
        meta: how it ended.
    """

    picture: Path
    clip: Path | None
    meta: VideoMeta


def contact_sheet(rows: Sequence[SheetRow], into: Path) -> None:
    """Draw ``rows``, in their order, as one PNG at ``into``; whole or not at all.

    At most ``MAX_ROWS`` shots are drawn.

    Raises:
        FileUnwritable: the folder is missing, read-only or full.
    """
    drawn = rows[:MAX_ROWS]
    column = _frame_column(drawn)
    width = _EDGE * 2 + _KEYFRAME_W + _AFTER_KEYFRAME + len(_SHOWN) * (column + _GAP) - _GAP
    row_h = _PICTURE_H + _CAPTION_H + _ROW_GAP
    height = _HEAD_H + max(1, len(drawn)) * row_h + _FOOT_H
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _head(draw, rows, column=column, width=width)
    for index, row in enumerate(drawn):
        _Row(sheet=sheet, draw=draw, top=_HEAD_H + index * row_h, column=column).show(row)
    if len(rows) > len(drawn):
        more = f"and {len(rows) - len(drawn)} more shots that are not shown"
        draw.text((_EDGE, height - _FOOT_H), more, font=font(_TEXT), fill=_FAINT)
    out = io.BytesIO()
    sheet.save(out, format="PNG")
    files.write_atomic(into, out.getvalue())


def _frame_column(rows: Sequence[SheetRow]) -> int:
    """Width of a column of frames: as wide as the widest clip's frames at the sheet's height."""
    widths = [
        round(_PICTURE_H * row.meta.clip.width / max(1, row.meta.clip.height))
        for row in rows
        if row.meta.clip is not None
    ]
    narrowest, widest = _FRAME_W
    return min(widest, max([narrowest, *widths])) if widths else widest


def _head(draw: ImageDraw.ImageDraw, rows: Sequence[SheetRow], *, column: int, width: int) -> None:
    counts = {v: sum(row.meta.verdict is v for row in rows) for v in Verdict}
    batches = sorted({row.meta.manifest.batch_id for row in rows})
    title = batches[0] if len(batches) == 1 else "Contact sheet"
    room = width - 2 * _EDGE
    draw.text(
        (_EDGE, 16), elided(title, size=_TITLE, width=room * 0.6), font=font(_TITLE), fill=_INK
    )
    tally = "  ·  ".join(f"{n} {v.value}" for v, n in counts.items() if n)
    draw.text((width - _EDGE, 20), tally or "no shots", font=font(_TEXT), fill=_FAINT, anchor="ra")
    y = _HEAD_H - 22
    draw.text((_EDGE, y), "keyframe", font=font(_SMALL), fill=_FAINT)
    x = _EDGE + font(_SMALL).getlength("keyframe") + 18
    legend = [("START", _START, 2), ("END", _END, 2)]
    if any(row.meta.recipe.motion.keyframes for row in rows):
        legend.insert(1, ("on the way", _BETWEEN, 1))
    for label, colour, thick in legend:
        draw.rectangle((x, y + 4, x + 9, y + 12), outline=colour, width=thick)
        draw.text((x + 15, y), label, font=font(_SMALL), fill=colour)
        x += 15 + font(_SMALL).getlength(label) + 14
    for index, share in enumerate(_SHOWN):
        left = _EDGE + _KEYFRAME_W + _AFTER_KEYFRAME + index * (column + _GAP)
        draw.text((left, y), f"{share:.0%}", font=font(_SMALL), fill=_FAINT)


@dataclass(frozen=True, slots=True)
class _Row:
    sheet: Image.Image
    draw: ImageDraw.ImageDraw
    top: int
    column: int

    def show(self, row: SheetRow) -> None:
        self._keyframe(row)
        self._frames(row)
        self._caption(row)
        below = self.top + _PICTURE_H + _CAPTION_H + _ROW_GAP // 2
        self.draw.line((_EDGE, below, self.sheet.width - _EDGE, below), fill=_RULE)

    def _keyframe(self, row: SheetRow) -> None:
        well = (_EDGE, self.top, _EDGE + _KEYFRAME_W, self.top + _PICTURE_H)
        try:
            pixels = decode_picture(read_picture_bytes(row.picture), file=row.picture.name)
        except MotionfleetError as error:
            self._words(str(error), well)
            return
        picture = _fitted(pixels, _KEYFRAME_W)
        x, y = self._place(picture, well)
        box = (x, y, x + picture.width - 1, y + picture.height - 1)
        start, *between, end = _stops(row.meta)
        for stop in between:
            self._outline(stop, box, _BETWEEN, width=1)
        # START is labelled at its top left and END at its bottom right, so that the labels do
        # not cover each other where the rectangles are equal.
        corners = self._outline(end, box, _END, width=2)
        wide = font(_SMALL).getlength("END") + 8
        (left, top), (right, bottom) = corners[0], corners[2]
        self._label("END", (max(left, right - wide), max(top, bottom - 17)), _END)
        corners = self._outline(start, box, _START, width=2)
        self._label("START", corners[0], _START)

    def _outline(
        self, stop: Stop, box: tuple[int, int, int, int], colour: _Colour, *, width: int
    ) -> list[tuple[float, float]]:
        """Draw a stop's window, turned as it is; its corners on the sheet, from its top left."""
        left, top, right, bottom = box
        shown = Size(right - left, bottom - top)
        corners = [
            (left + float(x), top + float(y))
            for x, y in turned_corners(stop.rect, stop.rotation_deg, picture=shown)
        ]
        if stop.rotation_deg == 0.0:
            (x1, y1), (x2, y2) = corners[0], corners[2]
            self.draw.rectangle(
                (x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=(0, 0, 0), width=width + 2
            )
            self.draw.rectangle((x1, y1, x2, y2), outline=colour, width=width)
        else:
            around = [*corners, *corners[:2]]  # one side twice: its end is a joint as well
            self.draw.line(around, fill=(0, 0, 0), width=width + 2, joint="curve")
            self.draw.line(around, fill=colour, width=width, joint="curve")
        return corners

    def _label(self, label: str, at: tuple[float, float], colour: _Colour) -> None:
        tx, ty = at
        wide = font(_SMALL).getlength(label) + 8
        self.draw.rectangle((tx, ty, tx + wide, ty + 17), fill=colour)
        self.draw.text((tx + 4, ty + 1), label, font=font(_SMALL), fill=(10, 12, 14))

    def _frames(self, row: SheetRow) -> None:
        left = _EDGE + _KEYFRAME_W + _AFTER_KEYFRAME
        whole = (left, self.top, self.sheet.width - _EDGE, self.top + _PICTURE_H)
        if row.clip is None or row.meta.clip is None:
            reasons = " ".join(reason.message for reason in row.meta.reasons)
            self._words(reasons or "there is no clip", whole)
            return
        wanted = [round(share * (row.meta.clip.frames - 1)) for share in _SHOWN]
        try:
            frames = read_frames(row.clip, wanted)
        except MotionfleetError as error:
            self._words(str(error), whole)
            return
        for index, frame in enumerate(wanted):
            x = left + index * (self.column + _GAP)
            well = (x, self.top, x + self.column, self.top + _PICTURE_H)
            self._place(_fitted(frames[frame], self.column), well)

    def _caption(self, row: SheetRow) -> None:
        y = self.top + _PICTURE_H + 10
        colour = _COLOURS[row.meta.verdict]
        name = elided(Path(row.meta.image).name, size=_TEXT, width=_KEYFRAME_W)
        self.draw.text((_EDGE, y), name, font=font(_TEXT), fill=_INK)
        x = float(_EDGE + _KEYFRAME_W + _AFTER_KEYFRAME)
        label = row.meta.verdict.value.upper()
        wide = font(_SMALL).getlength(label) + 16
        self.draw.rounded_rectangle((x, y - 1, x + wide, y + 19), radius=4, fill=colour)
        self.draw.text((x + 8, y + 2), label, font=font(_SMALL), fill=(10, 12, 14))
        x += wide + 14
        figures = "  ·  ".join(_figures(row.meta))
        room = self.sheet.width - _EDGE - x
        self.draw.text(
            (x, y), elided(figures, size=_TEXT, width=room), font=font(_TEXT), fill=_FAINT
        )
        x += font(_TEXT).getlength(figures) + 24
        if row.meta.clip is not None and row.meta.reasons:
            why = "; ".join(reason.message.split(". ")[0] for reason in row.meta.reasons)
            room = self.sheet.width - _EDGE - x
            if room > font(_TEXT).getlength("flagged because"):
                self.draw.text(
                    (x, y), elided(why, size=_TEXT, width=room), font=font(_TEXT), fill=colour
                )

    def _place(self, picture: Image.Image, well: tuple[int, int, int, int]) -> tuple[int, int]:
        self.draw.rectangle((well[0], well[1], well[2] - 1, well[3] - 1), fill=_WELL)
        x = (well[0] + well[2] - picture.width) // 2
        y = (well[1] + well[3] - picture.height) // 2
        self.sheet.paste(picture, (x, y))
        return x, y

    def _words(self, text: str, well: tuple[int, int, int, int]) -> None:
        self.draw.rectangle((well[0], well[1], well[2] - 1, well[3] - 1), fill=_WELL)
        width = min(well[2] - well[0] - 32, 760)
        lines = wrapped(text, size=_TEXT, width=width, lines=6)
        self.draw.multiline_text(
            (well[0] + 16, (well[1] + well[3]) / 2),
            "\n".join(lines),
            font=font(_TEXT),
            fill=_INK,
            anchor="lm",
            spacing=6,
        )


def _stops(meta: VideoMeta) -> tuple[Stop, ...]:
    """The windows as rendered; as drawn where nothing was."""
    motion, framing = meta.recipe.motion, meta.framing
    start, end, between = motion.start_rect, motion.end_rect, motion.keyframes
    if framing is not None:
        start, end = framing.start_rect, framing.end_rect
        if len(framing.keyframe_rects) == len(between):
            between = tuple(
                stop.model_copy(update={"rect": rect})
                for stop, rect in zip(between, framing.keyframe_rects, strict=True)
            )
    return CameraPath(start, end, motion.easing, between, motion.rotation).stops


def _fitted(pixels: Pixels, width: int) -> Image.Image:
    """Scaled, up or down, to fill ``width`` or the row's height."""
    return ImageOps.contain(
        Image.fromarray(pixels), (width, _PICTURE_H), method=Image.Resampling.LANCZOS
    )


def _figures(meta: VideoMeta) -> list[str]:
    if meta.clip is None:
        return []
    clip = meta.clip
    figures = [
        f"{clip.frames} frame{'s' if clip.frames != 1 else ''}",
        f"{float(clip.fps):.6g} fps",
        f"{clip.duration_sec:.2f} s",
        f"{clip.width} x {clip.height}",
    ]
    for check in meta.checks:
        if check.name == "adherence":
            unmeasured = check.verdict is CheckVerdict.UNMEASURED or check.value is None
            figures.append("adherence " + ("unmeasured" if unmeasured else f"{check.value:.4f}"))
    return figures
