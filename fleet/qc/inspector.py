"""All checks of one clip, fed frame by frame on the way into the encoder.

Called by the finish stage.  Holds a reduced keyframe, one reduced frame and some numbers for each
frame seen, whatever the clip's length.
"""

from __future__ import annotations

from typing import Protocol

from companions.camera import CameraPath
from companions.geometry import Size
from companions.picture import Pixels
from companions.timing import FramePlan
from companions.video_manifest import QcParams
from companions.video_meta import Check
from fleet.qc.adherence import Adherence
from fleet.qc.expected import Expected
from fleet.qc.exposure import Black, Brightness
from fleet.qc.fidelity import FirstFrame, Steadiness, Unsteady
from fleet.qc.flash import Flashes
from fleet.qc.following import Following, StillWhereMoving
from fleet.qc.frozen import Frozen
from fleet.qc.glance import Glance
from fleet.qc.keyframe import PlannedShot
from fleet.qc.profile import limits_of


class Streaming(Protocol):
    """A check that sees every frame once, in order."""

    def see(self, glance: Glance) -> None:
        """Look at one frame."""
        ...

    def checks(self) -> tuple[Check, ...]:
        """The figures of what has been seen so far."""
        ...


class Inspector:
    """Runs every check over one clip's frames."""

    def __init__(
        self,
        *,
        picture: Pixels,
        path: CameraPath,
        output: Size,
        plan: FramePlan,
        params: QcParams,
        holds: bool = False,
        expected: Expected | None = None,
    ) -> None:
        """Prepare the checks of one clip.

        Args:
            picture: the keyframe, (height, width, 3) uint8 sRGB, upright.
            path: the planned move, its rectangles of the output's aspect.
            output: the clip's size.
            plan: the clip's frames and rate.
            params: profile and thresholds.
            holds: the clip repeats generated frames on purpose (interpolation ``none``), and
                those repeats are not frozen frames.
            expected: what the clip is to show where the picture seen through ``path`` is not
                all: every check is made against that; None: the flat picture.
        """
        limits = limits_of(params)
        shot = PlannedShot.of(picture, path)
        self._streaming: tuple[Streaming, ...] = (
            Black(shot=shot, plan=plan, limits=limits, expected=expected),
            (
                Frozen(shot=shot, plan=plan, output=output, limits=limits, holds=holds)
                if expected is None
                else StillWhereMoving(expected=expected, plan=plan, limits=limits, holds=holds)
            ),
            Flashes(output=output, rate=plan.target_fps, limits=limits),
            Brightness(limits=limits),
            (
                Adherence(shot=shot, plan=plan, output=output, limits=limits)
                if expected is None
                else Following(expected=expected, plan=plan, limits=limits)
            ),
            FirstFrame(shot=shot, expected=expected),
            (
                Steadiness(shot=shot, plan=plan, limits=limits)
                if expected is None
                else Unsteady(limits=limits)
            ),
        )

    def see(self, index: int, frame: Pixels) -> None:
        """Look at clip frame ``index`` (rising from 0), (height, width, 3) uint8 sRGB."""
        glance = Glance.at(index, frame)
        for check in self._streaming:
            check.see(glance)

    def checks(self) -> tuple[Check, ...]:
        """Every figure, in a fixed order; call it once the last frame has been seen."""
        return tuple(check for each in self._streaming for check in each.checks())
