"""Generated frames, kept on the head's disk until their clip is published."""
