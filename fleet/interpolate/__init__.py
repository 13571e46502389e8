"""Interpolators: from the generator's frames to the clip's frames."""
