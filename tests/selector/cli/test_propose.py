"""``selector propose``: what it writes, what it keeps, what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from companions import files
from companions.motion import MotionOrigin, SafetyVerdict
from companions.names import MOTION_SUFFIX, companion_path
from tests.selector.cli.running import ran
from tests.selector.stills import FIVE, copied, drawn, edited, motion_of, saved

Capture = pytest.CaptureFixture[str]


def test_every_picture_gets_a_motion_that_says_all_about_itself(
    tmp_path: Path, capsys: Capture
) -> None:
    pictures = [copied(name, tmp_path) for name in FIVE]

    told = ran(capsys, "propose", tmp_path, "--size", "480x270", "--duration", "5")

    assert told.code == 0, told.err
    assert "5 of 5 pictures got a new motion" in told.out
    for picture in pictures:
        motion = motion_of(picture)
        assert motion.image.name == picture.name
        assert motion.image.sha256 == files.sha256_of(picture)
        with Image.open(picture) as image:
            assert (motion.image.width, motion.image.height) == image.size
        assert (motion.output.width, motion.output.height, motion.duration_sec) == (480, 270, 5.0)
        assert motion.provenance.origin is MotionOrigin.PROPOSED
        assert motion.provenance.why
        assert motion.viability is not None
        assert motion.safety is not None
        assert motion.safety.verdict is not SafetyVerdict.BLOCK


def test_a_picture_turned_by_its_exif_is_measured_upright(tmp_path: Path, capsys: Capture) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = saved(drawn(1500, 1000), tmp_path / "turned.jpg", exif=exif)

    ran(capsys, "propose", tmp_path)

    assert (motion_of(picture).image.width, motion_of(picture).image.height) == (1000, 1500)


def test_a_second_run_keeps_what_the_first_proposed(tmp_path: Path, capsys: Capture) -> None:
    picture = copied("coffee.png", tmp_path)
    ran(capsys, "propose", tmp_path, "--size", "480x270")
    before = companion_path(picture, MOTION_SUFFIX).read_bytes()

    told = ran(capsys, "propose", tmp_path, "--size", "640x360", "--json")

    assert told.row("coffee.png")["outcome"] == "kept"
    assert companion_path(picture, MOTION_SUFFIX).read_bytes() == before


def test_force_replaces_a_proposal(tmp_path: Path, capsys: Capture) -> None:
    picture = copied("coffee.png", tmp_path)
    ran(capsys, "propose", tmp_path, "--size", "480x270")

    told = ran(capsys, "propose", tmp_path, "--size", "640x360", "--force", "--json")

    assert told.row("coffee.png")["outcome"] == "replaced"
    assert motion_of(picture).output.width == 640


def test_not_even_force_replaces_what_a_person_drew(tmp_path: Path, capsys: Capture) -> None:
    picture = copied("coffee.png", tmp_path)
    ran(capsys, "propose", tmp_path, "--size", "480x270")
    edited(picture)
    before = companion_path(picture, MOTION_SUFFIX).read_bytes()

    told = ran(capsys, "propose", tmp_path, "--force", "--json")

    assert told.code == 0
    assert told.row("coffee.png")["outcome"] == "kept_edited"
    assert companion_path(picture, MOTION_SUFFIX).read_bytes() == before


def test_a_corrupt_motion_blocks_its_own_picture_and_no_other(
    tmp_path: Path, capsys: Capture
) -> None:
    corrupt = companion_path(copied("coffee.png", tmp_path), MOTION_SUFFIX)
    corrupt.write_text('{"kind": "motion", "start_rect": [0,')
    other = copied("chelsea.png", tmp_path)

    told = ran(capsys, "propose", tmp_path, "--size", "480x270", "--force")

    assert told.code == 10
    assert "coffee.motion.json cannot be used" in told.err
    assert corrupt.read_text() == '{"kind": "motion", "start_rect": [0,'
    assert motion_of(other).image.name == "chelsea.png"


def test_pictures_that_cannot_be_read_are_named_and_the_others_go_on(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "words.png").write_text("not a picture")
    whole = saved(drawn(1600, 1200), tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "torn.jpg").write_bytes(whole[: len(whole) // 2])

    told = ran(capsys, "propose", tmp_path, "--json")

    assert told.code == 20
    assert told.row("whole.jpg")["outcome"] == "proposed"
    reasons = {
        row["picture"]: row["error"]["reason"] for row in told.document["pictures"] if row["error"]
    }
    assert reasons == {
        "empty.jpg": "picture_empty",
        "torn.jpg": "picture_truncated",
        "words.png": "picture_not_a_picture",
    }
    for name in reasons:
        assert name in told.err
        assert not companion_path(tmp_path / name, MOTION_SUFFIX).exists()


def test_two_pictures_with_one_stem_are_both_refused(tmp_path: Path, capsys: Capture) -> None:
    copied("coffee.png", tmp_path, to="cup.png")
    copied("rocket.jpg", tmp_path, to="Cup.jpg")
    copied("chelsea.png", tmp_path)

    told = ran(capsys, "propose", tmp_path, "--size", "480x270", "--json")

    assert told.code == 13
    assert told.row("cup.png")["error"]["reason"] == "name_collision"
    assert told.row("Cup.jpg")["error"]["reason"] == "name_collision"
    assert [path.name for path in tmp_path.glob("*.json")] == ["chelsea.motion.json"]


def test_folders_inside_are_left_alone_unless_asked_for(tmp_path: Path, capsys: Capture) -> None:
    inner = copied("coffee.png", tmp_path / "day2")
    hidden = copied("coffee.png", tmp_path / ".trash")

    ran(capsys, "propose", tmp_path, "--size", "480x270")
    assert not companion_path(inner, MOTION_SUFFIX).exists()

    told = ran(capsys, "propose", tmp_path, "--size", "480x270", "--recursive", "--json")
    assert [row["picture"] for row in told.document["pictures"]] == ["day2/coffee.png"]
    assert companion_path(inner, MOTION_SUFFIX).exists()
    assert not companion_path(hidden, MOTION_SUFFIX).exists()


def test_equal_pictures_get_equal_motions(tmp_path: Path, capsys: Capture) -> None:
    first = copied("rocket.jpg", tmp_path / "a")
    second = copied("rocket.jpg", tmp_path / "b")

    for picture in (first, second):
        ran(capsys, "propose", picture.parent, "--size", "480x270")

    a, b = motion_of(first), motion_of(second)
    assert a.model_copy(update={"provenance": b.provenance}) == b
    assert a.provenance.why == b.provenance.why


def test_what_a_killed_writer_left_behind_is_swept(tmp_path: Path, capsys: Capture) -> None:
    copied("coffee.png", tmp_path)
    orphan = tmp_path / f"{files.TEMPORARY_PREFIX}0123{files.TEMPORARY_SUFFIX}"
    orphan.write_bytes(b"half")
    os.utime(orphan, (0, 0))

    ran(capsys, "propose", tmp_path, "--size", "480x270")

    assert not orphan.exists()


def test_a_name_that_leaves_no_room_for_companions_is_refused(
    tmp_path: Path, capsys: Capture
) -> None:
    copied("coffee.png", tmp_path)
    long_name = saved(drawn(60, 40), tmp_path / ("n" * 245 + ".png"))

    told = ran(capsys, "propose", tmp_path, "--size", "480x270", "--json")

    assert told.code == 12
    assert told.row(long_name.name)["error"]["reason"] == "path_refused"
    assert told.row("coffee.png")["outcome"] == "proposed"


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are always text there")
def test_a_name_that_is_no_text_is_refused_and_printed(tmp_path: Path, capsys: Capture) -> None:
    picture = copied("coffee.png", tmp_path)
    picture.rename(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")))

    plain = ran(capsys, "propose", tmp_path, "--size", "480x270")

    assert plain.code == 12
    assert "caf\\udce9.png\trefused" in plain.out
    assert ran(capsys, "propose", tmp_path, "--json").document["total"] == 1


def test_on_a_terminal_outcomes_are_a_table(tmp_path: Path) -> None:
    import pty

    copied("coffee.png", tmp_path, to="[red] cup.png")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "selector", "propose", str(tmp_path), "--size", "480x270"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        check=True,
    )
    os.close(theirs)

    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert done.stderr == b""
    assert shown.index("outcome") < shown.index("[red] cup.png") < shown.index("1 of 1 pictures")


@pytest.mark.parametrize("size", ["1280", "1281x720", "0x0", "9000x9000", "wide"])
def test_a_size_no_clip_can_have_is_refused(size: str, tmp_path: Path, capsys: Capture) -> None:
    told = ran(capsys, "propose", tmp_path, "--size", size)

    assert told.code == 2
    assert "1280x720" in told.err


def test_in_a_pipe_every_picture_is_one_plain_line(tmp_path: Path, capsys: Capture) -> None:
    copied("coffee.png", tmp_path, to="[red] cup.png")

    told = ran(capsys, "propose", tmp_path, "--size", "480x270")

    first = told.out.splitlines()[0].split("\t")
    assert first[:3] == ["[red] cup.png", "proposed", motion_of(tmp_path / "[red] cup.png").type]
    assert "\x1b" not in told.out


def test_an_empty_folder_is_no_error(tmp_path: Path, capsys: Capture) -> None:
    told = ran(capsys, "propose", tmp_path)

    assert (told.code, told.out) == (0, "0 of 0 pictures got a new motion\n")


def test_sixteen_bit_grey_is_looked_at_like_any_other(tmp_path: Path, capsys: Capture) -> None:
    grey = drawn(600, 400)[:, :, 0].astype(np.uint16) * 257
    picture = saved(grey, tmp_path / "grey.png")

    assert ran(capsys, "propose", tmp_path, "--size", "480x270").code == 0
    assert motion_of(picture).image.width == 600
