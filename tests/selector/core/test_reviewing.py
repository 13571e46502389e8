"""A review as a document and a file: whole, of this very clip, over nobody else's words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from companions import codec
from companions.errors import CompanionChanged, FileUnwritable
from companions.lock import locked
from companions.names import CLIP_SUFFIX, REVIEW_SUFFIX, companion_path
from companions.review import Decision, Review, ReviewReason
from companions.video_manifest import Recipe
from selector.core.placement import Placement
from selector.core.returned import Returned, scan_returned
from selector.core.reviewing import (
    REASON_WORDS,
    REASONS,
    Saying,
    next_seed,
    review_of,
    reviewer_name,
    save_review,
)
from tests.selector import clips
from tests.selector.clips import FINISHED, came_back, described, encoded, numbered


def only(folder: Path, *, overlay: Path | None = None) -> Returned:
    (shot,) = scan_returned(Placement(folder, overlay))
    return shot


def recipe_of(shot: Returned) -> Recipe:
    assert shot.meta is not None
    return shot.meta.recipe


def accepted(shot: Returned) -> Review:
    return review_of(shot, Saying.accept(note="fine"), reviewer="anna", now=FINISHED)


def test_every_reason_has_a_key_and_words() -> None:
    assert set(REASONS.values()) == set(ReviewReason) == set(REASON_WORDS)


def test_a_review_names_the_clip_by_its_bytes(tmp_path: Path) -> None:
    picture = came_back(tmp_path)
    shot = only(tmp_path)
    assert shot.facts is not None

    save_review(Placement(tmp_path), shot, accepted(shot))

    written = clips.review_of(picture)
    assert written.clip_sha256 == shot.facts.sha256
    assert written.image_sha256 == recipe_of(shot).image_sha256
    assert (written.decision, written.note, written.reviewer) == (
        Decision.ACCEPTED,
        "fine",
        "anna",
    )


def test_a_rejected_clip_is_tried_again_with_the_next_seed_unless_said_otherwise(
    tmp_path: Path,
) -> None:
    came_back(tmp_path, seed=41)
    recipe = recipe_of(only(tmp_path))
    twice = [ReviewReason.FLICKER, ReviewReason.WARPED, ReviewReason.FLICKER]

    said = Saying.reject(twice, recipe=recipe)

    assert said.redo is not None
    assert said.redo.seed == 42
    assert said.reasons == (ReviewReason.FLICKER, ReviewReason.WARPED)
    assert Saying.reject(twice, recipe=recipe, again=False).redo is None


def test_the_seed_after_the_largest_is_the_smallest(tmp_path: Path) -> None:
    came_back(tmp_path, seed=2**63 - 1)

    assert next_seed(recipe_of(only(tmp_path))) == 0


def test_a_review_is_taken_back_as_if_it_had_never_been(tmp_path: Path) -> None:
    picture = came_back(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    shot = save_review(Placement(tmp_path), only(tmp_path), accepted(only(tmp_path)))
    assert clips.has_review(picture)

    save_review(Placement(tmp_path), shot, None)

    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_review_that_someone_else_changed_since_is_not_taken_back(tmp_path: Path) -> None:
    picture = came_back(tmp_path)
    mine = save_review(Placement(tmp_path), only(tmp_path), accepted(only(tmp_path)))
    theirs = replace_reviewer(accepted(only(tmp_path)), "ben")
    save_review(Placement(tmp_path), only(tmp_path), theirs)

    with pytest.raises(CompanionChanged):
        save_review(Placement(tmp_path), mine, None)

    assert clips.review_of(picture).reviewer == "ben"


def test_a_review_that_someone_else_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    picture = came_back(tmp_path)
    mine, theirs = only(tmp_path), only(tmp_path)
    save_review(Placement(tmp_path), theirs, replace_reviewer(accepted(theirs), "ben"))

    with pytest.raises(CompanionChanged):
        save_review(Placement(tmp_path), mine, accepted(mine))

    assert clips.review_of(picture).reviewer == "ben"


def test_a_clip_that_was_replaced_while_it_was_looked_at_is_not_reviewed(tmp_path: Path) -> None:
    picture = came_back(tmp_path)
    looked_at = only(tmp_path)
    encoded(companion_path(picture, CLIP_SUFFIX), numbered(24))
    described(picture)

    with pytest.raises(CompanionChanged, match="another clip"):
        save_review(Placement(tmp_path), looked_at, accepted(looked_at))

    assert not clips.has_review(picture)


def test_reviews_of_a_folder_that_is_only_read_go_to_the_overlay(tmp_path: Path) -> None:
    stills, overlay = tmp_path / "stills", tmp_path / "mine"
    picture = came_back(stills / "day 1")
    placement = Placement(stills, overlay)
    placement.prepare()
    before = sorted(path.name for path in (stills / "day 1").iterdir())

    shot = only(stills, overlay=overlay)
    save_review(placement, shot, accepted(shot))

    assert sorted(path.name for path in (stills / "day 1").iterdir()) == before
    written = codec.read(overlay / "day 1" / "coffee.review.json", Review)
    assert written.decision is Decision.ACCEPTED
    assert only(stills, overlay=overlay).review == written
    assert not clips.has_review(picture)


def test_a_review_beside_the_pictures_is_seen_through_an_overlay_and_left_alone(
    tmp_path: Path,
) -> None:
    stills, overlay = tmp_path / "stills", tmp_path / "mine"
    picture = came_back(stills)
    save_review(Placement(stills), only(stills), accepted(only(stills)))
    overlay.mkdir()
    shot = only(stills, overlay=overlay)
    assert shot.review is not None

    rejected = Saying.reject([ReviewReason.BLURRED], recipe=recipe_of(shot))
    save_review(
        Placement(stills, overlay),
        shot,
        review_of(shot, rejected, reviewer="ben", now=FINISHED),
    )

    now = only(stills, overlay=overlay).review
    assert now is not None
    assert now.decision is Decision.REJECTED
    assert clips.review_of(picture).decision is Decision.ACCEPTED


def test_a_review_waits_for_a_program_that_is_at_work_and_is_not_written_past_it(
    tmp_path: Path,
) -> None:
    picture = came_back(tmp_path)
    shot = only(tmp_path)

    with locked(picture), pytest.raises(Exception, match="another program"):
        save_review(Placement(tmp_path), shot, accepted(shot))

    assert not clips.has_review(picture)


@pytest.mark.parametrize("overlay", [None, "mine"], ids=["beside", "overlay"])
def test_a_folder_that_is_gone_is_told_as_such_and_not_made_anew(
    tmp_path: Path, overlay: str | None
) -> None:
    stills, apart = tmp_path / "stills", tmp_path / overlay if overlay is not None else None
    came_back(stills / "day 1")
    if apart is not None:
        apart.mkdir()
    shot = only(stills, overlay=apart)
    gone = apart or stills
    gone.rename(tmp_path / "elsewhere")

    with pytest.raises(FileUnwritable):
        save_review(Placement(stills, apart), shot, accepted(shot))

    assert not gone.exists()


@pytest.mark.parametrize(
    ("asked", "name"),
    [("Anna K.", "Anna K."), ("a/b\n", "a-b"), ("§", "reviewer")],
)
def test_whoever_reviews_has_a_name_that_a_review_can_hold(asked: str, name: str) -> None:
    assert reviewer_name(asked) == name
    assert reviewer_name()


def test_the_review_lies_beside_its_clip_under_the_pictures_stem(tmp_path: Path) -> None:
    picture = came_back(tmp_path, "img.001.png")

    save_review(Placement(tmp_path), only(tmp_path), accepted(only(tmp_path)))

    assert companion_path(picture, REVIEW_SUFFIX).name == "img.001.review.json"
    assert clips.has_review(picture)


def replace_reviewer(review: Review, name: str) -> Review:
    return review.model_copy(update={"reviewer": name})


def test_what_is_said_comes_back_from_the_review(tmp_path: Path) -> None:
    came_back(tmp_path)
    shot = only(tmp_path)
    said = replace(Saying.reject([ReviewReason.COLOUR], recipe=recipe_of(shot)), note="green")

    review = review_of(shot, said, reviewer="anna", now=FINISHED)

    assert Saying.of(review) == said
