"""Errors of the selector: its branch of the one tree whose root is in ``companions.errors``.

MotionfleetError          1
+-- (CompanionError      10..13  a motion, caption or name cannot be used    see companions.errors)
|   +-- DocumentInvalid  10
|   |   +-- CaptionInvalid    10  a caption is not readable text             save it as UTF-8
|   +-- PathRefused      12
|       +-- ManifestMisplaced 12  a manifest cannot lie where -o says        choose another -o
+-- (PictureRefused      20      a picture cannot be used                    replace the picture)
+-- NothingToRedo        34  no rejected clip can be made again              reject some, redraw
+-- SafetyBlocked        35  a move breaks a safety limit                    redraw, or slow it down
+-- NoShots              36  there is nothing to put into a manifest         run selector propose
+-- WindowUnavailable    37  Qt or a screen is missing                       install what it names
+-- FolderUnusable       38  a folder cannot be opened                       check it, or --overlay
+-- NothingToCalibrate   39  too little was decided to fit a threshold       cull more, then again

Commands that go through a folder report every failure and end with the largest code among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from companions.errors import DocumentInvalid, MotionfleetError, PathRefused, Problem


class CaptionInvalid(DocumentInvalid):
    """A ``X.caption`` file cannot become a prompt."""

    code = "caption_invalid"

    def __init__(self, *, file: Path, what: str) -> None:
        super().__init__(
            file=str(file),
            problems=[Problem("", what)],
            remedy="Save it as plain UTF-8 text, or remove it for a shot without a prompt.",
        )


class ManifestMisplaced(PathRefused):
    """A manifest was asked for in a place from which it cannot name its pictures."""

    code = "manifest_misplaced"

    def __init__(self, *, file: Path, why: str, instead: str) -> None:
        self.why, self.instead = why, instead
        self.file, self.field, self.path = str(file), "-o", str(file)
        MotionfleetError.__init__(self, f"{file}: {why}. {instead}")


class SafetyBlocked(MotionfleetError):
    """Motions break safety limits; the listing says which, by how much."""

    exit_code = 35
    code = "safety_blocked"

    def __init__(self, *, blocked: int, warned: int, total: int, strict: bool) -> None:
        self.blocked, self.warned, self.total, self.strict = blocked, warned, total, strict
        parts = [f"{blocked} of {total} motions are blocked"]
        if strict:
            parts.append(f"{warned} more would be, because --strict counts warnings")
        super().__init__(
            f"{' and '.join(parts)}. Redraw their rectangles nearer to each other or larger, "
            f"lengthen the duration, or choose a smaller --size; the listing names each limit."
        )


class NoShots(MotionfleetError):
    """A manifest would be empty."""

    exit_code = 36
    code = "no_shots"

    def __init__(self, *, folder: Path, left_out: int, passed_over: int) -> None:
        self.folder, self.left_out, self.passed_over = str(folder), left_out, passed_over
        total = left_out + passed_over
        if left_out and passed_over:
            why = (
                f"of {total} motions in {folder} {passed_over} belong to pictures that were "
                f"passed over, and {left_out} are blocked by safety limits"
            )
            remedy = "Redraw the blocked ones, or give --include-rejected or --include-blocked."
        elif passed_over:
            why = f"all {passed_over} pictures in {folder} that have a motion were passed over"
            remedy = "Pick some (selector DIR), or give --include-rejected."
        elif left_out:
            why = f"all {left_out} motions in {folder} are blocked by safety limits"
            remedy = "Redraw them, or give --include-blocked."
        else:
            why = f"no picture in {folder} has a .motion.json"
            remedy = f"Make proposals first: selector propose {folder}"
        super().__init__(f"{why}, so no manifest was written. {remedy}")


class NothingToRedo(MotionfleetError):
    """No rejected clip can be made again."""

    exit_code = 34
    code = "nothing_to_redo"

    def __init__(self, *, folder: Path, rejected: int, why: Sequence[str]) -> None:
        self.folder, self.rejected, self.why = str(folder), rejected, tuple(why)
        if rejected:
            because = "; ".join(self.why) or "each is named above"
            told = f"none of the {rejected} rejected clips can be made again ({because})"
        else:
            told = "no clip is rejected"
        super().__init__(
            f"{folder}: {told}, so no manifest was written. Review clips with selector review."
        )


class WindowUnavailable(MotionfleetError):
    """The window cannot be shown on this machine; every other command can be used."""

    exit_code = 37
    code = "window_unavailable"

    def __init__(self, *, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(
            f"the window cannot be shown here: {what}. {remedy} Commands that need no window: "
            f"selector propose, check and manifest."
        )


class FolderUnusable(MotionfleetError):
    """A folder cannot be opened as a desk."""

    exit_code = 38
    code = "folder_unusable"

    def __init__(self, *, folder: Path, what: str, remedy: str) -> None:
        self.folder, self.what = str(folder), what
        super().__init__(f"{folder}: {what}. {remedy}")


class NothingToCalibrate(MotionfleetError):
    """Too few decisions on scored pictures, or all the same, to fit a threshold to them."""

    exit_code = 39
    code = "nothing_to_calibrate"

    def __init__(self, *, pictures: int, picked: int, fewest: int) -> None:
        self.pictures, self.picked, self.fewest = pictures, picked, fewest
        super().__init__(
            f"{pictures} decided pictures have a score, {picked} of them picked; a threshold takes "
            f"at least {fewest}, picked and passed over. Cull more groups (selector DIR), or name "
            f"more folders."
        )
