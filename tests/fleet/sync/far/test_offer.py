"""What may be offered, and what a disk has room for."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.sync.far.offer import fault_of, shortage
from fleet.sync.wire.base import NotUnderstood, decode, encode
from fleet.sync.wire.messages import REQUESTS
from tests.fleet.sync.far.talk import MANIFEST_NAME, Talk, offer_of

KIB, GIB = 1024, 1024**3


def test_a_plain_offer_may_be_taken() -> None:
    assert (
        fault_of(offer_of({"a/one.jpg": b"1", "a/one.mask.png": b"2", "b/one.jpg": b"3"})) is None
    )


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        (("one.jpg", "ONE.jpg"), "one file on some disks"),
        (("Straße.jpg", "STRASSE.jpg"), "one file on some disks"),
        (("one.jpg", "one.jpg"), "one file on some disks"),
        ((MANIFEST_NAME,), "one file on some disks"),
        (("a", "a/one.jpg"), "in a folder of that name"),
        (("A/b", "a/B/c/one.jpg"), "in a folder of that name"),
        ((f"{MANIFEST_NAME}/one.jpg",), "in a folder of that name"),
        (("a/.rsync-partial/one.jpg",), "rsync uses for itself"),
        ((".RSYNC-partial",), "rsync uses for itself"),
    ],
)
def test_files_that_get_in_each_others_way_are_refused(paths: tuple[str, ...], says: str) -> None:
    offer = offer_of({"x.jpg": b"x"})
    member = offer.members[0]
    members = tuple(member.model_copy(update={"path": path}) for path in paths)

    fault = fault_of(offer.model_copy(update={"members": members}))

    assert fault is not None
    assert says in fault


def test_a_set_id_that_is_not_its_manifests_is_refused() -> None:
    offer = offer_of({"x.jpg": b"x"})

    fault = fault_of(offer.model_copy(update={"set_id": "0" * 16}))

    assert fault is not None
    assert "is not that of the set" in fault


@pytest.mark.parametrize("name", ["a\\b.json", "a\nb.json", "e\u0301.json"])
def test_a_manifest_of_a_name_that_is_no_path_is_refused(name: str) -> None:
    fault = fault_of(offer_of({"x.jpg": b"x"}, name=name))

    assert fault is not None
    assert "the manifest's name" in fault


@pytest.mark.parametrize(
    ("needed", "free", "fits"),
    [
        (0, 256 * KIB * KIB, True),
        (1, 256 * KIB * KIB, False),
        (GIB, 2 * GIB, True),
        (2**53, 900 * GIB, False),
    ],
)
def test_a_reserve_is_left_on_a_large_disk(*, needed: int, free: int, fits: bool) -> None:
    assert (shortage(needed=needed, free=free, total=1000 * GIB) is None) is fits


def test_the_reserve_of_a_small_disk_is_small() -> None:
    assert shortage(needed=3900 * KIB, free=4000 * KIB, total=4000 * KIB) is None
    assert shortage(needed=3950 * KIB, free=4000 * KIB, total=4000 * KIB) is not None


@pytest.mark.parametrize(
    "path",
    ["../up.jpg", "/etc/passwd", "a/../../up.jpg", "a\\b.jpg", "a\nb.jpg", "./x", "a//b", ""],
)
def test_a_path_that_leaves_the_set_is_no_path(path: str) -> None:
    offer = offer_of({"x.jpg": b"x"})
    member = offer.members[0].model_copy(update={"path": path})

    with pytest.raises(NotUnderstood, match="path"):
        decode(encode(offer.model_copy(update={"members": (member,)})), REQUESTS)


@pytest.mark.parametrize("label", ["..", "A", "a/b", "", "-x", "a" * 81])
def test_a_label_that_is_no_label_is_refused(label: str) -> None:
    offer = offer_of({"x.jpg": b"x"}).model_copy(update={"label": label})

    with pytest.raises(NotUnderstood, match="label"):
        decode(encode(offer), REQUESTS)


def test_a_size_beyond_all_disks_is_no_size() -> None:
    line = encode(offer_of({"x.jpg": b"x"})).replace(b'"size_bytes":1', b'"size_bytes":%d' % 2**60)

    with pytest.raises(NotUnderstood, match="size_bytes"):
        decode(line, REQUESTS)


@pytest.mark.parametrize("line", [b"no json\n", b"{}\n", b'{"do":"dance"}\n', b"\xff\xfe\n"])
def test_what_is_no_request_is_told_and_ends_the_conversation(tmp_path: Path, line: bytes) -> None:
    with Talk(tmp_path / "home") as far:
        far.write(line)

        assert far.hear().code == "not_understood"  # type: ignore[union-attr]
        assert far.end() == 0


def test_an_offer_of_more_than_the_disk_is_refused_before_anything_travels(
    tmp_path: Path,
) -> None:
    offer = offer_of({"x.jpg": b"x"})
    huge = offer.model_copy(
        update={"members": (offer.members[0].model_copy(update={"size_bytes": 2**53}),)}
    )
    with Talk(tmp_path / "home") as far:
        refused = far.refused(huge)

        assert refused.code == "no_room"
        assert str(tmp_path / "home/inbox") in refused.message
        # Nothing is held by what was refused: another desk may offer the same set.
        with Talk(tmp_path / "home") as other:
            assert other.refused(huge).code == "no_room"


def test_a_bad_offer_is_refused_in_words_and_the_conversation_goes_on(tmp_path: Path) -> None:
    with Talk(tmp_path / "home") as far:
        refused = far.refused(offer_of({"one.jpg": b"1", "ONE.jpg": b"2"}))

        assert (refused.code, refused.exit_code) == ("set_stale", 87)
        assert "'one.jpg' and 'ONE.jpg'" in refused.message
        assert far.send(offer_of({"x.jpg": b"x"}), {"x.jpg": b"x"}).published
