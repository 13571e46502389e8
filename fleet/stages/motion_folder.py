"""The folder in which Time-to-Move takes a move: its official scripts read and write it.

``first_frame.png``, ``motion_signal.mp4`` (what to be held to, frame by frame), ``mask.mp4`` (white
where), ``prompt.txt``.  A shot is written as one, which appears whole or not at all.  One is read
as a picture, a given reference and a manifest of one shot, in a folder that may hold others: what
goes wrong leaves none of them, and a power cut at most files that no manifest names.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

import av
import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import ValidationError

from companions import codec, files, names, upgrade
from companions.attached import ReferenceClip
from companions.generation_params import GenerationParams
from companions.geometry import Rect, Size
from companions.motion import MAX_DURATION_S, MotionType, Move
from companions.picture import inspect_picture, read_picture_bytes
from companions.reference import ReferenceFrame
from companions.timing import parse_rate
from companions.video_manifest import (
    InterpolationParams,
    Shot,
    VideoManifest,
)
from fleet.encode.reading import measured
from fleet.encode.reading import opened as opened_film
from fleet.errors import BackendFailed, MotionFolderUnusable
from fleet.generate.base import GenerateRequest
from fleet.generate.referenced import reference_frames
from fleet.generate.registry import generator
from fleet.stages.attached import MOST_BYTES, opened, read_attached
from fleet.stages.generate import load_keyframe
from fleet.stages.shot_plan import plan_frames_of, plan_shot
from fleet.stages.signal import MOST_FRAMES

FIRST_FRAME: Final = "first_frame.png"
SIGNAL: Final = "motion_signal.mp4"
MASK: Final = "mask.mp4"
PROMPT: Final = "prompt.txt"
_CRF: Final = {"crf": "8", "preset": "medium"}
"""Told from the original by no eye; its error is a grey level or two."""
_MOST_PROMPT: Final = 64 * 1024
_PROJECT: Final = "motion"


_Sink: TypeAlias = Callable[[npt.NDArray[np.uint8]], None]


@dataclass(frozen=True, slots=True)
class Written:
    """What an export wrote."""

    folder: Path
    frames: int
    fps: Fraction
    size: Size


def export_shot(
    manifest: Path,
    shot: str,
    *,
    to: Path,
    frames: int | None = None,
    fps: Fraction | None = None,
    size: Size | None = None,
) -> Written:
    """Write the reference of a shot, by its picture's name or its number from 0, to the folder
    ``to``: as many frames, at the rate and of the size, as its model is asked for.

    Raises:
        CompanionError: the manifest breaks its contract.
        MotionFolderUnusable: it has no such shot, or there is something in ``to``.
        PictureRefused: the picture, or a file that its move names, cannot be used.
        UnknownBackend, ParameterRefused: its model cannot make what is asked for.
        FileUnwritable: the folder cannot be written.
    """
    document = upgrade.read(manifest, VideoManifest).document
    chosen = _chosen(document, shot, file=manifest)
    recipe = document.recipe(chosen)
    asked = {"fps": fps, "width": size and size.width, "height": size and size.height}
    params = recipe.generation_params.model_copy(
        update={name: value for name, value in asked.items() if value is not None}
    )
    recipe = recipe.model_copy(update={"generation_params": params})
    root = manifest.resolve().parent
    where = files.resolve_inside(root, chosen.image_path)
    if where is None:
        raise MotionFolderUnusable(
            path=manifest, what=f"{chosen.image_path} leads out of its folder",
            remedy="Put the picture into the manifest's folder.",
        )  # fmt: skip
    pixels = load_keyframe(recipe, read_picture_bytes(where), file=chosen.image_path)
    whole = Size(pixels.shape[1], pixels.shape[0])
    planned = plan_frames_of(recipe, grid=generator(params.model).grid, num_frames=frames)
    plan = plan_shot(recipe, picture=whole, frames=planned)
    named = opened(recipe.motion, read_attached(recipe.motion, root=root), picture=whole)
    request = GenerateRequest(
        picture=pixels, path=plan.path,
        move_fractions=[planned.move_fraction(j) for j in range(planned.generated)],
        output=plan.output, prompt=recipe.prompt, negative_prompt="", params=params,
        objects=recipe.motion.objects, masks=named.masks, depth=named.depth,
        preset=recipe.motion.preset, given=named.given,
    )  # fmt: skip
    rate = Fraction(params.fps)
    objects = bool(request.objects) or request.given is not None
    with _new_folder(to) as folder:
        _write(folder, reference_frames(request), rate, plan.output, objects=objects)
        (folder / PROMPT).write_text(recipe.prompt + "\n", "utf-8")
    return Written(to, planned.generated, rate, plan.output)


def import_folder(
    folder: Path, *, to: Path, name: str, model: str, now: datetime, seed: int = 0
) -> Path:
    """Make a picture ``name``, its given reference and a manifest of one shot in the folder ``to``
    out of ``folder``; gives the manifest's path.

    The clip is as long as the reference, and made at its rate.  Its rectangles are the whole
    picture, and nothing is held against them: the clip is checked against the reference.

    Raises:
        MotionFolderUnusable: a file is missing or is not what it should be, or there is already
            something of that name in ``to``.
        PictureRefused: its first frame cannot be used.
        FileUnwritable: ``to`` cannot be written.
    """
    first, signal, mask = (_part(folder, part) for part in (FIRST_FRAME, SIGNAL, MASK))
    inspect_picture(first, file=str(folder / FIRST_FRAME))
    frames, rate, size = _film(signal, folder / SIGNAL)
    masks = _film(mask, folder / MASK)[0]
    if masks != frames:
        _unusable(folder / MASK, f"has {masks} frames where {SIGNAL} has {frames}")
    prompt = _prompt(folder)
    suffixes = (
        ".png", names.SIGNAL_SUFFIX, names.SIGNAL_MASK_SUFFIX, names.CAPTION_SUFFIX,
        names.MANIFEST_SUFFIX,
    )  # fmt: skip
    picture, moving, held, caption, manifest = (to / f"{name}{suffix}" for suffix in suffixes)
    for path in (picture, moving, held, caption, manifest):
        if os.path.lexists(path):
            _taken(path)
    try:
        document = _manifest(
            name, first, signal, mask, frames, rate, size, prompt, model, now, seed
        )  # fmt: skip
    except ValidationError as error:
        said = error.errors()[0]
        where = ".".join(str(each) for each in said["loc"])
        raise MotionFolderUnusable(
            path=folder, what=f"cannot become a shot: {where}: {said['msg']}",
            remedy="Give another --name or --model, or write the clips again.",
        ) from None  # fmt: skip
    parts = [(picture, first), (moving, signal), (held, mask)]
    if prompt:
        parts.append((caption, f"{prompt}\n".encode()))
    parts.append((manifest, codec.encode(document)))  # last: it names all of them
    _place(parts, folder=to)
    return manifest


def _place(parts: Sequence[tuple[Path, bytes]], *, folder: Path) -> None:
    """Make all of those files in ``folder``, in their order, or none; they replace nothing."""
    made = not folder.exists()
    placed: list[Path] = []
    try:
        with files.reporting_unwritable(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            # All are on the disk before the first has its name: there is room for them.
            pending = [stack.enter_context(files.Pending(path, data)) for path, data in parts]
            for (path, _), each in zip(parts, pending, strict=True):
                if not each.commit_new():
                    _taken(path)
                placed.append(path)
    except BaseException:
        for path in placed:
            with suppress(OSError):
                path.unlink()
        if made:
            with suppress(OSError):
                folder.rmdir()  # unless someone else has put something into it
        raise


def _taken(path: Path) -> NoReturn:
    raise MotionFolderUnusable(
        path=path, what="is there already", remedy="Give another --name or --to."
    )


def _manifest(
    name: str,
    first: bytes,
    signal: bytes,
    mask: bytes,
    frames: int,
    rate: Fraction,
    size: Size,
    prompt: str,
    model: str,
    now: datetime,
    seed: int,
) -> VideoManifest:
    def sha256(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    whole = Rect.of(0.0, 0.0, 1.0, 1.0)
    given = ReferenceClip(
        path=f"{name}{names.SIGNAL_SUFFIX}", sha256=sha256(signal),
        mask_path=f"{name}{names.SIGNAL_MASK_SUFFIX}", mask_sha256=sha256(mask),
    )  # fmt: skip
    return VideoManifest(
        project_id=_PROJECT,
        batch_id=now.strftime("%Y%m%d_%H%M%S"),
        created_at=now,
        shots=(
            Shot(
                image_path=f"{name}.png",
                sha256=sha256(first),
                prompt=prompt or None,
                motion=Move(
                    type=MotionType.CUSTOM, start_rect=whole, end_rect=whole,
                    duration_sec=float(frames / rate), reference=given,
                ),
                generation_params=GenerationParams(
                    model=model, fps=rate, num_frames=frames, seed=seed,
                    width=size.width, height=size.height,
                ),
                interpolation=InterpolationParams(target_fps=rate),
            ),
        ),
    )  # fmt: skip


def _chosen(document: VideoManifest, shot: str, *, file: Path) -> Shot:
    if shot.isdecimal() and int(shot) < len(document.shots):
        return document.shots[int(shot)]
    for each in document.shots:
        if shot in {each.image_path, names.stem_of(each.image_path), Path(each.image_path).name}:
            return each
    raise MotionFolderUnusable(
        path=file, what=f"has no shot {shot!r} among its {len(document.shots)}",
        remedy="Name one by its picture, or by its number from 0.",
    )  # fmt: skip


def _write(
    folder: Path, frames: Iterator[ReferenceFrame], rate: Fraction, size: Size, *, objects: bool
) -> None:
    with (
        _film_into(folder / SIGNAL, rate, size) as signal,
        _film_into(folder / MASK, rate, size) as mask,
    ):
        for index, frame in enumerate(frames):
            if index == 0:
                Image.fromarray(frame.pixels).save(folder / FIRST_FRAME)
            held = frame.moved if objects else frame.known
            signal(frame.pixels)
            mask(np.dstack([held] * 3))


@contextmanager
def _film_into(path: Path, rate: Fraction, size: Size) -> Iterator[_Sink]:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options=dict(_CRF))
        stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"

        def add(pixels: npt.NDArray[np.uint8]) -> None:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            container.mux(stream.encode(frame))

        yield add
        container.mux(stream.encode(None))


@contextmanager
def _new_folder(to: Path) -> Iterator[Path]:
    """A folder that becomes ``to`` once the block is through, or is gone."""
    if os.path.lexists(to) and not (to.is_dir() and not any(to.iterdir())):
        raise MotionFolderUnusable(
            path=to, what="is there already, and not an empty folder", remedy="Give another --to."
        )
    with files.reporting_unwritable(to):
        to.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=to.parent, prefix=".motionfleet-motion-"))
    try:
        yield made
        with files.reporting_unwritable(to):
            made.chmod(0o755)  # as any other folder: mkdtemp's are its owner's alone
            made.replace(to)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _part(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        return files.read_limited(path, limit=MOST_BYTES)
    except FileNotFoundError:
        _unusable(path, "is not there")
    except OSError as error:
        _unusable(path, f"cannot be read ({error.strerror or error})")


def _prompt(folder: Path) -> str:
    path = folder / PROMPT
    try:
        return files.read_limited(path, limit=_MOST_PROMPT).decode("utf-8-sig").strip()
    except FileNotFoundError:
        return ""  # the official scripts take one on the command line as well
    except UnicodeDecodeError as error:
        _unusable(path, f"is not UTF-8 (byte {error.start})")
    except OSError as error:
        _unusable(path, f"cannot be read ({error.strerror or error})")


def _film(data: bytes, path: Path) -> tuple[int, Fraction, Size]:
    """How many frames a clip has, its rate, and its size made even."""
    try:
        with opened_film(data) as (container, stream):
            size = Size(stream.codec_context.width, stream.codec_context.height)
            said = stream.average_rate
            film = measured(data, container, stream)
    except BackendFailed as error:
        _unusable(path, f"is no clip that can be read ({error.what})")
    rate = Fraction(said) if said else film.frames / film.duration_s
    even = Size(size.width // 2 * 2, size.height // 2 * 2)
    if film.frames > MOST_FRAMES or film.frames / rate > MAX_DURATION_S:
        _unusable(path, f"lasts {float(film.frames / rate):.1f} s; a clip lasts at most a minute")
    try:
        return film.frames, parse_rate(rate), even
    except ValueError as error:
        _unusable(path, f"is shown at {rate} frames per second ({error})")


def _unusable(path: Path, what: str) -> NoReturn:
    raise MotionFolderUnusable(
        path=path,
        what=what,
        remedy=f"A folder of Time-to-Move holds {FIRST_FRAME}, {SIGNAL}, {MASK} and {PROMPT}.",
    ) from None
