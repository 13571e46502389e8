"""One look at a picture gives all that the window and ``selector propose`` go by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from companions import files
from companions.errors import PictureProblem, PictureRefused
from companions.geometry import Size
from companions.motion import MotionOrigin
from selector.core.look import Look, Wanted, accepted, look_at
from selector.core.proposing import Brief, propose_for
from selector.core.safety import PROFILES
from tests.selector.stills import NOON, copied, drawn, motion_of, saved

WANTED = Wanted(output=Size(480, 270), duration_s=3.0, profile=PROFILES["sensitive"])


def test_a_look_says_which_picture_it_was_and_what_is_proposed(tmp_path: Path) -> None:
    picture = copied("astronaut.png", tmp_path)

    look = look_at(picture, wanted=WANTED)

    assert (look.image.name, look.image.width, look.image.height) == ("astronaut.png", 512, 512)
    assert look.image.sha256 == files.sha256_of(picture)
    assert look.move.duration_sec == 3.0
    assert look.safety.profile == "sensitive"
    assert 0.0 <= look.viability.score <= 1.0
    assert look.why
    face = look.faces[0]
    assert face.x1 < 0.44 < face.x2  # where her nose is
    assert face.y1 < 0.25 < face.y2


def test_a_look_travels_as_text(tmp_path: Path) -> None:
    look = look_at(copied("coffee.png", tmp_path), wanted=WANTED)

    assert Look.model_validate_json(look.model_dump_json()) == look


def test_an_accepted_look_is_the_proposal_that_the_command_writes(tmp_path: Path) -> None:
    picture = copied("rocket.jpg", tmp_path)
    brief = Brief(WANTED.output, duration_s=WANTED.duration_s, profile=WANTED.profile)

    motion = accepted(look_at(picture, wanted=WANTED), output=WANTED.output, now=NOON)

    assert propose_for(picture, brief=brief, now=NOON).motion == motion
    assert motion_of(picture) == motion
    assert motion.provenance.origin is MotionOrigin.PROPOSED
    assert (motion.output.width, motion.output.height) == (480, 270)
    assert motion.wishes is None


def test_a_picture_that_lies_on_its_side_is_seen_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = saved(drawn(900, 600), tmp_path / "turned.jpg", exif=exif)

    look = look_at(picture, wanted=WANTED)

    assert (look.image.width, look.image.height) == (600, 900)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", PictureProblem.EMPTY),
        (b"no picture", PictureProblem.NOT_A_PICTURE),
        (None, PictureProblem.MISSING),
    ],
)
def test_a_picture_that_cannot_be_used_is_refused(
    tmp_path: Path, data: bytes | None, problem: PictureProblem
) -> None:
    picture = tmp_path / "a.jpg"
    if data is not None:
        picture.write_bytes(data)

    with pytest.raises(PictureRefused) as refused:
        look_at(picture, wanted=WANTED)

    assert refused.value.problem is problem


@pytest.mark.parametrize(
    ("width", "height", "is_seen"),
    [(1, 351, True), (1, 352, False), (1, 1200, False), (9000, 4, False)],
)
def test_a_strip_in_which_no_window_has_the_clips_shape_is_refused(
    tmp_path: Path, width: int, height: int, *, is_seen: bool
) -> None:
    picture = saved(np.full((height, width, 3), 90, dtype=np.uint8), tmp_path / "a.png")

    if is_seen:
        assert look_at(picture, wanted=WANTED).image.height == height
        return
    with pytest.raises(PictureRefused, match=f"{width} x {height} pixels") as refused:
        look_at(picture, wanted=WANTED)
    assert refused.value.problem is PictureProblem.SHAPE
