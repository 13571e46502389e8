"""Clips that came back, for tests: real ones, rendered and encoded by the fleet's own code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np

from companions import codec, files
from companions.camera import CameraPath
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size
from companions.motion import Move
from companions.names import CLIP_SUFFIX, META_SUFFIX, REVIEW_SUFFIX, companion_path
from companions.picture import Pixels, decode_picture
from companions.rendition import clip_fractions, rendered, size_of
from companions.review import Review
from companions.timing import clip_frames
from companions.video_manifest import EncodeParams, InterpolationParams, Recipe
from companions.video_meta import (
    Check,
    ClipFacts,
    Cost,
    ManifestUsed,
    Reason,
    Verdict,
    VideoMeta,
)
from fleet.encode.clip import ClipWords, ClipWriter
from tests.selector.stills import copied

RATE = Fraction(24)
SIZE = Size(320, 180)
FINISHED = datetime(2025, 7, 4, 15, 0, tzinfo=UTC)
PUSH_IN = Move(
    start_rect=Rect.of(0.05, 0.05, 0.95, 0.95),
    end_rect=Rect.of(0.25, 0.2, 0.75, 0.7),
    duration_sec=1.0,
)
_BITS = 8


def came_back(
    folder: Path,
    name: str = "coffee.png",
    *,
    photograph: str = "coffee.png",
    move: Move = PUSH_IN,
    model: str = "camera",
    seed: int = 7,
    checks: Sequence[Check] = (),
    shown: Move | None = None,
    size: Size = SIZE,
) -> Path:
    """A photograph in ``folder`` with its clip and meta; flagged if a check is not a pass.

    ``shown`` is the move the clip really makes, by default the one that was asked for.
    """
    picture = copied(photograph, folder, to=name)
    pixels = decode_picture(picture.read_bytes(), file=name)
    path = CameraPath.of(shown or move, picture=size_of(pixels), output=size)
    count = clip_frames(duration_s=move.duration_sec, target_fps=RATE)
    clip = companion_path(picture, CLIP_SUFFIX)
    encoded(clip, rendered(pixels, path, clip_fractions(count), output=size), size=size)
    described(picture, move=move, model=model, seed=seed, checks=checks, size=size)
    return picture


def encoded(clip: Path, frames: Iterable[Pixels], *, size: Size = SIZE, title: str = "") -> Path:
    """Those frames as a clip, as the fleet encodes it."""
    clip.parent.mkdir(parents=True, exist_ok=True)
    with ClipWriter(
        clip,
        size=size,
        rate=RATE,
        params=EncodeParams(),
        words=ClipWords(title=title),
        threads=1,
    ) as writer:
        for frame in frames:
            writer.write(frame)
    return clip


def described(
    picture: Path,
    *,
    move: Move = PUSH_IN,
    model: str = "camera",
    seed: int = 7,
    checks: Sequence[Check] = (),
    size: Size = SIZE,
) -> VideoMeta:
    """Write the meta of the clip beside ``picture``, as it is now."""
    clip = companion_path(picture, CLIP_SUFFIX)
    bad = [check for check in checks if check.verdict.value == "fail"]
    frames = clip_frames(duration_s=move.duration_sec, target_fps=RATE)
    meta = VideoMeta(
        shot_id=f"shot-{picture.stem}",
        shot_fingerprint="b" * 64,
        manifest=ManifestUsed(project_id="july", batch_id="b1", sha256="c" * 64),
        image=picture.name,
        verdict=Verdict.FLAGGED if bad else Verdict.PASS,
        reasons=tuple(Reason(code=check.name, message="Look at it.") for check in bad),
        recipe=Recipe(
            image_sha256=files.sha256_of(picture),
            prompt="rain",
            motion=move,
            generation_params=GenerationParams(
                model=model, width=size.width, height=size.height, seed=seed
            ),
            interpolation=InterpolationParams(target_fps=RATE),
        ),
        clip=ClipFacts(
            file=clip.name,
            sha256=files.sha256_of(clip),
            size_bytes=clip.stat().st_size,
            frames=frames,
            fps=RATE,
            duration_sec=frames / 24.0,
            width=size.width,
            height=size.height,
            codec=EncodeParams().codec,
            encoder="libx264",
        ),
        checks=tuple(checks),
        cost=Cost(seconds=1.0, rate_per_hour=0.0, amount=0.0),
        finished_at=FINISHED,
    )
    codec.write(companion_path(picture, META_SUFFIX), meta)
    return meta


def failed(folder: Path, name: str = "lost.png") -> Path:
    """A picture whose shot ended without a clip."""
    picture = copied("coffee.png", folder, to=name)
    clip = encoded(companion_path(picture, CLIP_SUFFIX), numbered(2))
    meta = described(picture)
    clip.unlink()
    codec.write(
        companion_path(picture, META_SUFFIX),
        meta.model_copy(
            update={
                "verdict": Verdict.FAILED,
                "clip": None,
                "reasons": (Reason(code="out_of_memory", message="Choose a smaller size."),),
            }
        ),
    )
    return picture


def review_of(picture: Path) -> Review:
    """The review beside a picture."""
    return codec.read(companion_path(picture, REVIEW_SUFFIX), Review)


def has_review(picture: Path) -> bool:
    """Whether there is one."""
    return companion_path(picture, REVIEW_SUFFIX).exists()


def numbered(count: int, *, size: Size = SIZE) -> Iterable[Pixels]:
    """Frames that each show their own number, as eight stripes of black and white."""
    for number in range(count):
        frame = np.full((size.height, size.width, 3), 128, dtype=np.uint8)
        stripe = size.width // _BITS
        for bit in range(_BITS):
            frame[:, bit * stripe : (bit + 1) * stripe] = 230 if number >> bit & 1 else 25
        yield frame


def number_in(pixels: Pixels) -> int:
    """The number that a frame shows, (height, width, 3 or 4)."""
    height, width = pixels.shape[:2]
    stripe = width / _BITS
    row = pixels[height // 2, :, 1]
    return sum(1 << bit for bit in range(_BITS) if row[int((bit + 0.5) * stripe)] > 128)
