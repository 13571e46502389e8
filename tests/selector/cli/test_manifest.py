"""``selector manifest``: the document, its defaults, its refusals, its bytes."""

from __future__ import annotations

import json
import unicodedata
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from companions import codec, files
from companions.geometry import Rect
from companions.video_manifest import VideoManifest
from selector.core.decisions import Considered, Decision, Journal
from selector.core.placement import JOURNAL_NAME
from tests.selector.cli.running import ran
from tests.selector.desks import opened, two_groups
from tests.selector.stills import NOON, copied, drawn, edited, motion_of, saved

Capture = pytest.CaptureFixture[str]
STAMPED = ("--batch-id", "b1", "--created-at", "2025-07-04T14:30:22Z")


@pytest.fixture
def stills(tmp_path: Path, capsys: Capture) -> Path:
    """A folder of two pictures with proposals."""
    folder = tmp_path / "july stills"
    saved(drawn(1600, 900, subject=(0.3, 0.4)), folder / "a.png")
    saved(drawn(1600, 900, subject=(0.7, 0.6)), folder / "b.png")
    assert ran(capsys, "propose", folder, "--size", "640x360").code == 0
    return folder


def default_path(folder: Path) -> Path:
    return folder / f"{folder.name}.video_manifest.json"


def manifest_of(folder: Path) -> VideoManifest:
    return codec.read(default_path(folder), VideoManifest)


def raw(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_bytes())
    assert isinstance(value, dict)
    return value


def test_every_motion_becomes_a_shot_with_its_pictures_hash(stills: Path, capsys: Capture) -> None:
    saved(drawn(60, 40), stills / "without_motion.png")

    told = ran(capsys, "manifest", stills)

    assert told.code == 0, told.err
    manifest = manifest_of(stills)
    assert [shot.image_path for shot in manifest.shots] == ["a.png", "b.png"]
    for shot in manifest.shots:
        picture = stills / shot.image_path
        assert shot.sha256 == files.sha256_of(picture)
        assert shot.motion == motion_of(picture).move()
        params = manifest.recipe(shot).generation_params
        assert (params.width, params.height, params.model) == (640, 360, "camera")


def test_project_and_batch_name_themselves(stills: Path, capsys: Capture) -> None:
    ran(capsys, "manifest", stills, "--created-at", "2025-07-04T16:30:22+02:00")

    manifest = manifest_of(stills)
    assert (manifest.project_id, manifest.batch_id) == ("july stills", "20250704_143022")


def test_a_folder_name_no_project_could_have_is_made_one(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "day #1 (rain, 50%)"
    saved(drawn(1600, 900), folder / "a.png")
    ran(capsys, "propose", folder)

    assert ran(capsys, "manifest", folder).code == 0

    (written,) = folder.glob("*.video_manifest.json")
    assert raw(written)["project_id"] == "day -1 -rain- 50"


def test_what_all_shots_share_stands_once_and_the_rest_is_unstated(
    stills: Path, capsys: Capture
) -> None:
    asked = ("--target-fps", "23.976", "--seed", "7", "--codec", "hevc", "--priority", "3")
    ran(capsys, "manifest", stills, *asked)

    document = raw(default_path(stills))
    assert document["defaults"] == {
        "encode": {"codec": "hevc"},
        "generation_params": {"model": "camera", "seed": 7, "width": 640, "height": 360},
        "interpolation": {"target_fps": "24000/1001"},
        "priority": 3,
    }
    assert {key for shot in document["shots"] for key in shot} == {"image_path", "motion", "sha256"}


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("24", Fraction(24)),
        ("23.976", Fraction(24000, 1001)),
        ("24000/1001", Fraction(24000, 1001)),
    ],
)
def test_rates_are_understood_in_every_spelling(
    text: str, rate: Fraction, stills: Path, capsys: Capture
) -> None:
    ran(capsys, "manifest", stills, "--target-fps", text, "--fps", "12")

    recipe = manifest_of(stills).recipe(manifest_of(stills).shots[0])
    assert recipe.interpolation.target_fps == rate
    assert recipe.generation_params.fps == 12


def test_shots_of_different_sizes_state_their_own(stills: Path, capsys: Capture) -> None:
    saved(drawn(1600, 900), stills / "c.png")
    ran(capsys, "propose", stills, "--size", "480x270")

    ran(capsys, "manifest", stills)

    manifest = manifest_of(stills)
    widths = {s.image_path: manifest.recipe(s).generation_params.width for s in manifest.shots}
    assert widths == {"a.png": 640, "b.png": 640, "c.png": 480}
    assert "width" not in raw(default_path(stills))["defaults"]["generation_params"]


