"""Every file that a move names is told, and renamed, by one list."""

from __future__ import annotations

from companions.attached import DepthMap, ReferenceClip
from companions.geometry import Rect
from companions.motion import Move
from companions.named_files import named_files, with_files
from companions.trajectory import MaskRegion, ObjectTrajectory, TrajectoryPoint

WHOLE = Rect.of(0.0, 0.0, 1.0, 1.0)
PLAIN = Move(start_rect=WHOLE, end_rect=WHOLE, duration_sec=1.0)
KITE = ObjectTrajectory(
    name="kite",
    region=MaskRegion(shape="mask", path="a.mask.png", sha256="a" * 64),
    points=tuple(TrajectoryPoint(at=at, position=(at, 0.5)) for at in (0.0, 1.0)),
)
DEPTH = DepthMap(path="a.depth.png", sha256="b" * 64)
GIVEN = ReferenceClip(
    path="a.signal.mp4", sha256="c" * 64, mask_path="a.signal_mask.mp4", mask_sha256="d" * 64
)
DEEP = PLAIN.model_copy(update={"objects": (KITE,), "depth": DEPTH})
TAKEN_IN = PLAIN.model_copy(update={"reference": GIVEN})


def test_masks_depth_and_a_given_reference_are_told_with_their_hashes() -> None:
    told = [*named_files(DEEP), *named_files(TAKEN_IN)]

    assert [(each.path, each.sha256[0]) for each in told] == [
        ("a.mask.png", "a"),
        ("a.depth.png", "b"),
        ("a.signal.mp4", "c"),
        ("a.signal_mask.mp4", "d"),
    ]


def test_all_of_them_are_renamed_and_nothing_else_changes() -> None:
    for move in (DEEP, TAKEN_IN):
        there = with_files(move, lambda path: f"day 1/{path}")

        assert [each.path for each in named_files(there)] == [
            f"day 1/{each.path}" for each in named_files(move)
        ]
        assert with_files(there, lambda path: path.removeprefix("day 1/")) == move


def test_a_move_that_names_no_file_stays_the_very_same() -> None:
    assert with_files(PLAIN, lambda _: "elsewhere") is PLAIN
