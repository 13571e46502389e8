"""What a shot will be, before a pixel is made."""

from __future__ import annotations

import pytest

from companions.geometry import Rect, Size
from companions.timing import FrameGrid
from companions.video_manifest import Recipe
from fleet.errors import ParameterRefused
from fleet.stages.shot_plan import plan_frames_of, plan_shot
from tests.fleet.making import recipe


def with_params(made: Recipe, **changes: object) -> Recipe:
    params = made.generation_params.model_copy(update=changes)
    return made.model_copy(update={"generation_params": params})


def test_rectangles_grow_to_the_clips_aspect_and_the_meta_can_say_so() -> None:
    made = recipe(width=160, height=90)
    frames = plan_frames_of(made, grid=FrameGrid())

    square = plan_shot(made, picture=Size(1000, 1000), frames=frames)
    wide = plan_shot(made, picture=Size(1600, 900), frames=frames)

    assert square.framing.grown
    assert not wide.framing.grown
    start = square.path.start
    assert start.width * 1000 / (start.height * 1000) == pytest.approx(160 / 90)


def test_a_count_off_the_generators_grid_is_refused_with_the_nearest() -> None:
    made = with_params(recipe(), num_frames=20)

    with pytest.raises(ParameterRefused) as refused:
        plan_frames_of(made, grid=FrameGrid(step=4, offset=1))

    assert refused.value.field == "generation_params.num_frames"
    assert "4n+1" in str(refused.value)
    assert "21" in str(refused.value)


def test_a_picture_too_thin_for_any_window_is_refused_in_words() -> None:
    made = with_params(recipe(), width=8192, height=64)
    thin = made.model_copy(
        update={"motion": made.motion.model_copy(update={"start_rect": Rect.of(0, 0, 1, 0.5)})}
    )
    frames = plan_frames_of(thin, grid=FrameGrid())

    with pytest.raises(ParameterRefused) as refused:
        plan_shot(thin, picture=Size(10, 90_000), frames=frames)

    assert refused.value.field == "generation_params.width"
