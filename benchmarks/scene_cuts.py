"""Whether scene cuts stay cuts: ``python -m benchmarks.scene_cuts``.

100 clips of six frames with one hard cut in the middle are brought to three times their rate with
``blend``, the interpolator that shows at once where it was asked.  Between the two scenes every
clip frame must be the nearer of the frames at the cut, byte for byte.  Then clips of one scene
that move fast, flash, fade or are noisy: how many of their pairs are taken for cuts.  A jump to
nearly the same framing of one picture is in neither: nobody can tell it from a fast move, and it
is interpolated as one.  ``--quick`` takes a fifth of both.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import Final

import cv2
import numpy as np

from benchmarks.report import Figure, tell
from benchmarks.triples import texture
from companions.geometry import Size
from companions.picture import Pixels
from companions.timing import FrameGrid, plan_frames
from fleet.interpolate.blend import Blend
from fleet.interpolate.resample import Resampling, resample
from tests.contracts.photographs import photograph

SIZE: Final = Size(416, 240)
PHOTOGRAPHS: Final = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "motorcycle_left.png",
    "rocket.jpg",
    "camera.png",
    "hubble_deep_field.jpg",
    "retina.jpg",
    "ihc.png",
    "coins.png",
    "moon.png",
)
EACH_SIDE: Final = 3
FACTOR: Final = 3

Scene = Callable[[float], Pixels]
"""The frame that a scene shows at an instant, counted in generated frames."""


@dataclass(frozen=True, slots=True)
class Case:
    """A clip's six frames and what they are of."""

    kind: str
    frames: Sequence[Pixels]


