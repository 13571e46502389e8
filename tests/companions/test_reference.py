"""The reference for a model: objects are where their ways say, and masks say so too."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size
from companions.masks import polygon_mask
from companions.motion import Move, Rotation
from companions.objects import polygon_box, pose_at
from companions.picture import Pixels
from companions.reference import Reference
from companions.rendition import Rendition, clip_fractions, size_of
from companions.trajectory import MaskRegion, ObjectTrajectory, PolygonRegion, TrajectoryPoint
from tests.companions import moves
from tests.contracts.photographs import photograph, psnr
from tests.selector.stills import drawn

OUTPUT = Size(480, 270)
COUNT = 9
STILL = Move(
    start_rect=Rect.of(0.0, 0.0, 1.0, 1.0), end_rect=Rect.of(0.0, 0.0, 1.0, 1.0), duration_sec=1.0
)
SHIELD = ((0.3, 0.3), (0.5, 0.28), (0.55, 0.5), (0.42, 0.62), (0.31, 0.5))
AT_THE_EDGE = ((0.0, 0.1), (0.25, 0.0), (0.3, 0.35), (0.0, 0.4))


def moving(
    corners: tuple[tuple[float, float], ...] = SHIELD,
    *points: TrajectoryPoint,
    name: str = "shield",
) -> ObjectTrajectory:
    region = PolygonRegion(shape="polygon", points=corners)
    return ObjectTrajectory(name=name, region=region, points=points or at_rest(corners))


def at_rest(corners: tuple[tuple[float, float], ...]) -> tuple[TrajectoryPoint, ...]:
    x1, y1, x2, y2 = polygon_box(PolygonRegion(shape="polygon", points=corners))
    middle = ((x1 + x2) / 2, (y1 + y2) / 2)
    return TrajectoryPoint(at=0.0, position=middle), TrajectoryPoint(at=1.0, position=middle)


def reference(picture: Pixels, move: Move, *objects: ObjectTrajectory) -> Reference:
    path = CameraPath.of(move, picture=size_of(picture), output=OUTPUT)
    return Reference(picture, path, objects, output=OUTPUT, at=clip_fractions(COUNT))


def expected_mask(
    picture: Pixels, move: Move, moved: ObjectTrajectory, index: int
) -> npt.NDArray[np.bool_]:
    """Where the object should be: its corners carried by the rule's own words, drawn by Pillow."""
    assert isinstance(moved.region, PolygonRegion)
    size, finer = size_of(picture), 8
    u = clip_fractions(COUNT)[index]
    pose = pose_at(moved, u)
    x1, y1, x2, y2 = polygon_box(moved.region)
    corners = np.array(moved.region.points) - ((x1 + x2) / 2, (y1 + y2) / 2)
    angle = np.radians(pose.rotation_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    px = corners * (size.width, size.height) * pose.scale @ turn.T
    px += np.array([pose.x, pose.y]) * (size.width, size.height)
    path = CameraPath.of(move, picture=size, output=OUTPUT)
    m = path.output_to_picture(u, picture=size, output=OUTPUT)
    seen = np.linalg.solve(m[:, :2], (px - 0.5 - m[:, 2]).T).T + 0.5
    fine = Image.new("L", (OUTPUT.width * finer, OUTPUT.height * finer))
    ImageDraw.Draw(fine).polygon([tuple(corner) for corner in (seen * finer).tolist()], fill=255)
    small = fine.resize((OUTPUT.width, OUTPUT.height), Image.Resampling.BOX)
    return np.asarray(small) > 127


def pixel_of(picture: Pixels, move: Move, moved: ObjectTrajectory, index: int) -> int:
    """How many pixels of the frame one of the object's takes; rounded up."""
    u = clip_fractions(COUNT)[index]
    path = CameraPath.of(move, picture=size_of(picture), output=OUTPUT)
    m = path.output_to_picture(u, picture=size_of(picture), output=OUTPUT)
    return math.ceil(pose_at(moved, u).scale / math.sqrt(abs(np.linalg.det(m[:, :2]))) + 0.25)


def grown(mask: npt.NDArray[np.bool_], by: int) -> npt.NDArray[np.bool_]:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * by + 1,) * 2)) > 0)


