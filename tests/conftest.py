"""What every test shares: how hypothesis searches, and that windows are drawn in memory."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# No deadline: a loaded machine is slow, and that is no failure.  Under CI the search repeats
# itself, so that a red build is caused by its own change; at a desk it looks in new places.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
