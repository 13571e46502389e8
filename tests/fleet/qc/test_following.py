"""Objects that move by themselves: a clip is held against where they are to be."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from companions.camera import CameraPath
from companions.geometry import Size
from companions.picture import Pixels
from companions.reference import Reference
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint
from companions.video_manifest import QcParams
from companions.video_meta import Check, CheckVerdict, Verdict
from fleet.qc.expected import AsRendered
from fleet.qc.following import _PAIRS, _spread
from fleet.qc.inspector import Inspector
from fleet.qc.verdict import verdict
from tests.fleet.footage import CLOSE, WIDE, move, photo, plan

OUTPUT, FRAMES = Size(240, 136), 7
BOX = PolygonRegion(shape="polygon", points=((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)))
LARGE = ObjectTrajectory(
    name="cup",
    region=BOX,
    points=tuple(TrajectoryPoint(at=at, position=(0.5 + at / 4, 0.5)) for at in (0.0, 1.0)),
)


def inspected(
    picture: Pixels, path: CameraPath, frames: Iterable[Pixels], *, moving: bool = True
) -> dict[str, Check]:
    expected = AsRendered(picture=picture, path=path, objects=(LARGE,)) if moving else None
    inspector = Inspector(
        picture=picture, path=path, output=OUTPUT, plan=plan(FRAMES), params=QcParams(),
        expected=expected,
    )  # fmt: skip
    for index, frame in enumerate(frames):
        inspector.see(index, frame)
    return {check.name: check for check in inspector.checks()}


def exact(picture: Pixels, path: CameraPath) -> list[Pixels]:
    at = [plan(FRAMES).clip_fraction(index) for index in range(FRAMES)]
    made = Reference(picture, path, (LARGE,), output=OUTPUT, at=at)
    return [frame.pixels for frame in made.frames(threads=1)]


def test_a_large_object_on_its_way_is_no_stray_camera() -> None:
    picture = photo("astronaut.png")
    path = move(picture, WIDE, CLOSE, output=OUTPUT)
    frames = exact(picture, path)

    found = inspected(picture, path, frames)

    assert verdict(found.values()) == (Verdict.PASS, ())
    assert found["adherence"].value is not None
    assert found["adherence"].value < 0.003
    as_flat = inspected(picture, path, frames, moving=False)
    assert as_flat["adherence"].verdict is CheckVerdict.FAIL


def test_objects_that_stay_where_they_were_are_frozen() -> None:
    picture = photo("astronaut.png")
    path = move(picture, WIDE, WIDE, output=OUTPUT)
    frames = exact(picture, path)

    found = inspected(picture, path, [frames[0]] * FRAMES)

    assert found["frozen_ratio"].verdict is CheckVerdict.FAIL


def test_the_pairs_that_are_looked_at_are_few_and_all_over_the_clip() -> None:
    assert _spread(1) == ()
    assert _spread(2) == (1,)
    assert _spread(25) == tuple(range(1, 25))
    many = _spread(3600)
    assert len(set(many)) == _PAIRS
    assert (many[0], many[-1]) == (1, 3599)
    assert np.diff(many).max() < 90
