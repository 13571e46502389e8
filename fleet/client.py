"""Submitting: from a manifest file to rows in the ledger, or to a refusal that costs nothing.

What is wrong with the document, or with what it asks of the backends, refuses the whole
submission before anything is queued.  What is wrong with one picture is that shot's own end: its
meta says why, and the others go on.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from companions import codec, files, names, upgrade
from companions.errors import NameCollision, PathRefused, PictureRefused
from companions.older import Assumption
from companions.picture import inspect_picture, read_picture_bytes
from companions.video_manifest import Recipe, Shot, VideoManifest
from fleet.errors import ExtraMissing, ParameterRefused, TargetTaken, UnknownBackend
from fleet.generate.base import Need
from fleet.jobs.retry import Failure, failure_of
from fleet.ledger import reading
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import InPlace, NewManifest, NewShot, Submitted
from fleet.ledger.selection import id_beginning
from fleet.settings import Home
from fleet.stages.attached import opened, read_attached
from fleet.stages.generate import changed_picture
from fleet.stages.publish import Target
from fleet.stages.shot_plan import clip_size, plan_frames_of, plan_path
from fleet.weights.errors import LicenceNotAccepted, LoraMissing, WeightsMissing, WeightsRefused
from fleet.weights.shelf import Shelf


@dataclass(frozen=True, slots=True)
class PlannedShot:
    """One shot of a submission as it would be queued."""

    row: NewShot
    clip_frames: int
    generated_frames: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A manifest that was read and checked; nothing is queued yet."""

    manifest: NewManifest
    shots: Sequence[PlannedShot]
    assumed: Sequence[Assumption] = ()
    """What the manifest, being of an older version, did not say."""


def read_submission(
    path: Path,
    *,
    out: Path | None,
    home: Home,
    shelf: Shelf | None = None,
    here: bool = False,
    gpus: float | None = None,
) -> Submission:
    """Read and check a manifest and everything it names.

    Args:
        path: the manifest.
        out: where clips are published; None: beside their pictures.
        home: the fleet's folder.
        shelf: where weights are looked for; by default in ``home``'s own folder of them.
        here: whether this machine generates, so that it needs the packages, weights and consents
            that generators need; a head whose cluster does has no use for a hundred gigabytes.
        gpus: what a worker that generates has, where that is known; None: it shows when it works.

    Raises:
        CompanionError: the document breaks its contract, or a path leaves its folder.
        UnknownBackend, ExtraMissing, ParameterRefused: it asks for what is not here.
        WeightsMissing, LoraMissing, WeightsRefused: the weights of what it asks for cannot be
            used.
        LicenceNotAccepted: nobody accepted those of a model that is to run here.
        FileUnwritable: clips could not be written where they belong.
        LedgerUnusable: the ledger cannot be read.
    """
    data = codec.read_bytes(path)
    loaded = upgrade.decode(data, VideoManifest, file=str(path), around=upgrade.Beside(path))
    manifest = loaded.document
    root = path.resolve().parent
    folder = out.resolve() if out is not None else root
    pictures = [_inside(root, shot, index, file=path) for index, shot in enumerate(manifest.shots)]
    _refuse_collisions(manifest, file=path)
    recipes = [manifest.recipe(shot) for shot in manifest.shots]
    weights = Shelf(home.models) if shelf is None else shelf
    asked: set[Need] | None = set() if here else None
    counts = [
        _check_backends(recipe, f"{path}: shots[{index}]", weights, asked)
        for index, recipe in enumerate(recipes)
    ]
    for index, recipe in enumerate(recipes):
        _check_gpus(recipe, f"{path}: shots[{index}]", gpus)
    targets = [folder / names.clip_of(shot.image_path) for shot in manifest.shots]
    for place in sorted({target.parent for target in targets}):
        files.ensure_writable(place)
    sha256 = hashlib.sha256(data).hexdigest()
    ledger = Ledger(home.ledger)
    try:
        shots = []
        for index, (shot, recipe, picture, target, (clip, made)) in enumerate(
            zip(manifest.shots, recipes, pictures, targets, counts, strict=True)
        ):
            with _located(f"{path}: shots[{index}]"):
                row = _new_shot(
                    ledger, shot, recipe, picture, target, manifest.priority(shot), root=root
                )
            shots.append(PlannedShot(row=row, clip_frames=clip, generated_frames=made))
    finally:
        ledger.close()
    identity = NewManifest(
        id=hashlib.sha256(f"{sha256}\n{path.resolve()}".encode()).hexdigest()[:16],
        sha256=sha256,
        project_id=manifest.project_id,
        batch_id=manifest.batch_id,
        path=str(path.resolve()),
    )
    return Submission(manifest=identity, shots=shots, assumed=loaded.assumed)


def queue(submission: Submission, *, home: Home) -> Submitted:
    """Write a submission to the ledger, durably and all or nothing.

    Raises:
        LedgerUnusable: the disk is full or read-only; nothing was queued.
    """
    ledger = Ledger(home.ledger)
    try:
        rows = [planned.row for planned in submission.shots]
        return ledger.submit(submission.manifest, rows, now=time.time())
    finally:
        ledger.close()


def unfinished(ids: Sequence[str], *, home: Home) -> int:
    """How many of those shots have not ended.

    Raises:
        LedgerUnusable: the ledger cannot be read.
    """
    ledger = Ledger(home.ledger)
    try:
        return reading.unfinished(ledger.database, ids)
    finally:
        ledger.close()


