"""What goes over the wire in tests of sync: shoots of random pictures, results, and how to see
whether what is visible on either side is whole.

Used by the tests of this folder and by ``benchmarks/sync*.py``.  A picture here is any bytes under
a picture's name, since no sync looks into one; a clip is a real one, made longer.
"""

from __future__ import annotations

import functools
import hashlib
import io
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np

from companions import codec
from companions.errors import MotionfleetError
from companions.generation_params import GenerationParams
from companions.names import CLIP_SUFFIX, MANIFEST_SUFFIX, META_SUFFIX, companion_path
from companions.timing import parse_rate
from companions.video_manifest import Codec, Shot, VideoManifest
from companions.video_meta import (
    ClipFacts,
    Cost,
    ManifestUsed,
    Reason,
    Verdict,
    VideoMeta,
)
from fleet.home import Home
from tests.fleet.making import MOVE
from tests.fleet.sync.sshd import Sshd

WRITTEN: Final = datetime(2026, 1, 2, tzinfo=UTC)
RATE: Final = parse_rate(24)
BLOCK: Final = 16 * 1024 * 1024
"""Random bytes at once."""


@dataclass(frozen=True)
class Desk:
    """A desk of one folder that syncs with one server.

    Attributes:
        home: its ``FLEET_HOME``.
        folder: what it syncs.
    """

    home: Path
    folder: Path


def desk(root: Path, host: Sshd, *, transport: str = "rsync", more: str = "") -> Desk:
    """A desk below ``root`` with an empty folder; ``more`` lines go into the host's settings."""
    made = Desk(home=root / "desk-home", folder=root / "shoot")
    made.home.mkdir(parents=True, exist_ok=True)
    made.folder.mkdir(exist_ok=True)
    (made.home / "settings.toml").write_text(
        f'{host.settings}transport = "{transport}"\n{more}', "utf-8"
    )
    return made


def shoot(
    folder: Path,
    *,
    pictures: int,
    size_bytes: int,
    seed: int,
    name: str = "shoot",
    created_at: datetime = WRITTEN,
) -> Path:
    """Random pictures below ``folder`` and the manifest that names them all; the manifest."""
    chance = random.Random(seed)
    shots = []
    for number in range(pictures):
        # A few folders, since sync has to make them on the other side.
        path = folder / name / f"day {number % 3}" / f"{name}-{number:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for begin in range(0, size_bytes, BLOCK):
                file.write(chance.randbytes(min(BLOCK, size_bytes - begin)))
        shots.append(shot_of(path, folder, seed=number))
    return manifest_of(folder / f"{name}{MANIFEST_SUFFIX}", shots, created_at=created_at)


def shot_of(picture: Path, folder: Path, *, seed: int = 0) -> Shot:
    """A shot of ``picture`` for a manifest in ``folder``."""
    return Shot(
        image_path=picture.relative_to(folder).as_posix(),
        sha256=_digest(picture),
        motion=MOVE,
        generation_params=GenerationParams(seed=seed),
    )


def manifest_of(path: Path, shots: list[Shot], *, created_at: datetime = WRITTEN) -> Path:
    """Write the manifest that names ``shots``."""
    codec.write(
        path,
        VideoManifest(
            project_id="transit",
            batch_id=path.name.removesuffix(MANIFEST_SUFFIX),
            created_at=created_at,
            shots=tuple(shots),
        ),
    )
    return path


def set_id(manifest: Path) -> str:
    """The name of the manifest's set on the other side."""
    return hashlib.sha256(manifest.read_bytes()).hexdigest()[:16]


def visible_sets(inbox: Path) -> list[Path]:
    """Folders of the sets that a fleet there can see."""
    return [
        each
        for label in _folders(inbox)
        if not label.name.startswith(".")
        for each in _folders(label)
        if not each.name.startswith(".")
    ]


def label_of(inbox: Path) -> str:
    """The one label that has anything in ``inbox``."""
    (label,) = {each.parent.name for each in visible_sets(inbox)}
    return label


def fault_of_set(folder: Path) -> str | None:
    """Why the visible set ``folder`` is not whole, or None if every byte of it is right."""
    manifests = list(folder.glob(f"*{MANIFEST_SUFFIX}"))
    if len(manifests) != 1:
        return f"{folder} has {len(manifests)} manifests"
    if set_id(manifests[0]) != folder.name:
        return f"{folder} is not named after its manifest"
    try:
        said = codec.read(manifests[0], VideoManifest)
    except MotionfleetError as error:
        return f"{manifests[0]}: {error}"
    wanted = {shot.image_path: shot.sha256 for shot in said.shots}
    for path, digest in wanted.items():
        member = folder / path
        if member.is_symlink() or not member.is_file():
            return f"{member} is not there"
        if _digest(member) != digest:
            return f"{member} has other bytes"
    surplus = set(files_in(folder)) - {*wanted, manifests[0].name}
    return f"{folder} also holds {sorted(surplus)[:3]}" if surplus else None


