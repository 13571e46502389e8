"""A folder on a real disk, as sets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from companions.errors import SetRefused
from companions.sets.grouping import EntryKind
from companions.sets.scan import scan, scan_tree
from tests.companions.sets.making import SUFFIXES, make_set

STRANGE = [
    "with blanks",
    "'single' and \"double\"",
    "new\nline",
    "-rf",
    "--help",
    "emoji 👩\u200d🚀",
    "Caf\u00e9",
    "Cafe\u0301",
    "a.b.c",
    "dots...",
    "no utf-8 \udcff\udc80",
    "$(touch x); `x` \\ %00 %:",
    "L" * (255 - len(".video_manifest.json")),
]


@pytest.mark.parametrize("stem", STRANGE)
def test_every_file_of_a_set_is_found_whatever_it_is_called(tmp_path: Path, stem: str) -> None:
    picture = make_set(tmp_path, stem)

    found = scan(tmp_path).found

    assert [{*each.files} for each in found.sets.values()] == [{stem + s for s in SUFFIXES}]
    assert found.set_of(picture.name) is not None


def test_links_folders_and_pipes_are_told_and_not_followed(tmp_path: Path) -> None:
    picture = make_set(tmp_path, "a", suffixes=[".jpg"])
    (tmp_path / "a.link").symlink_to(picture)
    (tmp_path / "a.dangling").symlink_to("nowhere")
    (tmp_path / "a.folder").mkdir()
    os.mkfifo(tmp_path / "a.pipe")

    found = scan(tmp_path).found.sets["a"]

    assert {entry.name: entry.kind for entry in found.blocked} == {
        "a.link": EntryKind.LINK,
        "a.dangling": EntryKind.LINK,
        "a.folder": EntryKind.FOLDER,
        "a.pipe": EntryKind.OTHER,
    }
    assert found.files == ("a.jpg",)


def test_a_tree_is_read_without_following_links_or_looking_into_hidden_folders(
    tmp_path: Path,
) -> None:
    for folder in (tmp_path, tmp_path / "b" / "c", tmp_path / "a", tmp_path / ".hidden"):
        make_set(folder, "x", suffixes=[".jpg"])
    (tmp_path / "a" / "up").symlink_to(tmp_path)

    found = [each.folder for each in scan_tree(tmp_path) if each.found.sets]

    assert found == [tmp_path, tmp_path / "a", tmp_path / "b" / "c"]


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_folder_is_refused_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SetRefused, match="the folder cannot be read") as refused:
        scan(tmp_path / name)

    assert str(tmp_path / name) in str(refused.value)
