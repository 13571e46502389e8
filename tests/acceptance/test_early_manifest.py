"""A manifest in the early format goes the whole way, and what was assumed is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions import codec
from companions.timing import parse_rate
from companions.video_manifest import VideoManifest
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


def test_the_command_rewrites_what_is_old_and_tells_what_it_assumed(
    manifest: Path, tmp_path: Path
) -> None:
    before = manifest.read_bytes()
    current = tmp_path / "a.motion.json"
    current.write_bytes(documents.text_of(documents.MOTION))

    shown = fleet(tmp_path / "home", "companions", "upgrade", tmp_path, "--dry-run")
    unchanged = manifest.read_bytes()
    ran = fleet(tmp_path / "home", "companions", "upgrade", tmp_path)
    again = fleet(tmp_path / "home", "companions", "upgrade", tmp_path, "--json")

    assert (shown.code, unchanged) == (0, before)
    assert "version 0 would become 1" in shown.out
    assert ran.code == 0, ran.err
    assert f"{manifest}\tversion 0 became 1" in ran.out
    assert "assumed\tkeyframes[*].generation_params.fps: is the clip's rate" in ran.out
    assert f"{current}\tis version 1" in ran.out
    assert codec.read(manifest, VideoManifest).schema_version == 1
    assert [(row["found"], row["written"]) for row in again.json()] == [(1, 1), (1, 1)]


def test_the_command_names_what_it_cannot_upgrade_and_goes_on(
    manifest: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.video_manifest.json"
    broken.write_bytes(b"{")

    ran = fleet(tmp_path / "home", "companions", "upgrade", tmp_path, "--keep-original")

    assert ran.code == 10
    assert f"{broken}\trefused" in ran.out
    assert "is not JSON" in ran.err
    assert broken.read_bytes() == b"{"
    assert codec.read(manifest, VideoManifest).schema_version == 1
    assert manifest.with_name(f"{manifest.name}.v0").exists()
