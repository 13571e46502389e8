"""Rejected clips made again: what differs is what was asked for, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from companions import codec
from companions.errors import CompanionChanged, DocumentInvalid, PathRefused, PictureRefused
from companions.geometry import Rect, Size
from companions.motion import MotionOrigin, OutputSize, Provenance
from companions.names import META_SUFFIX, MOTION_SUFFIX, companion_path
from companions.review import Redo, ReviewReason
from companions.trajectory import MaskRegion, ObjectTrajectory, TrajectoryPoint
from companions.video_manifest import VideoManifest
from companions.video_meta import Attempt, ManifestUsed, VideoMeta
from companions.wishes import Wishes
from selector.core.errors import NothingToRedo
from selector.core.placement import Placement
from selector.core.proposing import Brief, propose_for
from selector.core.redoing import Again, make_again, redo_path, rejected, write_redo
from selector.core.returned import scan_returned
from selector.core.reviewing import Saying, review_of, save_review
from selector.core.shelf import Shelf
from tests.selector.clips import FINISHED, PUSH_IN, came_back
from tests.selector.stills import copied, motion_of

LATER = FINISHED + timedelta(hours=1)
SLOWER = PUSH_IN.model_copy(update={"duration_sec": 2.0})


def reject(folder: Path, *, redo: Redo | None = None, keep_redo: bool = True) -> None:
    """Reject every clip in the folder, by default for another seed."""
    placement = Placement(folder)
    for shot in scan_returned(placement):
        assert shot.meta is not None
        said = Saying.reject([ReviewReason.WARPED], recipe=shot.meta.recipe, again=keep_redo)
        if redo is not None:
            said = Saying(said.decision, said.reasons, redo=redo)
        save_review(placement, shot, review_of(shot, said, reviewer="anna", now=LATER))


def again(folder: Path) -> Sequence[Again]:
    placement = Placement(folder)
    return [
        make_again(shot, shelf=Shelf(placement), root=folder)
        for shot in rejected(scan_returned(placement))
    ]


def written(folder: Path) -> VideoManifest:
    out = redo_path(folder, LATER)
    write_redo(again(folder), out=out, placement=Placement(folder), now=LATER)
    return codec.read(out, VideoManifest)


def redrawn(picture: Path, *, hours: float, **changes: object) -> None:
    """Give the picture a motion that was drawn so many hours after its clip was finished."""
    propose_for(picture, brief=Brief(Size(320, 180), duration_s=2.0), now=FINISHED)
    motion = motion_of(picture).model_copy(
        update={
            "start_rect": Rect.of(0.1, 0.1, 0.9, 0.9),
            "end_rect": Rect.of(0.2, 0.1, 1.0, 0.9),
            "provenance": Provenance(
                tool="selector",
                version="1",
                origin=MotionOrigin.EDITED,
                at=FINISHED + timedelta(hours=hours),
            ),
            **changes,
        }
    )
    codec.write(companion_path(picture, MOTION_SUFFIX), motion)


def ball(mask: str) -> ObjectTrajectory:
    """An object whose region is that mask."""
    region = MaskRegion(shape="mask", path=mask, sha256="0" * 64)
    points = tuple(TrajectoryPoint(at=at, position=(0.4, 0.5)) for at in (0.0, 1.0))
    return ObjectTrajectory(name="ball", region=region, points=points)


def attempt(hours: int) -> Attempt:
    """A try that began so many hours after the clip was finished."""
    at = FINISHED + timedelta(hours=hours)
    return Attempt(stage="generate", number=1, outcome="succeeded", started_at=at, duration_sec=1.0)


def told(picture: Path, **changes: object) -> None:
    """Have the meta of the picture's clip say something else."""
    path = companion_path(picture, META_SUFFIX)
    codec.write(path, codec.read(path, VideoMeta).model_copy(update=changes))


def test_a_rejected_clip_is_made_again_with_the_next_seed_and_all_else_as_it_was(
    tmp_path: Path,
) -> None:
    came_back(tmp_path, model="wan", seed=7)
    reject(tmp_path)
    (shot,) = scan_returned(Placement(tmp_path))
    assert shot.meta is not None

    manifest = written(tmp_path)

    recipe = manifest.recipe(manifest.shots[0])
    before = shot.meta.recipe
    params = before.generation_params.model_copy(update={"seed": 8})
    assert recipe == before.model_copy(update={"generation_params": params})
    assert codec.fingerprint(recipe) != codec.fingerprint(before)
    assert (manifest.project_id, manifest.batch_id) == ("july", "20250704_160000-redo")
    assert manifest.shots[0].image_path == "coffee.png"


