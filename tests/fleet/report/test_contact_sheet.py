from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from companions import codec
from companions.errors import FileUnwritable
from companions.geometry import Rect, Size
from companions.motion import MotionKeyframe, Move, Rotation
from companions.picture import Pixels
from companions.video_manifest import EncodeParams, Recipe
from companions.video_meta import (
    Check,
    CheckVerdict,
    ClipFacts,
    Cost,
    FramingUsed,
    ManifestUsed,
    Reason,
    Verdict,
    VideoMeta,
)
from fleet.encode.clip import ClipWriter
from fleet.encode.probe import probe_clip
from fleet.report.contact_sheet import MAX_ROWS, SheetRow, contact_sheet
from fleet.report.lettering import elided, font, wrapped
from tests.fleet.footage import CLOSE, WIDE, filmed, flat, move, photo

SIZE = Size(320, 180)


def picture_file(folder: Path, pixels: Pixels, name: str) -> Path:
    path = folder / name
    Image.fromarray(pixels).save(path)
    return path


def clip_file(folder: Path, frames: Sequence[Pixels], name: str) -> Path:
    path = folder / name
    size = Size(frames[0].shape[1], frames[0].shape[0])
    with ClipWriter(
        path, size=size, rate=Fraction(24), params=EncodeParams(crf=8), threads=2
    ) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def meta_of(
    picture: Path,
    clip: Path | None,
    *,
    verdict: Verdict = Verdict.PASS,
    reasons: tuple[Reason, ...] = (),
    framing: FramingUsed | None = None,
    motion: Move | None = None,
) -> VideoMeta:
    recipe = Recipe(
        image_sha256="0" * 64,
        motion=motion or Move(start_rect=WIDE, end_rect=CLOSE, duration_sec=1.0),
    )
    facts = None
    if clip is not None:
        probe = probe_clip(clip)
        facts = ClipFacts(
            file=clip.name,
            sha256=probe.sha256,
            size_bytes=probe.size_bytes,
            frames=probe.frames,
            fps=probe.rate,
            duration_sec=float(probe.duration_s),
            width=probe.width,
            height=probe.height,
            codec=probe.codec,
            encoder="libx264",
        )
    adherence = Check(name="adherence", value=0.0003, threshold=0.03, verdict=CheckVerdict.PASS)
    return VideoMeta(
        shot_id="shot-1",
        shot_fingerprint=codec.fingerprint(recipe),
        manifest=ManifestUsed(project_id="demo", batch_id="night_042", sha256="1" * 64),
        image=picture.name,
        verdict=verdict,
        reasons=reasons,
        recipe=recipe,
        framing=framing,
        clip=facts,
        checks=(adherence,) if facts else (),
        cost=Cost(seconds=1.0, rate_per_hour=0.0, amount=0.0),
        finished_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def good_row(folder: Path, name: str = "coffee.png", *, frames: int = 9) -> SheetRow:
    pixels = photo(name)
    picture = picture_file(folder, pixels, name)
    path = move(pixels, output=SIZE)
    seen = list(filmed(pixels, path, frames=frames, output=SIZE))
    clip = clip_file(folder, seen, f"{picture.stem}.mp4")
    framing = FramingUsed(start_rect=path.start, end_rect=path.end, grown=True)
    return SheetRow(picture, clip, meta_of(picture, clip, framing=framing))


def failed_row(folder: Path, message: str = "is truncated. Copy it again.") -> SheetRow:
    picture = picture_file(folder, np.ascontiguousarray(photo("rocket.jpg")[::2, ::2]), "r.png")
    reasons = (Reason(code="picture_truncated", message=message),)
    return SheetRow(picture, None, meta_of(picture, None, verdict=Verdict.FAILED, reasons=reasons))


def drawn(rows: Sequence[SheetRow], folder: Path) -> Pixels:
    contact_sheet(rows, folder / "sheet.png")
    with Image.open(folder / "sheet.png") as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def share_of(sheet: Pixels, colour: tuple[int, int, int], *, within: int = 30) -> float:
    near = np.abs(sheet.astype(int) - np.array(colour)).max(axis=2) < within
    return float(near.mean())


def test_five_frames_of_the_clip_are_shown_in_their_order(tmp_path: Path) -> None:
    picture = picture_file(tmp_path, flat(90, output=SIZE), "a.png")
    colours = [(220, 30, 30), (30, 220, 30), (30, 30, 220), (220, 220, 30), (30, 220, 220)]
    frames = [flat(colours[index // 4], output=SIZE) for index in range(20)]
    # 0, 25, 50, 75 and 100 % of 20 frames are frames 0, 5, 10, 14 and 19.
    row = SheetRow(picture, clip := clip_file(tmp_path, frames, "a.mp4"), meta_of(picture, clip))

    sheet = drawn([row], tmp_path)

    middles = []
    for colour in (colours[0], colours[1], colours[2], colours[3], colours[4]):
        near = np.abs(sheet.astype(int) - np.array(colour)).max(axis=2) < 25
        columns = np.flatnonzero(near.sum(axis=0) > 100)
        assert len(columns) > 200, colour
        middles.append(columns.mean())
    assert middles == sorted(middles)


def test_the_motion_rectangles_are_drawn_where_they_are(tmp_path: Path) -> None:
    picture = picture_file(tmp_path, flat(90, output=Size(302, 170)), "a.png")
    clip = clip_file(tmp_path, [flat(90, output=SIZE)], "a.mp4")
    framing = FramingUsed(
        start_rect=Rect.of(0.1, 0.1, 0.5, 0.5), end_rect=Rect.of(0.4, 0.6, 0.9, 0.9), grown=False
    )
    row = SheetRow(picture, clip, meta_of(picture, clip, framing=framing))

    sheet = drawn([row], tmp_path).astype(int)

    keyframe = sheet[74:244, 28:330]
    start = np.abs(keyframe - np.array((74, 212, 110))).max(axis=2) < 8
    end = np.abs(keyframe - np.array((86, 156, 255))).max(axis=2) < 8
    for mask, rect in ((start, framing.start_rect), (end, framing.end_rect)):
        rows, columns = np.nonzero(mask)
        box = columns.min() / 302, rows.min() / 170, columns.max() / 302, rows.max() / 170
        assert box == pytest.approx(rect.root, abs=0.02)


def test_stops_on_the_way_are_drawn_thin_and_turned_windows_turned(tmp_path: Path) -> None:
    picture = picture_file(tmp_path, flat(90, output=Size(302, 170)), "a.png")
    clip = clip_file(tmp_path, [flat(90, output=SIZE)], "a.mp4")
    square = Rect.of(0.5, 0.3, 0.5 + 68 / 302, 0.7)  # 68 x 68 on the sheet
    low = Rect.of(0.1, 0.5, 0.3, 0.9)
    motion = Move(
        start_rect=WIDE, end_rect=square, duration_sec=1.0,
        keyframes=(MotionKeyframe(at=0.5, rect=CLOSE, rotation_deg=0.0),),
        rotation=Rotation(end_deg=45.0),
    )  # fmt: skip
    framing = FramingUsed(start_rect=WIDE, end_rect=square, keyframe_rects=(low,), grown=True)
    row = SheetRow(picture, clip, meta_of(picture, clip, framing=framing, motion=motion))

    sheet = drawn([row], tmp_path).astype(int)

    keyframe = sheet[74:244, 28:330]
    end = np.abs(keyframe - np.array((86, 156, 255))).max(axis=2) < 8
    rows, columns = np.nonzero(end)
    # A square on its point is as wide and as high as its diagonal.
    middle_x, middle_y, half = (0.5 + 34 / 302) * 302, 85, 34 * 2**0.5
    box = columns.min(), rows.min(), columns.max(), rows.max()
    assert box == pytest.approx(
        (middle_x - half, middle_y - half, middle_x + half, middle_y + half), abs=2.5
    )
    between = np.abs(keyframe - np.array((226, 226, 224))).max(axis=2) < 8
    rows, columns = np.nonzero(between)
    box = columns.min() / 302, rows.min() / 170, columns.max() / 302, rows.max() / 170
    assert box == pytest.approx(low.root, abs=0.02)  # as rendered, not as drawn
    assert between[:, 60].sum() == 2  # its upper and lower edge, one pixel each


def test_a_meta_whose_stops_do_not_match_its_recipe_does_not_stop_the_sheet(
    tmp_path: Path,
) -> None:
    row = good_row(tmp_path)
    motion = Move(
        start_rect=WIDE, end_rect=CLOSE, duration_sec=1.0,
        keyframes=(MotionKeyframe(at=0.5, rect=CLOSE),),
    )  # fmt: skip
    meta = meta_of(row.picture, row.clip, framing=row.meta.framing, motion=motion)

    assert drawn([SheetRow(row.picture, row.clip, meta)], tmp_path).std() > 20


def test_a_failed_shot_shows_its_picture_and_its_reason(tmp_path: Path) -> None:
    short = drawn([failed_row(tmp_path, "is truncated.")], tmp_path)
    long = drawn([failed_row(tmp_path, "is truncated, and " * 12)], tmp_path)

    rocket = short[74:244, 28:330]
    assert rocket.std() > 20  # a photograph, not an empty well
    words_short = (short[74:244, 354:] > 200).sum()
    words_long = (long[74:244, 354:] > 200).sum()
    assert 0 < 3 * words_short < words_long


def test_every_shot_has_its_own_row(tmp_path: Path) -> None:
    row = good_row(tmp_path)

    one, three = drawn([row], tmp_path), drawn([row] * 3, tmp_path)

    pitch = (three.shape[0] - one.shape[0]) // 2
    band = slice(74, 74 + 170)
    for index in range(3):
        below = three[74 + index * pitch : 74 + 170 + index * pitch]
        assert np.array_equal(below, one[band])


def test_verdicts_are_told_apart_by_colour(tmp_path: Path) -> None:
    good = good_row(tmp_path)
    reasons = (Reason(code="flashes", message="flashes too often. Look at it."),)
    flagged = SheetRow(
        good.picture,
        good.clip,
        meta_of(good.picture, good.clip, verdict=Verdict.FLAGGED, reasons=reasons),
    )

    passing, doubtful = drawn([good], tmp_path), drawn([flagged], tmp_path)

    amber = (240, 176, 60)
    assert share_of(doubtful[244:280], amber, within=6) > 4 * share_of(
        passing[244:280], amber, within=6
    )


@pytest.mark.parametrize("lost", ["picture", "clip"])
def test_what_is_missing_does_not_stop_the_sheet(tmp_path: Path, lost: str) -> None:
    row = good_row(tmp_path)
    whole = drawn([row, row], tmp_path)
    gone = row.picture if lost == "picture" else row.clip
    assert gone is not None
    gone.unlink()

    sheet = drawn([row, row], tmp_path)

    assert sheet.shape == whole.shape
    assert not np.array_equal(sheet, whole)


def test_portrait_clips_keep_their_shape(tmp_path: Path) -> None:
    picture = picture_file(tmp_path, photo("astronaut.png"), "a.png")
    red = (200, 30, 30)
    clip = clip_file(tmp_path, [flat(red, output=Size(90, 160))] * 2, "a.mp4")

    sheet = drawn([SheetRow(picture, clip, meta_of(picture, clip))], tmp_path)

    near = np.abs(sheet[:, 354:].astype(int) - np.array(red)).max(axis=2) < 25
    height = int(near.any(axis=1).sum())
    width = int(near[near.shape[0] // 2].sum()) / 5
    assert height == pytest.approx(170, abs=3)
    assert width == pytest.approx(170 * 90 / 160, abs=3)


def test_names_in_any_script_and_of_any_length_are_drawn(tmp_path: Path) -> None:
    short = good_row(tmp_path)
    picture = picture_file(tmp_path, photo("chelsea.png"), "素材_" + "éclair_" * 20 + ".png")
    long = SheetRow(picture, short.clip, meta_of(picture, short.clip))

    sheet = drawn([long], tmp_path)

    assert sheet.shape == drawn([short], tmp_path).shape
    assert sheet[244:278, 333:352].max() < 60  # the name does not run into the verdict


def test_a_sheet_says_how_many_shots_it_leaves_out(tmp_path: Path) -> None:
    row = failed_row(tmp_path)

    full, over = drawn([row] * MAX_ROWS, tmp_path), drawn([row] * (MAX_ROWS + 7), tmp_path)

    assert full.shape == over.shape
    assert full[-40:].max() < 60
    assert over[-40:].max() > 120


def test_a_sheet_of_nothing_is_a_sheet(tmp_path: Path) -> None:
    assert drawn([], tmp_path).shape[1] > 300


def test_a_sheet_is_whole_or_absent(tmp_path: Path) -> None:
    with pytest.raises(FileUnwritable):
        contact_sheet([failed_row(tmp_path)], tmp_path / "nowhere" / "sheet.png")


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [good_row(tmp_path), failed_row(tmp_path)]

    contact_sheet(rows, tmp_path / "a.png")
    contact_sheet(rows, tmp_path / "b.png")

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    name = "holiday_" * 20 + "0042.jpg"

    short = elided(name, size=15, width=200)

    assert short.startswith("holiday_")
    assert short.endswith("0042.jpg")
    assert font(15).getlength(short) <= 200
    assert elided("a.jpg", size=15, width=200) == "a.jpg"


def test_text_is_wrapped_to_the_width_and_cut_at_the_last_line() -> None:
    lines = wrapped("one reason after another " * 20, size=15, width=220, lines=3)

    assert len(lines) == 3
    assert all(font(15).getlength(line) <= 220 for line in lines)
    assert "..." in lines[-1]
    assert wrapped("two words", size=15, width=220, lines=3) == ["two words"]
