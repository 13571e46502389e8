"""Regions: what was drawn by lasso or brush, kept beside the picture, and found again."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from companions.errors import FileUnwritable, PathRefused
from companions.geometry import Size
from companions.masks import Mask, mask_box, polygon_mask, read_mask
from companions.names import MASK_SUFFIX, is_picture, path_fault
from companions.objects import polygon_box
from companions.sets.grouping import Entry, group
from companions.trajectory import PolygonRegion
from selector.core.regions import (
    LONG_SIDE,
    BrushStroke,
    brushed,
    lasso,
    mask_name,
    mask_png,
    mask_size,
    outlines,
    save_mask,
)
from tests.companions import documents

PICTURE = Size(6000, 4000)
SMALL = Size(600, 400)
DAB = BrushStroke(points=((0.5, 0.5),), radius=0.1)
SQUARE = PolygonRegion(shape="polygon", points=((0.2, 0.2), (0.4, 0.2), (0.4, 0.5), (0.2, 0.5)))


def share(mask: Mask) -> float:
    """How much of the picture belongs to a mask."""
    return float((mask >= 128).mean())


def loop(x: float, y: float, radius: float, *, turns: float = 1.0) -> list[tuple[float, float]]:
    """A hand going round, in pixels of a 3:2 picture."""
    steps = [2.0 * math.pi * turns * i / 200 for i in range(201)]
    return [(x + radius * math.cos(a), y + 1.5 * radius * math.sin(a)) for a in steps]


def holds(region: PolygonRegion, point: tuple[float, float]) -> bool:
    """Whether the polygon's mask is white there."""
    mask = polygon_mask(region, size=SMALL)
    return bool(mask[int(point[1] * SMALL.height), int(point[0] * SMALL.width)] == 255)


# -- the brush ------------------------------------------------------------------------------------


def test_a_mask_has_the_pictures_shape_and_no_side_over_the_limit() -> None:
    assert mask_size(PICTURE) == Size(2048, 1365)
    assert mask_size(Size(3000, 9000)) == Size(683, 2048)
    assert mask_size(SMALL) == SMALL


@pytest.mark.parametrize("picture", [PICTURE, SMALL], ids=["reduced", "as it is"])
def test_a_dab_is_a_disc_as_large_as_the_brush(picture: Size) -> None:
    mask = brushed([DAB], picture=picture)

    assert max(mask.shape) <= LONG_SIDE
    assert share(mask) == pytest.approx(math.pi * 0.1**2 * 1.5, rel=0.04)
    box = mask_box(mask)
    assert box == pytest.approx((0.4, 0.35, 0.6, 0.65), abs=0.004)


def test_a_stroke_is_as_wide_as_the_brush_all_along_and_round_at_its_ends() -> None:
    stroke = BrushStroke(points=((0.2, 0.5), (0.5, 0.5), (0.8, 0.5)), radius=0.05)

    mask = brushed([stroke], picture=SMALL)

    assert share(mask) == pytest.approx(1.5 * (0.6 * 0.1 + math.pi * 0.05**2), rel=0.05)
    assert mask_box(mask) == pytest.approx((0.15, 0.425, 0.85, 0.575), abs=0.004)
    assert mask[170 + 2, 90 + 2] == 0


def test_the_eraser_takes_away_what_was_drawn_before_it_and_not_what_comes_after() -> None:
    eraser = BrushStroke(points=DAB.points, radius=0.2, erases=True)

    assert not brushed([DAB, eraser], picture=SMALL).any()
    assert np.array_equal(brushed([eraser, DAB], picture=SMALL), brushed([DAB], picture=SMALL))


def test_the_brush_goes_on_over_a_mask_of_another_size() -> None:
    before = brushed([BrushStroke(points=((0.2, 0.5),), radius=0.1)], picture=PICTURE)
    kept = before.copy()

    both = brushed([BrushStroke(points=((0.8, 0.5),), radius=0.1)], picture=SMALL, onto=before)

    assert both.shape == (400, 600)
    assert share(both) == pytest.approx(2.0 * math.pi * 0.1**2 * 1.5, rel=0.03)
    assert np.array_equal(before, kept)


def test_the_thinnest_brush_still_draws_something_that_belongs() -> None:
    assert mask_box(brushed([BrushStroke(points=((0.5, 0.5),), radius=0.0)], picture=SMALL))


@settings(max_examples=50)
@given(
    strokes=st.lists(
        st.builds(
            BrushStroke,
            points=st.lists(st.tuples(st.floats(-9.0, 9.0), st.floats(-9.0, 9.0)), max_size=5).map(
                tuple
            ),
            radius=st.floats(0.0, 3.0),
            erases=st.booleans(),
        ),
        max_size=4,
    )
)
def test_strokes_may_go_anywhere(strokes: list[BrushStroke]) -> None:
    mask = brushed(strokes, picture=Size(300, 200))

    assert mask.shape == (200, 300)
    assert mask.dtype == np.uint8


