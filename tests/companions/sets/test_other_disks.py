"""Sets on disks that are unlike ours: without hard links and letter case, or full."""

from __future__ import annotations

import errno
import shlex
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from companions.errors import FileUnwritable, NameCollision, SetRefused
from companions.sets import draft
from companions.sets.carry import carry
from companions.sets.disk import Disk
from companions.sets.scan import scan
from tests.companions.sets.making import (
    SUFFIXES,
    contents,
    log_in,
    logged,
    make_set,
    names,
    snapshot,
)


def test_the_exfat_disk_is_what_the_tests_take_it_for(exfat: Path) -> None:
    (exfat / "A.jpg").write_bytes(b"a")

    assert (exfat / "a.JPG").exists()
    with pytest.raises(OSError, match=r"\[Errno"):
        (exfat / "b.jpg").hardlink_to(exfat / "A.jpg")


def test_a_set_moves_within_a_disk_without_hard_links(exfat: Path, tmp_path: Path) -> None:
    picture = make_set(exfat / "here", "ä 1")
    (exfat / "there").mkdir()
    before = snapshot(exfat / "here")

    carry(partial(draft.move, [picture], into=exfat / "there"), log=log_in(tmp_path / "log"))

    assert snapshot(exfat / "there") == before
    assert names(exfat / "here") == []


@pytest.mark.parametrize("to_exfat", [True, False])
def test_a_set_moves_to_and_from_a_disk_without_hard_links(
    exfat: Path, tmp_path: Path, *, to_exfat: bool
) -> None:
    (tmp_path / "here").mkdir()
    source, target = (tmp_path / "here", exfat) if to_exfat else (exfat, tmp_path / "here")
    picture = make_set(source, "ä 1")
    before = contents(source)

    carry(partial(draft.move, [picture], into=target), log=log_in(tmp_path / "log"))

    assert contents(target) == before
    assert names(target) == sorted(f"ä 1{suffix}" for suffix in SUFFIXES)
    assert names(source) == []


def test_a_set_is_copied_on_a_disk_without_hard_links(exfat: Path, tmp_path: Path) -> None:
    picture = make_set(exfat / "here", "a")
    (exfat / "there").mkdir()

    carry(partial(draft.copy, [picture], into=exfat / "there"), log=log_in(tmp_path / "log"))

    assert contents(exfat / "there") == contents(exfat / "here")


@pytest.mark.parametrize("stem", ["img_1", "IMG_2"])
def test_a_rename_works_on_a_disk_that_folds_case(exfat: Path, tmp_path: Path, stem: str) -> None:
    picture = make_set(exfat, "IMG_1")
    (exfat / "img_1.MASK.png").write_bytes(b"spelled otherwise")
    before = contents(exfat)

    carry(partial(draft.rename, picture, stem=stem), log=log_in(tmp_path / "log"))

    assert names(exfat) == sorted(f"{stem}{suffix}" for suffix in (*SUFFIXES, ".MASK.png"))
    assert contents(exfat) == before


class Taken(Disk):
    """A disk on which another program takes a name in the moment before we do."""

    def settle(self, temporary: Path, target: Path) -> None:
        target.write_bytes(b"theirs")
        super().settle(temporary, target)


def test_a_name_taken_meanwhile_is_not_written_over_without_hard_links_either(
    exfat: Path, tmp_path: Path
) -> None:
    picture = make_set(exfat / "here", "a")
    (exfat / "there").mkdir()
    before = snapshot(exfat / "here")

    with pytest.raises(SetRefused, match="was taken"):
        carry(
            partial(draft.move, [picture], into=exfat / "there"),
            log=log_in(tmp_path / "log"),
            disk=Taken(),
        )

    assert snapshot(exfat / "here") == before
    assert [each.read_bytes() for each in (exfat / "there").iterdir()] == [b"theirs"]


class Stubborn(Disk):
    """A disk that will not spell one file anew."""

    def respell(self, source: Path, target: Path) -> None:
        if source.suffix == ".mp4":
            raise OSError(errno.EIO, "refused")
        super().respell(source, target)


def test_a_rename_in_case_alone_that_fails_half_way_is_taken_back(
    exfat: Path, tmp_path: Path
) -> None:
    picture = make_set(exfat, "IMG")
    before = snapshot(exfat)

    with pytest.raises(FileUnwritable):
        carry(
            partial(draft.rename, picture, stem="img"),
            log=log_in(tmp_path / "log"),
            disk=Stubborn(),
        )

    assert snapshot(exfat) == before


