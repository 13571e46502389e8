"""Tiny models on disk, each built when the first test wants it and kept for the session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Find = Callable[[str], Path]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Find:
    """Gives the folder of a family's tiny model, by the family's name; all lie side by
    side in one folder, as a shelf wants them."""
    # Imported when asked for: torch costs a second, and not every test here needs it.
    from tests.fleet.generate.diffusion import tiny

    shelf = tmp_path_factory.mktemp("models")
    return lambda name: tiny.saved(name, shelf)
