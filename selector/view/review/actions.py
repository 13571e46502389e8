"""What the review window can do, and by which keys: for its key handling and its cheat sheet."""

from __future__ import annotations

from typing import Final

from selector.view.action import Action, Mode

_REVIEW: Final = Mode.REVIEW
DECIDE: Final = "Decide"
PLAY: Final = "Play"
COMPARE: Final = "Compare"
GO: Final = "Go"

ACTIONS: Final[tuple[Action, ...]] = (
    Action("accept", ("A",), "accept the clip, go on", _REVIEW, DECIDE),
    Action("reject", ("R",), "reject it: then the digit of the reason, go on", _REVIEW, DECIDE),
    Action("note", ("N",), "write a note", _REVIEW, DECIDE),
    Action("redo", ("E",), "how to try again: seed, prompt, or not at all", _REVIEW, DECIDE),
    Action("open_again", ("U",), "take the review back", _REVIEW, DECIDE),
    Action("undo", ("Ctrl+Z",), "undo", _REVIEW, DECIDE),
    Action("redo_step", ("Ctrl+Shift+Z", "Ctrl+Y"), "do again what was undone", _REVIEW, DECIDE),
    Action("make_again", ("Ctrl+R",), "make rejected clips again: a new manifest", _REVIEW, DECIDE),
    Action("play", ("Space",), "play or pause", _REVIEW, PLAY),
    Action("backwards", ("J",), "play backwards; again: faster, up to 4", _REVIEW, PLAY),
    Action("stop", ("K",), "stop", _REVIEW, PLAY),
    Action("forwards", ("L",), "play; again: faster, up to 4", _REVIEW, PLAY),
    Action("frame_back", (",", "Left"), "a frame back", _REVIEW, PLAY, repeats=True),
    Action("frame_on", (".", "Right"), "a frame on", _REVIEW, PLAY, repeats=True),
    Action("ten_back", ("Shift+Left",), "ten frames back", _REVIEW, PLAY, repeats=True),
    Action("ten_on", ("Shift+Right",), "ten frames on", _REVIEW, PLAY, repeats=True),
    Action("first_frame", ("Home",), "first frame", _REVIEW, PLAY),
    Action("last_frame", ("End",), "last frame", _REVIEW, PLAY),
    Action("finding", ("G",), "next finding on the timeline", _REVIEW, PLAY, repeats=True),
    Action("loop", ("Ctrl+L",), "loop, or stop at the end", _REVIEW, PLAY),
    Action(
        "toggle_plan", ("\\", "B"), "the clip, or the plan at the same moment", _REVIEW, COMPARE
    ),
    Action("overlay", ("O",), "rectangles, planned and measured path", _REVIEW, COMPARE),
    Action("zoom", ("Z",), "100 %, or fit", _REVIEW, COMPARE),
    Action("next", ("Down", "PgDown"), "next clip", _REVIEW, GO, repeats=True),
    Action("previous", ("Up", "PgUp"), "previous clip", _REVIEW, GO, repeats=True),
    Action("next_open", ("Return", "Enter"), "next clip to review", _REVIEW, GO),
    Action("filter", ("F",), "next filter: to review, accepted, rejected, flagged", _REVIEW, GO),
    Action("read_again", ("F5",), "look into the folder again", _REVIEW, GO),
    Action("keys", ("?", "F1"), "this sheet", _REVIEW, GO),
    Action("close", ("Ctrl+W",), "close the window", _REVIEW, GO),
)
"""Every action, in the order of the cheat sheet."""
