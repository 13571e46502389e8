"""``fleet drill``: faults on purpose, on a fleet made for it, and the audit of what is left.

mischief   pure: which faults a seed means, and when
arena      the fleet made for it: home, pictures, cluster, nodes; and its processes, to be killed
drill      submits, does the mischief, waits for the end, takes all down, audits
"""