FLIES = moving(
    SHIELD,
    TrajectoryPoint(at=0.0, position=(0.42, 0.45)),
    TrajectoryPoint(at=0.5, position=(0.6, 0.4), scale=1.5, rotation_deg=40.0),
    TrajectoryPoint(at=1.0, position=(0.7, 0.7), scale=0.6, rotation_deg=-25.0),
)
SHRINKS = moving(
    SHIELD,
    TrajectoryPoint(at=0.0, position=(0.4, 0.45)),
    TrajectoryPoint(at=1.0, position=(0.5, 0.5), scale=0.2),
)
COMES_OFF_THE_EDGE = moving(
    AT_THE_EDGE,
    TrajectoryPoint(at=0.0, position=(0.15, 0.2)),
    TrajectoryPoint(at=1.0, position=(0.5, 0.5), rotation_deg=45.0),
)


@pytest.mark.parametrize("moved", [FLIES, SHRINKS, COMES_OFF_THE_EDGE])
@pytest.mark.parametrize("move", [STILL, *moves.EVERY.values()], ids=["still", *moves.EVERY])
def test_the_mask_is_where_the_object_is(move: Move, moved: ObjectTrajectory) -> None:
    picture = photograph("coffee.png")
    made = reference(picture, move, moved)

    for index in (0, 3, COUNT - 1):
        mask, wanted = made.frame(index).moved > 127, expected_mask(picture, move, moved, index)
        # A region is drawn in the picture's pixels, so its outline is true to one of those.
        away = grown(wanted, pixel_of(picture, move, moved, index))
        within = ~grown(~wanted, pixel_of(picture, move, moved, index))
        assert within.any()
        assert not (mask & ~away).any()
        assert not (within & ~mask).any()


def test_an_object_takes_its_pixels_along() -> None:
    picture = drawn(1200, 800, subject=(0.3, 0.5))
    disc = tuple(
        (0.3 + 0.09 * float(np.cos(a)), 0.5 + 0.135 * float(np.sin(a)))
        for a in np.linspace(0.0, 2 * np.pi, 40, endpoint=False)
    )
    goes = moving(
        disc,
        TrajectoryPoint(at=0.0, position=(0.3, 0.5)),
        TrajectoryPoint(at=1.0, position=(0.7, 0.5)),
    )
    made = reference(picture, STILL, goes)
    there = reference(drawn(1200, 800, subject=(0.7, 0.5)), STILL)

    assert psnr(made.frame(COUNT - 1).pixels, there.frame(0).pixels) > 34.0


def test_what_an_object_left_is_filled_from_around_it_and_marked_as_invented() -> None:
    picture = drawn(1200, 800, subject=(0.3, 0.5))
    square = ((0.2, 0.34), (0.4, 0.34), (0.4, 0.66), (0.2, 0.66))
    goes = moving(
        square,
        TrajectoryPoint(at=0.0, position=(0.3, 0.5)),
        TrajectoryPoint(at=0.5, position=(0.75, 0.5)),
    )

    frame = reference(picture, STILL, goes).frame(COUNT - 1)

    ground = picture[5, 5].astype(int)
    left = frame.invented > 127
    assert np.abs(frame.pixels[left].astype(int) - ground).max() <= 3
    area = 0.2 * 1200 * 0.32 * 800 * (OUTPUT.width / 1200) ** 2  # the still move shows all across
    assert left.sum() == pytest.approx(area, rel=0.03)
    assert not (left & (frame.moved > 127)).any()
    assert np.array_equal(frame.known, 255 - frame.invented)


def test_an_object_that_rests_in_its_place_changes_nothing_and_leaves_nothing() -> None:
    picture = photograph("astronaut.png")
    path = CameraPath.of(moves.PUSH_IN, picture=size_of(picture), output=OUTPUT)
    bare = Rendition(picture, path, output=OUTPUT, at=clip_fractions(COUNT))

    made = reference(picture, moves.PUSH_IN, moving())

    for index in (0, COUNT - 1):
        frame = made.frame(index)
        assert psnr(frame.pixels, bare.frame(index)) > 44.0
        assert (frame.invented > 127).sum() == 0
        assert (frame.moved > 127).sum() > 1000


