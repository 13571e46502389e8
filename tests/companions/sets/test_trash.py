"""A set in the trash is one thing there, and comes back whole; killed at any step, it is in one."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from companions import files
from companions.errors import (
    AuditUnwritable,
    FileUnwritable,
    MoveUnfinished,
    NameCollision,
    SetBusy,
    SetRefused,
)
from companions.lock import locked, sweep_locks
from companions.sets import bins, resume, trash
from companions.sets.grouping import is_journal
from companions.sets.restore import Trashed, choose, restore, trashed
from companions.sets.resume import Ending
from companions.sets.scan import scan, scan_tree
from companions.sets.trash_record import RECORD_NAME
from tests.companions.sets.making import (
    SUFFIXES,
    Life,
    MortalDisk,
    MortalLog,
    ended_by,
    log_in,
    logged,
    make_set,
    names,
    snapshot,
    until_it_lives,
)


@pytest.fixture(autouse=True)
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home with a trash of its own; where its things lie."""
    if sys.platform == "darwin":
        pytest.skip("the trash of macOS knows one home only")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "send2trash"]:
        monkeypatch.delitem(sys.modules, name)  # it looks where the home is on being imported
    return home / "data" / "Trash" / "files"


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    folder = tmp_path / "stills"
    folder.mkdir()
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def only_item(**where: Path) -> Trashed:
    (item,) = trashed(**where)
    return item


# -- there and back ----------------------------------------------------------------------------


def test_a_set_is_one_thing_in_the_trash_and_comes_back_as_it_was(
    stills: Path, log: Path, bin_folder: Path
) -> None:
    picture = make_set(stills, "a")
    make_set(stills, "b")
    before = snapshot(stills)

    done = trash.trash(picture, log=log_in(log))

    assert names(stills) == sorted(f"b{suffix}" for suffix in SUFFIXES)
    (folder,) = bin_folder.iterdir()
    assert folder.name == f"a.motionfleet-trash-{done.operation_id}"
    assert names(folder) == sorted([RECORD_NAME, *(f"a{suffix}" for suffix in SUFFIXES)])
    item = only_item()
    assert (item.picture, item.place) == (picture, folder)
    assert item.record.who == "anna@desk-3"
    assert item.size_bytes == sum(len(before[f"a{suffix}"][0]) for suffix in SUFFIXES)

    restore(item, log=log_in(log))

    assert snapshot(stills) == before
    assert names(stills) == sorted(before)
    assert list(bin_folder.iterdir()) == list((bin_folder.parent / "info").iterdir()) == []
    assert trashed() == ()
    assert logged(log) == ["trash", "restore"]


@pytest.mark.parametrize(
    "stem",
    [
        "x" * 235,
        "\u00e9" * 100,
        "two\nlines",
        "-rf \"quoted\" 'name'",
        os.fsdecode(b"not \xff text"),
        "a.001",
        "100%25 %:sure",
    ],
)
def test_whatever_its_name_a_set_goes_and_comes_back(stills: Path, log: Path, stem: str) -> None:
    picture = make_set(stills, stem, suffixes=(".png", ".mp4"))
    before = snapshot(stills)

    trash.trash(picture, log=log_in(log))
    assert names(stills) == []
    item = choose(str(picture))
    assert len(item.place.name.encode()) <= 255
    restore(item, log=log_in(log))

    assert snapshot(stills) == before


def test_pictures_of_one_name_are_told_apart_by_their_folders_and_ids(
    tmp_path: Path, log: Path
) -> None:
    pictures = [make_set(tmp_path / name, "a", suffixes=(".jpg",)) for name in ("one", "two")]
    ids = [trash.trash(picture, log=log_in(log)).operation_id for picture in pictures]

    assert choose(str(pictures[1])).record.operation_id == ids[1]
    assert choose(ids[0]).picture == pictures[0]
    with pytest.raises(SetRefused, match="nothing of this name"):
        choose(str(tmp_path / "a.jpg"))
    with pytest.raises(SetRefused, match="2 pictures of this name") as caught:
        choose("a.jpg")
    assert all(each in str(caught.value) for each in ids)
    with pytest.raises(SetRefused, match="nothing of this name"):
        choose("b.jpg")


