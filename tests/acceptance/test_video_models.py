"""``fleet submit`` of shots for a video model: real Ray, a real pipeline, small random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from companions import codec
from companions.generation_params import Hold
from companions.video_meta import Verdict, VideoMeta
from fleet.encode.probe import read_frames
from tests.acceptance.cli import Ran, fleet
from tests.acceptance.test_moves import BALLOON
from tests.fleet.making import MOVE, photo, sha256, shot, write_manifest

MODEL = "wan-2.2-i2v-a14b"
CLIP_FRAMES = 24


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """Two shots of one model: the camera moves in one, a region of the picture in the other."""
    from tests.fleet.generate.diffusion import tiny

    folder = tmp_path_factory.mktemp("video")
    tiny.saved(MODEL, folder / "home" / "models")
    move = MOVE.model_copy(update={"duration_sec": 1.0})
    still = move.model_copy(update={"end_rect": move.start_rect, "objects": (BALLOON,)})
    asked: dict[str, Any] = {
        "model": MODEL,
        "width": 96,
        "height": 64,
        "fps": 8,
        "steps": 20,
        "seed": 7,
    }
    shots = [
        shot(photo("coffee.png", folder), folder, move=move, **asked),
        shot(photo("chelsea.png", folder), folder, move=still, hold=Hold.SOFT, **asked),
    ]
    manifest = write_manifest(folder / "m.video_manifest.json", shots)
    return folder, fleet(folder / "home", "submit", manifest)


def meta_of(made: tuple[Path, Ran], name: str) -> VideoMeta:
    return codec.read(made[0] / f"{name}.video_meta.json", VideoMeta)


def test_each_shot_of_a_video_model_becomes_one_clip_of_its_length(made: tuple[Path, Ran]) -> None:
    folder, ran = made
    assert ran.code == 0, ran.err

    for name in ("coffee", "chelsea"):
        meta = meta_of(made, name)
        assert meta.verdict in {Verdict.PASS, Verdict.FLAGGED}
        assert meta.frames is not None
        assert meta.frames.generated == 9  # a second at 8 a second, on the model's grid
        frames = read_frames(folder / f"{name}.mp4", [0, CLIP_FRAMES - 1])
        assert [frame.shape for frame in frames.values()] == [(64, 96, 3)] * 2


def test_the_meta_says_by_what_and_how_the_frames_were_held_to_the_move(
    made: tuple[Path, Ran],
) -> None:
    camera, balloon = (meta_of(made, name).model for name in ("coffee", "chelsea"))
    assert camera is not None
    assert balloon is not None
    assert camera.conditioning is not None
    assert balloon.conditioning is not None

    weights = made[0] / "home" / "models" / MODEL
    assert camera.weights_sha256 == {
        str(file.relative_to(weights)): sha256(file) for file in weights.rglob("*.safetensors")
    }
    assert (camera.conditioning.control, camera.conditioning.hold) == ("time_to_move", "exact")
    assert camera.conditioning.held_share == 1.0
    assert balloon.conditioning.hold == "soft"
    assert balloon.conditioning.held_share is not None
    assert 0.0 < balloon.conditioning.held_share < 0.5
    for used in (camera.conditioning, balloon.conditioning):
        assert used.steps == 20
        assert used.steps_run < used.steps


def test_the_same_manifest_again_makes_nothing(made: tuple[Path, Ran]) -> None:
    folder, _ = made
    before = (folder / "coffee.mp4").read_bytes()

    again = fleet(folder / "home", "submit", folder / "m.video_manifest.json")

    assert again.code == 0
    assert (folder / "coffee.mp4").read_bytes() == before
    assert len(meta_of(made, "coffee").attempts) == 2  # generated and finished, once
