"""``fleet submit`` on real pictures, with nothing faked."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from companions import codec
from companions.geometry import Rect
from companions.motion import Move
from companions.timing import parse_rate
from companions.video_manifest import EncodeParams, InterpolationParams
from companions.video_meta import CheckVerdict, Verdict, VideoMeta
from fleet.encode.probe import probe_clip
from tests.acceptance.cli import Ran, fleet
from tests.fleet.making import PHOTOS, photo, shot, write_manifest

PUSH_IN = Move(
    start_rect=Rect.of(0.0, 0.0, 0.95, 0.95), end_rect=Rect.of(0.2, 0.2, 0.8, 0.8), duration_sec=1.5
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """Five photographs, every codec, three interpolators, two rates; made once."""
    folder = tmp_path_factory.mktemp("made")
    pictures = [photo(name, folder / "stills") for name in PHOTOS]
    shots = [
        shot(p, folder, move=PUSH_IN, interpolator=None, width=320, height=180) for p in pictures
    ]
    shots[1] = shots[1].model_copy(
        update={"encode": EncodeParams.model_validate({"codec": "hevc"}, strict=False)}
    )
    shots[2] = shots[2].model_copy(
        update={"encode": EncodeParams.model_validate({"codec": "av1"}, strict=False)}
    )
    shots[3] = shots[3].model_copy(
        update={
            "interpolation": InterpolationParams(backend="blend", target_fps=parse_rate(23.976))
        }
    )
    shots[4] = shots[4].model_copy(
        update={"interpolation": InterpolationParams(backend="none", target_fps=parse_rate(24))}
    )
    manifest = write_manifest(folder / "m.video_manifest.json", shots)
    return folder, fleet(folder / "home", "submit", manifest)


def metas(folder: Path) -> dict[str, VideoMeta]:
    found = sorted((folder / "stills").glob("*.video_meta.json"))
    return {path.name.split(".")[0]: codec.read(path, VideoMeta) for path in found}


def test_every_picture_becomes_a_clip_that_follows_its_rectangles(made: tuple[Path, Ran]) -> None:
    folder, ran = made

    assert ran.code == 0, ran.err
    assert len(metas(folder)) == len(PHOTOS)
    for name, meta in metas(folder).items():
        adherence = next(check for check in meta.checks if check.name == "adherence")
        assert adherence.verdict is CheckVerdict.PASS, name
        assert adherence.value is not None
        assert adherence.value < 0.03, name


def test_every_clip_has_exactly_the_promised_frames_and_the_hash_in_its_meta(
    made: tuple[Path, Ran],
) -> None:
    folder, _ = made
    for name, meta in metas(folder).items():
        probe = probe_clip(folder / "stills" / f"{name}.mp4")
        rate = meta.recipe.interpolation.target_fps
        assert probe.frames == round(Fraction("1.5") * rate), name
        assert probe.rate == rate
        assert meta.clip is not None
        assert (probe.sha256, probe.codec) == (meta.clip.sha256, meta.recipe.encode.codec)
        assert meta.verdict is Verdict.PASS


def test_half_of_the_frames_come_from_the_interpolation_pool(made: tuple[Path, Ran]) -> None:
    facts = metas(made[0])["astronaut"].frames

    assert facts is not None
    assert (facts.generated, facts.interpolator) == (19, "flow-refine")
    assert facts.interpolated == 17


def test_submitting_again_adds_nothing_and_says_so(made: tuple[Path, Ran]) -> None:
    folder, _ = made
    before = {p: p.stat().st_mtime_ns for p in (folder / "stills").iterdir()}

    again = fleet(folder / "home", "submit", folder / "m.video_manifest.json")

    assert again.code == 0
    assert "nothing to add" in again.err
    assert {p: p.stat().st_mtime_ns for p in (folder / "stills").iterdir()} == before


def test_a_clip_that_was_deleted_is_made_again_with_the_same_bytes(made: tuple[Path, Ran]) -> None:
    folder, _ = made
    clip = folder / "stills" / "astronaut.mp4"
    data = clip.read_bytes()
    clip.unlink()

    again = fleet(folder / "home", "submit", folder / "m.video_manifest.json")

    assert again.code == 0
    assert "1 to be made again" in again.err
    assert clip.read_bytes() == data


def test_status_show_and_events_tell_people_and_machines_the_same(made: tuple[Path, Ran]) -> None:
    folder, _ = made
    home = folder / "home"

    status = fleet(home, "status", "--shots", "--json").json()
    shown = fleet(home, "show", "stills/coffee.png", "--json").json()
    events = fleet(home, "events", "--shot", "stills/coffee.png", "--json").json()

    assert {row["state"] for row in status} == {"pass"}
    assert len(status) == len(PHOTOS)
    assert shown["meta"]["clip"]["codec"] == "hevc"
    assert [a["stage"] for a in shown["attempts"]] == ["generate", "finish", "publish"]
    assert events[0]["kind"] == "submitted"
    assert events[-1]["kind"] == "ended"
    plain = fleet(home, "status", "--shots").out.splitlines()
    assert len(plain) == len(PHOTOS)
    assert all(line.split("\t")[2] == "pass" for line in plain)
    told = fleet(home, "show", "stills/coffee.png").out
    assert ("frame_count" in told, "  model     camera" in told) == (True, True)


def test_a_report_shows_every_shot_on_one_sheet(made: tuple[Path, Ran], tmp_path: Path) -> None:
    folder, _ = made
    sheet = tmp_path / "sheet.png"

    ran = fleet(folder / "home", "report", folder / "m.video_manifest.json", "--sheet", sheet)

    assert ran.code == 0
    assert sheet.stat().st_size > 20_000
    assert ran.out.count("pass") == len(PHOTOS)


def test_with_out_the_clips_go_elsewhere_and_keep_their_folders(tmp_path: Path) -> None:
    picture = photo("coffee.png", tmp_path / "in" / "day1")
    manifest = write_manifest(
        tmp_path / "in" / "m.video_manifest.json",
        [shot(picture, tmp_path / "in", width=128, height=72)],
    )

    planned = fleet(tmp_path / "home", "submit", manifest, "--dry-run", "--json").json()
    ran = fleet(tmp_path / "home", "submit", manifest, "--out", tmp_path / "clips", "--json")

    assert [row["clip_frames"] for row in planned] == [12]
    assert ran.json()[0]["clip"] == str(tmp_path / "clips" / "day1" / "coffee.mp4")
    assert sorted(p.name for p in (tmp_path / "clips" / "day1").iterdir()) == [
        "coffee.mp4",
        "coffee.video_meta.json",
    ]
    assert [p.name for p in (tmp_path / "in" / "day1").iterdir()] == ["coffee.png"]


def test_queued_shots_are_made_by_the_next_submission(tmp_path: Path) -> None:
    picture = photo("rocket.jpg", tmp_path)
    manifest = write_manifest(
        tmp_path / "m.video_manifest.json", [shot(picture, tmp_path, width=128, height=72)]
    )

    queued = fleet(tmp_path / "home", "submit", manifest, "--no-wait")
    waiting = fleet(tmp_path / "home", "status", "--shots", "--json").json()
    made = fleet(tmp_path / "home", "submit", manifest)

    assert (queued.code, made.code) == (0, 0)
    assert [row["state"] for row in waiting] == ["queued"]
    assert (tmp_path / "rocket.mp4").exists()
