"""What one shot will be, before a pixel is made: framing, output size, frames.

Pure, and asked three times with one answer: when a manifest is checked, by the generator's
worker and by the finisher's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from companions.camera import CameraPath
from companions.geometry import Size
from companions.timing import FrameGrid, FramePlan, plan_frames
from companions.video_manifest import Recipe
from companions.video_meta import FramingUsed
from fleet.errors import ParameterRefused

MOST_SIDE_PX: Final = 8192
MOST_PIXELS: Final = 8192 * 4352
"""What the largest levels of H.264 and HEVC take; players and hardware decoders end there too."""


@dataclass(frozen=True, slots=True)
class ShotPlan:
    """What one shot will be.

    Attributes:
        path: the way of the window.
        framing: rectangles as rendered.
        output: size of the generated frames, in pixels.
        clip: size of the clip's frames: ``output``, enlarged if the recipe asks for that.
        frames: the frame plan.
    """

    path: CameraPath
    framing: FramingUsed
    output: Size
    clip: Size
    frames: FramePlan


def output_size(recipe: Recipe) -> Size:
    """The size of the generated frames in pixels."""
    return Size(recipe.generation_params.width, recipe.generation_params.height)


def clip_size(recipe: Recipe) -> Size:
    """The clip's size in pixels: the generated frames', enlarged where the recipe asks for it.

    Raises:
        ParameterRefused: enlarged, it would be more than a clip can hold.
    """
    made = output_size(recipe)
    if recipe.upscaling is None:
        return made
    factor = recipe.upscaling.factor
    clip = Size(made.width * factor, made.height * factor)
    if max(clip.width, clip.height) > MOST_SIDE_PX or clip.width * clip.height > MOST_PIXELS:
        raise ParameterRefused(
            field="upscaling.factor",
            what=f"{factor} times {made.width} x {made.height} is {clip.width} x {clip.height}; a "
            f"clip holds at most {MOST_SIDE_PX} pixels a side and {MOST_PIXELS // 1_000_000} "
            f"million in all; generate smaller frames, or enlarge them less",
        )
    return clip


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
        ParameterRefused: as ``plan_path`` and ``clip_size``.
    """
    path = plan_path(recipe, picture=picture)
    motion = recipe.motion
    drawn = [motion.start_rect, *(stop.rect for stop in motion.keyframes), motion.end_rect]
    start, *between, end = (stop.rect for stop in path.stops)
    return ShotPlan(
        path=path,
        framing=FramingUsed(
            start_rect=start,
            end_rect=end,
            keyframe_rects=tuple(between),
            grown=[start, *between, end] != drawn,
        ),
        output=output_size(recipe),
        clip=clip_size(recipe),
        frames=frames,
    )


def plan_path(recipe: Recipe, *, picture: Size) -> CameraPath:
    """The way of the window over a picture of that size, as it will be rendered.

    Raises:
        ParameterRefused: the picture is too long and thin to hold a window of that aspect, or a
            turned window would leave it.
    """
    try:
        path = CameraPath.of(recipe.motion, picture=picture, output=output_size(recipe))
    except ValueError as error:
        raise ParameterRefused(
            field="generation_params.width", what=f"{error}; choose a size like the picture's"
        ) from None
    overhang = path.overhang(picture=picture)
    if overhang.px > 0.0:
        stops = ["START", *(f"keyframes[{i}]" for i in range(len(path.keyframes))), "END"]
        raise ParameterRefused(
            field="motion.rotation",
            what=f"between {stops[overhang.leg]} and {stops[overhang.leg + 1]} the turned window "
            f"leaves the picture by {overhang.px:.1f} of {picture.width} x {picture.height} "
            f"pixels; turn it less, or draw smaller rectangles farther from the picture's edge",
        )
    return path