def test_what_the_review_asks_for_is_put_over_the_recipe(tmp_path: Path) -> None:
    came_back(tmp_path, model="wan")
    reject(tmp_path, redo=Redo(motion=SLOWER, prompt="snow", negative_prompt="", seed=99))

    (each,) = again(tmp_path)

    assert each.changed == ("motion", "prompt", "seed 99")
    assert each.wanted is not None
    assert (each.wanted.motion, each.wanted.prompt) == (SLOWER, "snow")


def test_a_prompt_that_is_emptied_stays_empty(tmp_path: Path) -> None:
    came_back(tmp_path, model="wan")
    reject(tmp_path, redo=Redo(prompt=""))

    manifest = written(tmp_path)

    assert manifest.recipe(manifest.shots[0]).prompt == ""


def test_a_generator_without_noise_is_not_asked_for_the_same_clip_again(tmp_path: Path) -> None:
    came_back(tmp_path, model="camera")
    reject(tmp_path)

    (each,) = again(tmp_path)

    assert each.wanted is None
    assert "the same clip would come back" in each.left_out
    with pytest.raises(NothingToRedo, match="redraw its move"):
        written(tmp_path)


def test_a_move_that_was_redrawn_since_is_taken_with_its_wishes(tmp_path: Path) -> None:
    picture = came_back(tmp_path, model="camera")
    reject(tmp_path)
    redrawn(
        picture, hours=2, wishes=Wishes(model="wan", prompt="snow", target_fps=Fraction(30), seed=5)
    )

    (each,) = again(tmp_path)

    assert each.wanted is not None
    assert each.wanted.motion == motion_of(picture).move()
    assert each.changed == ("motion", "prompt", "model wan", "seed 5", "30 fps")
    assert each.wanted.interpolation.target_fps == 30


def test_the_masks_of_a_redrawn_move_are_named_as_from_the_manifest(tmp_path: Path) -> None:
    picture = came_back(tmp_path / "day 1", model="camera")
    reject(tmp_path)
    redrawn(picture, hours=2, objects=(ball("a.ball.mask.png"),))

    (missing,) = again(tmp_path)
    assert isinstance(missing.error, PathRefused)
    assert "motion: 'day 1/a.ball.mask.png' is not there" in str(missing.error)

    (picture.parent / "a.ball.mask.png").write_bytes(b"a mask")
    (each,) = again(tmp_path)
    assert each.wanted is not None
    (made,) = each.wanted.motion.objects
    assert isinstance(made.region, MaskRegion)
    assert made.region.path == "day 1/a.ball.mask.png"


def test_a_move_that_was_drawn_before_the_clip_was_made_changes_nothing(tmp_path: Path) -> None:
    picture = came_back(tmp_path, model="camera")
    reject(tmp_path)
    redrawn(picture, hours=-2)

    (each,) = again(tmp_path)

    assert each.wanted is None


@pytest.mark.parametrize(
    ("batch_id", "attempts"),
    [
        pytest.param("20250704_120000", (), id="after it was sent"),
        pytest.param("20250704_120000-redo", (), id="after it was sent again"),
        pytest.param("july 4", (attempt(0), attempt(-3)), id="after it was begun"),
        pytest.param("20300101_000000", (attempt(-3),), id="whatever time the batch was given"),
    ],
)
def test_a_move_that_was_redrawn_while_the_clip_was_made_is_taken(
    tmp_path: Path, batch_id: str, attempts: tuple[Attempt, ...]
) -> None:
    picture = came_back(tmp_path, model="camera")
    used = ManifestUsed(project_id="july", batch_id=batch_id, sha256="c" * 64)
    told(picture, manifest=used, attempts=attempts)
    reject(tmp_path)
    redrawn(picture, hours=-2)

    (each,) = again(tmp_path)

    assert each.changed == ("motion",)


def test_the_clip_that_is_made_again_has_the_size_that_was_chosen_since(tmp_path: Path) -> None:
    picture = came_back(tmp_path, model="wan")
    reject(tmp_path)
    redrawn(picture, hours=2, output=OutputSize(width=180, height=320))

    (each,) = again(tmp_path)

    assert each.wanted is not None
    assert "180 x 320" in each.changed
    params = each.wanted.generation_params
    assert (params.width, params.height) == (180, 320)


