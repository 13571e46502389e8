"""Pictures with documents that were really made for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from companions import files
from tests.companions.documents import MANIFEST, META, MOTION, MOVE


def paired(folder: Path, name: str, *, data: bytes | None = None) -> Path:
    """A picture, its motion, its own manifest, its meta and its clip; the picture's path."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / name
    picture.write_bytes(name.encode("utf-8", "surrogateescape") * 50 if data is None else data)
    write_documents(picture, sha256=files.sha256_of(picture))
    picture.with_suffix(".mp4").write_bytes(b"clip")
    return picture


def write_documents(picture: Path, *, sha256: str) -> None:
    """The documents beside ``picture`` that say they were made for other bytes, or for its own."""
    shown = picture.name.encode("utf-8", "replace").decode()
    motion = {**MOTION, "image": {**MOTION["image"], "name": shown, "sha256": sha256}}
    shots = [{"image_path": shown, "sha256": sha256, "motion": MOVE}]
    meta = {**META, "image": shown, "recipe": {"image_sha256": sha256, "motion": MOVE}}
    write(picture, ".motion.json", motion)
    write(picture, ".video_manifest.json", {**MANIFEST, "shots": shots})
    write(picture, ".video_meta.json", meta)


def write(picture: Path, suffix: str, plain: dict[str, Any]) -> Path:
    """One document beside ``picture``."""
    path = picture.with_name(picture.stem + suffix)
    path.write_text(json.dumps(plain))
    return path
