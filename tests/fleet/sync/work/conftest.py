"""What tests of the fleet worked from afar share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fleet.sync.work.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A desk, and a host whose disk is mounted here."""
    return World(tmp_path)
