"""The examination: what would keep the fleet from working here, or make it unsafe.

checks       what one check says; pure verdicts on facts
sockets      who listens where
probes       facts about this machine: disks, limits, GPUs, encoders
examination  all checks, in order
"""
