"""Which files of a folder belong together, by their names alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.names import folded
from companions.sets.grouping import Entry, EntryKind, Grouped, group, suffix_after

NFC, NFD = "Caf\u00e9", "Cafe\u0301"


def grouped(*names: str, **kinds: EntryKind) -> Grouped:
    """``names``, all regular files but for those given a kind."""
    return group(Entry(name, kinds.get(name, EntryKind.FILE)) for name in names)


def sets(found: Grouped) -> dict[str, set[str]]:
    return {each.picture: {*each.files} for each in found.sets.values()}


@pytest.mark.parametrize(
    "companion",
    [
        "X.motion.json",
        "X.mp4",
        "X.jpg.xmp",
        "X.jpg_original",
        "X.anything at all",
        "X.",
        "X.mask.png",
        "X.left hand.mask.png",
        "X.depth.png",
        "X.depth.npy",
        "X.signal.mp4",
        "X.signal_mask.mp4",
        "X.MASK.PNG",
        "x.motion.json",
        "X.new\nline",
    ],
)
def test_every_file_that_starts_with_the_stem_and_a_dot_belongs(companion: str) -> None:
    assert sets(grouped("X.jpg", companion)) == {"X.jpg": {"X.jpg", companion}}


@pytest.mark.parametrize("stranger", ["Xmotion.json", "XY.motion.json", "X", "X_1.mp4", ".X.mp4"])
def test_other_files_do_not_belong(stranger: str) -> None:
    assert sets(grouped("X.jpg", stranger)) == {"X.jpg": {"X.jpg"}}


@pytest.mark.parametrize(
    ("picture", "companion"),
    [
        (f"{NFC}.jpg", f"{NFD}.motion.json"),
        (f"{NFD}.jpg", f"{NFC}.motion.json"),
        ("STRASSE.jpg", "straße.motion.json"),
        ("İ.jpg", "i\u0307.motion.json"),
        ("\udcff.jpg", "\udcff.motion.json"),
    ],
)
def test_a_stem_in_another_case_or_unicode_form_is_the_same(picture: str, companion: str) -> None:
    assert sets(grouped(picture, companion)) == {picture: {picture, companion}}


def test_a_companion_goes_to_the_longest_stem_that_fits() -> None:
    found = grouped("a.jpg", "a.001.jpg", "a.001.motion.json", "a.motion.json", "a.002.mp4")

    assert sets(found) == {
        "a.jpg": {"a.jpg", "a.motion.json", "a.002.mp4"},
        "a.001.jpg": {"a.001.jpg", "a.001.motion.json"},
    }


def test_a_picture_whose_name_fits_anothers_stem_is_told_on_both_sides() -> None:
    found = grouped("a.jpg", "a.001.jpg", "A.001.x.png", "b.jpg").sets

    assert (found["a"].within, found["a"].holds) == (None, ("A.001.x.png", "a.001.jpg"))
    assert (found["a.001"].within, found["a.001"].holds) == ("a", ("A.001.x.png",))
    assert (found["b"].within, found["b"].holds) == (None, ())


def test_masks_nest_nothing() -> None:
    found = grouped("a.jpg", "a.mask.png", "a.hand.mask.png").sets

    assert list(found) == ["a"]
    assert found["a"].holds == ()


def test_two_pictures_of_one_stem_are_one_set_with_a_collision() -> None:
    found = grouped("a.jpg", "A.png", "a.motion.json").sets

    assert found["a"].pictures == ("A.png", "a.jpg")
    assert found["a"].companions == ("a.motion.json",)


def test_companions_without_a_picture_are_orphans_by_stem() -> None:
    found = grouped(
        "a.motion.json", "a.mp4", "A.caption", "b.001.review.json", "c.mask.png", "a.x.mask.png",
        "d.hand.mask.png", "e.txt", "f.jpg",
    )  # fmt: skip

    assert {each.stem: {*each.files} for each in found.orphans.values()} == {
        "A": {"a.motion.json", "a.mp4", "A.caption", "a.x.mask.png"},
        "b.001": {"b.001.review.json"},
        "c": {"c.mask.png"},
        "d.hand": {"d.hand.mask.png"},
    }


def test_a_manifest_alone_is_a_batch_manifest_and_no_orphan() -> None:
    found = grouped("batch 7.video_manifest.json", "a.video_manifest.json", "a.mp4")

    assert found.manifests == ("batch 7.video_manifest.json",)
    assert {*found.orphans} == {"a"}
    assert {*found.orphans["a"].files} == {"a.video_manifest.json", "a.mp4"}


@pytest.mark.parametrize("kind", [EntryKind.LINK, EntryKind.FOLDER, EntryKind.OTHER])
def test_what_is_no_regular_file_is_told_and_no_member(kind: EntryKind) -> None:
    found = group(
        [Entry("a.jpg"), Entry("a.mp4", kind), Entry("b.jpg", kind), Entry("b.mp4"),
         Entry("x", kind), Entry("o.mp4"), Entry("o.caption", kind)]
    )  # fmt: skip

    assert found.sets["a"].blocked == (Entry("a.mp4", kind),)
    assert found.sets["a"].files == ("a.jpg",)
    assert found.sets["b"].blocked == (Entry("b.jpg", kind),)
    assert found.sets["b"].files == ("b.mp4",)
    assert found.orphans["o"].blocked == (Entry("o.caption", kind),)


def test_a_folder_named_like_a_picture_does_not_hide_the_picture() -> None:
    found = group([Entry("a.jpg"), Entry("a.png", EntryKind.FOLDER)]).sets["a"]

    assert found.pictures == ("a.jpg",)
    assert found.blocked == (Entry("a.png", EntryKind.FOLDER),)


def test_hidden_files_are_nobodys_and_journals_are_told() -> None:
    journal = ".motionfleet-journal-0123456789abcdef.json"

    found = grouped("a.jpg", ".a.motion.json", ".motionfleet-0.tmp", ".motionfleet-0.lock", journal)

    assert sets(found) == {"a.jpg": {"a.jpg"}}
    assert (found.orphans, found.journals) == ({}, (journal,))


@pytest.mark.parametrize(
    ("picture", "name", "suffix"),
    [
        ("a.jpg", "a.motion.json", ".motion.json"),
        ("a.b.jpg", "A.B.mp4", ".mp4"),
        (f"{NFC}.jpg", f"{NFD}.motion.json", ".motion.json"),
        ("straße.jpg", "STRASSE.x.mask.png", ".x.mask.png"),
    ],
)
def test_what_follows_the_stem_is_found_however_the_stem_is_spelled(
    picture: str, name: str, suffix: str
) -> None:
    key = next(iter(grouped(picture).sets))

    assert suffix_after(key, name) == suffix


PARTS = st.text(alphabet="aAé\u0301ßİ.\udcff ", min_size=1, max_size=4)
SOME_NAMES = st.builds(
    lambda stem, suffix: stem + suffix,
    PARTS.filter(lambda part: not part.startswith(".")),
    st.sampled_from([".jpg", ".PNG", ".motion.json", ".mp4", ".x", ".mask.png", ""]),
)


@given(st.sets(SOME_NAMES, max_size=12))
def test_a_file_belongs_to_one_set_at_most_and_to_one_whenever_a_stem_fits(names: set[str]) -> None:
    found = group(map(Entry, names))

    members = [name for each in found.sets.values() for name in each.files]
    assert len(members) == len({*members})
    for name in names:
        fitting = [key for key in found.sets if folded(name).startswith(key + ".")]
        assert (name in members) == bool(fitting)
    for key, each in found.sets.items():
        assert all(folded(name).startswith(key + ".") for name in each.files)
        assert all(folded(name) == key + folded(suffix_after(key, name)) for name in each.files)


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=12))
def test_folding_moves_no_dot(name: str) -> None:
    assert folded(name).split(".") == [folded(part) for part in name.split(".")]
    assert folded(unicodedata.normalize("NFD", name)) == folded(unicodedata.normalize("NFC", name))
