"""Documents for tests: one valid plain form of each kind, and strategies for all others."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from companions.easing import Easing, EasingName
from companions.generation_params import GenerationParams
from companions.geometry import Rect
from companions.motion import (
    MotionCompanion,
    MotionKeyframe,
    MotionOrigin,
    MotionType,
    Move,
    OutputSize,
    PictureIdentity,
    Provenance,
    Rotation,
    Safety,
    SafetyFinding,
    SafetyVerdict,
    Viability,
)
from companions.preset import DollyZoom, Orbit, Pan, Preset, PullOut, PushIn, Tilt
from companions.review import Decision, Redo, Review, ReviewReason
from companions.timing import Rate, parse_rate
from companions.trajectory import MaskRegion, ObjectTrajectory, PolygonRegion, TrajectoryPoint
from companions.video_manifest import (
    Codec,
    EncodeParams,
    InterpolationParams,
    QcParams,
    QcThresholds,
    Shot,
    ShotDefaults,
    VideoManifest,
)
from companions.wishes import Wishes

Plain = dict[str, Any]

MOVE: Plain = {
    "type": "zoom_in",
    "start_rect": [0.1, 0.1, 0.9, 0.9],
    "end_rect": [0.3, 0.3, 0.7, 0.7],
    "duration_sec": 6.0,
    "easing": "ease_in_out",
}
MANIFEST: Plain = {
    "kind": "video_manifest",
    "schema_version": 1,
    "project_id": "video_gen_001",
    "batch_id": "20250704_143022",
    "created_at": "2025-07-04T14:30:22Z",
    "shots": [{"image_path": "stills/img_001.png", "sha256": "a" * 64, "motion": MOVE}],
}
MOTION: Plain = {
    "kind": "motion",
    "schema_version": 1,
    **MOVE,
    "image": {"name": "img_001.png", "width": 6000, "height": 4000, "sha256": "a" * 64},
    "output": {"width": 1280, "height": 720},
    "provenance": {
        "tool": "selector",
        "version": "0.1.0",
        "origin": "edited",
        "at": "2025-07-04T14:30:22.125Z",
    },
}
META: Plain = {
    "kind": "video_meta",
    "schema_version": 1,
    "shot_id": "0123456789ab",
    "shot_fingerprint": "b" * 64,
    "manifest": {"project_id": "p", "batch_id": "b", "sha256": "c" * 64},
    "image": "stills/img_001.png",
    "verdict": "failed",
    "reasons": [{"code": "picture_truncated", "message": "Copy the file again."}],
    "recipe": {"image_sha256": "a" * 64, "motion": MOVE},
    "cost": {"seconds": 1.5, "rate_per_hour": 2.0, "amount": 0.000833},
    "finished_at": "2025-07-04T15:00:00Z",
}


REVIEW: Plain = {
    "kind": "review",
    "schema_version": 1,
    "shot_id": "0123456789ab",
    "shot_fingerprint": "b" * 64,
    "image_sha256": "a" * 64,
    "clip_sha256": "d" * 64,
    "decision": "rejected",
    "reasons": ["too_fast"],
    "reviewer": "anna",
    "reviewed_at": "2025-07-05T09:00:00Z",
}
EARLY: Plain = {
    "project_id": "video_gen_001",
    "batch_id": "20250704_143022",
    "keyframes": [
        {
            "image_path": "__video_keyframes/img_001.png",
            "motion": MOVE,
            "generation_params": {
                "model": "stable_video_diffusion_v1.1",
                "motion_bucket_id": 127,
                "fps": 30,
                "noise_aug_strength": 0.02,
                "seed": 42,
            },
        }
    ],
}
PLAIN: dict[str, Plain] = {
    "motion.v1": MOTION,
    "review.v1": REVIEW,
    "video_manifest.v0": EARLY,
    "video_manifest.v1": MANIFEST,
    "video_meta.v1": META,
}
"""One plain document of every version, by the name of its schema."""


def manifest_with(**changes: object) -> Plain:
    """The plain manifest with some of its fields replaced."""
    return {**copy.deepcopy(MANIFEST), **changes}


def shot_with(**changes: object) -> Plain:
    """The plain manifest with some fields of its one shot replaced."""
    plain = copy.deepcopy(MANIFEST)
    plain["shots"][0].update(changes)
    return plain


def move_with(**changes: object) -> Plain:
    """The plain manifest with some fields of its one shot's move replaced."""
    return shot_with(motion={**MOVE, **changes})


