"""What the editor's keys do, as data: for its page, for menus and for the cheat sheet."""

from __future__ import annotations

from typing import Final

from selector.view.action import Action, Mode

_EDIT: Final = Mode.EDIT
STOPS: Final = "Motion rectangles"
TIME: Final = "Time"
VIEW: Final = "View"
OBJECTS: Final = "Objects"
MOVE: Final = "The whole move"

ACTIONS: Final[tuple[Action, ...]] = (
    Action("choose_start", ("S",), "choose START", _EDIT, STOPS),
    Action("choose_end", ("E",), "choose END", _EDIT, STOPS),
    Action("next_stop", ("Tab",), "choose the next stop", _EDIT, STOPS, repeats=True),
    Action(
        "previous_stop",
        ("Shift+Tab", "Shift+Backtab"),
        "choose the stop before",
        _EDIT,
        STOPS,
        repeats=True,
    ),
    Action("left", ("Left",), "one clip pixel to the left", _EDIT, STOPS, repeats=True),
    Action("right", ("Right",), "one clip pixel to the right", _EDIT, STOPS, repeats=True),
    Action("up", ("Up",), "one clip pixel up", _EDIT, STOPS, repeats=True),
    Action("down", ("Down",), "one clip pixel down", _EDIT, STOPS, repeats=True),
    Action("far_left", ("Shift+Left",), "ten clip pixels to the left", _EDIT, STOPS, repeats=True),
    Action(
        "far_right", ("Shift+Right",), "ten clip pixels to the right", _EDIT, STOPS, repeats=True
    ),
    Action("far_up", ("Shift+Up",), "ten clip pixels up", _EDIT, STOPS, repeats=True),
    Action("far_down", ("Shift+Down",), "ten clip pixels down", _EDIT, STOPS, repeats=True),
    Action("smaller", ("[",), "smaller: nearer", _EDIT, STOPS, repeats=True),
    Action("larger", ("]",), "larger: further away", _EDIT, STOPS, repeats=True),
    Action("turn_left", (",",), "turn by half a degree to the left", _EDIT, STOPS, repeats=True),
    Action("turn_right", (".",), "turn by half a degree to the right", _EDIT, STOPS, repeats=True),
    Action("upright", ("0",), "upright again", _EDIT, STOPS),
    Action("swap", ("W",), "exchange START and END", _EDIT, MOVE),
    Action("copy", ("Ctrl+C",), "copy the move", _EDIT, MOVE),
    Action("paste", ("Ctrl+V",), "paste a move", _EDIT, MOVE),
    Action("apply", ("Ctrl+Shift+V",), "give the move to every picked picture", _EDIT, MOVE),
    Action("safe", ("M",), "the nearest safe move", _EDIT, MOVE),
    Action("keyframe", ("K",), "add a keyframe at the playhead", _EDIT, TIME),
    Action("remove", ("Del", "Backspace"), "remove the chosen keyframe or object", _EDIT, TIME),
    Action("to_start", ("Home",), "playhead to START", _EDIT, TIME),
    Action("to_end", ("End",), "playhead to END", _EDIT, TIME),
    Action("earlier", ("PgUp",), "playhead a tenth of a second back", _EDIT, TIME, repeats=True),
    Action("later", ("PgDown",), "playhead a tenth of a second on", _EDIT, TIME, repeats=True),
    Action("preview", ("Space",), "preview, and back", _EDIT, TIME),
    Action("zoom", ("Z",), "100 %, and the whole picture", _EDIT, VIEW),
    Action("nearer", ("+", "="), "zoom in", _EDIT, VIEW, repeats=True),
    Action("further", ("-",), "zoom out", _EDIT, VIEW, repeats=True),
    Action("thirds", ("G",), "lines at the thirds", _EDIT, VIEW),
    Action("faces", ("F",), "outline faces", _EDIT, VIEW),
    Action("inspect", ("I",), "go to the inspector; Escape comes back", _EDIT, VIEW),
    Action("polygon", ("P",), "cut out an object by a polygon", _EDIT, OBJECTS),
    Action("lasso", ("L",), "cut out an object with a lasso", _EDIT, OBJECTS),
    Action("brush", ("B",), "paint an object", _EDIT, OBJECTS),
    Action("freehand", ("H",), "draw the object's way freehand", _EDIT, OBJECTS),
    Action("line", ("J",), "draw the object's way as a line", _EDIT, OBJECTS),
    Action("circle", ("O",), "draw the object's way as a circle", _EDIT, OBJECTS),
    Action("done", ("Return", "Enter"), "finish what is drawn; back to the cull", _EDIT, MOVE),
    Action("close", ("Esc",), "give up what is drawn; back to the cull", _EDIT, MOVE),
)
"""Every action of the editor.  Dragging with the mouse: Alt does not snap, Shift frees the shape,
Ctrl resizes from the middle; Space or the middle button shifts the picture, and so do two fingers
on a touch pad.  A click chooses the object or the rectangle there."""
