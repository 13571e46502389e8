"""What tests of the receiving side share: a home, a conversation, a small disk."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.sync.far.talk import Talk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB that is really full when it is full (a tmpfs; needs root)."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.fail("a small disk is made with mount, which needs root: run this test as root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The far side's home."""
    return tmp_path / "home"


@pytest.fixture
def far(home: Path) -> Iterator[Talk]:
    """A conversation that was greeted."""
    with Talk(home) as talk:
        talk.greet()
        yield talk
