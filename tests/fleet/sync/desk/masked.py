"""A manifest whose shot has an object with a mask."""

from __future__ import annotations

from pathlib import Path

from companions.names import MANIFEST_SUFFIX
from companions.trajectory import MaskRegion, ObjectTrajectory, TrajectoryPoint
from tests.chaos.transit import manifest_of, shot_of
from tests.fleet.making import sha256


def masked(folder: Path) -> tuple[Path, Path]:
    """A manifest in ``folder`` of one picture with a mask, and the mask."""
    picture, mask = folder / "a.jpg", folder / "a.mask.png"
    picture.write_bytes(b"a picture")
    mask.write_bytes(b"a mask")
    moving = ObjectTrajectory(
        name="boat",
        region=MaskRegion(shape="mask", path=mask.name, sha256=sha256(mask)),
        points=tuple(TrajectoryPoint(at=at, position=(0.5 + at / 10, 0.5)) for at in (0.0, 1.0)),
    )
    shot = shot_of(picture, folder)
    move = shot.motion.model_copy(update={"objects": (moving,)})
    return (
        manifest_of(folder / f"m{MANIFEST_SUFFIX}", [shot.model_copy(update={"motion": move})]),
        mask,
    )
