"""Looking into a folder: pictures, those that cannot be used, those with a motion."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from companions.lock import lock_path
from selector.core.placement import JOURNAL_NAME, Placement
from selector.core.scan import scan


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_pictures_of_all_folders_are_found_and_nothing_else(tmp_path: Path) -> None:
    touched(
        tmp_path, "top.JPG", "day 1/gate.png", "day 1/gate.mask.png", "notes.txt", ".hidden/x.jpg",
        "day 1/.trash.jpg", "café/雨.heic",
    )  # fmt: skip

    found = scan(Placement(tmp_path))

    assert set(found.names) == {"café/雨.heic", "day 1/gate.png", "top.JPG"}
    assert not found.refused
    assert not found.with_motion


def test_those_with_a_motion_are_known_readable_or_not(tmp_path: Path) -> None:
    touched(tmp_path, "a.jpg", "b.jpg", "d/a.jpg", "d/a.motion.json")

    assert scan(Placement(tmp_path)).with_motion == {"d/a.jpg"}


def test_with_an_overlay_the_motions_there_count(tmp_path: Path) -> None:
    folder = touched(tmp_path / "shoot", "a.jpg", "d/a.jpg", "d/a.motion.json", "e/a.jpg")
    overlay = touched(tmp_path / "overlay", "e/a.motion.json")

    assert scan(Placement(folder, overlay)).with_motion == {"e/a.jpg"}


def test_what_writers_left_is_known_and_the_journal_is_none_of_it(tmp_path: Path) -> None:
    left = [".motionfleet-0123.tmp", lock_path(tmp_path / "a.jpg").name]
    touched(tmp_path, "a.jpg", JOURNAL_NAME, *left)

    assert sorted(path.name for path in scan(Placement(tmp_path)).left_over) == sorted(left)


def test_a_link_that_leads_to_no_possible_file_harms_no_other(tmp_path: Path) -> None:
    touched(tmp_path, "a.jpg")
    (tmp_path / "b.jpg").symlink_to("x" * 300)

    assert scan(Placement(tmp_path)).names == ("a.jpg",)


def test_two_pictures_that_would_share_companions_are_refused_both(tmp_path: Path) -> None:
    touched(tmp_path, "d/gate.jpg", "d/gate.png", "d/tower.png", "gate.jpg")

    refused = scan(Placement(tmp_path)).refused

    assert set(refused) == {"d/gate.jpg", "d/gate.png"}
    assert "gate.png" in str(refused["d/gate.jpg"])


@pytest.mark.skipif(sys.platform == "darwin", reason="names are text there")
def test_a_name_that_is_no_text_is_refused_and_harms_no_other(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    touched(tmp_path, name, "a.jpg")

    found = scan(Placement(tmp_path))

    assert set(found.names) == {name, "a.jpg"}
    assert set(found.refused) == {name}


def test_a_folder_that_is_not_there_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scan(Placement(tmp_path / "gone"))