# -- the lasso ------------------------------------------------------------------------------------


def test_a_lasso_becomes_a_polygon_of_few_corners_that_holds_what_it_went_around() -> None:
    region = lasso(loop(0.5, 0.5, 0.2), picture=PICTURE)

    assert region is not None
    assert len(region.points) < 40
    assert share(polygon_mask(region, size=SMALL)) == pytest.approx(
        math.pi * 0.2**2 * 1.5, rel=0.03
    )


@pytest.mark.parametrize("turns", [1.08, 1.9], ids=["its ends cross", "gone around twice"])
def test_a_lasso_that_crosses_itself_has_no_holes(turns: float) -> None:
    spiral = [
        (0.5 + (x - 0.5) * (1.0 + 0.2 * i / 200), 0.5 + (y - 0.5) * (1.0 + 0.2 * i / 200))
        for i, (x, y) in enumerate(loop(0.5, 0.5, 0.2, turns=turns))
    ]

    region = lasso(spiral, picture=PICTURE)

    assert region is not None
    assert holds(region, (0.5, 0.5))
    for angle in range(0, 360, 5):
        x = 0.5 + 0.19 * math.cos(math.radians(angle))
        y = 0.5 + 0.19 * 1.5 * math.sin(math.radians(angle))
        assert holds(region, (x, y))


def test_a_figure_of_eight_holds_both_its_loops() -> None:
    eight = [
        (0.5 + 0.3 * math.sin(a), 0.5 + 0.3 * math.sin(2 * a))
        for a in np.linspace(0.0, 2.0 * math.pi, 300).tolist()
    ]

    region = lasso(eight, picture=PICTURE)

    assert region is not None
    assert holds(region, (0.3, 0.5))
    assert holds(region, (0.7, 0.5))


def test_a_lasso_beyond_the_picture_is_cut_off_at_its_edge() -> None:
    region = lasso(loop(0.0, 0.0, 0.3), picture=PICTURE)

    assert region is not None
    assert holds(region, (0.1, 0.1))
    assert polygon_box(region) == pytest.approx((0.0, 0.0, 0.3, 0.45), abs=0.01)


@pytest.mark.parametrize(
    "stroke",
    [[], [(0.5, 0.5)], [(0.1, 0.1), (0.9, 0.9)], [(0.5, 0.5), (0.5001, 0.5), (0.5, 0.5001)]],
    ids=["nothing", "a click", "a line", "a tremor"],
)
def test_a_lasso_around_nothing_is_no_region(stroke: list[tuple[float, float]]) -> None:
    assert lasso(stroke, picture=PICTURE) is None


@settings(max_examples=100)
@given(
    stroke=st.lists(st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5)), max_size=40),
    picture=st.sampled_from([PICTURE, Size(300, 200), Size(400, 5000)]),
)
def test_any_lasso_is_a_region_or_none(stroke: list[tuple[float, float]], picture: Size) -> None:
    region = lasso(stroke, picture=picture)

    if region is not None:
        assert PolygonRegion.model_validate_json(region.model_dump_json()) == region
        assert len(region.points) <= 200


# -- the file -------------------------------------------------------------------------------------


def test_a_mask_is_an_8_bit_grey_png_and_equal_masks_are_equal_bytes() -> None:
    mask = brushed([DAB], picture=SMALL)

    with Image.open(io.BytesIO(mask_png(mask))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (600, 400))
        assert np.array_equal(np.asarray(image), mask)
    assert mask_png(mask) == mask_png(mask.copy())


def test_a_saved_mask_is_read_again_beside_its_picture(tmp_path: Path) -> None:
    mask = brushed([DAB], picture=PICTURE)

    region = save_mask(mask, picture=tmp_path / "img 001.jpg", name="kite 2")

    assert region.path.startswith("img 001.kite-2-")
    assert region.path.endswith(MASK_SUFFIX)
    assert np.array_equal(read_mask(region, folder=tmp_path, picture=PICTURE), mask)