@pytest.mark.parametrize("move", moves.EVERY.values(), ids=moves.EVERY.keys())
def test_without_objects_the_reference_is_the_rendition_bit_for_bit(move: Move) -> None:
    picture = photograph("rocket.jpg")
    path = CameraPath.of(move, picture=size_of(picture), output=OUTPUT)
    bare = Rendition(picture, path, output=OUTPUT, at=clip_fractions(COUNT))

    made = reference(picture, move)

    for index in (COUNT - 1, 0, 4):
        frame = made.frame(index)
        assert np.array_equal(frame.pixels, bare.frame(index))
        assert frame.moved.max() == frame.invented.max() == 0


def test_later_objects_lie_over_earlier_ones() -> None:
    picture = np.full((400, 600, 3), 90, dtype=np.uint8)
    picture[100:200, 60:180] = (255, 0, 0)
    picture[100:200, 420:540] = (0, 0, 255)
    red = moving(
        ((0.1, 0.25), (0.3, 0.25), (0.3, 0.5), (0.1, 0.5)),
        TrajectoryPoint(at=0.0, position=(0.5, 0.7)),
        TrajectoryPoint(at=1.0, position=(0.5, 0.7)),
        name="red",
    )
    blue = moving(((0.7, 0.25), (0.9, 0.25), (0.9, 0.5), (0.7, 0.5)), *red.points, name="blue")

    def middle(*objects: ObjectTrajectory) -> list[int]:
        pixels: list[int] = reference(picture, STILL, *objects).frame(2).pixels[199, 240].tolist()
        return pixels

    assert middle(red, blue) == pytest.approx([0, 0, 255], abs=2)
    assert middle(blue, red) == pytest.approx([255, 0, 0], abs=2)


def test_an_object_out_of_sight_leaves_the_frame_and_its_masks_alone() -> None:
    leaves = moving(
        SHIELD,
        TrajectoryPoint(at=0.0, position=(0.4, 0.4)),
        TrajectoryPoint(at=0.5, position=(-0.9, 0.4)),
    )

    frame = reference(photograph("coffee.png"), STILL, leaves).frame(COUNT - 1)

    assert frame.moved.max() == 0
    assert (frame.invented > 127).any()


def test_of_a_turned_object_only_its_boxs_empty_corner_may_be_in_sight() -> None:
    picture = drawn(1200, 800)
    square = ((0.3, 0.25), (0.6, 0.25), (0.6, 0.7), (0.3, 0.7))  # 360 pixels wide and high
    reach = 180 * math.sqrt(2.0) - 30
    top = (800 - 1200 * 9 / 16) / 2  # the still move shows less than the picture's height
    x, y = -reach / 1200, (top - reach) / 800
    aside = TrajectoryPoint(at=0.0, position=(x, y), rotation_deg=45.0)
    rests = moving(square, aside, aside.model_copy(update={"at": 1.0}))

    frame = reference(picture, STILL, rests).frame(0)

    assert frame.moved.max() == 0


