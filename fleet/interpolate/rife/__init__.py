"""RIFE: frames between frames by a network that estimates the flow at the wanted instant.

Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame Interpolation", ECCV 2022;
written here from the structure its authors published as Practical-RIFE, versions 4.6 and 4.25/4.26.
"""
