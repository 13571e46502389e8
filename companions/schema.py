"""Print the JSON Schemas of the contract: ``python -m companions.schema [--check]``.

``schemas/<kind>.v<N>.schema.json`` are printed from the models, so that programs in any language
can check what they write.  ``--check`` compares instead of writing and exits with 1 when they
differ.  What a model checks beyond what a schema can say is listed in ``tests/golden``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel

from companions import files
from companions.early_manifest import EarlyManifest
from companions.examples import EXAMPLES
from companions.motion import MotionCompanion
from companions.review import Review
from companions.video_manifest import VideoManifest
from companions.video_meta import VideoMeta


class Version(NamedTuple):
    """One published version of one kind of document."""

    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind}.v{self.number}"


MODELS: Final[Mapping[Version, type[BaseModel]]] = {
    Version("motion", 1): MotionCompanion,
    Version("review", 1): Review,
    Version("video_manifest", 0): EarlyManifest,
    Version("video_manifest", 1): VideoManifest,
    Version("video_meta", 1): VideoMeta,
}
"""Every version of every document that this motionfleet reads."""
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FOLDER: Final = Path(__file__).resolve().parent.parent / "schemas"


def schema_text(version: Version) -> str:
    """The schema of one version, as its file holds it."""
    schema = MODELS[version].model_json_schema(mode="validation")
    head = {
        "$schema": DIALECT,
        "$id": f"urn:motionfleet:schema:{version.kind}:{version.number}",
        "examples": [EXAMPLES[str(version)]],
    }
    return json.dumps(head | schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def file_of(version: Version) -> Path:
    """Where the schema of ``version`` is kept."""
    return FOLDER / f"{version}.schema.json"


def main(arguments: Sequence[str]) -> int:
    """Write the schemas, or with ``--check`` say which differ from the models."""
    stale = [
        version
        for version in MODELS
        if not file_of(version).exists()
        or file_of(version).read_text("utf-8") != schema_text(version)
    ]
    if "--check" in arguments:
        for version in stale:
            sys.stderr.write(
                f"{file_of(version)} differs from the model; run python -m companions.schema\n"
            )
        return 1 if stale else 0
    for version in stale:
        files.write_atomic(file_of(version), schema_text(version).encode("utf-8"))
        sys.stdout.write(f"wrote {file_of(version)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
