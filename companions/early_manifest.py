"""Version 0 of the video manifest: the format of early tools, read and never written.

It names neither its kind nor its version; its shots are called keyframes, its ``fps`` is the
clip's rate, and it has no hashes.  It was never closed: what a tool wrote beyond the fields
described here is allowed, and is kept when the manifest is upgraded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from companions.base import NamePart, instant_text
from companions.codec import problems_of
from companions.easing import EasingName
from companions.errors import DocumentInvalid, Problem
from companions.generation_params import GenerationParams
from companions.geometry import Rect
from companions.motion import MAX_DURATION_S, MotionType
from companions.names import RelativePath
from companions.older import Assumption, PictureAbsent, Step, Surroundings
from companions.timing import Rate, rate_value
from companions.video_manifest import MAX_SHOTS, EncodeParams, InterpolationParams, QcParams
from companions.wishes import BackendName, PromptText

KEPT_UNDER: Final = "version_0"
"""The key under ``x`` where what version 1 has no place for is kept."""

_STATED_LATER: Final = ("kind", "schema_version")
_MADE_AT: Final = "%Y%m%d_%H%M%S"
_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")

Text = Annotated[str, Field(max_length=200)]


class Open(BaseModel):
    """A frozen model that keeps fields it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


class EarlyMotion(Open):
    """One camera move."""

    type: Text | None = None
    """The kind of move, for people."""
    start_rect: Rect
    """What the first frame shows: [x1, y1, x2, y2] in fractions of the picture."""
    end_rect: Rect
    """What the last frame shows, likewise."""
    duration_sec: Annotated[float, Field(gt=0.0, le=MAX_DURATION_S)]
    """Length of the clip in seconds, over 0 and at most 60."""
    easing: Text | None = None
    """Name of the easing curve, as version 1 has them, in any spelling: ``ease-in-out``."""


class EarlyParams(GenerationParams):
    """How frames are generated; fields that version 1 has too mean the same but for ``fps``."""

    model_config = ConfigDict(extra="allow")

    model: BackendName
    """Generator to use."""
    fps: Rate | None = None  # type: ignore[assignment]  # of the clip: another field altogether
    """The clip's rate in frames per second, 1 to 240."""


class EarlyShot(Open):
    """One picture and its move."""

    image_path: RelativePath
    """The picture, relative to the manifest's folder."""
    motion: EarlyMotion
    """The camera move."""
    generation_params: EarlyParams
    """How frames are generated."""
    prompt: PromptText | None = None
    """What the clip should show, up to 20000 characters."""
    negative_prompt: PromptText | None = None
    """What it should not show, up to 20000 characters."""
    interpolation: InterpolationParams = InterpolationParams()
    """How frames become the clip's frames, as in version 1."""
    encode: EncodeParams = EncodeParams()
    """How the clip is encoded, as in version 1."""
    qc: QcParams = QcParams()
    """How the clip is checked, as in version 1."""
    priority: Annotated[int, Field(ge=-100, le=100)] | None = None
    """Higher is sooner; -100 to 100."""


class EarlyManifest(Open):
    """An early manifest: which pictures to animate, and how."""

    model_config = ConfigDict(
        # A file that names either is of a later version, see ``is_early``.
        json_schema_extra={"not": {"anyOf": [{"required": [name]} for name in _STATED_LATER]}}
    )

    project_id: NamePart
    """The project the shots belong to."""
    batch_id: NamePart
    """This batch within the project; often the moment it was made, as 20250704_143022."""
    keyframes: Annotated[tuple[EarlyShot, ...], Field(min_length=1, max_length=MAX_SHOTS)]
    """The shots, 1 to 100000, in the order they should be made."""


def is_early(raw: Mapping[str, object]) -> bool:
    """Whether a plain document is of version 0: it says neither kind nor version."""
    return "keyframes" in raw and not any(name in raw for name in _STATED_LATER)


def to_version_1(data: bytes, *, file: str, around: Surroundings) -> Step:
    """The plain form of version 1.  Pictures are hashed, since version 1 names them by hash.

    Raises:
        DocumentInvalid: no version 0 either, an easing that version 1 does not have, or a picture
            that is not there.
    """
    try:
        early = EarlyManifest.model_validate_json(data)
    except ValidationError as error:
        raise invalid(file, problems_of(error)) from None
    hashes = _hashes(early, file=file, around=around)
    made_at, how = _made_at(early.batch_id, around)
    assumed = [Assumption("created_at", how)]
    shots: list[Mapping[str, object]] = []
    problems: list[Problem] = []
    for index, shot in enumerate(early.keyframes):
        easing = _easing(shot.motion.easing)
        if easing is None:
            what = f"version 1 has no {shot.motion.easing!r}; write one of {', '.join(EasingName)}"
            problems.append(Problem(f"keyframes[{index}].motion.easing", what))
            continue
        shots.append(_shot(shot, sha256=hashes[shot.image_path], easing=easing))
        assumed += _assumed(shot)
    if problems:
        raise invalid(file, problems)
    plain: dict[str, object] = {
        "kind": "video_manifest",
        "schema_version": 1,
        "project_id": early.project_id,
        "batch_id": early.batch_id,
        "created_at": instant_text(made_at),
        "shots": shots,
    }
    if extra := early.model_extra:
        plain["x"] = {KEPT_UNDER: extra}
        assumed.append(_kept("", extra))
    return Step(plain, _told_once(assumed, shots=len(shots)))


