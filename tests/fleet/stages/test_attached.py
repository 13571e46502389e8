"""What a move names beside its picture reaches the generator, or ends the shot in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from companions.attached import DepthMap, ReferenceClip
from companions.errors import PictureProblem, PictureRefused
from companions.generation_params import GenerationParams
from companions.motion import Move
from companions.picture import Pixels
from companions.trajectory import MaskRegion, ObjectTrajectory, PolygonRegion, TrajectoryPoint
from companions.video_manifest import Recipe
from fleet.client import read_submission
from fleet.errors import ParameterRefused
from fleet.generate.base import GenerateRequest
from fleet.generate.camera import Camera
from fleet.generate.referenced import reference_frames
from fleet.settings import Home
from fleet.stages.attached import read_attached
from fleet.stages.base import GenerateTask
from fleet.stages.generate import generate
from tests.fleet.making import photo, recipe, sha256, shot, write_manifest

POINTS = tuple(TrajectoryPoint(at=at, position=(0.4 + at / 5, 0.5)) for at in (0.0, 1.0))
TRIANGLE = PolygonRegion(shape="polygon", points=((0.1, 0.1), (0.3, 0.1), (0.2, 0.4)))


class Listening(Camera):
    """A generator that takes every move, keeps what it was asked for, and gives the reference."""

    def __init__(self) -> None:
        self.asked: list[GenerateRequest] = []

    def check(
        self, params: GenerationParams, move: Move, *, prompt: str = "", negative_prompt: str = ""
    ) -> None:
        """Refuses nothing."""

    def frames(self, request: GenerateRequest) -> Iterator[Pixels]:
        """The reference's frames."""
        self.asked.append(request)
        return (frame.pixels for frame in reference_frames(request))


def how(picture: Path, **of_the_move: object) -> Recipe:
    plain = recipe(image_sha256=sha256(picture), duration_s=0.5)
    return plain.model_copy(update={"motion": plain.motion.model_copy(update=of_the_move)})


def mask_beside(picture: Path) -> MaskRegion:
    path = picture.with_name("coffee.cup.mask.png")
    with Image.open(picture) as whole:
        mask = np.zeros((whole.height, whole.width), dtype=np.uint8)
    mask[100:220, 200:380] = 255
    Image.fromarray(mask).save(path)
    return MaskRegion(shape="mask", path=path.name, sha256=sha256(path))


def depth_beside(picture: Path) -> DepthMap:
    path = picture.with_name("coffee.depth.npy")
    with Image.open(picture) as whole:
        shape = (whole.height // 2, whole.width // 2)
    across = np.linspace(0.0, 1.0, shape[1], dtype=np.float32)
    np.save(path, np.ascontiguousarray(np.broadcast_to(across, shape)))
    return DepthMap(path=path.name, sha256=sha256(path))


def clip(path: Path, shades: Sequence[int]) -> str:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=16)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for shade in shades:
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), shade, np.uint8))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return sha256(path)


def made(picture: Path, wanted: Recipe) -> GenerateRequest:
    listening = Listening()
    attached = read_attached(wanted.motion, root=picture.parent)
    task = GenerateTask("s", picture.name, wanted, 1, attached=attached)
    list(generate(task, picture.read_bytes(), listening))
    return listening.asked[0]


def test_objects_reach_the_generator_with_their_masks(tmp_path: Path) -> None:
    picture = photo("coffee.png", tmp_path)
    objects = (
        ObjectTrajectory(name="leaf", region=TRIANGLE, points=POINTS),
        ObjectTrajectory(name="cup", region=mask_beside(picture), points=POINTS),
    )

    asked = made(picture, how(picture, objects=objects))

    assert [each.name for each in asked.objects] == ["leaf", "cup"]
    assert list(asked.masks) == ["cup"]
    assert (asked.masks["cup"] == 255).sum() == 120 * 180
    assert next(reference_frames(asked)).moved.max() == 255


def test_a_depth_map_reaches_the_generator_and_the_camera_moves_through_space(
    tmp_path: Path,
) -> None:
    picture = photo("coffee.png", tmp_path)

    asked = made(picture, how(picture, depth=depth_beside(picture)))

    assert asked.depth is not None
    assert asked.depth.inverse.max() == 1.0
    flat = how(picture)
    through_space, over_the_flat = list(Camera().frames(asked)), made(picture, flat)
    first, last = list(Camera().frames(over_the_flat))[:: len(through_space) - 1]
    assert np.array_equal(through_space[0], first)
    assert np.abs(through_space[-1].astype(int) - last).mean() > 2.0


