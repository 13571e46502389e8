"""A clip whose move is more than rectangles is held against what it was asked to show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from companions.attached import DepthMap, ReferenceClip
from companions.errors import PictureRefused
from companions.geometry import Rect
from companions.picture import Pixels
from companions.preset import Orbit
from companions.video_manifest import Recipe
from companions.video_meta import Check, CheckVerdict, Verdict
from fleet.stages.attached import read_attached
from fleet.stages.base import Chunk, FinishReport, FinishTask, GenerateTask, never_stopped
from fleet.stages.work import Work
from tests.fleet.making import photo, recipe, sha256

WIDTH, HEIGHT, FPS = 208, 112, 12
PUSH_IN: dict[str, object] = {
    "start_rect": Rect.of(0.05, 0.05, 0.95, 0.95),
    "end_rect": Rect.of(0.3, 0.3, 0.7, 0.7),
}
ORBIT: dict[str, object] = {
    "start_rect": Rect.of(0.2, 0.2, 0.8, 0.8),
    "end_rect": Rect.of(0.2, 0.2, 0.8, 0.8),
    "preset": Orbit(name="orbit", angle_deg=20.0, subject=(0.5, 0.5)),
}
Inverse = Callable[[int, int], np.ndarray[tuple[int, int], np.dtype[np.float32]]]


def a_slope(height: int, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """A floor: far at the top, near at the bottom."""
    rows = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    return np.repeat(rows, width, axis=1)


def two_planes(height: int, width: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """A near thing before a far wall."""
    inverse = np.full((height, width), 0.1, dtype=np.float32)
    inverse[height // 4 : 3 * height // 4, width // 3 : 2 * width // 3] = 0.9
    return inverse


class Shot(NamedTuple):
    """A photograph with its files, and how a clip of it is to be made."""

    picture: Path
    recipe: Recipe

    def of_move(self, **changes: object) -> Shot:
        move = self.recipe.motion.model_copy(update=changes)
        return self._replace(recipe=self.recipe.model_copy(update={"motion": move}))

    def generated(self) -> Chunk:
        attached = read_attached(self.recipe.motion, root=self.picture.parent)
        task = GenerateTask("s", self.picture.name, self.recipe, 1, attached=attached)
        items = Work().generate(task, self.picture.read_bytes(), never_stopped)
        return np.concatenate([item for item in items if isinstance(item, np.ndarray)])

    def finished(self, frames: Chunk, *, arrives: bool = True) -> FinishReport:
        attached = read_attached(self.recipe.motion, root=self.picture.parent) if arrives else {}
        task = FinishTask("s", self.picture.name, self.recipe, 1, len(frames), 1, attached=attached)
        items = Work().finish(task, self.picture.read_bytes(), [frames], never_stopped)
        (report,) = (item for item in items if isinstance(item, FinishReport))
        return report


def shot(folder: Path) -> Shot:
    picture = photo("coffee.png", folder)
    how = recipe(
        image_sha256=sha256(picture), width=WIDTH, height=HEIGHT, fps=FPS, target_fps=FPS,
        duration_s=0.5, interpolator="none",
    )  # fmt: skip
    return Shot(picture, how)


def deep(folder: Path, inverse: Inverse, move: dict[str, object]) -> Shot:
    flat = shot(folder)
    path = flat.picture.with_name("coffee.depth.npy")
    np.save(path, inverse(200, 300))
    return flat.of_move(depth=DepthMap(path=path.name, sha256=sha256(path)), **move)


def check(report: FinishReport, name: str) -> Check:
    return next(each for each in report.checks if each.name == name)


def film(path: Path, frames: Sequence[Pixels]) -> str:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return sha256(path)


def held_to(made: Shot, frames: Sequence[Pixels], *, share: float = 1.0) -> Shot:
    """``made`` with ``frames`` as its given reference, held to in that share of each frame."""
    mask = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    mask[: round(HEIGHT * share)] = 255
    folder = made.picture.parent
    given = ReferenceClip(
        path="a.signal.mp4",
        sha256=film(folder / "a.signal.mp4", frames),
        mask_path="a.signal_mask.mp4",
        mask_sha256=film(folder / "a.signal_mask.mp4", [mask] * len(frames)),
    )
    whole = Rect.of(0.0, 0.0, 1.0, 1.0)
    return made.of_move(start_rect=whole, end_rect=whole, reference=given)


@pytest.mark.parametrize(
    ("inverse", "move"),
    [(a_slope, PUSH_IN), (two_planes, ORBIT)],
    ids=["a push-in over a floor", "an orbit about a near thing"],
)
def test_a_camera_through_space_passes_and_flat_or_still_clips_of_that_shot_are_flagged(
    tmp_path: Path, inverse: Inverse, move: dict[str, object]
) -> None:
    wanted = deep(tmp_path, inverse, move)
    exact, flat = wanted.generated(), wanted.of_move(depth=None).generated()

    passed, flattened, still = (
        wanted.finished(frames) for frames in (exact, flat, np.stack([exact[0]] * len(exact)))
    )

    assert passed.verdict is Verdict.PASS
    adherence = check(passed, "adherence")
    assert adherence.verdict is CheckVerdict.PASS
    assert adherence.value is not None
    assert adherence.value < 0.003
    assert check(passed, "frozen_ratio").value == 0.0
    assert check(passed, "temporal_ssim").verdict is CheckVerdict.UNMEASURED
    assert flattened.verdict is Verdict.FLAGGED
    assert still.verdict is Verdict.FLAGGED
    assert check(still, "frozen_ratio").value == 1.0


def test_a_clip_that_does_as_its_given_reference_does_passes_and_another_is_flagged(
    tmp_path: Path,
) -> None:
    plain = shot(tmp_path)
    asked, other = plain.of_move(**PUSH_IN).generated(), plain.generated()
    wanted = held_to(plain, list(asked))

    passed, strays = wanted.finished(asked), wanted.finished(other)

    assert passed.verdict is Verdict.PASS
    adherence = check(passed, "adherence")
    assert adherence.value is not None
    assert adherence.value < 0.01
    assert "on the given reference" in adherence.detail
    assert check(passed, "frozen_ratio").verdict is CheckVerdict.UNMEASURED
    assert strays.verdict is Verdict.FLAGGED
    assert [reason.code for reason in strays.reasons] == ["adherence"]


def test_where_a_given_reference_holds_little_what_strays_is_told_and_flags_nothing(
    tmp_path: Path,
) -> None:
    plain = shot(tmp_path)
    asked, other = plain.of_move(**PUSH_IN).generated(), plain.generated()

    strays = held_to(plain, list(asked), share=0.1).finished(other)

    assert strays.verdict is Verdict.PASS
    assert check(strays, "adherence").verdict is CheckVerdict.WARN


def test_a_reference_that_goes_black_asks_for_black(tmp_path: Path) -> None:
    plain = shot(tmp_path)
    lit = plain.generated()
    fading = [*lit[:3], *([np.zeros_like(lit[0])] * (len(lit) - 3))]

    black = check(held_to(plain, fading).finished(np.stack(fading)), "black_ratio")
    unasked = check(plain.finished(np.stack(fading)), "black_ratio")

    assert black.verdict is CheckVerdict.PASS
    assert unasked.verdict is CheckVerdict.FAIL


def test_a_depth_map_that_did_not_arrive_ends_the_attempt(tmp_path: Path) -> None:
    wanted = deep(tmp_path, a_slope, PUSH_IN)

    with pytest.raises(PictureRefused, match="did not arrive"):
        wanted.finished(np.zeros((6, HEIGHT, WIDTH, 3), dtype=np.uint8), arrives=False)