def invalid(file: str, problems: Iterable[Problem]) -> DocumentInvalid:
    """The error that refuses a version 0, its problems in the words of that version."""
    return DocumentInvalid(
        file=file,
        problems=[Problem(p.field.replace("shots[", "keyframes["), p.what) for p in problems],
        remedy="This manifest is of version 0. Correct the named fields, or write it again with "
        "selector manifest; nothing was changed.",
    )


def _hashes(early: EarlyManifest, *, file: str, around: Surroundings) -> Mapping[str, str]:
    hashes: dict[str, str] = {}
    problems = []
    for index, shot in enumerate(early.keyframes):
        if shot.image_path in hashes:
            continue
        try:
            hashes[shot.image_path] = around.sha256_of(shot.image_path)
        except PictureAbsent as error:
            what = f"{shot.image_path!r} {error}; version 0 has no hashes, so it must be there"
            problems.append(Problem(f"keyframes[{index}].image_path", what))
    if problems:
        raise invalid(file, problems)
    return hashes


def _shot(shot: EarlyShot, *, sha256: str, easing: EasingName) -> Mapping[str, object]:
    params = shot.generation_params
    plain: dict[str, object] = {
        "image_path": shot.image_path,
        "sha256": sha256,
        "motion": {
            "type": shot.motion.type if shot.motion.type in set(MotionType) else "custom",
            "start_rect": shot.motion.start_rect.root,
            "end_rect": shot.motion.end_rect.root,
            "duration_sec": shot.motion.duration_sec,
            "easing": easing.value,
        },
        "generation_params": {
            "model": params.model,
            **_given(params, but={"model", "fps"}),
        },
        **_given(shot, but={"image_path", "motion", "generation_params"}),
    }
    if params.fps is not None and "interpolation" not in shot.model_fields_set:
        plain["interpolation"] = {"target_fps": rate_value(params.fps)}
    if extra := _without_place(shot):
        plain["x"] = {KEPT_UNDER: extra}
    return plain


def _given(part: BaseModel, *, but: set[str]) -> dict[str, object]:
    """The fields that the file gives to ``part``, in plain form, less those named."""
    fields = part.model_fields_set & set(type(part).model_fields)
    return part.model_dump(mode="json", include=fields - but, exclude_unset=True)


def _without_place(shot: EarlyShot) -> dict[str, object]:
    """What the shot says that version 1 has no field for."""
    kept: dict[str, object] = dict(shot.model_extra or {})
    of_params = shot.generation_params.model_extra
    of_motion = dict(shot.motion.model_extra or {})
    if shot.motion.type is not None and shot.motion.type not in set(MotionType):
        of_motion["type"] = shot.motion.type
    if of_params:
        kept["generation_params"] = of_params
    if of_motion:
        kept["motion"] = of_motion
    return kept


def _assumed(shot: EarlyShot) -> Iterator[Assumption]:
    motion, params = shot.motion, shot.generation_params
    states_rate = "interpolation" in shot.model_fields_set
    yield Assumption("keyframes[*].sha256", "taken from the picture as it is now")
    if params.fps is not None and not states_rate:
        yield Assumption(
            "keyframes[*].generation_params.fps",
            "is the clip's rate, so it became interpolation.target_fps; the generator's rate is "
            f"version 1's default, {rate_value(GenerationParams().fps)}",
        )
    elif not states_rate:
        rate = rate_value(InterpolationParams().target_fps)
        yield Assumption("keyframes[*].generation_params.fps", f"not given; the clip has {rate}")
    if not {"width", "height"} <= params.model_fields_set:
        size = GenerationParams()
        yield Assumption(
            "keyframes[*].generation_params.width",
            f"clip size not given in full; version 1's default is {size.width} x {size.height}",
        )
    if motion.easing is None:
        yield Assumption("keyframes[*].motion.easing", "not given; ease_in_out, as in version 1")
    if motion.type is not None and motion.type not in set(MotionType):
        yield Assumption("keyframes[*].motion.type", f"{motion.type!r} is no type; custom")
    if extra := _without_place(shot):
        yield _kept("keyframes[*].", extra)


def _kept(where: str, extra: Mapping[str, object]) -> Assumption:
    names = ", ".join(sorted(repr(name) for name in extra))
    return Assumption(f"{where}x", f"{names} kept under x.{KEPT_UNDER}; nothing acts on it")


def _told_once(assumed: Iterable[Assumption], *, shots: int) -> list[Assumption]:
    """Each assumption once, with how many shots it was made for."""
    times: dict[Assumption, int] = {}
    for each in assumed:
        times[each] = times.get(each, 0) + 1
    return [
        Assumption(each.field, f"{each.what} ({count} of {shots} shots)")
        if "[*]" in each.field
        else each
        for each, count in times.items()
    ]


def _made_at(batch_id: str, around: Surroundings) -> tuple[datetime, str]:
    try:
        return datetime.strptime(batch_id, _MADE_AT).replace(tzinfo=UTC), (
            "taken from batch_id, as UTC"
        )
    except ValueError:
        return around.written_at, "taken from the file's time stamp"


def _easing(name: str | None) -> EasingName | None:
    """The curve of that name in any spelling (``ease-in-out``, ``easeInOut``), if there is one."""
    if name is None:
        return EasingName.EASE_IN_OUT
    plain = _CAPITAL.sub("_", name).replace("-", "_").replace(" ", "_").lower()
    return EasingName(plain) if plain in set(EasingName) else None