def test_a_name_in_another_case_is_taken_on_a_disk_that_folds_case(
    exfat: Path, tmp_path: Path
) -> None:
    picture = make_set(exfat / "here", "img")
    make_set(exfat / "there", "IMG", suffixes=[".JPG"])
    before = snapshot(exfat / "here"), snapshot(exfat / "there")

    with pytest.raises(NameCollision, match=r"IMG\.JPG"):
        carry(partial(draft.move, [picture], into=exfat / "there"), log=log_in(tmp_path / "log"))

    assert (snapshot(exfat / "here"), snapshot(exfat / "there")) == before


def test_a_folder_spelled_in_another_case_is_no_other_folder(exfat: Path) -> None:
    picture = make_set(exfat / "here", "a")

    # In which words depends on whether the disk knows the two by one number.
    with pytest.raises((SetRefused, NameCollision)):
        draft.move([picture], into=exfat / "HERE")


def test_a_companion_in_another_case_is_found_on_a_disk_that_folds_case(exfat: Path) -> None:
    make_set(exfat, "IMG", suffixes=[".jpg"])
    make_set(exfat, "img", suffixes=[".Motion.json"])

    assert scan(exfat).found.sets["img"].files == ("img.Motion.json", "IMG.jpg")


# -- disks of our own making, seen by one process alone -------------------------------------------

_IN_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")


def _namespaces_work() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return (
        subprocess.run([*_IN_NAMESPACE, "true"], check=False, capture_output=True).returncode == 0
    )


needs_namespaces = pytest.mark.skipif(
    not _namespaces_work(), reason="a disk small enough to fill needs Linux mount namespaces"
)


def in_namespace(script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script where it may mount, seen by nobody else."""
    return subprocess.run(
        [*_IN_NAMESPACE, "sh", "-ec", script],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip


def acting(word: str, what: Path, into: Path, log: Path) -> str:
    program = [sys.executable, "-m", "tests.companions.sets.acting"]
    return shlex.join([*program, word, str(what), str(into), str(log)])


@needs_namespaces
@pytest.mark.parametrize("word", ["move", "copy"])
def test_a_full_disk_leaves_everything_as_it_was_and_the_same_command_goes_on(
    tmp_path: Path, word: str
) -> None:
    picture = make_set(tmp_path / "here", "a")
    (tmp_path / "here" / "a.mp4").write_bytes(b"clip" * 64 * 1024)
    before = snapshot(tmp_path / "here")
    disk, log = tmp_path / "disk", tmp_path / "log"
    disk.mkdir()
    run = acting(word, picture, disk, log)

    ran = in_namespace(f"""
        mount -t tmpfs -o size=300k none {disk}
        head -c 120k /dev/zero > {disk}/filler
        code=0; {run} || code=$?
        echo "first $code"; ls -A {disk}; ls -A {tmp_path}/here | wc -l
        rm {disk}/filler
        {run}; echo "second $?"; ls -A {disk}; cp -p {disk}/* {tmp_path}
    """)

    whole = sorted(before)
    assert ran.stdout.splitlines() == ["first 30", "filler", str(len(whole)), "second 0", *whole]
    assert "ENOSPC" in ran.stderr
    assert logged(log) == [word, f"{word}_undone", word]
    assert {name: (tmp_path / name).read_bytes() for name in before} == {
        name: data for name, (data, _) in before.items()
    }


@needs_namespaces
def test_a_disk_too_full_for_a_journal_refuses_before_anything_is_touched(tmp_path: Path) -> None:
    picture = make_set(tmp_path / "here", "a")
    before = snapshot(tmp_path / "here")
    disk, log = tmp_path / "disk", tmp_path / "log"
    disk.mkdir()

    ran = in_namespace(f"""
        mount -t tmpfs -o size=64k none {disk}
        cat /dev/zero > {disk}/filler 2> /dev/null || true
        code=0; {acting("move", picture, disk, log)} || code=$?
        echo "$code"; ls -A {disk}
    """)

    assert ran.stdout.splitlines() == ["30", "filler"]
    assert snapshot(tmp_path / "here") == before
    assert logged(log) == []


@needs_namespaces
def test_a_read_only_folder_refuses_before_anything_is_touched(tmp_path: Path) -> None:
    picture = make_set(tmp_path / "here", "a")
    before = snapshot(tmp_path / "here")
    disk, log = tmp_path / "disk", tmp_path / "log"
    disk.mkdir()

    ran = in_namespace(f"""
        mount -t tmpfs -o ro none {disk}
        code=0; {acting("move", picture, disk, log)} || code=$?
        echo "$code"
    """)

    assert ran.stdout.splitlines() == ["30"]
    assert "EROFS" in ran.stderr
    assert snapshot(tmp_path / "here") == before
    assert logged(log) == []
