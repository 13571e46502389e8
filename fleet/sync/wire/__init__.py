"""What desk and far side say to each other: one JSON document a line, closed and bounded."""
