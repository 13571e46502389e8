"""Print the JSON Schemas of the contract: ``python -m companions.schema [--check]``.

``schemas/*.schema.json`` are printed from the models, so that programs in any language can check
what they write.  ``--check`` compares instead of writing and exits with 1 when they differ.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from companions import files
from companions.base import Document
from companions.motion import MotionCompanion
from companions.video_manifest import VideoManifest
from companions.video_meta import VideoMeta

DOCUMENTS: Final[Mapping[str, type[Document]]] = {
    "motion": MotionCompanion,
    "video_manifest": VideoManifest,
    "video_meta": VideoMeta,
}
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FOLDER: Final = Path(__file__).resolve().parent.parent / "schemas"


def schema_text(kind: str) -> str:
    """The schema of one document kind, as its file holds it."""
    model = DOCUMENTS[kind]
    schema = model.model_json_schema(mode="validation")
    head = {"$schema": DIALECT, "$id": f"urn:motionfleet:schema:{kind}:1"}
    return json.dumps(head | schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def file_of(kind: str) -> Path:
    """Where the schema of ``kind`` is kept."""
    return FOLDER / f"{kind}.schema.json"


def main(arguments: Sequence[str]) -> int:
    """Write the schemas, or with ``--check`` say which differ from the models."""
    stale = [
        kind
        for kind in DOCUMENTS
        if not file_of(kind).exists() or file_of(kind).read_text("utf-8") != schema_text(kind)
    ]
    if "--check" in arguments:
        for kind in stale:
            sys.stderr.write(
                f"{file_of(kind)} differs from the model; run python -m companions.schema\n"
            )
        return 1 if stale else 0
    for kind in stale:
        files.write_atomic(file_of(kind), schema_text(kind).encode("utf-8"))
        sys.stdout.write(f"wrote {file_of(kind)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
