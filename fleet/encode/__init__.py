"""Encoding: from the clip's frames to one playable file, and back for those who look at it."""
