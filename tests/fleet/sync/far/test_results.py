"""What is told of results: whole ones only, each read once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.sync.far.index import Index
from fleet.sync.far.results import META_BYTES, found
from fleet.sync.wire.results import AskResults, Result
from tests.fleet.sync.far.talk import LABEL, Talk, sha256

CLIP = b"not really a clip"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index of its own."""
    with Index(tmp_path / "receiving.sqlite3") as opened:
        yield opened


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """A label's folder in the outbox, with one good shot, ``a/one.jpg``."""
    publish(tmp_path / "outbox" / LABEL / "a/one")
    return tmp_path / "outbox"


def meta_of(clip: bytes | None = CLIP) -> bytes:
    """As much of a meta as this side reads."""
    said = None if clip is None else {"sha256": sha256(clip), "size_bytes": len(clip), "fps": 24}
    return json.dumps({"kind": "video_meta", "clip": said, "verdict": "pass"}).encode()


def publish(stem: Path, *, meta: bytes = meta_of(), clip: bytes | None = CLIP) -> Path:
    """Put a result in place; the meta's path."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    if clip is not None:
        stem.with_name(f"{stem.name}.mp4").write_bytes(clip)
    place = stem.with_name(f"{stem.name}.video_meta.json")
    place.write_bytes(meta)
    return place


def ask(outbox: Path, index: Index, *pictures: str) -> tuple[Result, ...]:
    """What is told of ``pictures``."""
    request = AskResults(label=LABEL, pictures=pictures or ("a/one.jpg",))
    return found(outbox, request, index=index, outbox_root=f"{outbox}/").results


GOOD = Result(
    picture="a/one.jpg",
    meta_sha256=sha256(meta_of()),
    meta_size=len(meta_of()),
    clip_sha256=sha256(CLIP),
    clip_size=len(CLIP),
)


def test_a_whole_result_is_told_with_hashes_and_sizes(outbox: Path, index: Index) -> None:
    assert ask(outbox, index) == (GOOD,)
    assert ask(outbox, index) == (GOOD,), "as remembered"


def test_only_what_was_asked_for_is_told(outbox: Path, index: Index) -> None:
    publish(outbox / LABEL / "a/two")
    publish(outbox / LABEL / "three")
    publish(outbox / "other-00000000" / "a/one", meta=b"{}")

    told = ask(outbox, index, "a/one.jpg", "three.png", "none/four.jpg", "a/five.jpg")

    assert {result.picture for result in told} == {"a/one.jpg", "three.png"}


def test_a_shot_that_ended_without_a_clip_is_told(outbox: Path, index: Index) -> None:
    publish(outbox / LABEL / "a/one", meta=meta_of(None), clip=None)

    (result,) = ask(outbox, index)

    assert (result.clip_sha256, result.clip_size) == (None, 0)
    assert result.meta_sha256 == sha256(meta_of(None))


@pytest.mark.parametrize("harm", ["no clip", "short clip", "clip is a link", "clip is a folder"])
def test_a_result_whose_clip_is_not_there_is_none(outbox: Path, index: Index, harm: str) -> None:
    clip = outbox / LABEL / "a/one.mp4"
    kept = clip.rename(outbox / "kept")
    if harm == "short clip":
        clip.write_bytes(CLIP[:-1])
    elif harm == "clip is a link":
        clip.symlink_to(kept)
    elif harm == "clip is a folder":
        clip.mkdir()

    assert ask(outbox, index) == ()


@pytest.mark.parametrize("harm", ["link", "folder", "pipe", "too large"])
def test_a_meta_that_is_no_plain_file_is_not_read(outbox: Path, index: Index, harm: str) -> None:
    meta = outbox / LABEL / "a/one.video_meta.json"
    kept = meta.rename(outbox / "kept")
    if harm == "link":
        meta.symlink_to(kept)
    elif harm == "folder":
        meta.mkdir()
    elif harm == "pipe":
        os.mkfifo(meta)
    else:
        with meta.open("wb") as stream:
            stream.truncate(META_BYTES + 1)

    assert ask(outbox, index) == ()


def test_a_folder_of_the_outbox_that_is_a_link_is_not_followed(outbox: Path, index: Index) -> None:
    (outbox / LABEL / "b").symlink_to(outbox / LABEL / "a")
    assert ask(outbox, index, "b/one.jpg") == ()

    (outbox / LABEL).rename(outbox / "kept")
    (outbox / LABEL).symlink_to(outbox / "kept")
    assert ask(outbox, index) == ()


@pytest.mark.parametrize(
    "meta", [b"", b"[]", b"no json", b"\xff", b'{"clip": {"sha256": "x", "size_bytes": 1}}']
)
def test_a_meta_that_cannot_be_understood_is_told_for_the_desk_to_refuse(
    outbox: Path, index: Index, meta: bytes
) -> None:
    publish(outbox / LABEL / "a/one", meta=meta)

    (result,) = ask(outbox, index)

    assert (result.meta_sha256, result.clip_sha256) == (sha256(meta), None)


def test_a_meta_that_was_written_anew_is_read_anew(outbox: Path, index: Index) -> None:
    ask(outbox, index)
    again = meta_of(b"another clip..")
    before = (outbox / LABEL / "a/one.video_meta.json").stat()
    place = publish(outbox / LABEL / "a/one", meta=again, clip=b"another clip..")
    os.utime(place, ns=(before.st_mtime_ns, before.st_mtime_ns + 1))

    (result,) = ask(outbox, index)

    assert result.meta_sha256 == sha256(again)


def test_an_unchanged_meta_is_not_read_again(outbox: Path, index: Index) -> None:
    meta = outbox / LABEL / "a/one.video_meta.json"
    ask(outbox, index)
    before = meta.stat()
    meta.write_bytes(bytes(len(meta_of())))  # the same stamp, other bytes: only reading would tell
    os.utime(meta, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert ask(outbox, index) == (GOOD,)


def test_nothing_is_told_of_a_label_that_has_nothing(outbox: Path, index: Index) -> None:
    request = AskResults(label="none-00000000", pictures=("a/one.jpg",))

    said = found(outbox, request, index=index, outbox_root="/where/")

    assert (said.outbox, said.results) == ("/where/none-00000000", ())


def test_a_picture_that_is_no_path_is_refused(tmp_path: Path) -> None:
    request = AskResults.model_construct(label=LABEL, pictures=("../secret.jpg",))
    with Talk(tmp_path / "home") as far:
        assert far.refused(request).code == "not_understood"
        assert far.end() == 0
