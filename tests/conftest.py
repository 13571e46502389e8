"""What every test shares: how hypothesis searches, which files begin, and that windows are drawn
in memory."""

from __future__ import annotations

import os
from typing import Final

import pytest
from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Read by the hub's client when it is imported.  Tests that fetch have a hub of their own on
# loopback; whatever forgets to name it finds nobody there.
os.environ.pop("HF_HUB_OFFLINE", None)
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"

# No deadline: a loaded machine is slow, and that is no failure.  Under CI the search repeats
# itself, so that a red build is caused by its own change; at a desk it looks in new places.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

LONGEST: Final = (
    "tests/acceptance/test_cluster.py",
    "tests/chaos/test_faults.py",
    "tests/acceptance/test_foreign_cluster.py",
    "tests/chaos/test_head.py",
    "tests/acceptance/test_drill.py",
    "tests/acceptance/test_joining.py",
    "tests/fleet/cluster/test_environment.py",
    "tests/fleet/cluster/test_processes.py",
    "tests/fleet/cluster/test_archive.py",
    "tests/fleet/upkeep/test_keeper.py",
    "tests/fleet/test_mischief.py",
    "tests/fleet/cluster/test_gpus.py",
    "tests/fleet/cluster/test_head.py",
    "tests/acceptance/test_doctor.py",
    "tests/acceptance/test_submit.py",
    "tests/fleet/generate/diffusion/test_contract.py",
    "tests/fleet/test_pieces.py",
    "tests/acceptance/test_video_models.py",
    "tests/fleet/test_foresight.py",
    "tests/fleet/jobs/test_simulate.py",
    "tests/companions/test_timing.py",
)
"""Files that start whole clusters or simulate long runs, longest first.  `make test` gives whole
files to its processes: a long one that begins last is waited for by all the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the ``LONGEST`` files first; all others keep their order."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(LONGEST)))
