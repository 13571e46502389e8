"""The motion editor: motion rectangles, timing, wishes and moving objects of one picture."""