def test_a_given_reference_reaches_the_generator_frame_by_frame(tmp_path: Path) -> None:
    picture = photo("coffee.png", tmp_path)
    shades = [20 * index for index in range(12)]
    given = ReferenceClip(
        path="coffee.signal.mp4",
        sha256=clip(tmp_path / "coffee.signal.mp4", shades),
        mask_path="coffee.signal_mask.mp4",
        mask_sha256=clip(tmp_path / "coffee.signal_mask.mp4", [255] * 6 + [0] * 6),
    )

    asked = made(picture, how(picture, reference=given))

    frames = list(reference_frames(asked))
    shown = [float(frame.pixels.mean()) for frame in frames]
    wanted = [shades[round(u * 11)] for u in asked.move_fractions]
    assert shown == pytest.approx(wanted, abs=4.0)
    assert (frames[0].moved == 255).all()
    assert (frames[-1].invented == 255).all()
    assert frames[0].pixels.shape == (asked.output.height, asked.output.width, 3)


def test_clips_of_unequal_length_or_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    picture = photo("coffee.png", tmp_path)
    long, short = tmp_path / "a.mp4", tmp_path / "b.mp4"
    hashes = clip(long, [9] * 8), clip(short, [9] * 7)
    unequal = ReferenceClip(
        path=long.name, sha256=hashes[0], mask_path=short.name, mask_sha256=hashes[1]
    )
    whole = short.read_bytes()
    short.write_bytes(b"#EXTM3U\nhttp://example.com/x.ts\n")
    none = unequal.model_copy(
        update={"mask_sha256": hashlib.sha256(short.read_bytes()).hexdigest()}
    )

    with pytest.raises(PictureRefused, match=r"b\.mp4.*no clip"):
        made(picture, how(picture, reference=none))
    short.write_bytes(whole)
    with pytest.raises(PictureRefused, match=r"7 frames where a\.mp4 has 8"):
        made(picture, how(picture, reference=unequal))


def test_the_camera_is_held_to_no_clip(tmp_path: Path) -> None:
    given = ReferenceClip(path="a.mp4", sha256="0" * 64, mask_path="b.mp4", mask_sha256="0" * 64)
    wanted = how(photo("coffee.png", tmp_path), reference=given)

    with pytest.raises(ParameterRefused, match="name a video model"):
        Camera().check(wanted.generation_params, wanted.motion)


@pytest.mark.parametrize("ruined", ["missing", "changed", "a link out"])
def test_a_file_that_is_not_as_it_was_ends_the_shot_at_submit_and_at_the_attempt(
    tmp_path: Path, ruined: str
) -> None:
    folder = tmp_path / "set"
    picture = photo("coffee.png", folder)
    named = depth_beside(picture)
    path, elsewhere = folder / named.path, tmp_path / "elsewhere.npy"
    wanted = how(picture, depth=named)
    document = write_manifest(
        folder / "m.video_manifest.json", [shot(picture, folder, move=wanted.motion)]
    )
    if ruined == "changed":
        path.write_bytes(path.read_bytes() + b"\0")
    else:
        path.rename(elsewhere)
    if ruined == "a link out":
        path.symlink_to(elsewhere)

    (planned,) = read_submission(document, out=None, home=Home(tmp_path / "home")).shots

    words = {"missing": "missing", "changed": "changed", "a link out": "unreadable"}
    assert planned.row.fault is not None
    assert planned.row.fault.code == f"picture_{words[ruined]}"
    assert named.path in planned.row.fault.message
    with pytest.raises(PictureRefused) as refused:
        made(picture, wanted)
    assert refused.value.problem is PictureProblem(words[ruined])


def test_a_file_that_did_not_arrive_ends_the_attempt(tmp_path: Path) -> None:
    picture = photo("coffee.png", tmp_path)
    task = GenerateTask("s", picture.name, how(picture, depth=depth_beside(picture)), 1)

    with pytest.raises(PictureRefused, match="did not arrive"):
        next(generate(task, picture.read_bytes(), Listening()))
