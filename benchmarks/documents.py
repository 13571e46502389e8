"""How long a manifest of 10,000 shots takes: ``python -m benchmarks.documents``.

Reading is everything from bytes to a model: strict JSON, the contract, the rules across fields.
The peer is ``jsonschema``, which checks the same document against the published schema, and so
less: it knows no rule that a schema cannot say.
"""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from benchmarks.report import Figure, median_seconds, tell
from companions import codec, schema
from companions.generation_params import GenerationParams
from companions.geometry import Rect
from companions.motion import MotionKeyframe, Move
from companions.schema import Version
from companions.video_manifest import Shot, ShotDefaults, VideoManifest

SHOTS = 10_000
RUNS = 7


def shot(number: int) -> Shot:
    """A shot as the selector writes it, with a stop on the way."""
    return Shot(
        image_path=f"stills/day1/img_{number:06d}.jpg",
        sha256=f"{number:064x}",
        prompt="waves roll onto the beach, gulls in the wind",
        motion=Move(
            start_rect=Rect.of(0.0, 0.0, 1.0, 1.0),
            end_rect=Rect.of(0.2, 0.15, 0.867, 0.817),
            duration_sec=4.0,
            keyframes=(MotionKeyframe(at=0.5, rect=Rect.of(0.1, 0.1, 0.9, 0.9)),),
        ),
        generation_params=GenerationParams(seed=number),
    )


def manifest(shots: int) -> VideoManifest:
    """A manifest of so many shots."""
    return VideoManifest.model_validate(
        {
            "project_id": "coast",
            "batch_id": "night 1",
            "created_at": "2026-01-31T21:00:00Z",
            "defaults": ShotDefaults(generation_params=GenerationParams(width=1920, height=1080)),
            "shots": tuple(shot(number) for number in range(shots)),
        }
    )


def main() -> None:
    """Measure and tell."""
    document = manifest(SHOTS)
    data = codec.encode(document)
    decode_s = median_seconds(lambda: codec.decode(data, VideoManifest, file="f"), runs=RUNS)
    encode_s = median_seconds(lambda: codec.encode(document), runs=RUNS)
    prints_s = median_seconds(
        lambda: [codec.fingerprint(document.recipe(each)) for each in document.shots], runs=3
    )
    published = json.loads(schema.file_of(Version("video_manifest", 1)).read_text("utf-8"))
    peer = Draft202012Validator(published)
    peer_s = median_seconds(lambda: peer.validate(json.loads(data)), runs=1)
    tell(
        "documents",
        [
            Figure("read and validate", decode_s, "s", target=2.0, runs=RUNS),
            Figure("write", encode_s, "s", runs=RUNS),
            Figure("fingerprint every shot", prints_s, "s", runs=3),
            Figure("jsonschema, schema alone", peer_s, "s"),
            Figure("jsonschema takes so many times as long", peer_s / decode_s, "x", better="more"),
        ],
        what=f"one manifest of {SHOTS} shots, {len(data) / 1e6:.1f} MB",
    )


if __name__ == "__main__":
    main()
