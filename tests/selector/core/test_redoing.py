"""Rejected clips made again: what differs is what was asked for, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from companions import codec
from companions.errors import CompanionChanged, PathRefused, PictureRefused
from companions.geometry import Rect, Size
from companions.motion import MotionOrigin, Provenance
from companions.names import MOTION_SUFFIX, companion_path
from companions.review import Redo, ReviewReason
from companions.trajectory import MaskRegion, ObjectTrajectory, TrajectoryPoint
from companions.video_manifest import VideoManifest
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


def redrawn(picture: Path, *, hours: int, wishes: Wishes | None = None) -> None:
    """Give the picture a motion that was drawn so many hours after its clip was finished."""
    propose_for(picture, brief=Brief(Size(320, 180), duration_s=2.0), now=FINISHED)
    motion = motion_of(picture).model_copy(
        update={
            "start_rect": Rect.of(0.1, 0.1, 0.9, 0.9),
            "end_rect": Rect.of(0.2, 0.1, 1.0, 0.9),
            "wishes": wishes,
            "provenance": Provenance(
                tool="selector",
                version="1",
                origin=MotionOrigin.EDITED,
                at=FINISHED + timedelta(hours=hours),
            ),
        }
    )
    codec.write(companion_path(picture, MOTION_SUFFIX), motion)


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
    redrawn(picture, hours=2)
    motion = motion_of(picture)
    region = MaskRegion(shape="mask", path="a.ball.mask.png", sha256="0" * 64)
    points = tuple(TrajectoryPoint(at=at, position=(0.4, 0.5)) for at in (0.0, 1.0))
    ball = ObjectTrajectory(name="ball", region=region, points=points)
    codec.write(
        companion_path(picture, MOTION_SUFFIX), motion.model_copy(update={"objects": (ball,)})
    )

    (missing,) = again(tmp_path)
    assert isinstance(missing.error, PathRefused)
    assert "is not there" in str(missing.error)

    (picture.parent / region.path).write_bytes(b"a mask")
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
