"""Killed at any step on its way to the trash or back, a set is in one place, whole."""

from __future__ import annotations

import errno
import os
import shutil
from functools import partial
from pathlib import Path

import pytest

from companions.errors import (
    FileUnwritable,
    MoveUnfinished,
    SetRefused,
)
from companions.lock import locked
from companions.sets import bins, trash
from companions.sets.grouping import is_journal
from companions.sets.restore import restore, trashed
from companions.sets.resume import Ending
from companions.sets.scan import scan
from companions.sets.trash_record import RECORD_NAME
from tests.companions.sets.making import (
    Life,
    MortalDisk,
    MortalLog,
    ended_by,
    log_in,
    logged,
    make_set,
    names,
    until_it_lives,
)
from tests.companions.sets.trashing import MortalBinDisk, Trial, only_item

pytestmark = pytest.mark.usefixtures("bin_folder")


def test_killed_before_any_step_a_set_goes_to_the_trash_or_never_left(
    tmp_path: Path, log: Path
) -> None:
    trial, seen = Trial(tmp_path, log), set()

    trial.begin()
    for _ in until_it_lives(trial.trash):
        trial.refuse_loss()
        endings = trial.resume()
        in_trash = trial.is_in_trash()
        seen.add((*endings, in_trash))
        assert (Ending.FINISHED in endings) == in_trash or not endings
        trial.begin()

    assert trial.is_in_trash()
    assert seen >= {(False,), (Ending.WITHDRAWN, False), (Ending.FINISHED, True)}
    assert set(logged(log)) == {"trash"}


def test_killed_again_and_again_while_it_resumes_it_still_comes_to_the_trash(
    tmp_path: Path, log: Path
) -> None:
    trial = Trial(tmp_path, log)

    trial.begin()
    for _ in until_it_lives(trial.trash):
        for _ in until_it_lives(partial(trial.resume_mortally)):
            trial.refuse_loss()
        trial.is_in_trash()
        trial.begin()

    assert trial.is_in_trash()


def test_killed_before_any_step_a_set_comes_back_or_is_still_in_the_trash(
    tmp_path: Path, log: Path, bin_folder: Path
) -> None:
    trial, seen = Trial(tmp_path, log), set()

    trial.begin(in_trash=True)
    for _ in until_it_lives(trial.restore):
        trial.refuse_loss()
        trial.resume()
        seen.add(trial.is_in_trash())
        trial.begin(in_trash=True)

    assert not trial.is_in_trash()
    assert seen == {True, False}
    places = [each.folder for each in bins.ours()]
    assert len(places) == len(trashed())  # nothing empty is left there
    assert len(list((bin_folder.parent / "info").iterdir())) == len(places)


def test_without_a_trash_killed_before_any_step_the_set_is_put_back_in_the_end(
    tmp_path: Path, log: Path
) -> None:
    (tmp_path / "home" / "data").write_bytes(b"no folder")
    trial = Trial(tmp_path, log)

    def refused(life: Life) -> None:
        with pytest.raises(SetRefused):
            trial.trash(life)

    trial.begin()
    for _ in until_it_lives(refused):
        trial.refuse_loss()
        trial.resume()
        trial.sweep()
        if any(path.is_dir() for path in trial.here.iterdir()):
            # Killed when it was withdrawn, and before it was on its way back.
            restore(only_item(beside=trial.here), log=log_in(log))
        assert not trial.is_in_trash()
        trial.begin()
    assert not trial.is_in_trash()


class FailingDisk(MortalBinDisk):
    """Mortal, and one clip of it cannot be read any more."""

    def link(self, source: Path, target: Path) -> None:
        if source.name == "a.mp4":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().link(source, target)


