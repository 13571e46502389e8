"""Sets are moved, copied and renamed whole, logged, and never over anything."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from companions.audit import tail
from companions.sets import draft
from companions.sets.carry import carry
from tests.companions.sets.making import (
    SUFFIXES,
    contents,
    log_in,
    logged,
    make_set,
    names,
    snapshot,
)
from tests.companions.sets.test_scan import STRANGE


@pytest.mark.parametrize("stem", STRANGE)
def test_a_set_is_moved_whole_whatever_it_is_called(
    here: Path, there: Path, log: Path, stem: str
) -> None:
    picture = make_set(here, stem)
    before = snapshot(here)

    carry(partial(draft.move, [picture], into=there), log=log_in(log))

    assert snapshot(there) == before
    assert names(here) == []
    assert logged(log) == ["move"]


@pytest.mark.parametrize("stem", STRANGE)
def test_a_set_is_moved_whole_to_another_disk_whatever_it_is_called(
    here: Path, other_disk: Path, log: Path, stem: str
) -> None:
    picture = make_set(here, stem)
    before = snapshot(here)

    carry(partial(draft.move, [picture], into=other_disk), log=log_in(log))

    assert snapshot(other_disk) == before
    assert names(here) == []


@pytest.mark.parametrize("stem", STRANGE)
def test_a_set_is_renamed_whatever_it_was_called(here: Path, log: Path, stem: str) -> None:
    picture = make_set(here, stem)
    before = snapshot(here)

    carry(partial(draft.rename, picture, stem="new"), log=log_in(log))

    assert snapshot(here) == {"new" + name.removeprefix(stem): it for name, it in before.items()}
    assert logged(log) == ["rename"]


def test_a_rename_in_letter_case_alone_works(here: Path, log: Path) -> None:
    picture = make_set(here, "IMG")
    before = contents(here)

    carry(partial(draft.rename, picture, stem="img"), log=log_in(log))

    assert names(here) == sorted(f"img{suffix}" for suffix in SUFFIXES)
    assert contents(here) == before


def test_a_copy_leaves_the_old_files_and_shares_nothing_with_them(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)

    carry(partial(draft.copy, [picture], into=there), log=log_in(log))

    assert snapshot(here) == snapshot(there) == before
    assert all((there / name).stat().st_nlink == 1 for name in before)
    assert logged(log) == ["copy"]


def test_times_rights_and_attributes_go_along_to_another_disk(
    here: Path, other_disk: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    os.utime(picture, ns=(1_000_000_001, 2_000_000_002))
    picture.chmod(0o640)

    carry(partial(draft.move, [picture], into=other_disk), log=log_in(log))

    moved = (other_disk / "a.jpg").stat()
    assert (moved.st_mtime_ns, moved.st_mode & 0o7777) == (2_000_000_002, 0o640)


def test_extended_attributes_go_along_in_a_copy(here: Path, there: Path, log: Path) -> None:
    picture = make_set(here, "a")
    try:
        os.setxattr(picture, "user.rating", b"5")
    except OSError:
        pytest.skip("this file system holds no extended attributes")

    carry(partial(draft.copy, [picture], into=there), log=log_in(log))

    assert os.getxattr(there / "a.jpg", "user.rating") == b"5"


def test_several_sets_go_in_one_operation(here: Path, there: Path, log: Path) -> None:
    pictures = [make_set(here, "a"), make_set(here, "a.001"), make_set(here, "b")]
    before = snapshot(here)

    carry(partial(draft.move, pictures, into=there, nested=True), log=log_in(log))

    assert snapshot(there) == before
    assert logged(log) == ["move"]


def test_the_log_tells_every_file_from_where_to_where(here: Path, there: Path, log: Path) -> None:
    picture = make_set(here, "a")

    done = carry(partial(draft.move, [picture], into=there), log=log_in(log))

    (line,) = tail(log, count=9)
    assert (line.operation_id, line.who) == (done.operation_id, "anna@desk-3")
    assert {(each.source, each.target) for each in line.files} == {
        (str(here / f"a{suffix}"), str(there / f"a{suffix}")) for suffix in SUFFIXES
    }
    assert {each.sha256 for each in line.files} == {*contents(there)}
