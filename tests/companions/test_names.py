"""Which paths a document may hold, and which pictures would share their companions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions import names

ALLOWED = [
    "img_001.png",
    "stills/img.001.final.jpg",
    "a/b/c/d.webp",
    "Übung/größe 2.tif",
    "写真.jpg",
    ".hidden.png",
    "..double.png",
    "a...b/c.png",
    "-rf.png",
    "emoji 👩\u200d🚀.jpg",
    "no suffix",
    "'quoted' & (odd) $HOME `x`.png",
    "a" * 230 + ".png",
]
REFUSED = [
    ("", "is empty"),
    ("..", "climbs"),
    ("../a.png", "climbs"),
    ("a/../b.png", "climbs"),
    ("a/..", "climbs"),
    ("/a.png", "absolute"),
    ("//server/a.png", "absolute"),
    ("C:/a.png", "absolute"),
    ("c:a.png", "absolute"),
    ("a\\b.png", "backslash"),
    ("..\\a.png", "backslash"),
    ("a//b.png", "empty or '.' part"),
    ("a/", "empty or '.' part"),
    ("./a.png", "empty or '.' part"),
    ("a/./b.png", "empty or '.' part"),
    ("a\x00.png", "control character"),
    ("a\n.png", "control character"),
    ("a\x7f.png", "control character"),
    ("a\x1b[2J.png", "control character"),
    ("a\x85.png", "control character"),
    ("a\ud800.png", "control character"),
    ("u\u0308.png", "NFC"),
    ("A\u030a/b.png", "NFC"),
    ("a" * 256 + "/b.png", "256 bytes"),
    ("a" * 252 + ".png", "256 bytes"),
    ("a" * 240 + ".png", "no room"),
]


@pytest.mark.parametrize("path", ALLOWED)
def test_a_plain_relative_path_may_stand_in_a_document(path: str) -> None:
    assert names.path_fault(path) is None


@pytest.mark.parametrize(("path", "says"), REFUSED)
def test_a_path_that_could_leave_its_folder_or_break_a_tool_is_refused(
    path: str, says: str
) -> None:
    assert says in str(names.path_fault(path))


@pytest.mark.parametrize(
    ("path", "clip"),
    [("..png", "..mp4"), ("a/..png", "a/..mp4"), ("...png", "...mp4"), (".x.png", ".x.mp4"),
     (".png", ".png.mp4")],
)  # fmt: skip
def test_a_name_that_begins_with_dots_has_a_stem_like_any_other(path: str, clip: str) -> None:
    assert names.path_fault(path) is None
    assert names.clip_of(path) == clip


@given(st.text(max_size=40))
def test_a_path_without_a_fault_stays_below_its_folder(path: str) -> None:
    if names.path_fault(path) is None:
        joined = Path("/root/folder") / path
        assert joined.is_relative_to("/root/folder")
        assert ".." not in joined.parts


@pytest.mark.parametrize("path", [p for p in ALLOWED if names.path_fault(p) is None])
def test_every_companion_of_an_allowed_path_has_a_name_a_disk_can_hold(path: str) -> None:
    for suffix in (names.MOTION_SUFFIX, names.MANIFEST_SUFFIX, names.META_SUFFIX, ".mp4"):
        assert len((Path(names.stem_of(path)).name + suffix).encode()) <= 255


def test_companions_follow_the_stem() -> None:
    assert names.stem_of("a/b/img.001.jpg") == "a/b/img.001"
    assert names.clip_of("a/b/img.001.jpg") == "a/b/img.001.mp4"
    assert names.meta_of("a/b/img.001.jpg") == "a/b/img.001.video_meta.json"
    assert names.companion_path(Path("/p/img.001.jpg"), names.MOTION_SUFFIX) == Path(
        "/p/img.001.motion.json"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.png", "a.jpg"),
        ("a.png", "A.png"),
        ("a.PNG", "A.jpeg"),
        ("straße.png", "STRASSE.png"),
        ("\u00fcbung.png", "u\u0308bung.png"),
        ("\u00dcbung.png", "u\u0308bung.jpg"),
        ("dir/a.png", "DIR/a.png"),
        ("\u212b.png", "\u00e5.png"),
        ("ﬁne.png", "fine.png"),
    ],
)
def test_pictures_whose_companions_are_one_file_somewhere_collide(first: str, second: str) -> None:
    assert names.collision_key(first) == names.collision_key(second)
    assert names.first_collision(["other.png", first, second]) == (first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("a.png", "b.png"), ("a.1.png", "a.2.png"), ("x/a.png", "y/a.png"), ("a.png", "a.b.png")],
)
def test_pictures_with_companions_of_their_own_do_not_collide(first: str, second: str) -> None:
    assert names.first_collision([first, second]) is None


@given(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=20))
def test_folding_a_name_again_changes_nothing(name: str) -> None:
    folded = names.folded(name)

    assert names.folded(folded) == folded
    assert names.collision_key(f"{folded}.png") == names.collision_key(f"{name}.jpg")


def test_pictures_are_known_by_suffix_and_hidden_files_are_none() -> None:
    assert names.is_picture(Path("a.JPG"))
    assert names.is_picture(Path("a.heic"))
    assert not names.is_picture(Path(".a.jpg"))
    assert not names.is_picture(Path("a.mp4"))
    assert not names.is_picture(Path("a.video_meta.json"))
