"""``fleet submit`` of moves with stops, turns and objects: honoured, or refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from companions import codec
from companions.attached import DepthMap
from companions.camera import CameraPath
from companions.geometry import Rect, Size, fit_aspect
from companions.motion import MotionKeyframe, Move, Rotation
from companions.picture import decode_picture
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint
from companions.video_meta import CheckVerdict, Verdict, VideoMeta
from fleet.encode.probe import read_frames
from tests.acceptance.cli import Ran, fleet
from tests.contracts.photographs import psnr, seen_through
from tests.fleet.making import MOVE, photo, sha256, shot, write_manifest

SIZE = Size(480, 270)
BY_WAY_OF = Rect.of(0.3, 0.3, 0.75, 0.6)
TURNING = Move(
    start_rect=Rect.of(0.2, 0.2, 0.8, 0.8),
    end_rect=Rect.of(0.25, 0.25, 0.75, 0.75),
    duration_sec=2.0,
    keyframes=(MotionKeyframe(at=24 / 47, rect=BY_WAY_OF, rotation_deg=-9.0),),
    rotation=Rotation(start_deg=4.0, end_deg=10.0),
)
BALLOON = ObjectTrajectory(
    name="balloon",
    region=PolygonRegion(shape="polygon", points=((0.1, 0.1), (0.3, 0.1), (0.2, 0.4))),
    points=(
        TrajectoryPoint(at=0.0, position=(0.2, 0.2)),
        TrajectoryPoint(at=1.0, position=(0.6, 0.1)),
    ),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    folder = tmp_path_factory.mktemp("turning")
    asked = shot(photo("coffee.png", folder), folder, move=TURNING, width=480, height=270)
    deep = photo("chelsea.png", folder)
    floor = deep.with_name("chelsea.depth.npy")
    np.save(floor, np.repeat(np.linspace(0.0, 1.0, 200, dtype=np.float32)[:, None], 300, axis=1))
    through_space = MOVE.model_copy(
        update={
            "end_rect": Rect.of(0.3, 0.3, 0.7, 0.7),
            "depth": DepthMap(path=floor.name, sha256=sha256(floor)),
        }
    )
    shots = [asked, shot(deep, folder, move=through_space, width=208, height=112)]
    manifest = write_manifest(folder / "m.video_manifest.json", shots)
    return folder, fleet(folder / "home", "submit", manifest)


def test_a_move_that_stops_and_turns_becomes_a_clip_that_follows_it(made: tuple[Path, Ran]) -> None:
    folder, ran = made
    assert ran.code == 0, ran.err
    meta = codec.read(folder / "coffee.video_meta.json", VideoMeta)

    assert meta.verdict is Verdict.PASS
    adherence = next(check for check in meta.checks if check.name == "adherence")
    assert adherence.verdict is CheckVerdict.PASS
    assert adherence.value is not None
    assert adherence.value < 0.01


def test_a_camera_through_space_is_checked_against_what_it_was_to_see(
    made: tuple[Path, Ran],
) -> None:
    meta = codec.read(made[0] / "chelsea.video_meta.json", VideoMeta)

    assert meta.verdict is Verdict.PASS
    adherence = next(check for check in meta.checks if check.name == "adherence")
    assert "as the move shows it" in adherence.detail
    assert adherence.verdict is CheckVerdict.PASS
    assert adherence.value is not None
    assert adherence.value < 0.01


def test_the_meta_says_what_was_framed_at_every_stop(made: tuple[Path, Ran]) -> None:
    meta = codec.read(made[0] / "coffee.video_meta.json", VideoMeta)

    assert meta.framing is not None
    picture = Size(600, 400)
    assert meta.framing.keyframe_rects == (fit_aspect(BY_WAY_OF, picture=picture, output=SIZE),)
    assert meta.framing.grown
    assert meta.recipe.motion == TURNING


def test_the_clip_shows_the_turned_window_at_both_ends_and_at_the_stop(
    made: tuple[Path, Ran],
) -> None:
    folder, _ = made
    data = (folder / "coffee.png").read_bytes()
    picture = decode_picture(data, file="coffee.png")
    path = CameraPath.of(TURNING, picture=Size(600, 400), output=SIZE)
    upright = CameraPath(path.start, path.end, path.easing)

    frames = read_frames(folder / "coffee.mp4", [0, 24, 47])

    for index in (0, 24, 47):
        frame, u = np.asarray(frames[index]), index / 47
        likeness = psnr(frame, seen_through(picture, path, u, SIZE), border=4)
        assert likeness > 30.0
        assert likeness > psnr(frame, seen_through(picture, upright, u, SIZE), border=4) + 8.0


def test_the_contact_sheet_of_such_a_shot_can_be_drawn(made: tuple[Path, Ran]) -> None:
    folder, _ = made
    sheet = folder / "sheet.png"

    ran = fleet(folder / "home", "report", folder / "m.video_manifest.json", "--sheet", sheet)

    assert ran.code == 0, ran.err
    assert sheet.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("move", "field", "words"),
    [
        pytest.param(
            MOVE.model_copy(update={"objects": (BALLOON,)}),
            "shots[1].motion.objects",
            ["balloon", "remove the objects or name another model"],
            id="objects that the camera cannot move",
        ),
        pytest.param(
            MOVE.model_copy(update={"rotation": Rotation(end_deg=30.0)}),
            "shots[1].motion.rotation",
            ["leaves the picture by", "turn it less"],
            id="a turn out of the picture",
        ),
    ],
)
def test_what_cannot_be_honoured_refuses_the_whole_submission(
    move: Move, field: str, words: list[str], tmp_path: Path
) -> None:
    good, bad = photo("coffee.png", tmp_path), photo("chelsea.png", tmp_path)
    manifest = write_manifest(
        tmp_path / "m.video_manifest.json", [shot(good, tmp_path), shot(bad, tmp_path, move=move)]
    )

    ran = fleet(tmp_path / "home", "submit", manifest)

    assert (ran.code, ran.out) == (43, "")
    for word in [manifest.name, field, *words]:
        assert word in ran.err
    assert fleet(tmp_path / "home", "status", "--shots", "--json").json() == []
    assert not list(tmp_path.glob("*.mp4"))
    assert not list(tmp_path.glob("*.video_meta.json"))
