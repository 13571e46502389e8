"""What an operation on sets would do, and what it refuses to do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from companions import codec
from companions.errors import CompanionError, NameCollision, SetRefused
from companions.sets import draft
from companions.sets.plan import MAX_MEMBERS, Naming, Plan, refuse_unfit
from companions.sets.scan import scan
from companions.video_manifest import VideoManifest
from tests.companions.sets.making import SUFFIXES, make_set, names, snapshot
from tests.fleet.making import photo, shot, write_manifest


def test_a_plan_says_every_file_by_its_old_and_new_path_and_changes_nothing(
    here: Path, there: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)

    rows = list(draft.move([picture], into=there).rows())

    assert {(old, new) for old, new, _ in rows} == {
        (here / f"a{suffix}", there / f"a{suffix}") for suffix in SUFFIXES
    }
    assert [size for _, _, size in rows] == [old.stat().st_size for old, _, _ in rows]
    assert rows[-1][0] == picture, "the picture arrives last"
    assert (snapshot(here), names(there)) == (before, [])


def test_a_rename_keeps_every_suffix_and_takes_every_spelling_of_the_stem(here: Path) -> None:
    picture = make_set(here, "Cafe\u0301.1", suffixes=[".JPG", ".JPG.xmp"])
    make_set(here, "caf\u00e9.1", suffixes=[".motion.json", ".left.mask.png"])

    plan = draft.rename(picture, stem="img.2")

    assert {member.target for member in plan.members} == {
        "img.2.JPG", "img.2.JPG.xmp", "img.2.motion.json", "img.2.left.mask.png",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lying", "taken"),
    [
        ("a.jpg", NameCollision),
        ("a.png", NameCollision),
        ("A.HEIC", NameCollision),
        ("a.motion.json", SetRefused),
        ("A.Caption", SetRefused),
        ("a.video_manifest.json", SetRefused),
        ("a.unrelated", SetRefused),
        ("a.001.jpg", SetRefused),
    ],
)
def test_a_folder_that_holds_anything_of_that_stem_is_refused(
    here: Path, there: Path, lying: str, taken: type[CompanionError]
) -> None:
    picture = make_set(here, "a")
    (there / lying).write_bytes(b"there")

    for operation in (draft.move, draft.copy):
        with pytest.raises(taken, match=re.escape(lying)):
            operation([picture], into=there)


def test_other_unicode_forms_of_the_stem_are_taken_as_well(here: Path, there: Path) -> None:
    picture = make_set(here, "Caf\u00e9")
    (there / "cafe\u0301.png").touch()

    with pytest.raises(NameCollision):
        draft.move([picture], into=there)


def test_links_and_folders_in_the_target_are_in_the_way_too(here: Path, there: Path) -> None:
    picture = make_set(here, "a")
    (there / "a.mp4").symlink_to("nowhere")

    with pytest.raises(SetRefused, match=r"a\.mp4"):
        draft.move([picture], into=there)


def test_a_set_does_not_go_where_its_files_could_not_be_told_from_anothers(
    here: Path, there: Path
) -> None:
    picture = make_set(here, "a.001")
    make_set(there, "a", suffixes=[".jpg"])

    with pytest.raises(SetRefused, match=r"'a\.jpg'"):
        draft.move([picture], into=there)
    assert draft.move([picture], into=there, nested=True).members


def test_two_pictures_of_one_stem_are_refused_until_one_is_renamed(here: Path, there: Path) -> None:
    picture = make_set(here, "a")
    make_set(here, "A", suffixes=[".png"])

    plans: list[Callable[[], Plan]] = [
        lambda: draft.move([picture], into=there),
        lambda: draft.copy([picture], into=there),
        lambda: draft.rename(picture, stem="b"),
    ]
    for plan in plans:
        with pytest.raises(NameCollision, match=r"A\.png.*a\.jpg"):
            plan()


def test_nested_pictures_are_refused_and_go_together_when_asked_to(here: Path, there: Path) -> None:
    outer, inner = make_set(here, "a"), make_set(here, "a.001")

    for picture in (outer, inner):
        with pytest.raises(SetRefused, match="cannot be told"):
            draft.move([picture], into=there)
        with pytest.raises(SetRefused, match="cannot be told"):
            draft.move([picture], into=there, nested=True)
        with pytest.raises(SetRefused, match="cannot be told"):
            draft.rename(picture, stem="b")
    both = draft.move([outer, inner], into=there, nested=True)
    renamed = draft.rename(inner, stem="b", nested=True)

    assert {member.source for member in both.members} == {*names(here)}
    assert {m.source for m in renamed.members} == {f"a.001{suffix}" for suffix in SUFFIXES}


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_a_member_that_is_no_regular_file_stops_the_operation_by_name(
    here: Path, there: Path, kind: str
) -> None:
    picture = make_set(here, "a", suffixes=[".jpg"])
    odd = here / "a.odd"
    make: dict[str, Callable[[], object]] = {
        "link": lambda: odd.symlink_to(picture),
        "folder": odd.mkdir,
        "pipe": lambda: os.mkfifo(odd),
    }
    make[kind]()

    plans: list[Callable[[], Plan]] = [
        lambda: draft.move([picture], into=there),
        lambda: draft.rename(picture, stem="b"),
    ]
    for plan in plans:
        with pytest.raises(SetRefused, match=r"'a\.odd' is a (symbolic link|folder|special file)"):
            plan()


def test_a_member_that_became_a_link_or_went_away_meanwhile_is_refused(here: Path) -> None:
    (here / "a.link").symlink_to("nowhere")

    for name in ("a.link", "a.gone"):
        with pytest.raises(SetRefused, match="another program changed the folder"):
            draft.members(here, [Naming(name, name, picture=False)])


def test_members_that_another_disk_could_not_tell_apart_are_refused(
    here: Path, there: Path
) -> None:
    picture = make_set(here, "a", suffixes=[".jpg", ".mp4", ".MP4"])

    with pytest.raises(SetRefused, match=r"'a\.MP4' and 'a\.mp4' would be one file"):
        draft.move([picture], into=there)
    with pytest.raises(SetRefused, match=r"'a\.MP4' and 'a\.mp4' would be one file"):
        refuse_unfit(here, [scan(here).found.sets["a"]], nested=False, alone=True)


def test_moving_a_set_to_where_it_is_is_refused_in_words(here: Path) -> None:
    picture = make_set(here, "a")
    (here.parent / "alias").symlink_to(here)

    for into in (here, here.parent / "alias", here / ".." / "here"):
        with pytest.raises(SetRefused, match="already"):
            draft.move([picture], into=into)
    with pytest.raises(SetRefused, match="this name already"):
        draft.rename(picture, stem="a")


@pytest.mark.parametrize("into", ["missing", "file"])
def test_the_target_folder_must_exist(here: Path, into: str) -> None:
    picture = make_set(here, "a")
    (here.parent / "file").touch()

    with pytest.raises(SetRefused, match=into):
        draft.move([picture], into=here.parent / into)


def test_what_is_no_picture_there_is_refused(here: Path, there: Path) -> None:
    make_set(here, "a")

    for name in ("b.jpg", "a.motion.json", "A.jpg"):
        with pytest.raises(SetRefused, match="no picture of this name"):
            draft.move([here / name], into=there)


@pytest.mark.parametrize(
    "stem",
    [
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "/a",
        "a\nb",
        "a\0b",
        "cafe\u0301",
        "x.mask",
        "no\udcff",
        "a\\b",
    ],
)
def test_a_stem_that_no_document_could_name_is_refused(here: Path, stem: str) -> None:
    picture = make_set(here, "old", suffixes=[".png", ".mp4"])

    with pytest.raises(SetRefused, match="new name"):
        draft.rename(picture, stem=stem)


def test_a_name_that_leaves_no_room_for_a_companion_is_refused_by_that_companions_name(
    here: Path,
) -> None:
    longest = ".a rather long suffix of somebody's editor.json"
    picture = make_set(here, "a", suffixes=[".jpg", longest])
    fits = "x" * (255 - len(longest))

    with pytest.raises(SetRefused, match=re.escape(longest)):
        draft.rename(picture, stem=fits + "x")
    assert draft.rename(picture, stem=fits).members


def test_a_rename_onto_another_set_or_over_an_own_file_is_refused(here: Path) -> None:
    picture = make_set(here, "a", suffixes=[".jpg", ".caption", ".b.caption"])
    make_set(here, "c", suffixes=[".png"])
    make_set(here, "d", suffixes=[".mp4"])

    with pytest.raises(NameCollision, match=r"c\.png"):
        draft.rename(picture, stem="c")
    with pytest.raises(SetRefused, match=r"d\.mp4"):
        draft.rename(picture, stem="D")
    with pytest.raises(SetRefused, match=r"a\.b\.caption"):
        draft.rename(picture, stem="a.b")


def test_more_files_than_one_operation_takes_are_refused(here: Path, there: Path) -> None:
    picture = make_set(here, "a", suffixes=[".jpg", *(f".{i}" for i in range(MAX_MEMBERS))])

    with pytest.raises(SetRefused, match="Take fewer"):
        draft.move([picture], into=there)


def test_pictures_of_two_folders_are_not_taken_at_once(here: Path, there: Path) -> None:
    pictures = [make_set(here, "a"), make_set(there, "b")]

    with pytest.raises(SetRefused, match="from 2 folders"):
        draft.move(pictures, into=here.parent)


def batch(here: Path, *pictures: str) -> None:
    shots = [shot(photo("coffee.png", here, as_name=name), here) for name in pictures]
    write_manifest(here / "batch.video_manifest.json", shots)


def test_manifests_that_lose_a_picture_by_a_move_or_rename_are_noted(
    here: Path, there: Path
) -> None:
    batch(here, "a.png", "b.png")
    (here / "torn.video_manifest.json").write_text("{")
    manifest = codec.read(here / "batch.video_manifest.json", VideoManifest)
    own = manifest.model_copy(update={"shots": manifest.shots[:1]})
    codec.write(here / "a.video_manifest.json", own)
    batch_path = here / "batch.video_manifest.json"

    move = draft.manifests_left_behind(draft.move([here / "a.png"], into=there))
    rename = draft.manifests_left_behind(draft.rename(here / "a.png", stem="c"))
    copy = draft.manifests_left_behind(draft.copy([here / "a.png"], into=there))
    other = draft.manifests_left_behind(draft.move([here / "b.png"], into=there))

    torn = f"{here / 'torn.video_manifest.json'}: cannot be read, so it may name what goes"
    lost = f"{batch_path}: names 'a.png', which will not be there any more"
    assert move == (lost, torn)
    assert rename == (lost.replace("batch.", "a."), lost, torn)
    assert copy == ()
    assert other == (lost.replace("'a.png'", "'b.png'"), torn)


def test_a_batch_manifest_that_goes_along_loses_the_pictures_that_stay(
    here: Path, there: Path
) -> None:
    batch(here, "batch.png", "b.png")

    notes = draft.manifests_left_behind(draft.move([here / "batch.png"], into=there))

    assert len(notes) == 1
    assert "names 'b.png'" in notes[0]
