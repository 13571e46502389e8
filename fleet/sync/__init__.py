"""Sync: sets to a host that has the fleet, results back, and the host's fleet worked from here.

``desk`` acts on this side, ``far`` answers on the other; they speak what ``wire`` defines over one
channel of ``ssh``, while a ``transport`` moves the files' bytes.  Nothing here listens on a port.
"""
