"""A picture that was renamed or moved by hand gets its companions back; what is unsure is left."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from companions.errors import CompanionChanged, SetRefused
from companions.sets import rejoin
from companions.sets.carry import carry
from companions.sets.rejoin import Found
from companions.sets.resume import resume
from companions.sets.scan import scan
from tests.companions.documents import MOTION
from tests.companions.sets.making import (
    Life,
    MortalDisk,
    MortalLog,
    contents,
    log_in,
    logged,
    names,
    until_it_lives,
)
from tests.companions.sets.paired import paired, write, write_documents

SUFFIXES = (".mp4", ".motion.json", ".video_manifest.json", ".video_meta.json")


def rejoined(folders: Sequence[Path], *, log: Path, recursive: bool = False) -> Found:
    found = rejoin.find(folders, recursive=recursive)
    for one in found.rejoining:
        carry(partial(rejoin.draft, one), log=log_in(log))
    return found


def whys(found: Found) -> str:
    return "\n".join(str(each.error) for each in found.unjoined)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a.jpg", "lighthouse.jpg"),
        ("a.jpg", "a.001.jpg"),
        ("img.001.jpg", "b.png"),
        ("-dash 'q'.jpg", "two\nlines.jpg"),
        ("caf\u00e9.jpg", "cafeteria.jpg"),
        ("a.jpg", os.fsdecode(b"no \xff text.jpg")),
    ],
)
def test_companions_follow_a_picture_that_was_renamed(
    stills: Path, log: Path, old: str, new: str
) -> None:
    picture = paired(stills, old)
    paired(stills, "other.jpg")
    renamed = picture.rename(stills / new)
    before = contents(stills)

    found = rejoined([stills], log=log)

    assert (len(found.rejoining), found.unjoined) == (1, ())
    assert contents(stills) == before
    assert {name for name in names(stills) if not name.startswith("other")} == {
        new,
        *(renamed.stem + suffix for suffix in SUFFIXES),
    }
    assert logged(log) == ["rejoin"]


def test_companions_follow_a_picture_into_another_folder_and_take_its_new_name(
    stills: Path, log: Path, tmp_path: Path
) -> None:
    picture = paired(stills, "a.jpg")
    (stills / "a.notes.txt").write_bytes(b"of no known kind, so it stays")
    deep = tmp_path / "archive" / "deep"
    deep.mkdir(parents=True)
    picture.rename(deep / "b.jpg")

    rejoined([stills, tmp_path / "archive"], log=log, recursive=True)

    assert names(deep) == sorted(["b.jpg", *(f"b{suffix}" for suffix in SUFFIXES)])
    assert names(stills) == ["a.notes.txt"]


def test_only_pictures_that_need_be_are_read_and_each_once(stills: Path) -> None:
    for number in range(5):
        paired(stills, f"clothed {number}.jpg")
    for name in ("a.jpg", "b.jpg"):
        paired(stills, name).rename(stills / f"new {name}")
    told: list[tuple[int, int]] = []

    found = rejoin.find([stills, stills], progress=lambda *each: told.append(each))

    assert (len(found.rejoining), found.hashed) == (2, 2)
    assert told == [(1, 7), (2, 7)]
    assert rejoin.find([stills / ".." / "stills"]).hashed == 2


def test_without_orphans_no_picture_is_read(stills: Path) -> None:
    paired(stills, "a.jpg")
    (stills / "bare.jpg").write_bytes(b"1")

    assert rejoin.find([stills]) == Found((), (), 0)


def test_a_picture_that_is_nowhere_is_told_after_all_were_read(stills: Path) -> None:
    paired(stills, "a.jpg").unlink()
    paired(stills, "b.jpg")

    found = rejoin.find([stills])

    assert (found.rejoining, found.hashed) == ((), 1)
    assert "no picture here holds the bytes" in whys(found)
    assert set(found.unjoined[0].files) == {f"a{suffix}" for suffix in SUFFIXES}


def test_two_pictures_with_the_same_bytes_are_left_to_a_person(stills: Path, log: Path) -> None:
    picture = paired(stills, "a.jpg")
    (stills / "b.jpg").write_bytes(picture.read_bytes())
    picture.rename(stills / "c.jpg")
    before = names(stills)

    found = rejoined([stills], log=log)

    assert "2 pictures hold the bytes" in whys(found)
    assert str(stills / "b.jpg") in whys(found)
    assert names(stills) == before


def test_a_bare_picture_goes_before_one_of_the_same_bytes_that_has_companions(
    stills: Path, log: Path
) -> None:
    picture = paired(stills, "a.jpg")
    paired(stills, "twin.jpg", data=picture.read_bytes())
    picture.rename(stills / "b.jpg")

    rejoined([stills], log=log)

    assert {f"b{suffix}" for suffix in SUFFIXES} <= set(names(stills))


def test_a_picture_that_has_a_companion_of_that_name_keeps_it(stills: Path, log: Path) -> None:
    picture = paired(stills, "a.jpg")
    renamed = picture.rename(stills / "b.jpg")
    theirs = write(renamed, ".motion.json", MOTION)
    before = names(stills)

    found = rejoined([stills], log=log)

    assert "it has 'b.motion.json' already" in whys(found)
    assert names(stills) == before
    assert json.loads(theirs.read_bytes()) == MOTION


def test_orphans_of_two_stems_for_one_picture_do_not_meet_there(stills: Path, log: Path) -> None:
    picture = paired(stills, "a.jpg")
    paired(stills, "twin.jpg", data=picture.read_bytes()).unlink()
    picture.rename(stills / "new.jpg")

    found = rejoined([stills], log=log)

    assert len(found.rejoining) == 1
    assert "it has 'new.m" in whys(found)
    assert {f"twin{suffix}" for suffix in SUFFIXES} <= set(names(stills))


def test_companions_that_do_not_agree_about_their_picture_are_left(stills: Path, log: Path) -> None:
    picture = paired(stills, "a.jpg")
    write(picture, ".motion.json", MOTION)
    picture.rename(stills / "b.jpg")

    found = rejoined([stills], log=log)

    assert "made for different pictures" in whys(found)
    assert "a.motion.json: image.sha256 aaaaaaaaaaaa" in whys(found)


def test_a_companion_that_cannot_be_read_goes_along_with_those_that_can(
    stills: Path, log: Path
) -> None:
    picture = paired(stills, "a.jpg")
    (stills / "a.video_meta.json").write_bytes(b"{")
    picture.rename(stills / "b.jpg")

    rejoined([stills], log=log)

    assert (stills / "b.video_meta.json").read_bytes() == b"{"


def test_companions_that_say_nothing_of_their_picture_are_left_and_the_reason_told(
    stills: Path,
) -> None:
    (stills / "a.mp4").write_bytes(b"clip")
    (stills / "b.motion.json").write_bytes(b"{}")
    (stills / "c.motion.json").symlink_to("b.motion.json")

    told = whys(rejoin.find([stills]))

    assert "none of its companions says" in told
    assert "schema_version: is missing" in told
    assert "is a symbolic link" in told


def test_a_name_that_would_be_too_long_is_refused(stills: Path) -> None:
    paired(stills, "a.jpg").rename(stills / ("x" * 245 + ".jpg"))

    assert "more than 255 bytes" in whys(rejoin.find([stills]))


def test_a_picture_that_changed_after_it_was_found_gets_nothing(stills: Path, log: Path) -> None:
    renamed = paired(stills, "a.jpg").rename(stills / "b.jpg")
    (one,) = rejoin.find([stills]).rejoining
    before = names(stills)
    renamed.write_bytes(b"another picture")

    with pytest.raises(CompanionChanged):
        carry(partial(rejoin.draft, one), log=log_in(log))

    assert names(stills) == before


def test_a_companion_made_after_it_was_found_is_not_written_over(stills: Path, log: Path) -> None:
    renamed = paired(stills, "a.jpg").rename(stills / "b.jpg")
    (one,) = rejoin.find([stills]).rejoining
    write_documents(renamed, sha256="b" * 64)

    with pytest.raises(SetRefused, match="already"):
        carry(partial(rejoin.draft, one), log=log_in(log))

    assert (stills / "a.motion.json").exists()


def test_killed_before_any_step_companions_are_with_their_picture_or_where_they_were(
    tmp_path: Path, log: Path
) -> None:
    rounds = 0

    def begin() -> Path:
        folder = tmp_path / str(rounds)
        paired(folder, "a.jpg").rename(folder / "b.jpg")
        return folder

    def act(life: Life) -> None:
        (one,) = rejoin.find([folder]).rejoining
        carry(partial(rejoin.draft, one), log=MortalLog(log, life), disk=MortalDisk(life))

    folder = begin()
    for _ in until_it_lives(act):
        resume(folder, log=log_in(log))
        stems = {name.split(".")[0] for name in names(folder) if name[0] != "."} - {""}
        assert stems in ({"a", "b"}, {"b"})
        assert len([name for name in names(folder) if name[0] != "."]) == 5
        rounds += 1
        folder = begin()
    assert scan(folder).found.orphans == {}
