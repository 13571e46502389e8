"""What a shot will be, before a pixel is made."""

from __future__ import annotations

import pytest

from companions.geometry import Rect, Size, fit_aspect
from companions.motion import MotionKeyframe, Rotation
from companions.timing import FrameGrid
from companions.video_manifest import Recipe, UpscalingParams
from fleet.errors import ParameterRefused
from fleet.stages.shot_plan import clip_size, output_size, plan_frames_of, plan_path, plan_shot
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


def with_motion(made: Recipe, **changes: object) -> Recipe:
    return made.model_copy(update={"motion": made.motion.model_copy(update=changes)})


def test_every_stop_on_the_way_grows_to_the_clips_aspect() -> None:
    drawn = Rect.of(0.3, 0.3, 0.5, 0.7)
    made = with_motion(
        recipe(width=160, height=90), keyframes=(MotionKeyframe(at=0.5, rect=drawn),)
    )
    picture = Size(1600, 900)

    plan = plan_shot(made, picture=picture, frames=plan_frames_of(made, grid=FrameGrid()))

    fitted = fit_aspect(drawn, picture=picture, output=output_size(made))
    assert fitted != drawn
    assert plan.framing.keyframe_rects == (fitted,)
    assert plan.path.window(0.5) == fitted
    # START and END have the aspect already: the stop alone was grown.
    assert plan.framing.start_rect == made.motion.start_rect
    assert plan.framing.grown


def test_a_turned_window_that_leaves_the_picture_is_refused_with_where_and_by_how_much() -> None:
    made = with_motion(
        recipe(width=160, height=90),
        start_rect=Rect.of(0.3, 0.3, 0.7, 0.7),
        end_rect=Rect.of(0.0, 0.0, 1.0, 1.0),
        keyframes=(MotionKeyframe(at=0.5, rect=Rect.of(0.3, 0.3, 0.7, 0.7)),),
        rotation=Rotation(end_deg=10.0),
    )

    with pytest.raises(ParameterRefused) as refused:
        plan_path(made, picture=Size(1600, 900))

    assert refused.value.field == "motion.rotation"
    # 800 cos 10 + 450 sin 10 is 866.0, and 450 cos 10 + 800 sin 10 is 582.1 of 450.
    assert "between keyframes[0] and END" in refused.value.what
    assert "by 132.1 of 1600 x 900 pixels" in refused.value.what
    assert "turn it less" in refused.value.what


def test_a_turned_window_that_stays_inside_is_planned() -> None:
    made = with_motion(
        recipe(width=160, height=90),
        start_rect=Rect.of(0.3, 0.3, 0.7, 0.7),
        end_rect=Rect.of(0.2, 0.2, 0.8, 0.8),
        rotation=Rotation(start_deg=-20.0, end_deg=10.0),
    )

    path = plan_path(made, picture=Size(1600, 900))

    assert (path.rotation_deg(0.0), path.rotation_deg(1.0)) == (-20.0, 10.0)


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


def test_a_clip_is_as_large_as_its_frames_unless_they_are_enlarged() -> None:
    made = recipe(width=160, height=90)
    enlarged = made.model_copy(update={"upscaling": UpscalingParams(factor=4)})

    assert clip_size(made) == Size(160, 90)
    assert clip_size(enlarged) == Size(640, 360)
    assert output_size(enlarged) == Size(160, 90)


@pytest.mark.parametrize(
    ("width", "height", "factor", "fits"),
    [
        (4096, 2176, 2, True),
        (4096, 2178, 2, False),
        (2048, 1088, 4, True),
        (2050, 1088, 4, False),
        (1088, 2048, 4, True),
    ],
)
def test_a_clip_is_never_enlarged_beyond_what_players_take(
    width: int, height: int, factor: int, *, fits: bool
) -> None:
    params = {"upscaling": UpscalingParams.model_validate({"factor": factor})}
    made = with_params(recipe(), width=width, height=height).model_copy(update=params)

    if fits:
        assert clip_size(made) == Size(width * factor, height * factor)
        return
    with pytest.raises(ParameterRefused, match=r"upscaling\.factor"):
        clip_size(made)
