"""Names: how companions follow their picture, and which paths a document may hold.

A companion is every file whose name starts with the picture's stem and a dot.  Names here are
text; whether a path stays in its folder on a real disk (symbolic links) is asked of
``files.resolve_inside``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from companions.base import portable

MOTION_SUFFIX: Final = ".motion.json"
MANIFEST_SUFFIX: Final = ".video_manifest.json"
META_SUFFIX: Final = ".video_meta.json"
REVIEW_SUFFIX: Final = ".review.json"
MASK_SUFFIX: Final = ".mask.png"
"""``X.mask.png``, ``X.<word>.mask.png``: masks over the picture X; companions, not pictures."""
DEPTH_SUFFIXES: Final = (".depth.png", ".depth.npy")
"""``X.depth.png``, ``X.depth.npy``: how far away what the picture X shows is."""
SIGNAL_SUFFIX: Final = ".signal.mp4"
SIGNAL_MASK_SUFFIX: Final = ".signal_mask.mp4"
"""``X.signal.mp4``, ``X.signal_mask.mp4``: a reference for X that is given as a clip, and where it
is held to."""
CLIP_SUFFIX: Final = ".mp4"
PRORES_SUFFIX: Final = ".master.mov"
FFV1_SUFFIX: Final = ".master.mkv"
"""``X.master.mov``, ``X.master.mkv``: the clip's frames for further work, by kind of master."""
CAPTION_SUFFIX: Final = ".caption"

PICTURE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".avif", ".gif"}
)
MAX_NAME_BYTES: Final = 255
LONGEST_SUFFIX: Final = MANIFEST_SUFFIX


def path_fault(path: str) -> str | None:
    """Why ``path`` may not stand in a document, or None if it may.

    Allowed is a relative POSIX path below the document's folder, in Unicode NFC.
    """
    if not path:
        return "is empty"
    # A set has ten thousand paths: what is plain to see is not looked up letter by letter.
    plain = path.isascii() and path.isprintable()
    if not plain and any(unicodedata.category(ch) in {"Cc", "Cs"} for ch in path):
        return "holds a control character"
    if "\\" in path:
        return "holds a backslash; separate folders with '/'"
    if path.startswith("/") or (len(path) > 1 and path[1] == ":"):
        return "is absolute"
    parts = path.split("/")
    if ".." in parts:
        return "climbs out of the folder with '..'"
    if any(part in {"", "."} for part in parts):
        return "has an empty or '.' part"
    if not unicodedata.is_normalized("NFC", path):
        return "is not in Unicode NFC form"
    longest = max(len(part.encode()) for part in parts)
    if longest > MAX_NAME_BYTES:
        return f"has a part of {longest} bytes; file systems take {MAX_NAME_BYTES}"
    stem_bytes = len(_stem(parts[-1]).encode())
    if stem_bytes + len(LONGEST_SUFFIX) + len(".") > MAX_NAME_BYTES:
        return f"leaves no room for {LONGEST_SUFFIX!r} within {MAX_NAME_BYTES} bytes"
    return None


def _stem(name: str) -> str:
    # As pathlib has it, at a tenth of its price.
    dot = name.rfind(".")
    return name[:dot] if 0 < dot < len(name) - 1 else name


def _checked_path(path: str) -> str:
    fault = path_fault(path)
    if fault is not None:
        raise ValueError(f"path {fault}")
    return path


def _checked_name(name: str) -> str:
    if name in {".", ".."} or "/" in name or "\0" in name:
        raise ValueError("a file's name holds no '/' and is not '.' or '..'")
    return name


_CONTROLS: Final = r"\u0000-\u001f\u007f-\u009f"
_PART: Final = rf"(?![.]{{1,2}}(?:/|$))[^{_CONTROLS}\\/]+"
# What a pattern cannot say (NFC, bytes) is told by the model only.
_PATH: Final = rf"^(?![^/]:){_PART}(?:/{_PART})*$"
_FILE_NAME: Final = r"^(?![.]{1,2}$)[^/\u0000]+$"

RelativePath = Annotated[
    str,
    Field(max_length=1024, json_schema_extra={"pattern": portable(_PATH)}),
    AfterValidator(_checked_path),
]
"""A path relative to the document's folder: no '..', not absolute, '/' between folders, NFC."""

FileName = Annotated[
    str,
    Field(min_length=1, max_length=255, json_schema_extra={"pattern": portable(_FILE_NAME)}),
    AfterValidator(_checked_name),
]
"""The name of a file, without its folder."""


def stem_of(picture: str) -> str:
    """``a/b/img.001.jpg`` -> ``a/b/img.001``: what the companions' names start with."""
    folder, slash, name = picture.rpartition("/")
    if name[:1] in {"", "."} or "//" in picture or "./" in picture:  # pathlib has its own way
        path = PurePosixPath(picture)
        # Cut, not joined: the stem of "..png" is a dot, which pathlib takes for the folder.
        return str(path)[: -len(path.suffix)] if path.suffix else str(path)
    return f"{folder}{slash}{_stem(name)}"


def clip_of(picture: str) -> str:
    """The clip's path for a picture's path."""
    return stem_of(picture) + CLIP_SUFFIX


def meta_of(picture: str) -> str:
    """The meta's path for a picture's path."""
    return stem_of(picture) + META_SUFFIX


def companion_path(picture: Path, suffix: str) -> Path:
    """The companion of ``picture`` with ``suffix``, beside it."""
    return picture.with_name(picture.stem + suffix)


def is_picture(path: Path) -> bool:
    """Whether a directory entry looks like a picture to offer: by suffix, not hidden, neither a
    mask nor a depth map."""
    return (
        path.suffix.lower() in PICTURE_SUFFIXES
        and not path.name.startswith(".")
        and not path.name.lower().endswith((MASK_SUFFIX, *DEPTH_SUFFIXES))
    )


def is_clip(name: str) -> bool:
    """Whether a file's name is one that a clip may have: no reference that is given as a clip."""
    low = name.lower()
    return low.endswith(CLIP_SUFFIX) and not low.endswith((SIGNAL_SUFFIX, SIGNAL_MASK_SUFFIX))


def collision_key(picture: str) -> str:
    """Equal for two pictures whose companions would be one file on some file system.

    macOS and Windows fold case, and macOS folds composed and decomposed accents.
    """
    return folded(stem_of(picture))


def folded(name: str) -> str:
    """Equal for two names that are one file on some file system; every dot stays where it is."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def first_collision(pictures: Iterable[str]) -> tuple[str, str] | None:
    """The first two paths that would share companions, or None."""
    seen: dict[str, str] = {}
    for picture in pictures:
        key = collision_key(picture)
        if key in seen:
            return seen[key], picture
        seen[key] = picture
    return None