def test_a_set_on_another_disk_goes_to_the_trash_of_that_disk(other_disk: Path, log: Path) -> None:
    top = next(p for p in [other_disk, *other_disk.parents] if p.is_mount())
    own = top / f".Trash-{os.getuid()}"
    was_there = own.exists()
    picture = make_set(other_disk, "a")
    before = snapshot(other_disk)
    try:
        trash.trash(picture, log=log_in(log))
        item = choose(str(picture))
        assert item.place.parent == own / "files"
        restore(item, log=log_in(log))
        assert snapshot(other_disk) == before
        assert not (own / "info" / f"{item.place.name}.trashinfo").exists()
    finally:
        if not was_there:
            shutil.rmtree(own, ignore_errors=True)


# -- what is refused ---------------------------------------------------------------------------


def test_where_there_is_no_trash_the_set_is_put_back_and_the_reason_told(
    stills: Path, log: Path, tmp_path: Path, bin_folder: Path
) -> None:
    (tmp_path / "home" / "data").write_bytes(b"no folder")
    picture = make_set(stills, "a")
    before = snapshot(stills)

    with pytest.raises(SetRefused, match=r"trash does not take it .*It is where it was") as caught:
        trash.trash(picture, log=log_in(log))

    assert caught.value.picture == str(picture)
    assert snapshot(stills) == before
    assert names(stills) == sorted(before)
    assert logged(log) == ["trash", "restore"]


def test_nothing_goes_to_the_trash_that_cannot_be_logged(stills: Path, tmp_path: Path) -> None:
    picture = make_set(stills, "a")
    before = snapshot(stills)
    (tmp_path / "log").write_bytes(b"no folder")

    with pytest.raises(AuditUnwritable):
        trash.trash(picture, log=log_in(tmp_path / "log"))

    assert snapshot(stills) == before
    assert names(stills) == sorted(before)


def test_a_set_that_another_program_holds_stays(stills: Path, log: Path) -> None:
    picture = make_set(stills, "a")
    with locked(picture), pytest.raises(SetBusy):
        trash.trash(picture, log=log_in(log), patience_s=0.0)
    assert logged(log) == []


def test_nothing_is_given_back_over_something_else(stills: Path, log: Path) -> None:
    picture = make_set(stills, "a")
    trash.trash(picture, log=log_in(log))

    for name, refusal in (("A.png", NameCollision), ("a.caption", SetRefused)):
        (stills / name).write_bytes(b"new")
        with pytest.raises(refusal):
            restore(only_item(), log=log_in(log))
        assert names(stills) == [name]
        (stills / name).unlink()

    restore(only_item(), log=log_in(log))
    assert picture.exists()


def test_what_was_changed_or_taken_out_in_the_trash_is_told_and_not_given_back(
    stills: Path, log: Path
) -> None:
    trash.trash(make_set(stills, "a"), log=log_in(log))
    item = only_item()
    clip = item.place / "a.mp4"
    data = clip.read_bytes()

    clip.write_bytes(data[::-1])
    with pytest.raises(SetRefused, match=r"'a\.mp4' is not what it was"):
        restore(item, log=log_in(log))
    clip.unlink()
    with pytest.raises(SetRefused, match=r"'a\.mp4' was taken out"):
        restore(item, log=log_in(log))
    shutil.rmtree(stills)
    clip.write_bytes(data)
    with pytest.raises(SetRefused, match="its folder is gone"):
        restore(item, log=log_in(log))

    stills.mkdir()
    restore(item, log=log_in(log))
    assert len(names(stills)) == len(SUFFIXES)


@pytest.mark.parametrize("change", [{"folder": "relative"}, {"name": "../a.jpg"}, {"name": ".a"}])
def test_a_record_that_someone_forged_is_not_believed(
    stills: Path, log: Path, change: dict[str, str]
) -> None:
    trash.trash(make_set(stills, "a"), log=log_in(log))
    path = only_item().place / RECORD_NAME
    forged = json.loads(path.read_bytes())
    forged.update({key: value for key, value in change.items() if key == "folder"})
    forged["files"][0].update({key: value for key, value in change.items() if key == "name"})
    path.write_bytes(json.dumps(forged).encode())

    assert trashed() == ()


# -- put back by hand --------------------------------------------------------------------------


