"""A manifest in the early format goes the whole way, and what was assumed is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions import codec
from companions.timing import parse_rate
from companions.video_meta import Verdict, VideoMeta
from tests.acceptance.cli import fleet
from tests.companions import documents
from tests.fleet.making import photo

MOTION = {
    "type": "zoom_in",
    "start_rect": [0.1, 0.1, 0.9, 0.9],
    "end_rect": [0.2, 0.2, 0.8, 0.8],
    "duration_sec": 0.5,
    "easing": "ease-in-out",
}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    picture = photo("chelsea.png", tmp_path / "stills")
    path = tmp_path / "early.video_manifest.json"
    shot = {
        "image_path": picture.relative_to(tmp_path).as_posix(),
        "motion": MOTION,
        "generation_params": {"model": "camera", "fps": 30, "width": 192, "height": 128},
    }
    path.write_bytes(documents.text_of({**documents.EARLY, "keyframes": [shot]}))
    return path


def test_an_early_manifest_is_submitted_as_it_is_and_its_assumptions_are_told(
    manifest: Path, tmp_path: Path
) -> None:
    ran = fleet(tmp_path / "home", "submit", manifest)
    again = fleet(tmp_path / "home", "submit", manifest)

    assert ran.code == 0, ran.err
    assert "assumed: keyframes[*].generation_params.fps: is the clip's rate" in ran.err
    meta = codec.read(tmp_path / "stills" / "chelsea.video_meta.json", VideoMeta)
    assert meta.verdict in {Verdict.PASS, Verdict.FLAGGED}
    assert meta.clip is not None
    assert meta.clip.frames == 15
    assert meta.clip.fps == parse_rate(30)
    assert "nothing to add" in again.err


def test_an_early_manifest_whose_picture_is_gone_costs_nothing(
    manifest: Path, tmp_path: Path
) -> None:
    (tmp_path / "stills" / "chelsea.png").unlink()

    ran = fleet(tmp_path / "home", "submit", manifest)

    assert ran.code == 10
    assert "keyframes[0].image_path: 'stills/chelsea.png' cannot be read" in ran.err
    assert not (tmp_path / "home" / "ledger.sqlite3").exists()