def test_a_motion_that_cannot_be_read_is_not_passed_over_for_the_old_one(tmp_path: Path) -> None:
    picture = came_back(tmp_path, model="wan")
    reject(tmp_path)
    companion_path(picture, MOTION_SUFFIX).write_bytes(b"{ half a mot")

    (each,) = again(tmp_path)

    assert each.wanted is None
    assert isinstance(each.error, DocumentInvalid)


def test_a_new_move_that_the_safety_check_blocks_is_left_out(tmp_path: Path) -> None:
    picture = came_back(tmp_path, model="wan")
    reject(tmp_path)
    redrawn(picture, hours=2, end_rect=Rect.of(0.4, 0.4, 0.6, 0.6))

    (each,) = again(tmp_path)

    assert each.wanted is None
    assert "blocked by the safety check" in each.left_out
    assert "zoom ratio" in each.left_out


def test_masks_of_the_old_move_are_found_from_wherever_the_new_manifest_lies(
    tmp_path: Path,
) -> None:
    stills = tmp_path / "shoot" / "day 1"
    picture = came_back(stills, model="wan")
    reject(stills)
    path = companion_path(picture, META_SUFFIX)
    recipe = codec.read(path, VideoMeta).recipe
    motion = recipe.motion.model_copy(update={"objects": (ball("day 1/coffee.ball.mask.png"),)})
    told(picture, image="day 1/coffee.png", recipe=recipe.model_copy(update={"motion": motion}))
    (missing,) = again(stills)
    assert isinstance(missing.error, PathRefused)

    (stills / "coffee.ball.mask.png").write_bytes(b"a mask")

    for folder, name in (
        (stills, "coffee.ball.mask.png"),
        (tmp_path, "shoot/day 1/coffee.ball.mask.png"),
    ):
        (each,) = again(folder)
        assert each.wanted is not None
        assert each.changed == ("seed 8",)
        (made,) = each.wanted.motion.objects
        assert isinstance(made.region, MaskRegion)
        assert made.region.path == name

    redrawn(picture, hours=2, **{**dict(motion), "objects": (ball("coffee.ball.mask.png"),)})
    (each,) = again(stills)
    assert each.changed == ("seed 8",)  # the same mask, by another name


def test_a_clip_that_is_not_to_be_tried_again_is_left_out_and_told(tmp_path: Path) -> None:
    came_back(tmp_path, model="wan")
    reject(tmp_path, keep_redo=False)

    (each,) = again(tmp_path)

    assert each.left_out == "its review asks for no other attempt"


def test_accepted_clips_and_clips_to_review_are_not_made_again(tmp_path: Path) -> None:
    came_back(tmp_path, "a.png", model="wan")
    came_back(tmp_path, "b.png", model="wan")
    (first, _) = scan_returned(Placement(tmp_path))
    review = review_of(first, Saying.accept(), reviewer="anna", now=LATER)
    save_review(Placement(tmp_path), first, review)

    assert again(tmp_path) == []
    with pytest.raises(NothingToRedo, match="no clip is rejected"):
        written(tmp_path)


def test_a_picture_that_changed_since_is_refused(tmp_path: Path) -> None:
    came_back(tmp_path, model="wan")
    reject(tmp_path)
    copied("rocket.jpg", tmp_path, to="coffee.png")

    (each,) = again(tmp_path)

    assert isinstance(each.error, PictureRefused)
    assert "has changed since its clip was made" in str(each.error)


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    came_back(tmp_path, model="wan")
    reject(tmp_path)
    out = redo_path(tmp_path, LATER)
    out.write_bytes(b"mine")

    with pytest.raises(CompanionChanged):
        write_redo(again(tmp_path), out=out, placement=Placement(tmp_path), now=LATER)

    assert out.read_bytes() == b"mine"


def test_a_manifest_cannot_lie_where_it_could_not_name_its_pictures(tmp_path: Path) -> None:
    came_back(tmp_path / "stills", model="wan")
    reject(tmp_path / "stills")
    (tmp_path / "elsewhere").mkdir()
    out = tmp_path / "elsewhere" / "x.video_manifest.json"

    with pytest.raises(PathRefused):
        write_redo(
            again(tmp_path / "stills"), out=out, placement=Placement(tmp_path / "stills"), now=LATER
        )