def test_what_the_log_says_was_undone_stays_undone_wherever_it_was_killed(
    tmp_path: Path, log: Path
) -> None:
    trial = Trial(tmp_path, log)

    def fail(life: Life) -> None:
        with pytest.raises(FileUnwritable):
            trash.trash(trial.picture, log=MortalLog(log, life), disk=FailingDisk(life))

    trial.begin()
    undone = 0
    for _ in until_it_lives(fail):
        trial.refuse_loss()
        was_undone = logged(log).count("trash_undone") > undone
        endings = trial.resume()
        assert trial.is_in_trash() == (endings == [Ending.FINISHED])
        if was_undone:
            assert endings in ([Ending.UNDONE], [])
        undone = logged(log).count("trash_undone")
        trial.begin()
    assert not trial.is_in_trash()
    assert undone > 0


def test_an_interrupted_operation_on_the_same_set_comes_first_and_is_nothing_to_restore(
    tmp_path: Path, log: Path
) -> None:
    trial, refused, hidden = Trial(tmp_path, log), 0, 0

    trial.begin()
    for _ in until_it_lives(trial.trash):
        if scan(trial.here).found.journals:
            if trial.picture.exists():
                with pytest.raises(MoveUnfinished, match="was interrupted"):
                    trash.trash(trial.picture, log=log_in(log))
                refused += 1
            staged = [path for path in trial.here.iterdir() if path.is_dir()]
            hidden += bool(staged and (staged[0] / "a.jpg").exists())
            assert not [each for each in trashed(beside=trial.here) if each.put_back]
        trial.resume()
        trial.begin()
    assert refused > 0
    assert hidden > 0


def test_what_is_on_its_way_back_is_not_offered_again(tmp_path: Path, log: Path) -> None:
    trial, hidden = Trial(tmp_path, log), 0

    trial.begin(in_trash=True)
    for _ in until_it_lives(trial.restore):
        hidden += any(is_journal(name) for each in bins.ours() for name in names(each.folder))
        assert not any(is_journal(name) for item in trashed() for name in names(item.place))
        trial.resume()
        trial.begin(in_trash=True)
    assert hidden > 0


def test_a_copy_into_the_trash_that_was_killed_while_it_removed_its_source_is_finished(
    tmp_path: Path, log: Path, bin_folder: Path
) -> None:
    trial = Trial(tmp_path, log)
    trial.begin()

    class Copying(MortalDisk):
        """A disk whose trash lies on another one, as far as it gets."""

        def trash(self, folder: Path) -> None:
            shutil.copytree(folder, bin_folder / folder.name)
            (folder / "a.mp4").unlink()
            self.life.steps = 0
            self.life.step()

    def die() -> None:
        life = Life(10_000)
        trash.trash(trial.picture, log=MortalLog(log, life), disk=Copying(life))

    assert ended_by(die) < 0
    trial.refuse_loss()

    assert trial.resume() == [Ending.FINISHED]
    assert trial.is_in_trash()


def test_a_folder_that_someone_took_away_in_between_is_asked_for(
    tmp_path: Path, log: Path, stills: Path
) -> None:
    trial = Trial(tmp_path, log)
    trial.begin()
    elsewhere = tmp_path / "elsewhere"
    for _ in until_it_lives(trial.trash):
        staged = [path for path in trial.here.iterdir() if path.is_dir()]
        if staged and (staged[0] / "a.jpg").exists() and not trial.picture.exists():
            break
        trial.resume()
        trial.begin()
    staged[0].rename(elsewhere)

    with pytest.raises(MoveUnfinished, match="neither here nor in the trash"):
        trash.resume(trial.here, log=log_in(log))

    elsewhere.rename(staged[0])
    assert trial.resume() == [Ending.FINISHED]
    assert trial.is_in_trash()


def test_what_a_kill_left_before_the_journal_is_cleared_away_and_a_busy_one_is_not(
    stills: Path, log: Path
) -> None:
    trash.trash(make_set(stills, "a"), log=log_in(log))
    record = (only_item().place / RECORD_NAME).read_bytes()
    leftover = stills / "a.motion-x.motionfleet-trash-0123456789abcdef"
    leftover.mkdir()
    (leftover / RECORD_NAME).write_bytes(record)

    with locked(stills / "a.jpg"):
        trash.resume(stills, log=log_in(log))
        assert leftover.exists()
    trash.resume(stills, log=log_in(log))

    assert names(stills) == []