def test_a_caption_becomes_the_prompt(stills: Path, capsys: Capture) -> None:
    (stills / "a.caption").write_bytes("\ufeffEin Café im Regen\n".encode())
    (stills / "b.caption").write_bytes(b" \n")

    ran(capsys, "manifest", stills)

    assert [shot.prompt for shot in manifest_of(stills).shots] == ["Ein Café im Regen", None]


def test_a_caption_that_all_share_stands_once(stills: Path, capsys: Capture) -> None:
    for name in "ab":
        (stills / f"{name}.caption").write_text("slow dolly")

    ran(capsys, "manifest", stills)

    manifest = manifest_of(stills)
    assert manifest.defaults.prompt == "slow dolly"
    assert [manifest.recipe(shot).prompt for shot in manifest.shots] == ["slow dolly"] * 2


def test_a_caption_that_is_no_text_is_refused_in_words(stills: Path, capsys: Capture) -> None:
    (stills / "a.caption").write_bytes(b"caf\xe9")

    told = ran(capsys, "manifest", stills)

    assert told.code == 10
    assert "a.caption" in told.err
    assert "UTF-8" in told.err
    assert not default_path(stills).exists()


def test_a_picture_changed_since_its_motion_was_drawn_stops_the_manifest(
    stills: Path, capsys: Capture
) -> None:
    saved(drawn(1600, 900, subject=(0.1, 0.1)), stills / "b.png")

    told = ran(capsys, "manifest", stills)

    assert told.code == 20
    assert "b.png: has changed since its motion was drawn" in told.err
    assert not default_path(stills).exists()


def test_blocked_motions_are_left_out_and_said_so(stills: Path, capsys: Capture) -> None:
    edited(stills / "b.png", start_rect=Rect.of(0, 0, 0.5, 0.5), end_rect=Rect.of(0.5, 0.5, 1, 1))

    told = ran(capsys, "manifest", stills)

    assert told.code == 0
    assert "b.png\tleft out\t-\tblocked: peak_speed" in told.out
    assert "1 left out as blocked" in told.out
    assert [shot.image_path for shot in manifest_of(stills).shots] == ["a.png"]


def test_blocked_motions_are_taken_when_asked_for(stills: Path, capsys: Capture) -> None:
    edited(stills / "b.png", start_rect=Rect.of(0, 0, 0.5, 0.5), end_rect=Rect.of(0.5, 0.5, 1, 1))

    ran(capsys, "manifest", stills, "--include-blocked")

    assert len(manifest_of(stills).shots) == 2


def test_nothing_to_submit_is_an_error_of_its_own(tmp_path: Path, capsys: Capture) -> None:
    saved(drawn(60, 40), tmp_path / "a.png")

    told = ran(capsys, "manifest", tmp_path)

    assert told.code == 36
    assert "selector propose" in told.err
    assert not list(tmp_path.glob("*.json"))


def test_equal_inputs_give_equal_bytes(stills: Path, capsys: Capture) -> None:
    ran(capsys, "manifest", stills, *STAMPED)
    first = default_path(stills).read_bytes()

    ran(capsys, "manifest", stills, *STAMPED)

    assert default_path(stills).read_bytes() == first
    assert raw(default_path(stills))["created_at"] == "2025-07-04T14:30:22.000Z"


def test_a_manifest_above_names_its_pictures_by_their_folder(stills: Path, capsys: Capture) -> None:
    target = stills.parent / "all.video_manifest.json"

    assert ran(capsys, "manifest", stills, "-o", target).code == 0

    manifest = codec.read(target, VideoManifest)
    assert [shot.image_path for shot in manifest.shots] == [
        "july stills/a.png",
        "july stills/b.png",
    ]
    assert all(files.resolve_inside(target.parent, s.image_path) for s in manifest.shots)


def test_folders_inside_are_taken_when_asked_for(stills: Path, capsys: Capture) -> None:
    saved(drawn(1600, 900), stills / "day2" / "c.png")
    ran(capsys, "propose", stills, "--recursive", "--size", "640x360")

    ran(capsys, "manifest", stills, "--recursive")

    paths = [shot.image_path for shot in manifest_of(stills).shots]
    assert paths == ["a.png", "b.png", "day2/c.png"]