def manifest_rows(path: Path, *, out: Path | None) -> list[tuple[Path, Path]]:
    """Each shot's picture and where its clip is published.

    Raises:
        CompanionError: the document breaks its contract.
    """
    manifest = upgrade.read(path, VideoManifest).document
    root = path.resolve().parent
    folder = out.resolve() if out is not None else root
    return [
        (root / shot.image_path, folder / names.clip_of(shot.image_path)) for shot in manifest.shots
    ]


def _inside(root: Path, shot: Shot, index: int, *, file: Path) -> Path:
    picture = files.resolve_inside(root, shot.image_path)
    if picture is None:
        raise PathRefused(
            file=str(file),
            field=f"shots[{index}].image_path",
            path=shot.image_path,
            why="leads out of the manifest's folder through a symbolic link",
        )
    return picture


def _refuse_collisions(manifest: VideoManifest, *, file: Path) -> None:
    pair = names.first_collision(shot.image_path for shot in manifest.shots)
    if pair is not None:
        raise NameCollision(
            file=str(file), first=pair[0], second=pair[1], clip=names.clip_of(pair[1])
        )


def _check_backends(
    recipe: Recipe, where: str, shelf: Shelf, asked: set[Need] | None
) -> tuple[int, int]:
    """Frames of the clip and frames to generate, once every backend has agreed.

    ``asked``: the weights that were looked for here, which is done once; None: they are for
    other machines to have.
    """
    from fleet.generate.registry import generator
    from fleet.interpolate.registry import interpolator
    from fleet.upscale.registry import upscaler

    params = recipe.generation_params
    field = f"{where}.generation_params.model"
    try:
        backend = generator(params.model, shelf)
        with _located(where):
            backend.check(
                params,
                recipe.motion,
                prompt=recipe.prompt,
                negative_prompt=recipe.negative_prompt,
            )
            frames = plan_frames_of(recipe, grid=backend.grid)
        for need in backend.needs(params, move_type=recipe.motion.type):
            field = f"{where}.generation_params.{need.field}"
            if asked is not None and need not in asked:
                backend.check_here(need)
                asked.add(need)
        field = f"{where}.interpolation.backend"
        interpolator(recipe.interpolation.interpolator, shelf)
        if recipe.upscaling is not None:
            field = f"{where}.upscaling.backend"
            with _located(where):
                upscaler(recipe.upscaling.backend, shelf).check(recipe.upscaling.factor)
                clip_size(recipe)
    except (
        UnknownBackend, ExtraMissing, WeightsMissing, WeightsRefused, LoraMissing,
        LicenceNotAccepted,
    ) as error:  # fmt: skip
        raise error.located(field) from None
    return frames.clip, frames.generated


def _check_gpus(recipe: Recipe, where: str, gpus: float | None) -> None:
    asked = recipe.generation_params.gpus_per_shot or 1
    if gpus is not None and asked > max(1.0, gpus):
        raise ParameterRefused(
            field=f"{where}.generation_params.gpus_per_shot",
            what=f"it asks for {asked} GPUs, and a worker here has {gpus:g}; set generation_gpus "
            f"of the settings to {asked}, or ask for fewer",
        )


@contextmanager
def _located(where: str) -> Iterator[None]:
    """What is refused within says of which file and shot."""
    try:
        yield
    except ParameterRefused as error:
        raise ParameterRefused(field=f"{where}.{error.field}", what=error.what) from None


def _new_shot(
    ledger: Ledger,
    shot: Shot,
    recipe: Recipe,
    picture: Path,
    target: Path,
    priority: int,
    *,
    root: Path,
) -> NewShot:
    fingerprint = codec.fingerprint(recipe)
    place = Target(target)
    looked_at = time.time()
    intact = place.holds(fingerprint)
    shot_id = _shot_id(shot, fingerprint, target)
    return NewShot(
        id=shot_id,
        picture=str(picture),
        image_path=shot.image_path,
        target=str(target),
        fingerprint=fingerprint,
        recipe=recipe,
        priority=priority,
        fault=None if intact else _fault(ledger, shot, recipe, picture, place, root=root),
        intact=intact,
        in_place=_in_place(place, shot_id) if intact else None,
        looked_at=looked_at,
    )


def _in_place(place: Target, shot_id: str) -> InPlace | None:
    meta = place.read_meta()
    if meta is None or meta.clip is None or meta.shot_id != shot_id:
        return None  # made for another place: it is made again, and described as what it is here
    return InPlace(verdict=meta.verdict, reasons=meta.reasons, clip_sha256=meta.clip.sha256)


def _shot_id(shot: Shot, fingerprint: str, target: Path) -> str:
    """``img_001-3fa94c21``: the picture's name for people, and what makes the shot the same."""
    readable = id_beginning(Path(names.stem_of(shot.image_path)).name)
    identity = json.dumps([fingerprint, str(target)])
    return f"{readable}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def _fault(
    ledger: Ledger, shot: Shot, recipe: Recipe, picture: Path, place: Target, *, root: Path
) -> Failure | None:
    """Why the shot cannot be made, as far as that can be told without decoding.

    Raises:
        ParameterRefused: the picture is good, and the move cannot be made on one of its size.
    """
    known = reading.published_hashes(ledger.database, str(place.clip))
    try:
        data = read_picture_bytes(picture)
        if hashlib.sha256(data).hexdigest() != shot.sha256:
            return failure_of(changed_picture(shot.image_path))
        facts = inspect_picture(data, file=shot.image_path)
        opened(recipe.motion, read_attached(recipe.motion, root=root), picture=facts.size)
    except PictureRefused as error:
        return failure_of(error)
    plan_path(recipe, picture=facts.size)
    return None if place.is_free(known) else failure_of(TargetTaken(path=place.clip))
