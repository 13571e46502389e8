"""The default interpolator: optical flow, corrected by a small learned network."""
