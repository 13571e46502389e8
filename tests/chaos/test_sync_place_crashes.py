"""Putting a result in place, killed before every line: no meta beside another take's clip."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final

import fleet
from companions.names import CLIP_SUFFIX, META_SUFFIX
from fleet.sync.desk.place import Places, Step, written_by
from fleet.sync.wire.results import Result
from tests.chaos.transit import fault_of_results, files_in, results, shoot
from tests.companions.sets.making import ended_by

WATCHED: Final = str(Path(fleet.__file__).parent / "sync" / "desk" / "place.py")
"""Every line of this is a point to die at: each call to the disk is between two."""
SIZE: Final = 20_000


def test_a_result_that_is_put_in_place_by_a_process_that_dies_is_whole_or_withdrawn(
    tmp_path: Path,
) -> None:
    manifest = shoot(tmp_path / "stills", pictures=1, size_bytes=10, seed=1)
    takes, found = [], []
    for take in (0, 1):
        published = results(tmp_path / f"take{take}", manifest, size_bytes=SIZE, take=take)
        takes.append(published)
        found.append(_result(tmp_path / f"take{take}", published))

    for point in itertools.count(1):
        folder = tmp_path / "desk"
        shutil.rmtree(folder, ignore_errors=True)
        _put(tmp_path, found[0], folder=folder, take=0)
        assert fault_of_results(folder, takes[:1]) is None

        died = ended_by(partial(_mortally, tmp_path, found[1], folder, point)) == -signal.SIGKILL

        assert fault_of_results(folder, takes) is None, f"after a death at {point}"
        assert _put(tmp_path, found[1], folder=folder, take=1) in {
            Step.BOTH,
            Step.META,
            Step.NOTHING,
        }
        assert fault_of_results(folder, takes[1:]) is None, f"after a death at {point}"
        assert set(takes[1]) <= set(files_in(folder))
        if not died:
            break

    assert point > 20, "it hardly did anything"


def _result(outbox: Path, published: dict[str, str]) -> Result:
    (clip,) = (path for path in published if path.endswith(CLIP_SUFFIX))
    (meta,) = (path for path in published if path.endswith(META_SUFFIX))
    return Result(
        picture=clip.removesuffix(CLIP_SUFFIX) + ".jpg",
        meta_sha256=published[meta],
        meta_size=(outbox / meta).stat().st_size,
        clip_sha256=published[clip],
        clip_size=SIZE,
    )


def _put(root: Path, result: Result, *, folder: Path, take: int) -> Step:
    """Fetch and put, as a pull does; what sync wrote before is on record."""
    incoming = root / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    shutil.copytree(root / f"take{take}", incoming)
    written: dict[str, set[str]] = {}
    for path in files_in(folder):
        written[path] = {hashlib.sha256((folder / path).read_bytes()).hexdigest()}
    for path, sha256 in written_by(result):
        written.setdefault(path, set()).add(sha256)
    places = Places(folder, written, {})
    return places.put(result, source=incoming, with_clip=True, mode=0o640, patience_s=5.0).step


def _mortally(root: Path, result: Result, folder: Path, point: int) -> None:
    """Put the second take in place, and die before line ``point`` of what is watched."""
    lines = itertools.count(1)

    def look(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != WATCHED:
            return None
        if event == "line" and next(lines) == point:
            os.kill(os.getpid(), signal.SIGKILL)
        return look

    sys.settrace(look)
    _put(root, result, folder=folder, take=1)
    sys.settrace(None)
