"""Generators: from one keyframe and a move to frames."""
