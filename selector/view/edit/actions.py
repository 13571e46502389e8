"""What the editor's keys do, as data: for its page, for menus and for the cheat sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class EditAction:
    """One thing the operator can do in the editor.

    Attributes:
        name: what ``EditPage.act`` calls it.
        keys: Qt's portable names of the keys, the first for show.
        words: what it does, for people.
        part: where it stands in the cheat sheet.
        repeats: whether a key that is held down does it again and again.
    """

    name: str
    keys: tuple[str, ...]
    words: str
    part: str
    repeats: bool = False


STOPS: Final = "Motion rectangles"
TIME: Final = "Time"
VIEW: Final = "View"
OBJECTS: Final = "Objects"
MOVE: Final = "The whole move"

ACTIONS: Final[tuple[EditAction, ...]] = (
    EditAction("choose_start", ("S",), "choose START", STOPS),
    EditAction("choose_end", ("E",), "choose END", STOPS),
    EditAction("next_stop", ("Tab",), "choose the next stop", STOPS, repeats=True),
    EditAction(
        "previous_stop",
        ("Shift+Tab", "Shift+Backtab"),
        "choose the stop before",
        STOPS,
        repeats=True,
    ),
    EditAction("left", ("Left",), "one clip pixel to the left", STOPS, repeats=True),
    EditAction("right", ("Right",), "one clip pixel to the right", STOPS, repeats=True),
    EditAction("up", ("Up",), "one clip pixel up", STOPS, repeats=True),
    EditAction("down", ("Down",), "one clip pixel down", STOPS, repeats=True),
    EditAction("far_left", ("Shift+Left",), "ten clip pixels to the left", STOPS, repeats=True),
    EditAction("far_right", ("Shift+Right",), "ten clip pixels to the right", STOPS, repeats=True),
    EditAction("far_up", ("Shift+Up",), "ten clip pixels up", STOPS, repeats=True),
    EditAction("far_down", ("Shift+Down",), "ten clip pixels down", STOPS, repeats=True),
    EditAction("smaller", ("[",), "smaller: nearer", STOPS, repeats=True),
    EditAction("larger", ("]",), "larger: further away", STOPS, repeats=True),
    EditAction("turn_left", (",",), "turn by half a degree to the left", STOPS, repeats=True),
    EditAction("turn_right", (".",), "turn by half a degree to the right", STOPS, repeats=True),
    EditAction("upright", ("0",), "upright again", STOPS),
    EditAction("swap", ("W",), "exchange START and END", MOVE),
    EditAction("copy", ("Ctrl+C",), "copy the move", MOVE),
    EditAction("paste", ("Ctrl+V",), "paste a move", MOVE),
    EditAction("apply", ("Ctrl+Shift+V",), "give the move to every picked picture", MOVE),
    EditAction("safe", ("M",), "the nearest safe move", MOVE),
    EditAction("keyframe", ("K",), "add a keyframe at the playhead", TIME),
    EditAction("remove", ("Del", "Backspace"), "remove the chosen keyframe or object", TIME),
    EditAction("to_start", ("Home",), "playhead to START", TIME),
    EditAction("to_end", ("End",), "playhead to END", TIME),
    EditAction("earlier", ("PgUp",), "playhead a tenth of a second back", TIME, repeats=True),
    EditAction("later", ("PgDown",), "playhead a tenth of a second on", TIME, repeats=True),
    EditAction("preview", ("Space",), "preview, and back", TIME),
    EditAction("zoom", ("Z",), "100 %, and the whole picture", VIEW),
    EditAction("nearer", ("+", "="), "zoom in", VIEW, repeats=True),
    EditAction("further", ("-",), "zoom out", VIEW, repeats=True),
    EditAction("thirds", ("G",), "lines at the thirds", VIEW),
    EditAction("faces", ("F",), "outline faces", VIEW),
    EditAction("inspect", ("I",), "go to the inspector; Escape comes back", VIEW),
    EditAction("polygon", ("P",), "cut out an object by a polygon", OBJECTS),
    EditAction("lasso", ("L",), "cut out an object with a lasso", OBJECTS),
    EditAction("brush", ("B",), "paint an object", OBJECTS),
    EditAction("freehand", ("H",), "draw the object's way freehand", OBJECTS),
    EditAction("line", ("J",), "draw the object's way as a line", OBJECTS),
    EditAction("circle", ("O",), "draw the object's way as a circle", OBJECTS),
    EditAction("done", ("Return", "Enter"), "finish what is drawn; back to the cull", MOVE),
    EditAction("close", ("Esc",), "give up what is drawn; back to the cull", MOVE),
)
"""Every action of the editor.  Dragging with the mouse: Alt does not snap, Shift frees the shape,
Ctrl resizes from the middle; Space or the middle button shifts the picture, and so do two fingers
on a touch pad.  A click chooses the object or the rectangle there."""
