"""Culling: candidates of the current group as tiles, the filmstrip of groups, comparing."""
