"""The other side of a sync, ``fleet receive``: it takes sets in, and tells how shots ended."""
