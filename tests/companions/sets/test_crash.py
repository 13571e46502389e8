"""Killed before any step of an operation, and before any step of resuming it, nothing is lost."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from companions.sets.resume import Ending
from tests.companions.sets.dying import Trial
from tests.companions.sets.making import logged, until_it_lives

DISKS = {
    "one disk": ("tmp_path", "tmp_path"),
    "two disks": ("tmp_path", "other_disk"),
    "exfat": ("exfat", "exfat"),
    "to exfat": ("tmp_path", "exfat"),
    "from exfat": ("exfat", "tmp_path"),
}


@pytest.fixture(params=DISKS)
def folders(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """What two folders are made in: one disk, two, or one without hard links and cases."""

    one, other = DISKS[request.param]
    return Path(request.getfixturevalue(one)), Path(request.getfixturevalue(other))


@pytest.mark.parametrize("word", ["move", "copy", "rename", "respell"])
def test_killed_before_any_step_an_operation_goes_on_to_its_end_or_never_began(
    folders: tuple[Path, Path], tmp_path: Path, word: str
) -> None:
    log = tmp_path / "log"
    trial = Trial(word, folders, log)
    endings: list[list[Ending]] = []

    trial.begin()
    for _ in until_it_lives(trial.carry):
        trial.refuse_loss()
        endings.append(trial.resume())
        assert trial.is_done() or Ending.FINISHED not in endings[-1]
        trial.refuse_disorder()
        trial.begin()

    assert trial.is_done()
    assert [] in endings
    assert [Ending.WITHDRAWN] in endings
    assert [Ending.FINISHED] in endings
    assert set(logged(log)) == {trial.operation}


@pytest.mark.parametrize(
    ("folders", "word"),
    [
        ("one disk", "move"),
        ("one disk", "respell"),
        ("two disks", "move"),
        ("exfat", "respell"),
    ],
    indirect=["folders"],
)
def test_killed_again_and_again_while_it_resumes_it_still_comes_to_its_end(
    folders: tuple[Path, Path], tmp_path: Path, word: str
) -> None:
    trial = Trial(word, folders, tmp_path / "log")

    trial.begin()
    for _ in until_it_lives(trial.carry):
        for _ in until_it_lives(partial(trial.resume_mortally)):
            trial.refuse_loss()
        trial.refuse_disorder()
        trial.begin()

    assert trial.is_done()