@pytest.mark.parametrize(
    "out",
    [
        pytest.param("elsewhere/x.video_manifest.json", id="beside the pictures' folder"),
        pytest.param("july stills/day2/x.video_manifest.json", id="below the pictures"),
        pytest.param("missing/x.video_manifest.json", id="in no folder"),
        pytest.param("july stills/a.png", id="over a picture"),
    ],
)
def test_a_manifest_that_could_not_name_its_pictures_is_refused(
    out: str, stills: Path, capsys: Capture
) -> None:
    (stills.parent / "elsewhere").mkdir()
    (stills / "day2").mkdir()
    before = (stills / "a.png").read_bytes()

    told = ran(capsys, "manifest", stills, "-o", stills.parent / out)

    assert told.code == 12
    assert "Give -o" in told.err or "Make the folder" in told.err
    assert (stills / "a.png").read_bytes() == before
    assert not list(stills.parent.rglob("*.video_manifest.json"))


def test_a_picture_linked_from_outside_is_refused(stills: Path, capsys: Capture) -> None:
    outside = saved(drawn(1600, 900), stills.parent / "outside.png")
    (stills / "link.png").symlink_to(outside)
    ran(capsys, "propose", stills)

    told = ran(capsys, "manifest", stills)

    assert told.code == 12
    assert "leaves the folder" in told.err


def test_per_image_manifests_lie_beside_their_pictures(stills: Path, capsys: Capture) -> None:
    saved(drawn(1600, 900), stills / "day2" / "c.png")
    ran(capsys, "propose", stills, "--recursive", "--size", "640x360")

    told = ran(capsys, "manifest", stills, "--recursive", "--per-image", *STAMPED)

    assert told.code == 0, told.err
    assert not default_path(stills).exists()
    for picture in (stills / "a.png", stills / "b.png", stills / "day2" / "c.png"):
        path = picture.with_suffix(".video_manifest.json")
        (shot,) = codec.read(path, VideoManifest).shots
        assert shot.image_path == picture.name


def test_per_image_and_batch_manifests_can_be_had_together(stills: Path, capsys: Capture) -> None:
    target = stills / "all.video_manifest.json"

    told = ran(capsys, "manifest", stills, "--per-image", "-o", target, "--json")

    assert told.code == 0
    assert sorted(Path(path).name for path in told.document["manifests"]) == [
        "a.video_manifest.json",
        "all.video_manifest.json",
        "b.video_manifest.json",
    ]


def test_a_batch_manifest_never_takes_the_name_of_a_pictures_own(
    stills: Path, capsys: Capture
) -> None:
    target = stills / "a.video_manifest.json"

    told = ran(capsys, "manifest", stills, "--per-image", "-o", target)

    assert told.code == 12
    assert not target.exists()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--crf", "99", "crf"),
        ("--codec", "prores", "codec"),
        ("--model", "no such model", "model"),
        ("--seed", "-1", "seed"),
        ("--interpolation", "", "backend"),
    ],
)
def test_a_value_the_contract_refuses_is_named(
    option: str, value: str, said: str, stills: Path, capsys: Capture
) -> None:
    told = ran(capsys, "manifest", stills, option, value)

    assert told.code == 10
    assert said in told.err
    assert not default_path(stills).exists()


@pytest.mark.parametrize("rate", ["0", "fast", "1000", "24000/0", "nan"])
def test_a_rate_no_clip_can_have_is_refused(rate: str, stills: Path, capsys: Capture) -> None:
    told = ran(capsys, "manifest", stills, "--target-fps", rate)

    assert told.code == 2
    assert "23.976" in told.err


def test_a_clip_without_a_frame_is_refused_in_words(tmp_path: Path, capsys: Capture) -> None:
    saved(drawn(1600, 900), tmp_path / "a.png")
    ran(capsys, "propose", tmp_path, "--duration", "0.2")

    told = ran(capsys, "manifest", tmp_path, "--target-fps", "1")

    assert told.code == 10
    assert "not one frame" in told.err


def test_names_with_decomposed_accents_are_spelt_composed_or_refused(
    tmp_path: Path, capsys: Capture
) -> None:
    name = unicodedata.normalize("NFD", "café.png")
    saved(drawn(1600, 900), tmp_path / name)
    ran(capsys, "propose", tmp_path)

    told = ran(capsys, "manifest", tmp_path)

    if (tmp_path / unicodedata.normalize("NFC", name)).exists():  # macOS
        assert told.code == 0
    else:
        assert told.code == 12
        assert "rename it" in told.err


def test_real_photographs_go_all_the_way(tmp_path: Path, capsys: Capture) -> None:
    for name in ("coffee.png", "rocket.jpg"):
        copied(name, tmp_path / "stills")
    folder = tmp_path / "stills"
    ran(capsys, "propose", folder, "--size", "480x270")

    assert ran(capsys, "check", folder, "--strict").code == 0
    assert ran(capsys, "manifest", folder).code == 0
    assert len(manifest_of(folder).shots) == 2


