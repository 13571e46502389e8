"""A set in the trash is one thing there, and comes back whole to where it was."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from companions.errors import (
    AuditUnwritable,
    NameCollision,
    SetBusy,
    SetRefused,
)
from companions.lock import locked
from companions.sets import trash
from companions.sets.restore import choose, restore, trashed
from companions.sets.scan import scan, scan_tree
from companions.sets.trash_record import RECORD_NAME
from tests.companions.sets.making import (
    SUFFIXES,
    log_in,
    logged,
    make_set,
    names,
    snapshot,
)
from tests.companions.sets.trashing import only_item

pytestmark = pytest.mark.usefixtures("bin_folder")


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