def window(picture: Pixels, *, x: float, y: float, scale: float) -> Pixels:
    """The frame whose middle shows (x, y) of ``picture`` (0..1), ``scale`` times as large as where
    the picture just fills the frame; averaged, so that nothing flickers."""
    height, width = picture.shape[:2]
    fit = max(SIZE.width / width, SIZE.height / height) * scale * 2.0
    linear = 1.0 / fit
    shift = (x * width - SIZE.width * linear, y * height - SIZE.height * linear)
    matrix = np.array([[linear, 0.0, shift[0]], [0.0, linear, shift[1]]])
    fine = cv2.warpAffine(
        picture,
        matrix,
        (SIZE.width * 2, SIZE.height * 2),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    frame = cv2.resize(fine, (SIZE.width, SIZE.height), interpolation=cv2.INTER_AREA)
    return np.asarray(frame, dtype=np.uint8)


def moving(picture: Pixels, *, seed: int, pan: float = 0.01, zoom: float = 0.01) -> Scene:
    """A scene that pans by ``pan`` of the picture and zooms by ``zoom`` with each frame."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0.0, 2.0 * np.pi)
    dx, dy = pan * np.cos(angle), pan * np.sin(angle)
    scale = float(rng.uniform(1.1, 1.8))

    def at(instant: float) -> Pixels:
        x, y = 0.5 + dx * instant, 0.5 + dy * instant
        return window(picture, x=x, y=y, scale=scale * (1.0 + zoom) ** instant)

    return at


def whip(scene: Scene) -> Scene:
    """``scene`` through a shutter that is open half of the time."""

    def at(instant: float) -> Pixels:
        seen = [scene(instant + t) for t in np.linspace(-0.25, 0.25, 7)]
        return np.asarray(np.mean(seen, axis=0), dtype=np.uint8)

    return at


def brighter(frame: Pixels, gain: float) -> Pixels:
    """``frame`` with ``gain`` times its light."""
    return np.asarray(np.clip(np.rint(frame * gain), 0, 255), dtype=np.uint8)


def noisy(frame: Pixels, *, levels: float, seed: int) -> Pixels:
    """``frame`` under the noise of a generator."""
    noise = np.random.default_rng(seed).normal(0.0, levels, frame.shape)
    return np.asarray(np.clip(np.rint(frame + noise), 0, 255), dtype=np.uint8)


def matched(frame: Pixels, like: Pixels) -> Pixels:
    """``frame`` with the very histogram of ``like``: no count of colours tells the two apart."""
    channels = []
    for mine, theirs in zip(cv2.split(frame), cv2.split(like), strict=True):
        order = np.argsort(mine, axis=None, kind="stable")
        graded = np.empty(mine.size, dtype=np.uint8)
        graded[order] = np.sort(theirs, axis=None)
        channels.append(graded.reshape(mine.shape))
    return np.ascontiguousarray(np.stack(channels, axis=-1))


def cut(one: Scene, other: Scene) -> list[Pixels]:
    """Three frames of ``one``, then three of ``other``."""
    return [one(float(i)) for i in range(EACH_SIDE)] + [other(float(i)) for i in range(EACH_SIDE)]


@cache
def made_up(seed: int) -> Pixels:
    """A procedural picture."""
    return texture(np.random.default_rng([77, seed]))


def cuts() -> Iterator[Case]:
    """100 clips with a cut in the middle."""
    pairs = list(itertools.permutations(PHOTOGRAPHS, 2))
    for i, (one, other) in enumerate(pairs[::3][:36]):
        scenes = moving(photograph(one), seed=i), moving(photograph(other), seed=1000 + i)
        yield Case("photographs", cut(*scenes))
    for i in range(16):
        scenes = moving(made_up(2 * i), seed=i), moving(made_up(2 * i + 1), seed=i)
        yield Case("made-up pictures", cut(*scenes))
    for i, (one, other) in enumerate(pairs[1::7][:16]):
        frames = cut(moving(photograph(one), seed=i), moving(photograph(other), seed=2000 + i))
        later = [matched(frame, frames[EACH_SIDE - 1]) for frame in frames[EACH_SIDE:]]
        yield Case("equal colours", [*frames[:EACH_SIDE], *later])
    for i, (one, other) in enumerate(pairs[2::9][:12]):
        frames = cut(moving(photograph(one), seed=i), moving(photograph(other), seed=3000 + i))
        frames[EACH_SIDE] = brighter(frames[EACH_SIDE], 2.5)
        yield Case("into a flash", frames)
    for i, (one, other) in enumerate(pairs[3::9][:10]):
        frames = cut(moving(photograph(one), seed=i), moving(photograph(other), seed=4000 + i))
        noise = [noisy(frame, levels=12.0, seed=j) for j, frame in enumerate(frames)]
        yield Case("under noise", noise)
    for i, (one, other) in enumerate(pairs[4::9][:10]):
        fast = partial(moving, pan=0.08, zoom=0.0)
        one_, other_ = fast(photograph(one), seed=i), fast(photograph(other), seed=5000 + i)
        yield Case("out of a whip", cut(whip(one_), whip(other_)))


def one_scene() -> Iterator[Case]:
    """Clips without a cut that look like one."""
    for i, name in enumerate(PHOTOGRAPHS):
        picture, count = photograph(name), range(2 * EACH_SIDE)
        slow = moving(picture, seed=i)
        for part in (0.05, 0.1, 0.15):
            scene = moving(picture, seed=i, pan=part, zoom=0.0)
            yield Case(f"pan by {part:.0%} a frame", [scene(float(j)) for j in count])
            yield Case(f"whip by {part:.0%} a frame", [whip(scene)(float(j)) for j in count])
        zoom = moving(picture, seed=i, pan=0.0, zoom=0.15)
        yield Case("zoom by 15% a frame", [zoom(float(j)) for j in count])
        still = [slow(float(j)) for j in count]
        yield Case("flash", [brighter(f, 2.5 if j == 2 else 1.0) for j, f in enumerate(still)])
        yield Case("fade to black", [brighter(f, 1.0 - j / 5.0) for j, f in enumerate(still)])
        yield Case("noise", [noisy(f, levels=12.0, seed=j) for j, f in enumerate(still)])


def resampled(case: Case) -> tuple[list[Pixels], Resampling]:
    """The clip at three times the rate, and what was done."""
    plan = plan_frames(
        duration_s=len(case.frames) / 10.0,
        target_fps=Fraction(10 * FACTOR),
        generator_fps=Fraction(10),
        grid=FrameGrid(),
        num_frames=len(case.frames) + 1,
    )
    report = Resampling()
    # The plan reaches beyond the last frame by less than one: it is held there.
    frames = iter([*case.frames, case.frames[-1]])
    return list(resample(frames, plan, Blend(), report=report)), report


def blended(case: Case) -> int:
    """Clip frames between the two scenes that are not the nearer frame at the cut."""
    clip, _ = resampled(case)
    begin = (EACH_SIDE - 1) * FACTOR
    early, late = case.frames[EACH_SIDE - 1], case.frames[EACH_SIDE]
    wanted = [early if step / FACTOR < 0.5 else late for step in range(FACTOR + 1)]
    shown = clip[begin : begin + FACTOR + 1]
    return sum(not np.array_equal(a, b) for a, b in zip(shown, wanted, strict=True))


def main() -> None:
    """Measure and tell."""
    every = 5 if "--quick" in sys.argv[1:] else 1
    wrong: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for case in list(cuts())[::every]:
        count[case.kind] += 1
        wrong[case.kind] += blended(case) > 0
    figures = [
        Figure(f"clips with a blended frame: {kind} ({number})", wrong[kind], "clips", target=0)
        for kind, number in count.items()
    ]
    figures.append(
        Figure(f"clips with a blended frame, of {count.total()}", wrong.total(), "clips", target=0)
    )
    false: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for case in list(one_scene())[::every]:
        pairs[case.kind] += len(case.frames) - 1
        false[case.kind] += len(resampled(case)[1].cuts)
    figures += [
        Figure(f"pairs taken for a cut: {kind} ({number})", false[kind], "pairs")
        for kind, number in pairs.items()
    ]
    tell("scene_cuts", figures, what=f"{SIZE.width}x{SIZE.height}, {FACTOR} times the rate, blend")


if __name__ == "__main__":
    main()