def text_of(plain: object) -> bytes:
    """``plain`` as the bytes of a file."""
    return json.dumps(plain, ensure_ascii=False).encode()


def rects(*, smallest: float = 0.01) -> st.SearchStrategy[Rect]:
    """Rectangles inside the picture."""

    def build(x1: float, y1: float, width: float, height: float) -> Rect:
        return Rect.of(x1, y1, min(1.0, x1 + width), min(1.0, y1 + height))

    corner = st.floats(0.0, 1.0 - 2 * smallest)
    extent = st.floats(smallest * 1.001, 1.0)
    return st.builds(build, corner, corner, extent, extent)


def unit() -> st.SearchStrategy[float]:
    """Fractions, both ends included."""
    return st.floats(0.0, 1.0)


def easings() -> st.SearchStrategy[Easing]:
    """Named curves and cubic-beziers."""
    return st.sampled_from(EasingName) | st.tuples(unit(), unit(), unit(), unit())


def rates() -> st.SearchStrategy[Rate]:
    """Frame rates of all spellings."""
    spelled: st.SearchStrategy[object] = (
        st.sampled_from([12, 24, 25, 30, 60, 12.5, 23.976, 29.97, 59.94, "24000/1001", 239.99999])
        | st.integers(1, 240)
        | st.integers(100_000, 24_000_000).map(lambda n: n / 100_000)
    )
    return spelled.map(parse_rate)


def moves() -> st.SearchStrategy[Move]:
    """Camera moves that are at least one frame long at every rate, with any optional part."""

    def build(given: Plain) -> Move:
        if given.get("preset") is not None:
            given = {**given, "type": MotionType(given["preset"].name)}
        return Move(**given)

    return st.fixed_dictionaries(
        {"start_rect": rects(), "end_rect": rects(), "duration_sec": st.floats(1.0, 60.0)},
        optional={
            "type": st.sampled_from(MotionType),
            "easing": easings(),
            "keyframes": _stops(),
            "rotation": st.none() | st.builds(Rotation, start_deg=_turns(), end_deg=_turns()),
            "preset": st.none() | presets(),
            "objects": st.lists(objects(), max_size=2, unique_by=lambda o: o.name).map(tuple),
        },
    ).map(build)


def presets() -> st.SearchStrategy[Preset]:
    """Every preset."""
    point = st.tuples(unit(), unit())
    zoom = st.floats(1.0, 10.0, exclude_min=True)
    share = st.floats(0.0, 1.0, exclude_min=True)
    return st.one_of(
        st.builds(PushIn, name=st.just("push_in"), zoom=zoom, towards=st.none() | point),
        st.builds(PullOut, name=st.just("pull_out"), zoom=zoom, away_from=st.none() | point),
        st.builds(
            Pan, name=st.sampled_from(["pan_left", "pan_right"]), distance=share, window=share
        ),
        st.builds(
            Tilt, name=st.sampled_from(["tilt_up", "tilt_down"]), distance=share, window=share
        ),
        st.builds(
            DollyZoom,
            name=st.just("dolly_zoom"),
            direction=st.sampled_from(["in", "out"]),
            strength=zoom,
            subject=point,
        ),
        st.builds(
            Orbit,
            name=st.just("orbit"),
            angle_deg=st.floats(-90.0, 90.0).filter(bool),
            axis=st.sampled_from(["vertical", "horizontal"]),
            subject=point,
        ),
    )


def _turns() -> st.SearchStrategy[float]:
    return st.floats(-180.0, 180.0)


def _moments(*, fewest: int, most: int, ends: bool) -> st.SearchStrategy[list[float]]:
    moment = st.floats(0.0, 1.0, exclude_min=not ends, exclude_max=not ends)
    return st.lists(moment, min_size=fewest, max_size=most, unique=True).map(sorted)


