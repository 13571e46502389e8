"""A short search for what a loader does not know what to do with; the long one is a benchmark."""

from __future__ import annotations

import os
import random
import secrets
from pathlib import Path

import pytest

from tests.companions import fuzzing

INPUTS = 2_500


@pytest.fixture
def rng() -> random.Random:
    seed = 0 if os.environ.get("CI") else secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201  (pytest shows it with a failure)
    return random.Random(seed)


def test_a_reader_of_documents_gives_a_document_or_one_of_our_errors(rng: random.Random) -> None:
    loaders = fuzzing.pure_loaders()
    seeds = fuzzing.golden_seeds()
    taken = refused = 0

    for data in fuzzing.mutations(seeds, count=INPUTS, rng=rng):
        for loader in loaders:
            if fuzzing.outcome(loader, data):
                taken += 1
            else:
                refused += 1

    # Else the search would be of no use.
    assert taken > INPUTS / 100
    assert refused > INPUTS


def test_a_reader_of_files_of_operations_gives_them_or_one_of_our_errors(
    rng: random.Random, tmp_path: Path
) -> None:
    seeds = fuzzing.file_seeds(tmp_path)
    loaders = fuzzing.file_loaders(tmp_path)
    assert [fuzzing.outcome(loader, seed) for loader, seed in zip(loaders, seeds, strict=True)] == [
        True
    ] * len(loaders)

    for data in fuzzing.mutations(seeds, count=INPUTS // 5, rng=rng):
        for loader in loaders:
            fuzzing.outcome(loader, data)
