"""``fleet companions trash|restore|check|rejoin`` and ``fleet audit``, by the real commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from companions.sets.trash_record import RECORD_NAME
from tests.acceptance.cli import Ran, command, environment, killed_when
from tests.companions.sets.paired import paired, write_documents

SUFFIXES = (".jpg", ".mp4", ".motion.json", ".video_manifest.json", ".video_meta.json")


class Desk:
    """A person's desk: a home with a trash, a folder of pictures, an archive."""

    def __init__(self, root: Path) -> None:
        self.root, self.stills, self.archive = root, root / "stills", root / "archive"
        for folder in (root / "person", self.stills, self.archive):
            folder.mkdir(parents=True)

    @property
    def environment(self) -> dict[str, str]:
        home = self.root / "person"
        own = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data")}
        return environment(self.root / "home") | own

    def ran(self, *arguments: str | Path) -> Ran:
        done = subprocess.run(
            command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def companions(self, *arguments: str | Path) -> Ran:
        return self.ran("companions", *arguments)

    def audit(self, *arguments: str | Path) -> Ran:
        return self.ran("audit", *arguments)

    def log(self) -> list[str]:
        return [line["operation"] for line in self.audit("tail", "--json").json()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    if sys.platform == "darwin":
        pytest.skip("the trash of macOS knows one home only")
    return Desk(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# -- trash and restore -------------------------------------------------------------------------


def test_a_picture_goes_to_the_trash_is_listed_and_comes_back(desk: Desk) -> None:
    picture = paired(desk.stills, "a.jpg")
    paired(desk.stills, "b.jpg")
    before = contents(desk.stills)

    gone = desk.companions("trash", picture)
    listed = desk.companions("restore", "--json").json()
    assert set(contents(desk.stills)) == {f"b{suffix}" for suffix in SUFFIXES}
    back = desk.companions("restore", picture)

    assert (gone.code, back.code) == (0, 0), gone.err + back.err
    assert gone.out.startswith(f"{picture}\t5\tis in the trash as {listed[0]['id']}")
    assert listed[0]["picture"] == str(picture)
    assert set(listed[0]["files"]) == {f"a{suffix}" for suffix in SUFFIXES}
    assert back.out == f"{picture}\t5\tis back\n"
    assert contents(desk.stills) == before
    assert desk.companions("restore").err == (
        "nothing of ours is in the trash, nor put back from it here\n"
    )
    assert desk.log() == ["trash", "restore"]


def test_a_folder_of_pictures_goes_to_the_trash_one_by_one_and_what_cannot_stays(
    desk: Desk,
) -> None:
    for name in ("a.jpg", "b.jpg", "twin.jpg"):
        paired(desk.stills, name)
    (desk.stills / "twin.png").write_bytes(b"1")

    gone = desk.companions("trash", desk.stills, "--json")

    assert gone.code == 13
    assert "'twin.jpg' and 'twin.png'" in gone.err
    rows: list[dict[str, Any]] = gone.json()["pictures"]
    assert sorted("error" in row for row in rows) == [False, False, True, True]
    assert {name.split(".")[0] for name in contents(desk.stills)} == {"twin"}
    ids = [row["id"] for row in rows if "id" in row]
    assert desk.companions("restore", *ids).code == 0
    assert "a.motion.json" in contents(desk.stills)


def test_a_dry_run_of_trash_and_restore_shows_every_file_and_changes_nothing(desk: Desk) -> None:
    picture = paired(desk.stills, "a.jpg")
    before = contents(desk.stills)

    first = desk.companions("trash", picture, "--dry-run")
    assert (first.code, len(first.out.splitlines())) == (0, 5)
    assert contents(desk.stills) == before
    desk.companions("trash", picture)
    second = desk.companions("restore", picture, "--dry-run")

    assert (second.code, len(second.out.splitlines())) == (0, 5)
    assert contents(desk.stills) == {}
    assert desk.log() == ["trash"]


def test_what_cannot_be_restored_is_said_with_its_reason(desk: Desk) -> None:
    picture = paired(desk.stills, "a.jpg")
    unknown = desk.companions("restore", picture)
    assert (unknown.code, "nothing of this name or id" in unknown.err) == (16, True)

    desk.companions("trash", picture)
    (desk.stills / "a.jpg").write_bytes(b"new")
    taken = desk.companions("restore", picture)

    assert taken.code == 13
    assert contents(desk.stills) == {"a.jpg": b"new"}


def test_a_disk_without_trash_is_told_and_the_picture_is_where_it_was(desk: Desk) -> None:
    (desk.root / "person" / "data").write_bytes(b"no folder")
    picture = paired(desk.stills, "a.jpg")
    before = contents(desk.stills)

    ran = desk.companions("trash", picture)

    assert ran.code == 16
    assert "trash does not take it" in ran.err
    assert contents(desk.stills) == before


def without_locks(found: dict[str, bytes]) -> dict[str, bytes]:
    """All but the empty locks of processes that were killed: they hold nothing and bar nobody."""
    return {name: data for name, data in found.items() if data or not name.endswith(".lock")}


def at_least(count: int, folder: Path) -> Callable[[], bool]:
    """Whether that many things lie in ``folder``, to be asked again and again."""
    return lambda: len(list(folder.glob("*"))) >= count


def test_trash_killed_at_any_moment_is_finished_or_was_never_begun(desk: Desk) -> None:
    for number in range(30):
        paired(desk.stills, f"img_{number:02}.jpg")
    before = contents(desk.stills)
    data = desk.root / "person" / "data" / "Trash" / "files"
    for kill in range(1, 4):
        killed_when(
            at_least(8 * kill, data),
            *("companions", "trash", desk.stills),
            env=desk.environment,
            said=desk.root / "said",
        )
        ran = desk.companions("resume", desk.stills)
        assert ran.code == 0, ran.err
        left = without_locks(contents(desk.stills))
        binned = {
            path.name: path.read_bytes()
            for folder in data.iterdir()
            for path in folder.iterdir()
            if path.name != RECORD_NAME
        }
        assert left | binned == before
        assert not left.keys() & binned.keys()
        assert len(left) % len(SUFFIXES) == 0

    listed = desk.companions("restore", "--json").json()
    assert desk.companions("restore", *(each["id"] for each in listed)).code == 0
    assert without_locks(contents(desk.stills)) == before
    assert desk.audit("verify").code == 0


# -- check and rejoin --------------------------------------------------------------------------


def test_a_folder_in_order_is_said_to_be(desk: Desk) -> None:
    paired(desk.stills, "a.jpg")
    ran = desk.companions("check", desk.stills, "--hashes")
    assert (ran.code, ran.out, ran.err) == (0, "", "all is in order\n")
    assert desk.companions("check", desk.stills, "--json").json() == []


def test_what_check_finds_is_listed_and_mended_by_the_command_it_names(desk: Desk) -> None:
    picture = paired(desk.stills, "a.jpg")
    picture.rename(desk.stills / "lighthouse.jpg")

    found = desk.companions("check", desk.stills)

    assert found.code == 18
    assert found.out.startswith("orphan\t")
    assert "1 thing needs attention" in found.err
    assert f"fleet companions rejoin {desk.stills}" in found.out
    shown = desk.companions("rejoin", desk.stills, "--dry-run")
    assert (shown.code, len(shown.out.splitlines())) == (0, 4)
    assert "a.mp4" in contents(desk.stills)

    mended = desk.companions("rejoin", desk.stills)

    assert mended.code == 0, mended.err
    assert f"rejoined {desk.stills / 'lighthouse.jpg'}" in mended.out
    assert set(contents(desk.stills)) == {f"lighthouse{suffix}" for suffix in SUFFIXES}
    # Its own manifest names the picture as it was called: that is the selector's to write again.
    again = desk.companions("check", desk.stills, "--hashes", "--json")
    assert [each["kind"] for each in again.json()] == ["no_picture"]
    assert "selector manifest" in again.json()[0]["remedy"]


def test_what_is_not_certain_is_left_and_named(desk: Desk) -> None:
    picture = paired(desk.stills, "a.jpg")
    (desk.stills / "b.jpg").write_bytes(picture.read_bytes())
    picture.rename(desk.stills / "c.jpg")
    before = contents(desk.stills)

    ran = desk.companions("rejoin", desk.stills, "--json")

    assert ran.code == 16
    assert "2 pictures hold the bytes" in ran.err
    (row,) = ran.json()["pictures"]
    assert row["error"] == "set_refused"
    assert contents(desk.stills) == before


def test_a_changed_picture_is_found_by_its_hash(desk: Desk) -> None:
    write_documents(paired(desk.stills, "a.jpg"), sha256="f" * 64)

    ran = desk.companions("check", desk.stills, "--hashes", "--json")

    assert (ran.code, ran.json()[0]["kind"]) == (18, "changed")
    assert desk.companions("check", desk.stills).code == 0


def test_a_folder_that_is_not_there_is_said(desk: Desk) -> None:
    for word in ("check", "rejoin", "resume"):
        ran = desk.companions(word, desk.root / "nowhere")
        assert (ran.code, ran.err.count("cannot be read")) == (16, 1)


# -- audit -------------------------------------------------------------------------------------


def test_the_log_is_read_checked_and_its_head_expected_again(desk: Desk) -> None:
    assert "no operation has been logged yet" in desk.audit("tail").err
    assert desk.audit("verify").out.startswith("0 operations in 0 files, whole")
    picture = paired(desk.stills, "a.jpg")
    desk.companions("trash", picture)
    head = desk.audit("verify", "--json").json()["head"]
    desk.companions("restore", picture)

    whole = desk.audit("verify", "--expect", head.upper())
    (line,) = desk.audit("tail", "-n", "1").out.splitlines()

    assert (whole.code, whole.out[:31]) == (0, "2 operations in 1 file, whole. ")
    assert line.split("\t")[0] == "2"
    assert line.split("\t")[3:5] == ["restore", "5"]
    assert desk.audit("verify", "--expect", "0" * 64).code == 19
    slip = desk.audit("verify", "--expect", head[:-1])
    assert (slip.code, "64 hexadecimal digits" in slip.err) == (2, True)


def test_a_log_that_was_edited_or_cut_is_named_with_file_and_line(desk: Desk) -> None:
    picture = paired(desk.stills, "a.jpg")
    for word in ("trash", "restore"):
        desk.companions(word, picture)
    log = desk.root / "home" / "audit" / "operations.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)

    log.write_bytes(lines[0].replace(b'"trash"', b'"tidy"') + lines[1])
    edited = desk.audit("verify")
    log.write_bytes(lines[0])
    cut = desk.audit("verify", "--folder", log.parent)
    stopped = desk.companions("trash", picture)

    assert (edited.code, cut.code, stopped.code) == (19, 19, 19)
    assert f"{log}: line 2:" in edited.err
    assert "the log ends with operation 1" in cut.err
    assert picture.exists()