def _stops() -> st.SearchStrategy[tuple[MotionKeyframe, ...]]:
    def at(moments: list[float]) -> st.SearchStrategy[tuple[MotionKeyframe, ...]]:
        return st.tuples(
            *(
                st.builds(
                    MotionKeyframe,
                    at=st.just(moment),
                    rect=rects(),
                    rotation_deg=st.none() | _turns(),
                )
                for moment in moments
            )
        )

    return _moments(fewest=0, most=3, ends=False).flatmap(at)


def objects() -> st.SearchStrategy[ObjectTrajectory]:
    """Objects that move by themselves, of either kind of region."""

    def along(moments: list[float]) -> st.SearchStrategy[ObjectTrajectory]:
        place = st.floats(-1.0, 2.0)
        points = st.tuples(
            *(
                st.builds(
                    TrajectoryPoint,
                    at=st.just(moment),
                    position=st.tuples(place, place),
                    scale=st.floats(0.01, 100.0),
                    rotation_deg=st.floats(-3600.0, 3600.0),
                )
                for moment in moments
            )
        )
        triangle = st.floats(0.01, 1.0).map(lambda w: ((0.0, 0.0), (w, 0.0), (w, w)))
        region: st.SearchStrategy[PolygonRegion | MaskRegion] = st.builds(
            PolygonRegion, shape=st.just("polygon"), points=triangle
        ) | st.builds(
            MaskRegion, shape=st.just("mask"), path=st.just("a.mask.png"), sha256=_hashes()
        )
        return st.builds(
            ObjectTrajectory,
            name=st.sampled_from(["bird", "kite 2", "Vögel"]),
            region=region,
            points=points,
            easing=easings(),
        )

    return _moments(fewest=2, most=4, ends=True).flatmap(along)


def reviews() -> st.SearchStrategy[Review]:
    """Reviews of either decision."""
    shared: dict[str, st.SearchStrategy[Any]] = {
        "shot_id": _texts(min_size=1),
        "shot_fingerprint": _hashes(),
        "image_sha256": _hashes(),
        "clip_sha256": _hashes(),
        "note": _texts(),
        "reviewer": st.sampled_from(["anna", "Jürgen@desk-3"]),
        "reviewed_at": _instants(),
    }
    redo = _sparse(
        Redo,
        motion=st.none() | moves(),
        prompt=st.none() | _texts(),
        seed=st.none() | st.integers(0, 2**63 - 1),
    )
    reasons = st.lists(st.sampled_from(ReviewReason), min_size=1, max_size=3, unique=True)
    return st.builds(Review, decision=st.just(Decision.ACCEPTED), **shared) | st.builds(
        Review,
        decision=st.just(Decision.REJECTED),
        reasons=reasons.map(tuple),
        redo=st.none() | redo,
        x=user_keys(),
        **shared,
    )


def user_keys() -> st.SearchStrategy[Plain]:
    """What a user may keep under ``x``: any JSON."""
    leaf = (
        st.none()
        | st.booleans()
        | st.integers(-(10**30), 10**30)
        | st.floats(allow_nan=False, allow_infinity=False)
        | _texts()
    )
    value = st.recursive(
        leaf, lambda v: st.lists(v, max_size=3) | st.dictionaries(_texts(), v, max_size=3)
    )
    return st.dictionaries(_texts(), value, max_size=3)


def manifests() -> st.SearchStrategy[VideoManifest]:
    """Manifests in which any optional field may or may not be given."""
    required = {
        "project_id": st.sampled_from(["p", "Übung 1", "a-b_c.d:e@f+g"]),
        "batch_id": st.just("b"),
        "created_at": _instants(),
        "shots": st.lists(_shots(), min_size=1, max_size=3).map(tuple),
    }
    optional = {"defaults": _defaults(), "x": user_keys()}
    return st.fixed_dictionaries(required, optional=optional).map(VideoManifest.model_validate)