def files_in(folder: Path) -> Iterator[str]:
    """Paths of the files below ``folder``, relative to it."""
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def results(
    outbox: Path, manifest: Path, *, size_bytes: int, take: int = 0, failed: int = 0
) -> dict[str, str]:
    """Publish a clip of ``size_bytes`` and its meta for every picture of ``manifest``, as a fleet
    does below the label's folder ``outbox``; the SHA-256 of each by its path.

    Another ``take`` has other clips of the same shots; the first ``failed`` shots have no clip.
    """
    said = codec.read(manifest, VideoManifest)
    used = ManifestUsed(
        project_id=said.project_id, batch_id=said.batch_id, sha256=_digest(manifest)
    )
    published: dict[str, str] = {}
    for number, shot in enumerate(said.shots):
        picture = outbox / shot.image_path
        picture.parent.mkdir(parents=True, exist_ok=True)
        clip = companion_path(picture, CLIP_SUFFIX)
        facts = None
        if number >= failed:
            data = clip_bytes(size_bytes, seed=(number, take))
            facts = _facts(clip.name, data)
            _replace(clip, data)
            published[clip.relative_to(outbox).as_posix()] = facts.sha256
        recipe = said.recipe(shot)
        meta = VideoMeta(
            shot_id=f"shot-{number}",
            shot_fingerprint=codec.fingerprint(recipe),
            manifest=used,
            image=shot.image_path,
            verdict=Verdict.PASS if facts else Verdict.FAILED,
            reasons=() if facts else (Reason(code="picture_truncated", message="Copy it again."),),
            recipe=recipe,
            clip=facts,
            cost=Cost(seconds=1.0, rate_per_hour=0.0, amount=0.0),
            finished_at=WRITTEN,
        )
        path, words = companion_path(picture, META_SUFFIX), codec.encode(meta)
        _replace(path, words)
        published[path.relative_to(outbox).as_posix()] = hashlib.sha256(words).hexdigest()
    return published


def clip_bytes(size_bytes: int, *, seed: tuple[int, int]) -> bytes:
    """A clip that plays, of exactly ``size_bytes``; different for every ``seed``."""
    clip = _small_clip()
    room = size_bytes - len(clip)
    assert room >= 16, f"a clip has at least {len(clip) + 16} bytes"
    # A box that players skip: whatever its size, the file stays a clip.
    padding = random.Random(f"{seed}").randbytes(room - 8)
    return clip + room.to_bytes(4, "big") + b"free" + padding


def fault_of_results(folder: Path, takes: Sequence[Mapping[str, str]]) -> str | None:
    """Why what lies under clips' and metas' names in ``folder`` is not all of a take's, or None.

    ``takes`` have the same paths.  A clip may be there without its meta; a meta never without its
    own clip.
    """
    for path in (path for path in takes[0] if path.endswith(META_SUFFIX)):
        meta = folder / path
        clip = companion_path(meta.with_name(meta.name.removesuffix(META_SUFFIX)), CLIP_SUFFIX)
        name = clip.relative_to(folder).as_posix()
        metas = [take[path] for take in takes]
        clips = [take.get(name) for take in takes]
        before = _digest_or_none(meta)
        there = _digest_or_none(clip)
        if there is not None and there not in clips:
            return f"{name} is no clip of any take"
        if before is None or _digest_or_none(meta) != before:
            continue  # being replaced while it is looked at
        if before not in metas:
            return f"{path} is no meta of any take"
        if clips[metas.index(before)] != there:
            return f"{path} is there, and its clip is not"
    return None


def inbox_of(host: Sshd) -> Path:
    """Where the fleet behind ``host`` takes sets in."""
    return Home(host.home).inbox


def outbox_of(host: Sshd) -> Path:
    """Below which the fleet behind ``host`` publishes."""
    return Home(host.home).outbox


@functools.cache
def _small_clip() -> bytes:
    """Two grey frames, encoded."""
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(2):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 100, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return made.getvalue()


def _facts(name: str, data: bytes) -> ClipFacts:
    return ClipFacts(
        file=name, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), frames=2,
        fps=RATE, duration_sec=2 / 24, width=64, height=64, codec=Codec.H264, encoder="libx264",
    )  # fmt: skip


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(data)
    temporary.replace(path)


def _folders(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir()]
    except FileNotFoundError:
        return []


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_or_none(path: Path) -> str | None:
    try:
        return _digest(path)
    except FileNotFoundError:
        return None
