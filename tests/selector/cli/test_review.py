"""``selector review`` without hands: listings, redo manifests, the window drawn into a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from companions import codec
from companions.names import CLIP_SUFFIX, REVIEW_SUFFIX, companion_path
from companions.review import ReviewReason
from companions.video_manifest import VideoManifest
from selector.core.placement import Placement
from selector.core.returned import scan_returned
from selector.core.reviewing import Saying, review_of, save_review
from selector.core.settings import SettingsFile, settings_path
from tests.selector.cli.running import ran
from tests.selector.clips import FINISHED, came_back, failed

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELECTOR_HOME", str(tmp_path / "home"))


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    """One clip accepted, one rejected, one to review, one edited, one failed."""
    folder = tmp_path / "stills"
    for name in ("accepted.png", "edited.png", "open.png", "rejected.png"):
        came_back(folder, name, model="wan")
    failed(folder)
    placement = Placement(folder)
    for shot in scan_returned(placement):
        if shot.name == "accepted.png":
            said = Saying.accept()
        elif shot.name == "rejected.png" and shot.meta is not None:
            said = Saying.reject([ReviewReason.FLICKER], recipe=shot.meta.recipe, note="at 0:01")
        else:
            continue
        save_review(placement, shot, review_of(shot, said, reviewer="anna", now=FINISHED))
    clip = companion_path(folder / "edited.png", CLIP_SUFFIX)
    data = bytearray(clip.read_bytes())
    data[-1] ^= 1
    clip.write_bytes(data)
    return folder


def test_json_lists_every_shot_and_the_acceptance_rate(stills: Path, capsys: Capture) -> None:
    told = ran(capsys, "review", stills, "--json")

    assert told.code == 0, told.err
    states = {row["clip"]: row["state"] for row in told.document["clips"]}
    assert states == {
        "accepted.png": "accepted",
        "edited.png": "unusable",
        "lost.png": "no_clip",
        "open.png": "to_review",
        "rejected.png": "rejected",
    }
    row = told.row("rejected.png", of="clips", by="clip")
    assert (row["reasons"], row["note"], row["reviewer"]) == (["flicker"], "at 0:01", "anna")
    assert told.document["acceptance_rate"] == 0.5
    assert (told.document["accepted"], told.document["rejected"]) == (1, 1)


def test_a_listing_is_one_line_a_shot_with_its_reason(stills: Path, capsys: Capture) -> None:
    told = ran(capsys, "review", stills, "--list")

    lines = told.out.splitlines()
    assert "accepted.png\taccepted\tpass\t-" in lines
    assert "rejected.png\trejected\tpass\tflicker, at 0:01" in lines
    assert any(line.startswith("edited.png\tunusable\tpass\tedited.mp4 is not") for line in lines)
    assert lines[-1] == "5 came back: 50 % of 2 accepted, 1 to review, 0 flagged"


def test_redo_writes_the_manifest_of_rejected_clips(stills: Path, capsys: Capture) -> None:
    out = stills / "again.video_manifest.json"

    told = ran(capsys, "review", stills, "--redo", out)

    assert told.code == 0, told.err
    (shot,) = codec.read(out, VideoManifest).shots
    assert (shot.image_path, shot.generation_params.seed) == ("rejected.png", 8)
    assert f"fleet submit {out}" in told.out


def test_redo_never_writes_over_a_file(stills: Path, capsys: Capture) -> None:
    out = stills / "again.video_manifest.json"
    out.write_bytes(b"mine")

    told = ran(capsys, "review", stills, "--redo", out)

    assert told.code == 15
    assert out.read_bytes() == b"mine"


def test_nothing_to_redo_is_an_error_of_its_own(tmp_path: Path, capsys: Capture) -> None:
    came_back(tmp_path / "stills")

    told = ran(
        capsys, "review", tmp_path / "stills", "--redo", tmp_path / "stills/x.video_manifest.json"
    )

    assert told.code == 34
    assert "no clip is rejected" in told.err


def test_reviews_in_an_overlay_are_listed(stills: Path, tmp_path: Path, capsys: Capture) -> None:
    overlay = tmp_path / "mine"
    overlay.mkdir()
    companion_path(stills / "accepted.png", REVIEW_SUFFIX).rename(overlay / "accepted.review.json")

    beside = ran(capsys, "review", stills, "--json")
    over = ran(capsys, "review", stills, "--overlay", overlay, "--json")

    assert beside.row("accepted.png", of="clips", by="clip")["state"] == "to_review"
    assert over.row("accepted.png", of="clips", by="clip")["state"] == "accepted"


def test_reviews_go_to_the_overlay_that_the_folder_was_opened_with_by_that_name(
    stills: Path, tmp_path: Path, capsys: Capture
) -> None:
    link, overlay = tmp_path / "link", tmp_path / "mine"
    link.symlink_to(stills)
    overlay.mkdir()
    companion_path(stills / "accepted.png", REVIEW_SUFFIX).rename(overlay / "accepted.review.json")
    SettingsFile(settings_path(os.environ)).change(
        lambda settings: settings.with_opened(link, overlay=overlay)
    )

    told = ran(capsys, "review", link, "--json")

    assert told.row("accepted.png", of="clips", by="clip")["state"] == "accepted"


def test_the_window_is_drawn_into_a_file(stills: Path, tmp_path: Path) -> None:
    out = tmp_path / "review.png"
    before = sorted(path.name for path in stills.iterdir())

    ended = subprocess.run(
        [sys.executable, "-m", "selector", "review", str(stills), "--screenshot", str(out)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    drawn = QImage(str(out))
    assert drawn.width() >= 1200
    colours = {drawn.pixelColor(x, y).name() for x in range(0, drawn.width(), 7)
               for y in range(0, drawn.height(), 7)}  # fmt: skip
    assert len(colours) > 500  # pictures, and not an empty window
    assert sorted(path.name for path in stills.iterdir()) == before


def test_a_folder_that_is_not_there_is_a_mistake_of_the_command_line(
    tmp_path: Path, capsys: Capture
) -> None:
    assert ran(capsys, "review", tmp_path / "nowhere").code == 2