def motions() -> st.SearchStrategy[MotionCompanion]:
    """Motion companions, with and without their optional parts."""
    finding = st.builds(
        SafetyFinding,
        limit=st.just("peak_speed"),
        value=st.floats(-10, 10),
        threshold=st.floats(-10, 10),
        verdict=st.sampled_from(SafetyVerdict),
    )
    return st.builds(
        lambda move, rest: MotionCompanion.model_validate({**dict(move), **rest}),
        moves(),
        st.fixed_dictionaries(
            {
                "image": st.builds(
                    PictureIdentity,
                    name=_texts(min_size=1).filter(_is_file_name),
                    width=st.integers(1, 100_000),
                    height=st.integers(1, 100_000),
                    sha256=_hashes(),
                ),
                "output": st.builds(
                    OutputSize, width=st.just(1280), height=st.sampled_from([720, 64, 8192])
                ),
                "provenance": st.builds(
                    Provenance,
                    tool=st.just("selector"),
                    version=st.just("0.1.0"),
                    origin=st.sampled_from(MotionOrigin),
                    at=_instants(),
                    why=st.lists(_texts(min_size=1), max_size=2).map(tuple),
                ),
            },
            optional={
                "safety": st.builds(
                    Safety,
                    profile=st.just("standard"),
                    verdict=st.sampled_from(SafetyVerdict),
                    findings=st.lists(finding, max_size=2).map(tuple),
                ),
                "viability": st.builds(Viability, score=unit()),
                "wishes": st.none() | _wishes(),
                "x": user_keys(),
            },
        ),
    )


def _wishes() -> st.SearchStrategy[Wishes]:
    return _sparse(
        Wishes,
        prompt=_texts(),
        negative_prompt=_texts(),
        model=st.sampled_from(["camera", "hub:org/model@main"]),
        target_fps=rates(),
        seed=st.integers(0, 2**63 - 1),
    )


def _texts(*, min_size: int = 0) -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=min_size, max_size=20)


def _is_file_name(text: str) -> bool:
    return "/" not in text and "\0" not in text and text not in {".", ".."}


def _hashes() -> st.SearchStrategy[str]:
    return st.binary(min_size=32, max_size=32).map(bytes.hex)


def _instants() -> st.SearchStrategy[datetime]:
    zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
    return st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones)  # noqa: DTZ001


def _sparse(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """``kind`` built from any subset of ``fields``, so that absence is tested too."""
    return st.fixed_dictionaries({}, optional=fields).map(lambda given: kind(**given))


def _blocks() -> dict[str, st.SearchStrategy[Any]]:
    rate_control: st.SearchStrategy[Plain] = st.sampled_from(
        [{}, {"crf": 20}, {"bitrate_kbps": 4000}, {"crf": None}]
    )
    return {
        "generation_params": _sparse(
            GenerationParams,
            model=st.sampled_from(["camera", "wan2.1-i2v/14B", "hub:org/model@main"]),
            fps=rates(),
            num_frames=st.none() | st.integers(2, 20_000),
            width=st.sampled_from([64, 832, 1280]),
            height=st.sampled_from([64, 480, 720]),
            seed=st.integers(0, 2**63 - 1),
            steps=st.none() | st.integers(1, 1000),
            guidance=st.none() | st.floats(0, 100),
            motion_bucket_id=st.none() | st.integers(0, 255),
        ),
        "interpolation": _sparse(
            InterpolationParams, backend=st.sampled_from(["flow", "none"]), target_fps=rates()
        ),
        "encode": st.builds(
            lambda codec, rate: EncodeParams.model_validate({**codec, **rate}),
            st.sampled_from([{}, {"codec": Codec.AV1}, {"codec": Codec.HEVC}]),
            rate_control,
        ),
        "qc": _sparse(
            QcParams,
            thresholds=_sparse(
                QcThresholds, black_ratio=unit(), flashes_per_second=st.integers(0, 60)
            ),
        ),
    }


def _defaults() -> st.SearchStrategy[ShotDefaults]:
    return _sparse(
        ShotDefaults,
        prompt=st.none() | _texts(),
        negative_prompt=st.none() | _texts(),
        priority=st.integers(-100, 100),
        **_blocks(),
    )


def _shots() -> st.SearchStrategy[Shot]:
    path = st.sampled_from(["a.jpg", "stills/b.png", "Über/ein bild.tif", "c.d.e.webp"])
    required = {"image_path": path, "sha256": _hashes(), "motion": moves()}
    optional = {
        "prompt": st.none() | _texts(),
        "negative_prompt": st.none() | _texts(),
        "priority": st.none() | st.integers(-100, 100),
        "x": user_keys(),
        **_blocks(),
    }
    return st.fixed_dictionaries(required, optional=optional).map(Shot.model_validate)
