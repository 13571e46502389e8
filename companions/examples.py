"""One whole example of every document version, as its JSON Schema shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_IMAGE_SHA256: Final = "7d793037a0760186574b0282f2f435e7a2a2f6d6b0d0e2b6a4d2a8a1c6f0e3b1"
_CLIP_SHA256: Final = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
_MANIFEST_SHA256: Final = "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"
_FINGERPRINT: Final = "baa5a0964d3320fbc0c6a922140453c8513ea24ab8fd0577034804a967248096"

_PUSH_IN: Final[Mapping[str, object]] = {
    "type": "push_in",
    "start_rect": [0.0, 0.0, 1.0, 1.0],
    "end_rect": [0.2, 0.15, 0.867, 0.817],
    "duration_sec": 4.0,
    "easing": "ease_in_out",
    "preset": {"name": "push_in", "zoom": 1.5, "towards": [0.53, 0.48]},
}

EXAMPLES: Final[Mapping[str, Mapping[str, object]]] = {
    "motion.v1": {
        "kind": "motion",
        "schema_version": 1,
        "type": "custom",
        "start_rect": [0.0, 0.0, 0.8, 0.8],
        "end_rect": [0.3, 0.3, 0.9, 0.9],
        "duration_sec": 6.0,
        "easing": [0.4, 0.0, 0.2, 1.0],
        "keyframes": [{"at": 0.4, "rect": [0.1, 0.0, 0.8, 0.7], "rotation_deg": 2.0}],
        "rotation": {"start_deg": 0.0, "end_deg": -3.0},
        "objects": [
            {
                "name": "bird",
                "region": {"shape": "polygon", "points": [[0.1, 0.1], [0.2, 0.1], [0.15, 0.2]]},
                "points": [
                    {"at": 0.0, "position": [0.15, 0.15]},
                    {"at": 1.0, "position": [0.8, 0.1], "scale": 0.7, "rotation_deg": 15.0},
                ],
            },
            {
                "name": "kite",
                "region": {
                    "shape": "mask",
                    "path": "img_001.kite.mask.png",
                    "sha256": _CLIP_SHA256,
                },
                "points": [
                    {"at": 0.25, "position": [0.6, 0.3]},
                    {"at": 0.75, "position": [0.7, 0.2]},
                ],
                "easing": "ease_out",
            },
        ],
        "image": {
            "name": "img_001.jpg",
            "width": 6000,
            "height": 4000,
            "sha256": _IMAGE_SHA256,
        },
        "output": {"width": 1280, "height": 720},
        "safety": {
            "profile": "standard",
            "verdict": "warn",
            "findings": [
                {"limit": "peak_speed", "value": 24.1, "threshold": 20.0, "verdict": "warn"}
            ],
        },
        "viability": {"score": 0.82, "flags": ["text"]},
        "wishes": {"prompt": "a gull glides over the pier", "target_fps": 25, "seed": 7},
        "provenance": {
            "tool": "selector",
            "version": "0.1.0",
            "origin": "edited",
            "at": "2026-01-31T08:30:00.250Z",
        },
        "x": {"rating": 5},
    },
    "video_manifest.v0": {
        "project_id": "video_gen_001",
        "batch_id": "20250704_143022",
        "keyframes": [
            {
                "image_path": "__video_keyframes/img_001.png",
                "motion": {
                    "type": "zoom_in",
                    "start_rect": [0.1, 0.1, 0.9, 0.9],
                    "end_rect": [0.3, 0.3, 0.7, 0.7],
                    "duration_sec": 6.0,
                    "easing": "ease_in_out",
                },
                "generation_params": {
                    "model": "stable_video_diffusion_v1.1",
                    "motion_bucket_id": 127,
                    "fps": 30,
                    "noise_aug_strength": 0.02,
                    "seed": 42,
                },
            }
        ],
    },
    "video_manifest.v1": {
        "kind": "video_manifest",
        "schema_version": 1,
        "project_id": "coast",
        "batch_id": "2026-01-31 night",
        "created_at": "2026-01-31T21:00:00Z",
        "defaults": {
            "generation_params": {"model": "camera", "fps": 12, "width": 1280, "height": 720},
            "interpolation": {"backend": "flow", "target_fps": "24000/1001"},
            "encode": {"codec": "h264", "crf": 17},
        },
        "shots": [
            {
                "image_path": "stills/img_001.jpg",
                "sha256": _IMAGE_SHA256,
                "prompt": "waves roll onto the beach",
                "motion": _PUSH_IN,
                "generation_params": {"seed": 7},
                "priority": 10,
                "x": {"client": "north"},
            }
        ],
    },
    "video_meta.v1": {
        "kind": "video_meta",
        "schema_version": 1,
        "shot_id": "img_001-0d1c6fa2b3e4",
        "shot_fingerprint": _FINGERPRINT,
        "manifest": {
            "project_id": "coast",
            "batch_id": "2026-01-31 night",
            "sha256": _MANIFEST_SHA256,
        },
        "image": "stills/img_001.jpg",
        "verdict": "pass",
        "recipe": {
            "image_sha256": _IMAGE_SHA256,
            "prompt": "waves roll onto the beach",
            "motion": _PUSH_IN,
        },
        "clip": {
            "file": "img_001.mp4",
            "sha256": _CLIP_SHA256,
            "size_bytes": 1830144,
            "frames": 96,
            "fps": "24000/1001",
            "duration_sec": 4.004,
            "width": 1280,
            "height": 720,
            "codec": "h264",
            "encoder": "libx264",
        },
        "checks": [{"name": "adherence", "value": 0.0002, "threshold": 0.03, "verdict": "pass"}],
        "cost": {"seconds": 9.5, "rate_per_hour": 1.2, "amount": 0.00317, "currency": "USD"},
        "finished_at": "2026-01-31T21:02:11.480Z",
    },
    "review.v1": {
        "kind": "review",
        "schema_version": 1,
        "shot_id": "img_001-0d1c6fa2b3e4",
        "shot_fingerprint": _FINGERPRINT,
        "image_sha256": _IMAGE_SHA256,
        "clip_sha256": _CLIP_SHA256,
        "decision": "rejected",
        "reasons": ["too_fast", "framing"],
        "note": "The lighthouse leaves the frame.",
        "reviewer": "anna@desk-3",
        "reviewed_at": "2026-02-01T07:45:00Z",
        "redo": {"seed": 8},
    },
}
"""By ``kind.vN``."""
