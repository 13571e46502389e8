"""The demo's stills are laid out once, and what a person changed is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from companions import names
from companions.picture import decode_picture

PHOTOS = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "photos.py"


def lay_out(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(PHOTOS), str(folder)], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_every_photograph_can_be_read_and_has_a_caption(tmp_path: Path) -> None:
    assert "5 photographs laid out" in lay_out(tmp_path / "stills")

    pictures = [path for path in (tmp_path / "stills").iterdir() if names.is_picture(path)]
    assert len(pictures) == 5
    for path in pictures:
        assert decode_picture(path.read_bytes(), file=path.name).size
        assert names.companion_path(path, names.CAPTION_SUFFIX).read_text().endswith(".\n")


def test_a_second_time_nothing_is_touched(tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / "coffee.caption").write_text("my own words\n")

    assert "are there already" in lay_out(tmp_path)

    assert (tmp_path / "coffee.caption").read_text() == "my own words\n"
