"""What one shot will be, before a pixel is made: framing, output size, frames.

Pure, and asked three times with one answer: when a manifest is checked, by the generator's
worker and by the finisher's.
"""

from __future__ import annotations

from dataclasses import dataclass

from companions.camera import CameraPath
from companions.geometry import Size, fit_aspect
from companions.timing import FrameGrid, FramePlan, plan_frames
from companions.video_manifest import Recipe
from companions.video_meta import FramingUsed
from fleet.errors import ParameterRefused


@dataclass(frozen=True, slots=True)
class ShotPlan:
    """Framing as rendered, output size, and the frame plan of one shot."""

    path: CameraPath
    framing: FramingUsed
    output: Size
    frames: FramePlan


def output_size(recipe: Recipe) -> Size:
    """The clip's size in pixels."""
    return Size(recipe.generation_params.width, recipe.generation_params.height)


def plan_frames_of(recipe: Recipe, *, grid: FrameGrid, num_frames: int | None = None) -> FramePlan:
    """The frames a shot needs on a generator's grid.

    Raises:
        ParameterRefused: the shot asks for a count the grid does not have.
    """
    try:
        return plan_frames(
            duration_s=recipe.motion.duration_sec,
            target_fps=recipe.interpolation.target_fps,
            generator_fps=recipe.generation_params.fps,
            grid=grid,
            num_frames=num_frames or recipe.generation_params.num_frames,
        )
    except ValueError as error:
        raise ParameterRefused(field="generation_params.num_frames", what=str(error)) from None


def plan_shot(recipe: Recipe, *, picture: Size, frames: FramePlan) -> ShotPlan:
    """The shot's plan for a picture of that size: rectangles grown to the output's aspect.

    Raises:
        ParameterRefused: the picture is too long and thin to hold a window of that aspect.
    """
    output = output_size(recipe)
    motion = recipe.motion
    try:
        start = fit_aspect(motion.start_rect, picture=picture, output=output)
        end = fit_aspect(motion.end_rect, picture=picture, output=output)
    except ValueError as error:
        raise ParameterRefused(
            field="generation_params.width", what=f"{error}; choose a size like the picture's"
        ) from None
    grown = start != motion.start_rect or end != motion.end_rect
    return ShotPlan(
        path=CameraPath(start=start, end=end, easing=motion.easing),
        framing=FramingUsed(start_rect=start, end_rect=end, grown=grown),
        output=output,
        frames=frames,
    )
