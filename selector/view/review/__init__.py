"""The window in which clips that came back are accepted or rejected."""