def test_an_object_as_large_as_the_picture_leaves_one_colour() -> None:
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    picture = photograph("coffee.png")
    slides = moving(
        whole,
        TrajectoryPoint(at=0.0, position=(0.5, 0.5)),
        TrajectoryPoint(at=1.0, position=(1.2, 0.5)),
    )

    frame = reference(picture, STILL, slides).frame(COUNT - 1)

    left = frame.pixels[:, : OUTPUT.width // 2].reshape(-1, 3)
    assert np.abs(left - picture.reshape(-1, 3).mean(axis=0)).max() < 3.0
    assert (frame.invented[:, : OUTPUT.width // 2] == 255).all()


@pytest.mark.parametrize("scale", [0.01, 100.0])
def test_objects_of_the_smallest_and_the_largest_size_are_rendered(scale: float) -> None:
    extreme = moving(
        SHIELD,
        TrajectoryPoint(at=0.0, position=(0.4, 0.45)),
        TrajectoryPoint(at=1.0, position=(0.5, 0.5), scale=scale),
    )

    frame = reference(photograph("coffee.png"), moves.PUSH_IN, extreme).frame(COUNT - 1)

    share = (frame.moved > 127).mean()
    assert share < 0.001 if scale < 1.0 else share == 1.0


def test_a_region_given_as_a_mask_is_the_region_given_as_its_polygon() -> None:
    picture = photograph("coffee.png")
    mask = polygon_mask(PolygonRegion(shape="polygon", points=SHIELD), size=size_of(picture))
    named = FLIES.model_copy(
        update={"region": MaskRegion(shape="mask", path="x.mask.png", sha256="0" * 64)}
    )
    path = CameraPath.of(moves.PAN, picture=size_of(picture), output=OUTPUT)

    by_mask = Reference(
        picture, path, [named], output=OUTPUT, at=clip_fractions(COUNT), masks={"shield": mask}
    ).frame(4)

    by_polygon = reference(picture, moves.PAN, FLIES).frame(4)
    assert psnr(by_mask.pixels, by_polygon.pixels) > 35.0
    differing = (by_mask.moved > 127) ^ (by_polygon.moved > 127)
    assert differing.sum() < 0.03 * (by_polygon.moved > 127).sum()


def test_an_object_without_its_mask_is_refused_by_name() -> None:
    picture = photograph("coffee.png")
    named = FLIES.model_copy(
        update={"region": MaskRegion(shape="mask", path="x.mask.png", sha256="0" * 64)}
    )
    path = CameraPath.of(STILL, picture=size_of(picture), output=OUTPUT)

    with pytest.raises(ValueError, match=r"'shield'.*missing"):
        Reference(picture, path, [named], output=OUTPUT, at=clip_fractions(COUNT))


def test_what_a_turned_window_sees_beyond_the_picture_is_invented() -> None:
    turned = STILL.model_copy(
        update={"rotation": Rotation(start_deg=20.0, end_deg=20.0), "easing": EasingName.LINEAR}
    )
    picture = photograph("coffee.png")

    frame = reference(picture, turned).frame(0)

    assert frame.invented[0, 0] == frame.invented[-1, -1] == 255
    assert frame.invented[OUTPUT.height // 2, OUTPUT.width // 2] == 0
    path = CameraPath.of(turned, picture=size_of(picture), output=OUTPUT)
    corners = path.corners(0.0, picture=size_of(picture))
    assert corners.min() < 0.0


def test_reference_frames_are_the_same_in_any_order() -> None:
    picture = photograph("chelsea.png")
    once = reference(picture, moves.KEYFRAMED, FLIES)
    forth = [once.frame(index) for index in range(COUNT)]

    again = reference(picture, moves.KEYFRAMED, FLIES)

    for index in (5, 0, 8, 5, 2):
        frame = again.frame(index)
        assert np.array_equal(frame.pixels, forth[index].pixels)
        assert np.array_equal(frame.moved, forth[index].moved)
        assert np.array_equal(frame.invented, forth[index].invented)


def test_the_picture_itself_is_left_as_it_is() -> None:
    picture = photograph("coffee.png").copy()
    picture.setflags(write=False)
    before = picture.tobytes()

    reference(picture, moves.PAN, FLIES, COMES_OFF_THE_EDGE).frame(3)

    assert picture.tobytes() == before


@pytest.mark.parametrize("threads", [1, 3])
def test_the_frames_of_several_threads_are_those_of_one(threads: int) -> None:
    made = reference(photograph("chelsea.png"), moves.PUSH_IN, FLIES, COMES_OFF_THE_EDGE)
    alone = reference(photograph("chelsea.png"), moves.PUSH_IN, FLIES, COMES_OFF_THE_EDGE)

    together = list(made.frames(threads=threads))

    assert len(together) == COUNT
    for index, frame in enumerate(together):
        one = alone.frame(index)
        assert np.array_equal(frame.pixels, one.pixels)
        assert np.array_equal(frame.moved, one.moved)
        assert np.array_equal(frame.invented, one.invented)
