"""``fleet companions``: sets found, moved, copied and renamed by the real command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from companions.audit import tail, verify
from companions.sets.scan import scan
from tests.acceptance.cli import environment, fleet, killed_when
from tests.companions import documents

SUFFIXES = (".jpg", ".motion.json", ".mp4", ".video_meta.json", ".xmp")
NAMES = ("img_1", "sp ace", "-dash", "new\nline", "'quoted\"", "ünï", ".5 x"[1:])


def make_set(folder: Path, stem: str) -> dict[str, bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    made = {stem + suffix: f"{stem}{suffix}".encode() for suffix in SUFFIXES}
    for name, data in made.items():
        (folder / name).write_bytes(data)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "archive").mkdir()
    (tmp_path / "stills").mkdir()
    return tmp_path


def test_a_picture_is_moved_with_all_that_is_named_after_it(desk: Path) -> None:
    made = make_set(desk / "stills", "img_1")
    make_set(desk / "stills", "img_10")

    ran = fleet(desk / "home", "companions", "move", desk / "stills/img_1.jpg",
                "--to", desk / "archive")  # fmt: skip

    assert ran.code == 0, ran.err
    assert contents(desk / "archive") == made
    assert {name.split(".")[0] for name in contents(desk / "stills")} == {"img_10"}
    assert "img_1.jpg\t5\tis now" in ran.out


def test_a_folder_of_hard_names_is_moved_whole(desk: Path) -> None:
    made: dict[str, bytes] = {}
    for name in NAMES:
        made |= make_set(desk / "stills", name)

    ran = fleet(desk / "home", "companions", "move", desk / "stills", "--to", desk / "archive")

    assert ran.code == 0, ran.err
    assert contents(desk / "archive") == made
    assert contents(desk / "stills") == {}


def test_a_set_that_cannot_go_keeps_no_other_from_it(desk: Path) -> None:
    made = make_set(desk / "stills", "good")
    (desk / "stills" / "twin.jpg").write_bytes(b"1")
    (desk / "stills" / "twin.png").write_bytes(b"2")
    make_set(desk / "stills", "taken")
    (desk / "archive" / "taken.png").write_bytes(b"mine")

    ran = fleet(desk / "home", "companions", "move", desk / "stills", "--to", desk / "archive")

    assert ran.code == 13
    assert "'twin.jpg' and 'twin.png'" in ran.err
    assert contents(desk / "archive") == made | {"taken.png": b"mine"}
    assert {"twin.jpg", "twin.png", "taken.jpg"} <= set(contents(desk / "stills"))


def test_a_dry_run_shows_every_file_and_changes_nothing(desk: Path) -> None:
    made = make_set(desk / "stills", "img_1")

    ran = fleet(desk / "home", "companions", "move", desk / "stills/img_1.jpg",
                "--to", desk / "archive", "--dry-run")  # fmt: skip

    assert (ran.code, len(ran.out.splitlines())) == (0, len(SUFFIXES))
    assert contents(desk / "stills") == made
    assert contents(desk / "archive") == {}
    assert not (desk / "home" / "audit").exists()


def test_a_copy_leaves_the_set_where_it_is(desk: Path) -> None:
    made = make_set(desk / "stills", "img_1")

    ran = fleet(desk / "home", "companions", "copy", desk / "stills", "--to", desk / "archive",
                "--json")  # fmt: skip

    (picture,) = ran.json()["pictures"]
    assert len(picture["files"]) == len(SUFFIXES)
    assert contents(desk / "stills") == contents(desk / "archive") == made


def test_a_picture_is_renamed_with_its_companions(desk: Path) -> None:
    make_set(desk / "stills", "img_1")

    ran = fleet(desk / "home", "companions", "rename", desk / "stills/img_1.jpg", "lighthouse")

    assert ran.code == 0, ran.err
    assert set(contents(desk / "stills")) == {f"lighthouse{suffix}" for suffix in SUFFIXES}


def test_every_operation_is_a_line_of_the_log(desk: Path) -> None:
    make_set(desk / "stills", "img_1")
    fleet(desk / "home", "companions", "rename", desk / "stills/img_1.jpg", "a")
    fleet(desk / "home", "companions", "move", desk / "stills", "--to", desk / "archive")

    first, second = tail(desk / "home" / "audit", count=9)

    verify(desk / "home" / "audit")
    assert (first.operation, second.operation) == ("rename", "move")
    assert first.tool == "fleet companions rename"
    assert "@" in first.who
    assert len(first.files) == len(SUFFIXES)


def test_a_log_that_cannot_be_written_stops_the_operation(desk: Path) -> None:
    made = make_set(desk / "stills", "img_1")
    (desk / "home").mkdir()
    (desk / "home" / "audit").write_bytes(b"in the way")

    ran = fleet(desk / "home", "companions", "move", desk / "stills", "--to", desk / "archive")

    assert ran.code == 31
    assert contents(desk / "stills") == made
    assert contents(desk / "archive") == {}


def test_a_manifest_that_names_what_goes_is_pointed_out(desk: Path) -> None:
    make_set(desk / "stills", "img_1")
    manifest = desk / "stills" / "day.video_manifest.json"
    manifest.write_bytes(documents.text_of(documents.shot_with(image_path="img_1.jpg")))

    ran = fleet(desk / "home", "companions", "move", desk / "stills", "--to", desk / "archive")

    assert ran.code == 0
    assert "day.video_manifest.json: names 'img_1.jpg', which will not be there" in ran.err


def test_finding_lists_sets_orphans_and_collisions(desk: Path) -> None:
    make_set(desk / "stills" / "deep", "img_1")
    (desk / "stills" / "lost.motion.json").write_bytes(b"{}")
    (desk / "stills" / "twin.jpg").write_bytes(b"1")
    (desk / "stills" / "twin.png").write_bytes(b"2")

    ran = fleet(desk / "home", "companions", "find", desk / "stills", "--recursive", "--json")

    states = {Path(row["path"]).name: row["state"] for row in ran.json()}
    assert states == {
        "img_1.jpg": "ok",
        "lost": "orphan",
        "twin.jpg": "collision",
        "twin.png": "collision",
    }


def test_names_that_act_on_a_terminal_or_are_no_text_are_shown_escaped(desk: Path) -> None:
    for name in (b"\x1b[31mred.jpg", b"no-utf8-\xff.jpg"):
        Path(os.fsdecode(os.fsencode(desk / "stills") + b"/" + name)).write_bytes(b"1")

    plain = fleet(desk / "home", "companions", "find", desk / "stills")
    listed = fleet(desk / "home", "companions", "find", desk / "stills", "--json")
    refused = fleet(desk / "home", "companions", "move", desk / "stills/\x1b[31mx.jpg",
                    "--to", desk / "archive")  # fmt: skip

    assert "\x1b" not in plain.out + refused.err
    assert r"\x1b[31mred.jpg" in plain.out
    assert r"no-utf8-\udcff.jpg" in plain.out
    assert json.loads(listed.out)[0]["path"].endswith(".jpg")
    assert refused.code == 16


def test_a_folder_that_is_not_there_is_said_once(desk: Path) -> None:
    make_set(desk / "stills", "a")
    make_set(desk / "stills", "b")

    ran = fleet(desk / "home", "companions", "move", desk / "stills", "--to", desk / "nowhere")

    assert ran.code == 16
    assert ran.err.count("cannot be read") == 1


def test_a_move_that_was_killed_is_resumed_by_the_command(desk: Path) -> None:
    made: dict[str, bytes] = {}
    for number in range(60):
        made |= make_set(desk / "stills", f"img_{number}")
    # Some have arrived and some have not: then it is in the middle, whatever the machine's speed.
    killed_when(
        lambda: any((desk / "archive").glob("*.mp4")),
        *("companions", "move", desk / "stills", "--to", desk / "archive"),
        env=environment(desk / "home"),
        said=desk / "said",
    )

    ran = fleet(desk / "home", "companions", "resume", desk / "stills", desk / "archive")
    again = fleet(desk / "home", "companions", "move", desk / "stills", "--to", desk / "archive")

    assert (ran.code, again.code) == (0, 0), ran.err + again.err
    left = {n: d for n, d in contents(desk / "archive").items() if not n.startswith(".")}
    assert left == made
    assert scan(desk / "stills").found.journals == ()
    verify(desk / "home" / "audit")