def test_a_mask_drawn_on_leaves_the_one_before_it_as_it_was(tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    first = save_mask(brushed([DAB], picture=SMALL), picture=picture, name="kite")
    larger = brushed([BrushStroke(points=DAB.points, radius=0.2)], picture=SMALL)
    second = save_mask(larger, picture=picture, name="kite")

    assert first.path != second.path
    assert share(read_mask(first, folder=tmp_path, picture=SMALL)) < share(larger)
    assert np.array_equal(read_mask(second, folder=tmp_path, picture=SMALL), larger)


def test_the_same_mask_again_is_the_same_file(tmp_path: Path) -> None:
    mask, picture = brushed([DAB], picture=SMALL), tmp_path / "a.jpg"
    first = save_mask(mask, picture=picture, name="kite")
    stamp = (tmp_path / first.path).stat()

    assert save_mask(mask, picture=picture, name="kite") == first
    assert (tmp_path / first.path).stat() == stamp
    assert len(list(tmp_path.iterdir())) == 1


def test_what_has_a_masks_name_already_is_never_written_over(tmp_path: Path) -> None:
    mask, picture = brushed([DAB], picture=SMALL), tmp_path / "a.jpg"
    taken = tmp_path / save_mask(mask, picture=picture, name="kite").path
    taken.write_bytes(b"somebody's own")

    region = save_mask(mask, picture=picture, name="kite")

    assert taken.read_bytes() == b"somebody's own"
    assert region.path != taken.name
    assert np.array_equal(read_mask(region, folder=tmp_path, picture=SMALL), mask)


def test_an_empty_mask_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    empty = np.zeros((40, 60), dtype=np.uint8)

    with pytest.raises(ValueError, match="nothing is drawn"):
        save_mask(empty, picture=tmp_path / "a.jpg", name="kite")

    assert list(tmp_path.iterdir()) == []


def test_a_mask_for_a_folder_that_is_gone_is_refused_as_unwritable(tmp_path: Path) -> None:
    mask = brushed([DAB], picture=SMALL)

    with pytest.raises(FileUnwritable):
        save_mask(mask, picture=tmp_path / "gone" / "a.jpg", name="kite")


@given(name=documents.objects().map(lambda each: each.name) | st.sampled_from(["a.b:c", "नमस्ते"]))
def test_a_masks_name_is_one_word_that_documents_take(name: str) -> None:
    made = mask_name("img.001.jpg", name, "a1b2c3d4")

    assert path_fault(made) is None
    word = made.removeprefix("img.001.").removesuffix(MASK_SUFFIX)
    assert "." not in word
    assert ":" not in word
    assert " " not in word
    assert word.endswith("-a1b2c3d4")
    assert not is_picture(Path(made))


def test_letters_of_any_script_stay_in_a_masks_name() -> None:
    assert mask_name("a.jpg", "Vögel", "a1b2c3d4") == "a.Vögel-a1b2c3d4.mask.png"
    assert mask_name("a.jpg", "नमस्ते", "a1b2c3d4") == "a.नमस्ते-a1b2c3d4.mask.png"


def test_a_mask_travels_with_its_picture() -> None:
    made = mask_name("a.jpg", "kite 2", "a1b2c3d4")

    grouped = group([Entry("a.jpg"), Entry(made)])

    assert grouped.sets["a"].companions == (made,)


@pytest.mark.parametrize("stem", ["x" * 210, "字" * 70, "x" * 60], ids=len)
def test_an_overlong_objects_name_is_cut_to_what_file_systems_take(stem: str) -> None:
    cut = mask_name(f"{stem}.jpg", "Ü" * 120, "a1b2c3d4")

    assert path_fault(cut) is None
    assert cut.startswith(f"{stem}.Ü")
    assert cut.endswith("-a1b2c3d4.mask.png")


def test_a_picture_whose_name_leaves_no_room_for_a_mask_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(PathRefused, match="leaves no room"):
        save_mask(brushed([DAB], picture=SMALL), picture=tmp_path / f"{'x' * 230}.jpg", name="kite")

    assert list(tmp_path.iterdir()) == []


def test_a_stroke_of_the_brush_does_not_close_by_itself() -> None:
    corner = BrushStroke(points=((0.2, 0.2), (0.8, 0.2), (0.8, 0.8)), radius=0.02)

    mask = brushed([corner], picture=SMALL)

    assert mask[80, 300] == mask[200, 480] == 255
    assert mask[200, 300] == 0


# -- what is drawn of them ------------------------------------------------------------------------


def test_a_masks_outlines_go_around_it_and_around_its_holes() -> None:
    ring = brushed([DAB, BrushStroke(points=DAB.points, radius=0.04, erases=True)], picture=SMALL)

    lines = outlines(ring)

    widths = sorted(max(x for x, _ in line) - min(x for x, _ in line) for line in lines)
    assert widths == pytest.approx([0.08, 0.2], abs=0.01)


def test_an_outline_runs_through_the_middles_of_the_outermost_pixels() -> None:
    mask = np.zeros((4, 6), dtype=np.uint8)
    mask[1:3, 2:5] = 255

    (line,) = outlines(mask)

    xs, ys = zip(*line, strict=True)
    assert (min(xs), max(xs)) == pytest.approx((2.5 / 6, 4.5 / 6))
    assert (min(ys), max(ys)) == pytest.approx((1.5 / 4, 2.5 / 4))
