"""A shot as a Time-to-Move folder and back: what is held to stays the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from companions import upgrade
from companions.errors import FileUnwritable
from companions.geometry import Size
from companions.picture import Pixels
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint
from companions.video_manifest import QcParams, VideoManifest
from fleet.cli.app import app
from fleet.errors import MotionFolderUnusable
from fleet.stages.motion_folder import _place, export_shot, import_folder
from tests.fleet.making import MOVE, photo, shot, write_manifest

NOW = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
SQUARE = PolygonRegion(shape="polygon", points=((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))
KITE = ObjectTrajectory(
    name="kite",
    region=SQUARE,
    points=tuple(TrajectoryPoint(at=at, position=(0.5 + at / 5, 0.5)) for at in (0.0, 1.0)),
)
PARTS = {"first_frame.png", "motion_signal.mp4", "mask.mp4", "prompt.txt"}


def a_manifest(folder: Path) -> Path:
    picture = photo("coffee.png", folder)
    made = shot(picture, folder, move=MOVE.model_copy(update={"objects": (KITE,)}))
    return write_manifest(
        folder / "m.video_manifest.json", [made.model_copy(update={"prompt": "steam rises"})]
    )


def frames_of(path: Path) -> list[Pixels]:
    with av.open(str(path)) as container:
        return [
            np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
            for frame in container.decode(video=0)
        ]


def test_a_shot_goes_out_and_comes_back_as_what_it_was_held_to(tmp_path: Path) -> None:
    manifest = a_manifest(tmp_path / "stills")
    out, again = tmp_path / "out", tmp_path / "again"

    written = export_shot(
        manifest, "coffee", to=out, frames=13, fps=Fraction(8), size=Size(160, 96)
    )
    back = import_folder(out, to=tmp_path / "in", name="kite", model="camera", now=NOW)
    export_shot(back, "0", to=again)

    assert (written.frames, written.fps, written.size) == (13, Fraction(8), Size(160, 96))
    assert {path.name for path in out.iterdir()} == PARTS
    assert (out / "prompt.txt").read_text("utf-8") == "steam rises\n"
    first = np.asarray(Image.open(out / "first_frame.png"))
    signal, held = frames_of(out / "motion_signal.mp4"), frames_of(out / "mask.mp4")
    assert np.abs(signal[0].astype(int) - first).mean() < 4.0
    assert 0.005 < np.mean([mask > 127 for mask in held]) < 0.1  # the kite, and nothing else
    for name, by in (("motion_signal.mp4", 4.0), ("mask.mp4", 1.0)):
        one, other = frames_of(out / name), frames_of(again / name)
        assert len(one) == len(other) == 13
        for a, b in zip(one, other, strict=True):
            assert np.abs(a.astype(int) - b).mean() < by
    (made,) = upgrade.read(back, VideoManifest).document.shots
    assert made.prompt == "steam rises"
    assert made.motion.duration_sec == pytest.approx(13 / 8)
    assert made.generation_params.num_frames == 13
    assert made.generation_params.fps == Fraction(8)
    assert (tmp_path / "in" / "kite.caption").read_text("utf-8") == "steam rises\n"


def test_a_folder_that_is_not_empty_is_left_as_it_is(tmp_path: Path) -> None:
    manifest = a_manifest(tmp_path / "stills")
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine", "utf-8")

    with pytest.raises(MotionFolderUnusable, match="not an empty folder"):
        export_shot(manifest, "0", to=taken, size=Size(64, 64))

    assert [path.name for path in taken.iterdir()] == ["mine.txt"]


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    manifest = a_manifest(tmp_path / "stills")

    with pytest.raises(MotionFolderUnusable, match="has no shot 'tea'"):
        export_shot(manifest, "tea", to=tmp_path / "out")

    assert [path.name for path in tmp_path.iterdir()] == ["stills"]


@pytest.mark.parametrize(
    ("ruin", "words"),
    [
        (lambda folder: (folder / "mask.mp4").unlink(), r"mask\.mp4: is not there"),
        (
            lambda folder: (folder / "motion_signal.mp4").write_text("#EXTM3U\nfile:///etc/hosts"),
            r"motion_signal\.mp4: is no clip",
        ),
        (
            lambda folder: (folder / "prompt.txt").write_bytes(b"\xff\xfe"),
            r"prompt\.txt: is not UTF-8",
        ),
    ],
    ids=["no mask", "a playlist", "no text"],
)
def test_a_folder_that_is_none_is_refused_by_what_is_wrong_and_nothing_is_made(
    tmp_path: Path, ruin: object, words: str
) -> None:
    out = tmp_path / "out"
    export_shot(a_manifest(tmp_path / "stills"), "0", to=out, frames=3, size=Size(64, 64))
    assert callable(ruin)
    ruin(out)

    with pytest.raises(MotionFolderUnusable, match=words):
        import_folder(out, to=tmp_path / "in", name="a", model="camera", now=NOW)

    assert not (tmp_path / "in").exists()


def test_an_import_replaces_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_shot(a_manifest(tmp_path / "stills"), "0", to=out, frames=3, size=Size(64, 64))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.caption").write_text("mine", "utf-8")

    with pytest.raises(MotionFolderUnusable, match="is there already"):
        import_folder(out, to=tmp_path / "in", name="a", model="camera", now=NOW)

    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.caption"]


def test_an_import_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    to = tmp_path / "in"
    to.mkdir()
    (to / "mine.txt").write_text("mine", "utf-8")

    for folder in (to, tmp_path / "new"):
        with pytest.raises(FileUnwritable):  # no file system takes the last name
            _place([(folder / "a.png", b"1"), (folder / ("a" * 300), b"2")], folder=folder)

    assert [path.name for path in to.iterdir()] == ["mine.txt"]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["a" * 250, "../a"], ids=["too long", "a way out"])
def test_a_name_that_no_shot_can_have_is_refused_in_words(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    export_shot(a_manifest(tmp_path / "stills"), "0", to=out, frames=3, size=Size(64, 64))

    with pytest.raises(MotionFolderUnusable, match="Give another --name"):
        import_folder(out, to=tmp_path / "in", name=name, model="camera", now=NOW)

    assert not (tmp_path / "in").exists()


def test_an_imported_shot_is_held_to_the_limits_of_any_other(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_shot(a_manifest(tmp_path / "stills"), "0", to=out, frames=3, size=Size(64, 64))

    made = import_folder(out, to=tmp_path / "in", name="a", model="camera", now=NOW)

    (only,) = upgrade.read(made, VideoManifest).document.shots
    assert only.qc == QcParams()


def test_the_commands_say_what_they_made(tmp_path: Path) -> None:
    manifest, out = a_manifest(tmp_path / "stills"), tmp_path / "out"
    asked = ["--shot", "coffee", "--to", str(out), "--size", "96x64", "--frames", "3", "--json"]

    gone_out = CliRunner().invoke(app, ["motion", "export", str(manifest), *asked])
    come_in = CliRunner().invoke(
        app, ["motion", "import", str(out), "--to", str(tmp_path / "in"), "--model", "camera"]
    )

    assert (gone_out.exit_code, come_in.exit_code) == (0, 0)
    said = json.loads(gone_out.stdout)
    assert (said["frames"], said["width"], said["height"]) == (3, 96, 64)
    assert "out.video_manifest.json" in come_in.stdout
