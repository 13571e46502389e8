"""From motions to a manifest.  Pure: equal inputs give equal manifests, byte for byte.

Only what was asked for is stated; what is left out means the contract's defaults, and what all
shots share stands once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import PurePosixPath

from pydantic import ValidationError

from companions.codec import problems_of
from companions.errors import DocumentInvalid
from companions.generation_params import GenerationParams
from companions.geometry import Size
from companions.motion import Move
from companions.named_files import with_files
from companions.video_manifest import (
    EncodeParams,
    InterpolationParams,
    Shot,
    ShotDefaults,
    VideoManifest,
)
from companions.wishes import Wishes

_NAME_MAX = 120
_BATCH_NAME = "%Y%m%d_%H%M%S"
_BATCH_NAME_LENGTH = len("20250704_143022")
_NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class ShotSource:
    """What one picture and its companions give to a shot."""

    image_path: str
    """The picture relative to the manifest's folder, '/' between folders, NFC."""
    sha256: str
    move: Move
    """The files it names are named like the picture."""
    output: Size
    prompt: str | None = None
    """The wish for one, else the caption."""
    wishes: Wishes = _NO_WISHES
    """What else the shot asks for; its own prompt has gone into ``prompt``."""

    def from_its_folder(self) -> ShotSource:
        """The same for a manifest in the picture's own folder."""
        path = PurePosixPath(self.image_path)
        here = str(path.parent) + "/" if len(path.parts) > 1 else ""
        return replace(
            self,
            image_path=path.name,
            move=with_files(self.move, lambda name: name.removeprefix(here)),
        )


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """What a submission asks of all its shots; fields that are not set stay unstated."""

    project_id: str
    batch_id: str
    created_at: datetime
    generation: GenerationParams = field(default_factory=lambda: GenerationParams(model="camera"))
    interpolation: InterpolationParams = field(default_factory=InterpolationParams)
    encode: EncodeParams = field(default_factory=EncodeParams)
    priority: int | None = None


def build_manifest(
    settings: BatchSettings, sources: Sequence[ShotSource], *, file: str
) -> VideoManifest:
    """The manifest of ``sources``, in their order; ``file`` names it in messages.

    Raises:
        DocumentInvalid: the settings or shots break the contract, such as a clip without a frame.
    """
    sizes = {source.output for source in sources}
    prompts = {source.prompt for source in sources}
    shared_size = next(iter(sizes)) if len(sizes) == 1 else None
    # One shot's prompt is its own; a prompt is common only to several.
    shared_prompt = next(iter(prompts)) if len(prompts) == 1 and len(sources) > 1 else None
    try:
        return VideoManifest(
            project_id=settings.project_id,
            batch_id=settings.batch_id,
            created_at=settings.created_at,
            defaults=_defaults(settings, size=shared_size, prompt=shared_prompt),
            shots=tuple(
                _shot(source, size=shared_size, prompt=shared_prompt) for source in sources
            ),
        )
    except ValidationError as error:
        raise DocumentInvalid(
            file=file,
            problems=problems_of(error),
            remedy="Correct the named options, motions or captions; nothing was written.",
        ) from None


def asked_settings(
    *,
    project_id: str,
    batch_id: str,
    created_at: datetime,
    model: str,
    fps: Fraction | None = None,
    seed: int | None = None,
    interpolation: str | None = None,
    target_fps: Fraction | None = None,
    codec: str | None = None,
    crf: int | None = None,
    priority: int | None = None,
) -> BatchSettings:
    """Settings in which only what is not None is stated.

    Raises:
        DocumentInvalid: a value breaks the contract.
    """
    try:
        return BatchSettings(
            project_id=project_id,
            batch_id=batch_id,
            created_at=created_at,
            generation=GenerationParams.model_validate(_given(model=model, fps=fps, seed=seed)),
            interpolation=InterpolationParams.model_validate(
                _given(backend=interpolation, target_fps=target_fps)
            ),
            # A codec is a word here and a member there, so this one is read as JSON would be.
            encode=EncodeParams.model_validate(_given(codec=codec, crf=crf), strict=False),
            priority=priority,
        )
    except ValidationError as error:
        raise DocumentInvalid(
            file="the command line",
            problems=problems_of(error),
            remedy="Correct the named options; nothing was written.",
        ) from None


def name_part(text: str, *, otherwise: str) -> str:
    """``text`` with what a name may not hold replaced by '-', at most 120 characters."""
    kept = re.sub(r"[^\w .:+@-]+", "-", text).strip(" -")[:_NAME_MAX].strip(" -")
    return kept or otherwise


def batch_name(now: datetime) -> str:
    """The batch id of a manifest made at ``now``: 20250704_143022, in UTC."""
    return now.astimezone(UTC).strftime(_BATCH_NAME)


def batch_time(name: str) -> datetime | None:
    """When a manifest of that batch id was made; None for one that ``batch_name`` did not make."""
    try:
        return datetime.strptime(name[:_BATCH_NAME_LENGTH], _BATCH_NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _defaults(settings: BatchSettings, *, size: Size | None, prompt: str | None) -> ShotDefaults:
    values: dict[str, object] = {"generation_params": settings.generation}
    if size is not None:
        values["generation_params"] = settings.generation.model_copy(
            update={"width": size.width, "height": size.height}
        )
    if settings.interpolation.model_fields_set:
        values["interpolation"] = settings.interpolation
    if settings.encode.model_fields_set:
        values["encode"] = settings.encode
    if settings.priority is not None:
        values["priority"] = settings.priority
    if prompt is not None:
        values["prompt"] = prompt
    return ShotDefaults.model_validate(values)


def _shot(source: ShotSource, *, size: Size | None, prompt: str | None) -> Shot:
    values: dict[str, object] = {
        "image_path": source.image_path,
        "sha256": source.sha256,
        "motion": source.move,
    }
    if source.prompt is not None and prompt is None:
        values["prompt"] = source.prompt
    wishes = source.wishes
    if wishes.negative_prompt is not None:
        values["negative_prompt"] = wishes.negative_prompt
    own = _given(model=wishes.model, seed=wishes.seed)
    if size is None:
        own |= {"width": source.output.width, "height": source.output.height}
    if own:
        values["generation_params"] = GenerationParams.model_validate(own)
    if wishes.target_fps is not None:
        values["interpolation"] = InterpolationParams(target_fps=wishes.target_fps)
    return Shot.model_validate(values)
