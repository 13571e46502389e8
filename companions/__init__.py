"""The contract between desk and fleet: documents, names, geometry, timing.

Floor 0: everything else may import this package, and it imports nothing of the rest.
"""
