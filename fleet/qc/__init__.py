"""The quality check: what a clip's frames are measured for, and what follows from it.

Every check sees each frame once, before it is encoded, and keeps a few numbers of it; memory does
not grow with the clip.  All of them work on one reduced copy (``glance``).
"""
