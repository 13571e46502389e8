"""How fast the reference of a shot is made: ``python -m benchmarks.reference``.

81 frames of 832x480, what Wan makes in one go, from a 12-megapixel photograph, as a generator asks
for them: set up, then every frame in order.  Once for the camera alone and once with one object of
a tenth of the picture on its way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Final

from benchmarks.moves.photographs import mosaic
from benchmarks.report import Figure, median_seconds, tell
from companions.camera import CameraPath
from companions.easing import EasingName
from companions.geometry import Rect, Size
from companions.picture import Pixels
from companions.reference import Reference
from companions.rendition import clip_fractions
from companions.trajectory import ObjectTrajectory, PolygonRegion, TrajectoryPoint

PICTURE: Final = Size(4000, 3000)
OUTPUT: Final = Size(832, 480)
FRAMES: Final = 81
TARGET_S: Final = 1.0
RUNS: Final = 7

MOVES: Final = {
    "push-in": CameraPath(
        Rect.of(0.05, 0.1654, 0.95, 0.8577), Rect.of(0.26, 0.34, 0.71, 0.6862), EasingName.LINEAR
    ),
    "pan": CameraPath(
        Rect.of(0.05, 0.2, 0.65, 0.6615), Rect.of(0.34, 0.29, 0.94, 0.7515), EasingName.LINEAR
    ),
}
FLIES: Final = ObjectTrajectory(
    name="kite",
    region=PolygonRegion(
        shape="polygon",
        points=((0.25, 0.3), (0.55, 0.25), (0.6, 0.55), (0.42, 0.66), (0.28, 0.55)),
    ),
    points=(
        TrajectoryPoint(at=0.0, position=(0.42, 0.45)),
        TrajectoryPoint(at=1.0, position=(0.65, 0.55), scale=1.2, rotation_deg=20.0),
    ),
)


def main() -> None:
    """Measure both moves, with and without an object."""
    picture = mosaic(PICTURE)
    figures = []
    for move, path in MOVES.items():
        for what, objects in (("camera only", ()), ("one object", (FLIES,))):
            seconds = median_seconds(partial(_make, picture, path, objects), runs=RUNS)
            figures.append(Figure(f"{move}, {what}", seconds, "s", target=TARGET_S, runs=RUNS))
    tell(
        "reference",
        figures,
        what=f"{FRAMES} frames, {PICTURE.width}x{PICTURE.height} to "
        f"{OUTPUT.width}x{OUTPUT.height}, frames and masks",
    )


def _make(picture: Pixels, path: CameraPath, objects: Sequence[ObjectTrajectory]) -> None:
    made = Reference(picture, path, objects, output=OUTPUT, at=clip_fractions(FRAMES))
    deque(made.frames(), maxlen=0)


if __name__ == "__main__":
    main()
