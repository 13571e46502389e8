"""What a manifest is made of: wishes, captions, masks, decisions, and companions kept elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from companions import codec
from companions.errors import PathRefused
from companions.geometry import Size
from companions.motion import MotionCompanion
from companions.names import MOTION_SUFFIX, companion_path
from companions.trajectory import MaskRegion, ObjectTrajectory, TrajectoryPoint
from companions.video_manifest import Recipe, VideoManifest
from companions.wishes import Wishes
from selector.core.batch import ShotSource, asked_settings, build_manifest
from selector.core.decisions import Considered, Decision, Journal
from selector.core.errors import CaptionInvalid, FolderUnusable
from selector.core.gathering import considered_in, gather, passed_over, read_caption
from selector.core.placement import JOURNAL_NAME, Placement
from selector.core.proposing import Brief, propose_for
from tests.selector.stills import NOON, copied, motion_of


def shot_of(picture: Path, *, root: Path | None = None) -> ShotSource:
    gathered = gather(picture, root=root or picture.parent)
    assert gathered.source is not None, gathered.error
    return gathered.source


def manifest_of(*sources: ShotSource, model: str = "camera") -> VideoManifest:
    settings = asked_settings(project_id="p", batch_id="b", created_at=NOON, model=model, seed=1)
    return build_manifest(settings, sources, file="m")


def recipes(*sources: ShotSource) -> list[Recipe]:
    manifest = manifest_of(*sources)
    return [manifest.recipe(shot) for shot in manifest.shots]


def wishing(picture: Path, wishes: Wishes | None) -> Path:
    changed = motion_of(picture).model_copy(update={"wishes": wishes})
    codec.write(companion_path(picture, MOTION_SUFFIX), changed)
    return picture


def proposed(name: str, folder: Path, *, placement: Placement | None = None) -> Path:
    picture = copied(name, folder)
    brief = Brief(Size(480, 270), duration_s=2.0)
    assert propose_for(picture, brief=brief, now=NOON, placement=placement).motion is not None
    return picture


@pytest.fixture
def coffee(tmp_path: Path) -> Path:
    """A picture with a proposal, in a folder in the folder."""
    return proposed("coffee.png", tmp_path / "stills")


@pytest.fixture
def rocket(tmp_path: Path) -> Path:
    """Another one beside it."""
    return proposed("rocket.jpg", tmp_path / "stills")


def test_wishes_become_the_shots_own_values_and_no_other_shots(coffee: Path, rocket: Path) -> None:
    wishes = Wishes(
        prompt="steam rises",
        negative_prompt="people",
        model="hub:org/model@main",
        target_fps=Fraction(25),
        seed=7,
    )

    wished, plain = recipes(shot_of(wishing(coffee, wishes)), shot_of(rocket))

    assert (wished.prompt, wished.negative_prompt) == ("steam rises", "people")
    params = wished.generation_params
    assert (params.model, params.seed) == ("hub:org/model@main", 7)
    assert wished.interpolation.target_fps == 25
    assert (params.width, params.height) == (480, 270)
    assert (plain.prompt, plain.negative_prompt) == ("", "")
    assert (plain.generation_params.model, plain.generation_params.seed) == ("camera", 1)
    assert plain.interpolation.target_fps == 24


def test_who_wishes_for_nothing_states_nothing(coffee: Path) -> None:
    (shot,) = manifest_of(shot_of(wishing(coffee, Wishes()))).shots

    assert shot.model_fields_set == {"image_path", "sha256", "motion"}


def test_a_wished_prompt_wins_over_the_caption_even_if_it_is_empty(
    coffee: Path, rocket: Path
) -> None:
    for picture in (coffee, rocket):
        picture.with_suffix(".caption").write_text("from the caption")

    found = recipes(
        shot_of(wishing(coffee, Wishes(prompt=""))), shot_of(wishing(rocket, Wishes(seed=3)))
    )

    assert [recipe.prompt for recipe in found] == ["", "from the caption"]


def test_a_caption_that_no_one_reads_need_not_be_readable(coffee: Path) -> None:
    coffee.with_suffix(".caption").write_bytes(b"caf\xe9")

    assert isinstance(gather(coffee, root=coffee.parent).error, CaptionInvalid)
    assert shot_of(wishing(coffee, Wishes(prompt="mine"))).prompt == "mine"


def test_a_prompt_that_all_wish_for_stands_once(coffee: Path, rocket: Path) -> None:
    wishes = Wishes(prompt="slow dolly", seed=7)

    manifest = manifest_of(shot_of(wishing(coffee, wishes)), shot_of(wishing(rocket, wishes)))

    assert manifest.defaults.prompt == "slow dolly"
    assert all(shot.prompt is None for shot in manifest.shots)


def carrying_a_mask(picture: Path) -> Path:
    mask = picture.with_suffix(".mask.png")
    mask.write_bytes(b"a mask")
    points = (
        TrajectoryPoint(at=0.0, position=(0.2, 0.2)),
        TrajectoryPoint(at=1.0, position=(0.6, 0.2)),
    )
    region = MaskRegion(shape="mask", path=mask.name, sha256="a" * 64)
    moving = ObjectTrajectory(name="cup", region=region, points=points)
    changed = motion_of(picture).model_copy(update={"objects": (moving,)})
    codec.write(companion_path(picture, MOTION_SUFFIX), changed)
    return mask


def mask_in(source: ShotSource) -> str:
    region = source.move.objects[0].region
    assert isinstance(region, MaskRegion)
    return region.path


def test_a_mask_is_named_from_where_the_manifest_lies(coffee: Path) -> None:
    mask = carrying_a_mask(coffee)

    above = shot_of(coffee, root=coffee.parent.parent)

    assert mask_in(shot_of(coffee)) == mask.name
    assert mask_in(above) == f"stills/{mask.name}"
    assert mask_in(above.from_its_folder()) == mask.name
    assert above.from_its_folder().image_path == coffee.name


def test_a_mask_that_is_gone_or_out_of_reach_is_refused(coffee: Path, tmp_path: Path) -> None:
    mask = carrying_a_mask(coffee)
    (tmp_path / "elsewhere").write_bytes(b"a mask")
    mask.unlink()
    mask.symlink_to(tmp_path / "elsewhere")

    assert isinstance(gather(coffee, root=coffee.parent).error, PathRefused)


# -- decisions ------------------------------------------------------------------------------------


def decided(
    folder: Path, pictures: Mapping[str, bool], *, is_open: bool = False, minute: int = 0
) -> None:
    """Write a decision into the journal of ``folder``."""
    considered = tuple(Considered(name=n, picked=p, score=0.5) for n, p in pictures.items())
    at = datetime(2025, 7, 4, 12, minute, tzinfo=UTC)
    line = Decision(at=at, group="g", pictures=considered, open=is_open)
    Journal(folder / JOURNAL_NAME).append(line)


def test_pictures_whose_last_decision_passed_them_over_are_known(tmp_path: Path) -> None:
    names = ["picked", "over", "reopened", "changed", "undecided"]
    pictures = [tmp_path / f"{name}.jpg" for name in names]
    decided(tmp_path, {f"{name}.jpg": name == "picked" for name in names[:-1]})
    decided(tmp_path, {"reopened.jpg": False}, is_open=True, minute=1)
    decided(tmp_path, {"changed.jpg": True}, minute=2)

    assert passed_over(pictures, placement=Placement(tmp_path)) == {tmp_path / "over.jpg"}


def test_a_decision_counts_whichever_folder_was_opened_for_it(tmp_path: Path) -> None:
    day = tmp_path / "shoot" / "day 1"
    day.mkdir(parents=True)
    pictures = [day / "a.jpg", day / "b.jpg", day / "c.jpg"]
    decided(tmp_path / "shoot", {"day 1/a.jpg": False, "day 1/b.jpg": False}, minute=1)
    decided(day, {"b.jpg": True}, minute=2)  # opened by itself, later
    decided(day, {"a.jpg": True, "c.jpg": False}, minute=0)  # and earlier

    for root in (day, tmp_path / "shoot"):
        over = passed_over(pictures, placement=Placement(root))
        assert over == {day / "a.jpg", day / "c.jpg"}


def test_in_one_journal_the_last_line_counts_though_the_clock_was_set_back(tmp_path: Path) -> None:
    decided(tmp_path, {"a.jpg": False}, minute=30)
    decided(tmp_path, {"a.jpg": True}, minute=10)

    assert passed_over([tmp_path / "a.jpg"], placement=Placement(tmp_path)) == frozenset()


def test_a_folder_is_the_same_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = tmp_path / "shoot" / "day 1"
    (day / "raw").mkdir(parents=True)
    decided(tmp_path / "shoot", {"day 1/a.jpg": False})
    (tmp_path / "link").symlink_to(day)

    for here, folder in ((day, Path()), (day / "raw", Path("..")), (tmp_path, Path("link"))):
        monkeypatch.chdir(here)
        over = passed_over([folder / "a.jpg", folder / "b.jpg"], placement=Placement(folder))
        assert over == {folder / "a.jpg"}


def test_with_an_overlay_its_journal_counts_and_no_other(tmp_path: Path) -> None:
    shoot, overlay = tmp_path / "shoot", tmp_path / "overlay"
    shoot.mkdir()
    overlay.mkdir()
    decided(overlay, {"a.jpg": False})
    decided(shoot, {"b.jpg": False})

    over = passed_over([shoot / "a.jpg", shoot / "b.jpg"], placement=Placement(shoot, overlay))

    assert over == {shoot / "a.jpg"}


def test_a_journal_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).mkdir()

    with pytest.raises(FolderUnusable, match="include-rejected"):
        passed_over([tmp_path / "a.jpg"], placement=Placement(tmp_path))
    with pytest.raises(FolderUnusable):
        considered_in(tmp_path)


def test_of_a_folder_what_was_said_last_of_each_picture_is_known(tmp_path: Path) -> None:
    decided(tmp_path, {"a.jpg": False, "b.jpg": True})
    decided(tmp_path, {"a.jpg": True}, minute=1)

    assert {each.name: each.picked for each in considered_in(tmp_path)} == {
        "a.jpg": True,
        "b.jpg": True,
    }


# -- an overlay -----------------------------------------------------------------------------------


def test_companions_in_an_overlay_make_the_same_shot(tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    placement = Placement(shoot, tmp_path / "overlay")
    placement.prepare()
    picture = proposed("coffee.png", shoot / "day 1", placement=placement)
    placement.companion(picture, ".caption").write_text("from the overlay")

    gathered = gather(picture, root=shoot, placement=placement)

    assert gathered.source is not None, gathered.error
    assert gathered.source.image_path == "day 1/coffee.png"
    assert gathered.source.prompt == "from the overlay"
    motion = codec.read(placement.companion(picture, MOTION_SUFFIX), MotionCompanion)
    assert gathered.source.move == motion.move()
    assert [path.name for path in picture.parent.iterdir()] == [picture.name]


def test_without_a_caption_in_the_overlay_the_pictures_own_counts(tmp_path: Path) -> None:
    shoot, picture = tmp_path / "shoot", tmp_path / "shoot" / "a.jpg"
    shoot.mkdir()
    placement = Placement(shoot, tmp_path / "overlay")
    (shoot / "a.caption").write_text("beside the picture")

    assert read_caption(picture, placement=placement) == "beside the picture"


@pytest.mark.parametrize("suffix", [".depth.png", ".depth.npy"])
def test_a_depth_map_beside_a_picture_is_named_with_its_hash(coffee: Path, suffix: str) -> None:
    beside = coffee.with_suffix(suffix)
    beside.write_bytes(b"a map")

    source = shot_of(coffee, root=coffee.parent.parent)

    above, here = source.move.depth, source.from_its_folder().move.depth
    assert above is not None
    assert here is not None
    assert above.path == f"{coffee.parent.name}/{beside.name}"
    assert here.path == beside.name
    assert above.sha256 == hashlib.sha256(b"a map").hexdigest()


def test_two_depth_maps_of_one_picture_are_refused(coffee: Path) -> None:
    for suffix in (".depth.png", ".depth.npy"):
        coffee.with_suffix(suffix).write_bytes(b"a map")

    error = gather(coffee, root=coffee.parent).error

    assert isinstance(error, PathRefused)
    assert "a picture has one depth map" in str(error)