def decide(folder: Path, **picked: bool) -> None:
    """Write into the folder's journal that ``X.png`` was picked, or passed over."""
    considered = tuple(Considered(name=f"{n}.png", picked=p) for n, p in picked.items())
    Journal(folder / JOURNAL_NAME).append(Decision(at=NOON, group="g", pictures=considered))


def test_pictures_that_were_passed_over_are_left_out_and_counted(
    stills: Path, capsys: Capture
) -> None:
    decide(stills, a=True, b=False)

    told = ran(capsys, "manifest", stills)

    assert told.code == 0, told.err
    assert "b.png\tleft out\t-\tpassed over" in told.out
    assert "1 shots; 1 left out as passed over" in told.out
    assert [shot.image_path for shot in manifest_of(stills).shots] == ["a.png"]


def test_pictures_that_were_passed_over_are_taken_when_asked_for(
    stills: Path, capsys: Capture
) -> None:
    decide(stills, a=True, b=False)

    told = ran(capsys, "manifest", stills, "--include-rejected", "--json")

    assert (told.code, told.document["passed_over"], told.document["shots"]) == (0, 0, 2)


def test_what_was_passed_over_keeps_no_manifest_from_being_written(
    stills: Path, capsys: Capture
) -> None:
    saved(drawn(1600, 900, subject=(0.1, 0.1)), stills / "b.png")  # changed since it was drawn
    decide(stills, b=False)

    told = ran(capsys, "manifest", stills, "--json")

    assert told.code == 0, told.err
    row = told.row("b.png")
    assert (row["shot"], row["passed_over"], row["error"]) == (False, True, None)
    assert told.document["passed_over"] == 1


def test_where_all_were_passed_over_the_error_says_so(stills: Path, capsys: Capture) -> None:
    decide(stills, a=False, b=False)

    told = ran(capsys, "manifest", stills)

    assert told.code == 36
    assert "passed over" in told.err
    assert "--include-rejected" in told.err


def test_where_none_is_left_for_several_reasons_the_error_names_them(
    stills: Path, capsys: Capture
) -> None:
    edited(stills / "b.png", start_rect=Rect.of(0, 0, 0.5, 0.5), end_rect=Rect.of(0.5, 0.5, 1, 1))
    decide(stills, a=False)

    told = ran(capsys, "manifest", stills)

    assert told.code == 36
    assert "1 belong to pictures that were passed over, and 1 are blocked" in told.err


def test_a_folder_on_a_read_only_disk_goes_all_the_way_by_an_overlay(
    tmp_path: Path, capsys: Capture
) -> None:
    folder, overlay = tmp_path / "stills", tmp_path / "mine"
    saved(drawn(1600, 900), folder / "day 1" / "a.png")
    with_overlay = ("--overlay", overlay, "--recursive")

    assert ran(capsys, "propose", folder, *with_overlay).code == 0
    kept = ran(capsys, "propose", folder, *with_overlay, "--json").row("day 1/a.png")
    target = tmp_path / "all.video_manifest.json"
    told = ran(capsys, "manifest", folder, *with_overlay, "-o", target)

    assert told.code == 0, told.err
    assert kept["outcome"] == "kept"
    (shot,) = codec.read(target, VideoManifest).shots
    assert shot.image_path == "stills/day 1/a.png"
    assert [path for path in folder.rglob("*") if path.is_file()] == [folder / "day 1" / "a.png"]
    assert (overlay / "day 1" / "a.motion.json").is_file()


def test_what_was_picked_in_the_window_is_sent_and_what_was_passed_over_is_not(
    qtbot: QtBot, tmp_path: Path, capsys: Capture
) -> None:
    folder = two_groups(tmp_path / "stills")
    assert ran(capsys, "propose", folder, "--recursive", "--size", "480x270").code == 0
    with opened(folder) as desk:
        desk.pick(1)  # first/b.png, and so not first/a.png
        desk.go(1)
        desk.reject()
        desk.undo_stack.undo()  # the second group is undecided again

    told = ran(capsys, "manifest", folder, "--recursive", "--json")

    assert told.code == 0, told.err
    taken = {row["picture"]: row["shot"] for row in told.document["pictures"]}
    assert taken == {
        "first/a.png": False,
        "first/b.png": True,
        "second/c.png": True,
        "second/d.jpg": True,
    }
