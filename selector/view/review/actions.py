"""What the review window can do, and by which keys: for its key handling and its cheat sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    Attributes:
        name: the window's word for it.
        keys: any of these does it, as ``QKeySequence`` spells keys.
        words: what it does, for people.
        section: heading in the cheat sheet.
        repeats: whether a key that is held down does it again and again.
    """

    name: str
    keys: tuple[str, ...]
    words: str
    section: str
    repeats: bool = False


DECIDE: Final = "Decide"
PLAY: Final = "Play"
COMPARE: Final = "Compare"
GO: Final = "Go"

ACTIONS: Final = (
    Action("accept", ("A",), "accept the clip, go on", DECIDE),
    Action("reject", ("R",), "reject it: then the digit of the reason, go on", DECIDE),
    Action("note", ("N",), "write a note", DECIDE),
    Action("redo", ("E",), "how to try again: seed, prompt, or not at all", DECIDE),
    Action("open_again", ("U",), "take the review back", DECIDE),
    Action("undo", ("Ctrl+Z",), "undo", DECIDE),
    Action("redo_step", ("Ctrl+Shift+Z", "Ctrl+Y"), "do again what was undone", DECIDE),
    Action("make_again", ("Ctrl+R",), "make rejected clips again: a new manifest", DECIDE),
    Action("play", ("Space",), "play or pause", PLAY),
    Action("backwards", ("J",), "play backwards; again: faster, up to 4", PLAY),
    Action("stop", ("K",), "stop", PLAY),
    Action("forwards", ("L",), "play; again: faster, up to 4", PLAY),
    Action("frame_back", (",", "Left"), "a frame back", PLAY, repeats=True),
    Action("frame_on", (".", "Right"), "a frame on", PLAY, repeats=True),
    Action("ten_back", ("Shift+Left",), "ten frames back", PLAY, repeats=True),
    Action("ten_on", ("Shift+Right",), "ten frames on", PLAY, repeats=True),
    Action("first_frame", ("Home",), "first frame", PLAY),
    Action("last_frame", ("End",), "last frame", PLAY),
    Action("finding", ("G",), "next finding on the timeline", PLAY, repeats=True),
    Action("loop", ("Ctrl+L",), "loop, or stop at the end", PLAY),
    Action("toggle_plan", ("\\", "B"), "the clip, or the plan at the same moment", COMPARE),
    Action("overlay", ("O",), "rectangles, planned and measured path", COMPARE),
    Action("zoom", ("Z",), "100 %, or fit", COMPARE),
    Action("next", ("Down", "PgDown"), "next clip", GO, repeats=True),
    Action("previous", ("Up", "PgUp"), "previous clip", GO, repeats=True),
    Action("next_open", ("Return", "Enter"), "next clip to review", GO),
    Action("filter", ("F",), "next filter: to review, accepted, rejected, flagged", GO),
    Action("read_again", ("F5",), "look into the folder again", GO),
    Action("keys", ("?", "F1"), "this sheet", GO),
    Action("close", ("Ctrl+W",), "close the window", GO),
)
"""Every action, in the order of the cheat sheet."""