def test_a_folder_put_back_by_hand_is_no_set_and_can_be_restored_where_it_is(
    stills: Path, log: Path
) -> None:
    picture = make_set(stills, "a")
    before = snapshot(stills)
    trash.trash(picture, log=log_in(log))
    item = only_item()
    item.place.rename(stills / item.place.name)
    moved = stills.rename(stills.with_name("renamed meanwhile"))

    assert scan(moved).found.orphans == {}
    assert [scanned.folder for scanned in scan_tree(moved)] == [moved]
    assert trash.resume(moved, log=log_in(log)) == ()
    found = only_item(beside=moved)
    assert (found.put_back, found.picture) == (True, moved / "a.jpg")
    assert choose(str(moved / "a.jpg")) == found

    restore(found, log=log_in(log))

    assert snapshot(moved) == before
    assert names(moved) == sorted(before)


def test_a_folder_put_back_by_hand_is_in_nobodys_way(stills: Path, log: Path) -> None:
    trash.trash(make_set(stills, "a"), log=log_in(log))
    item = only_item()
    item.place.rename(stills / item.place.name)
    newer = make_set(stills, "a", suffixes=(".jpg",))

    trash.trash(newer, log=log_in(log))

    assert names(stills) == [item.place.name]


# -- crashes -----------------------------------------------------------------------------------


class MortalBinDisk(MortalDisk):
    """Mortal also around the steps that only the trash takes."""

    def make_folder(self, folder: Path) -> None:
        self.life.step()
        super().make_folder(folder)

    def remove_folder(self, folder: Path) -> None:
        self.life.step()
        super().remove_folder(folder)

    def trash(self, folder: Path) -> None:
        self.life.step()
        super().trash(folder)
        self.life.step()


@dataclass
class Trial:
    """One set on its way to the trash or back, in a new folder at every beginning."""

    base: Path
    log: Path
    rounds: int = 0
    before: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    @property
    def here(self) -> Path:
        return self.base / f"here {self.rounds}"

    @property
    def picture(self) -> Path:
        return self.here / "a.jpg"

    def begin(self, *, in_trash: bool = False) -> None:
        self.rounds += 1
        make_set(self.here, "a")
        self.before = snapshot(self.here)
        if in_trash:
            trash.trash(self.picture, log=log_in(self.log))

    def trash(self, life: Life) -> None:
        trash.trash(self.picture, log=MortalLog(self.log, life), disk=MortalBinDisk(life))

    def restore(self, life: Life) -> None:
        restore(choose(str(self.picture)), log=MortalLog(self.log, life), disk=MortalBinDisk(life))

    def resume_mortally(self, life: Life) -> None:
        resume.resume(self.here, log=MortalLog(self.log, life), disk=MortalBinDisk(life))
        trash.resume(self.here, log=MortalLog(self.log, life), disk=MortalBinDisk(life))

    def resume(self) -> list[Ending]:
        log = log_in(self.log)
        done = [*resume.resume(self.here, log=log), *trash.resume(self.here, log=log)]
        return [each.ending for each in done]

    def refuse_loss(self) -> None:
        """At every instant all bytes are somewhere of ours."""
        staged = [path for path in self.here.iterdir() if path.is_dir()]
        binned = [each.folder for each in bins.ours()]
        found = Counter(
            path.read_bytes()
            for folder in (self.here, *staged, *binned)
            for path in folder.iterdir()
            if path.is_file()
        )
        assert all(found[data] >= 1 for data, _ in self.before.values())

    def sweep(self) -> None:
        """What goes by itself within an hour."""
        sweep_locks(self.here)
        for folder in (self.here, *(path for path in self.here.iterdir() if path.is_dir())):
            files.sweep_temporaries(folder, now=time.time() + 3601.0)
        assert self.resume() == []

    def is_in_trash(self) -> bool:
        """Whether the set is in the trash, whole; if not, it is here, whole, and only here."""
        self.sweep()
        if names(self.here) == []:
            item = choose(str(self.picture))
            assert {
                name: value for name, value in snapshot(item.place).items() if name[0] != "."
            } == self.before
            return True
        assert names(self.here) == sorted(self.before)
        assert snapshot(self.here) == self.before
        assert [each for each in trashed() if each.picture == self.picture] == []
        return False


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
