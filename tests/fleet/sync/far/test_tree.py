"""Folders that a stranger may write into, and files that have to be on the disk."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fleet.sync.far.disk import SINGLY, flush_tree, told
from fleet.sync.far.tree import (
    Mark,
    Stamp,
    below,
    hash_of,
    make_below,
    mark_of,
    opened,
    sweep,
    take_over,
)
from tests.fleet.sync.far.talk import sha256, tree_of

DEADLINE_S = 20.0


def test_a_file_that_changed_this_instant_is_not_relied_on(tmp_path: Path) -> None:
    """Within a tick of the kernel's clock another change would leave the same mark."""
    file = tmp_path / "x"
    with opened(tmp_path) as root:

        def relied_on() -> bool:
            found = hash_of("x", folder=root)
            assert found is not None
            assert found[0] == sha256(b"x")
            return found[1] == mark_of("x", folder=root)

        deadline = time.monotonic() + DEADLINE_S
        while True:  # on a busy machine the instant may be over before it is read
            file.write_bytes(b"x")
            if not relied_on():
                break
            assert time.monotonic() < deadline
        while not relied_on():
            assert time.monotonic() < deadline


def test_a_file_is_read_no_further_than_it_was_long_at_first(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * 100)
    with opened(tmp_path) as root:
        assert hash_of("x", folder=root, size=99) is None
        assert hash_of("x", folder=root, size=100) is not None
        assert hash_of("none", folder=root) is None


def test_numbers_too_large_for_sqlite_are_folded() -> None:
    found = os.stat_result((0o100644, 2**64 - 1, 2**63, 1, 0, 0, 7, 0, 0, 0))

    stamp = Stamp.of(found)

    assert (stamp.inode, stamp.device) == (-1, -(2**63))
    assert Mark.of(found).stamp == stamp


@pytest.mark.parametrize("kind", ["file", "link"])
@pytest.mark.parametrize("ours", [True, False])
def test_what_stands_in_a_folders_place_is_removed_from_our_trees_only(
    tmp_path: Path, kind: str, *, ours: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    in_the_way = tmp_path / "tree/a"
    in_the_way.parent.mkdir()
    in_the_way.touch() if kind == "file" else in_the_way.symlink_to(elsewhere)

    with opened(tmp_path / "tree") as root:
        if ours:
            make_below(root, "a/b", ours=True)
            assert (tmp_path / "tree/a/b").is_dir()
            assert not in_the_way.is_symlink()
        else:
            with pytest.raises(NotADirectoryError):
                make_below(root, "a/b", ours=False)
            assert in_the_way.is_symlink() or in_the_way.is_file()
    assert [path.name for path in elsewhere.iterdir()] == ["kept"]


def test_a_path_through_a_link_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "real/b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with opened(tmp_path) as root:
        with below(root, "real/b") as found:
            assert found is not None
        for path in ("link", "link/b", "none", "none/b"):
            with below(root, path) as found:
                assert found is None
    with pytest.raises(NotADirectoryError), opened(tmp_path / "link"):
        pass


def test_sweeping_keeps_the_named_files_and_goes_through_no_link(tmp_path: Path) -> None:
    tree, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    for path in ("keep", "a/keep", "a/b/keep", "a/more", "c/keep", "a/b/.x/y/z"):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).touch()
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (tree / "c/link").symlink_to(elsewhere)
    (tree / "a/keep2").symlink_to(elsewhere / "kept")
    named = frozenset({"keep", "keep2"})

    with opened(tree) as root:
        sweep(root, {"": named, "a/b": named, "a": named})

    assert sorted(tree_of(tree)) == ["a/b/keep", "a/keep", "keep"]
    assert not (tree / "c").exists()
    assert not (tree / "a/keep2").is_symlink()
    assert (elsewhere / "kept").exists()


def test_a_link_is_taken_over_from_a_plain_file_and_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"source")
    (tmp_path / "taken").write_bytes(b"taken")
    (tmp_path / "to-source").symlink_to(tmp_path / "source")
    with opened(tmp_path) as root:
        assert take_over(tmp_path / "source", "new", folder=root) == mark_of("source", folder=root)
        assert take_over(tmp_path / "source", "taken", folder=root) is None
        assert take_over(tmp_path / "none", "other", folder=root) is None
        assert take_over(tmp_path / "to-source", "linked", folder=root) is None

    assert (tmp_path / "taken").read_bytes() == b"taken"


@pytest.mark.parametrize("files", [3, SINGLY + 1])
def test_few_and_many_files_are_flushed(tmp_path: Path, files: int) -> None:
    paths = [f"a/{number}/x" for number in range(files)]
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(b"x")
    with opened(tmp_path) as root:
        flush_tree(root, paths)

        if files <= SINGLY:  # each is opened, so that a missing one is noticed
            with pytest.raises(FileNotFoundError):
                flush_tree(root, [*paths, "a/none"])


def test_a_full_disk_is_told_as_such_and_anything_else_by_its_name(tmp_path: Path) -> None:
    from companions.errors import FileUnwritable
    from fleet.sync.errors import NoRoom

    with pytest.raises(NoRoom, match="No space left"), told(tmp_path):
        Path("/dev/full").write_bytes(b"x")
    with pytest.raises(FileUnwritable, match="ENOENT"), told(tmp_path):
        (tmp_path / "none/x").touch()
