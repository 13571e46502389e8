"""Labels: one for a folder, for ever; a copy is another folder."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fleet.home import Home
from fleet.sync.desk.label import LABEL_FILE, label_now, label_of, new_label, read_label
from fleet.sync.errors import SyncRecordUnusable


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    folder = tmp_path / "Stills, day 1"
    folder.mkdir()
    return folder


def test_a_folder_keeps_its_label(home: Home, stills: Path) -> None:
    label = label_of(stills, home=home)

    assert label.startswith("stills-day-1-")
    assert label_of(stills, home=home) == label
    assert (stills / LABEL_FILE).read_text() == f"{label}\n"


def test_a_moved_folder_keeps_its_label(home: Home, stills: Path, tmp_path: Path) -> None:
    label = label_of(stills, home=home)

    moved = stills.rename(tmp_path / "archive")

    assert label_of(moved, home=home) == label


def test_a_copied_folder_gets_a_label_of_its_own_and_the_first_keeps_its(
    home: Home, stills: Path, tmp_path: Path
) -> None:
    label = label_of(stills, home=home)
    copy = Path(shutil.copytree(stills, tmp_path / "copy"))

    other = label_of(copy, home=home)

    assert other != label
    assert read_label(copy) == other
    assert label_of(stills, home=home) == label
    assert label_of(copy, home=home) == other


def test_a_new_folder_at_a_moved_ones_old_place_is_another(
    home: Home, stills: Path, tmp_path: Path
) -> None:
    label = label_of(stills, home=home)
    stills.rename(tmp_path / "archive")
    stills.mkdir()

    assert label_of(stills, home=home) != label


def test_the_same_folder_by_another_way_is_no_copy(
    home: Home, stills: Path, tmp_path: Path
) -> None:
    label = label_of(stills, home=home)
    (tmp_path / "link").symlink_to(stills)

    assert label_of(tmp_path / "link", home=home) == label


def test_a_folder_from_another_desk_keeps_its_label(home: Home, stills: Path) -> None:
    (stills / LABEL_FILE).write_text("stills-0123abcd\n")

    assert label_of(stills, home=home) == "stills-0123abcd"


@pytest.mark.parametrize("text", ["../../etc", "", "A B", "x" * 5000, "stills\nmore"])
def test_a_label_file_that_holds_no_label_is_told(home: Home, stills: Path, text: str) -> None:
    (stills / LABEL_FILE).write_text(text)

    with pytest.raises(SyncRecordUnusable) as told:
        label_of(stills, home=home)

    assert LABEL_FILE in str(told.value)


def test_a_damaged_list_is_told_and_names_the_file(home: Home, stills: Path) -> None:
    label_of(stills, home=home)
    (home.sync / "labels.json").write_text("{")

    with pytest.raises(SyncRecordUnusable) as told:
        label_of(stills, home=home)

    assert "labels.json" in str(told.value)


def test_two_at_once_agree_on_one_label(home: Home, stills: Path) -> None:
    with ThreadPoolExecutor(8) as many:
        labels = set(many.map(lambda _: label_of(stills, home=home), range(16)))

    assert len(labels) == 1


def test_looking_gives_no_label(home: Home, stills: Path) -> None:
    assert label_now(stills, home=home) is None
    assert list(stills.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Stills, day 1", "stills-day-1-"),
        ("Überführung", "uberfuhrung-"),
        ("写真", "folder-"),
        ("---", "folder-"),
        ("x" * 300, "x" * 60 + "-"),
    ],
)
def test_a_label_is_plain_whatever_the_folder_is_called(name: str, slug: str) -> None:
    assert new_label(name).startswith(slug)
    assert len(new_label(name)) == len(slug) + 8
