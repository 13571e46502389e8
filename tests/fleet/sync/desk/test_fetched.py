"""What came from a host is data: names, sizes, bytes, boxes and recipes are checked."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from companions import codec, names
from companions.names import MANIFEST_SUFFIX
from companions.video_meta import VideoMeta
from fleet.sync.desk.asked import Asked, Judgement
from fleet.sync.desk.fetched import (
    MAX_CLIP_BYTES,
    MAX_META_BYTES,
    Fetch,
    admitted,
    batches,
    judged,
    look,
    meta_fault,
)
from fleet.sync.desk.incoming import Incoming
from fleet.sync.desk.record import Record
from fleet.sync.desk.set import LocalSet, read_set
from fleet.sync.desk.sniff import clip_fault
from fleet.sync.wire.results import Result
from tests.chaos import transit
from tests.fleet.making import sha256


def result(picture: str = "x.jpg", **values: object) -> Result:
    return Result.model_validate(
        {"picture": picture, "meta_sha256": "a" * 64, "meta_size": 10, "clip_sha256": "b" * 64,
         "clip_size": 100} | values
    )  # fmt: skip


def test_only_results_that_were_asked_for_once_and_are_of_sane_size_are_looked_at() -> None:
    good, bad = admitted(
        [
            result("x.jpg"),
            result("stranger.jpg"),
            result("x.jpg", meta_size=11),
            result("y.jpg", meta_size=MAX_META_BYTES + 1),
            result("z.jpg", clip_size=MAX_CLIP_BYTES + 1),
        ],
        ["x.jpg", "y.jpg", "z.jpg"],
    )

    assert good == [result("x.jpg")]
    assert [fault.partition(" ")[2] for fault in bad] == [
        "result of 'stranger.jpg', which was not asked for",
        "results of 'x.jpg'",
        f"meta of {MAX_META_BYTES + 1} bytes for 'y.jpg'",
        f"clip of {MAX_CLIP_BYTES + 1} bytes for 'z.jpg'",
    ]


def test_batches_hold_everything_once_and_none_is_too_large() -> None:
    wanted = [
        Fetch(result(f"{number}.jpg", clip_size=90_000_000), clip=True) for number in range(100)
    ]

    found = list(batches(wanted))

    assert [each for batch in found for each in batch] == wanted
    assert all(sum(each.size_bytes for each in batch) <= 1_000_000_000 for batch in found)
    assert len(found) == 10


def test_one_clip_larger_than_a_batch_goes_alone() -> None:
    large = Fetch(result("b.jpg", clip_size=5_000_000_000), clip=True)
    small = [Fetch(result(name), clip=True) for name in ("a.jpg", "c.jpg")]

    assert list(batches([small[0], large, small[1]])) == [[small[0]], [large], [small[1]]]


CLIP = transit.clip_bytes(4096, seed=(1, 1))


def box(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(data), name) + data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(CLIP, id="a real clip"),
        pytest.param(box(b"ftyp") + box(b"moov") + struct.pack(">I4sQ", 1, b"mdat", 20) + b"1234",
                     id="a box with a long length"),
        pytest.param(box(b"ftyp") + box(b"moov") + struct.pack(">I4s", 0, b"mdat") + b"rest",
                     id="a last box that goes to the end"),
    ],
)  # fmt: skip
def test_what_looks_like_a_clip_is_one(tmp_path: Path, data: bytes) -> None:
    assert _sniffed(tmp_path, data) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "no moov", id="empty"),
        pytest.param(b"#!/bin/sh\nrm -rf ~\n", "does not start", id="a script"),
        pytest.param(box(b"free") + CLIP, "does not start", id="another box first"),
        pytest.param(CLIP[:-100], "where", id="cut off"),
        pytest.param(CLIP + b"1234", "within a box's header", id="four bytes too many"),
        pytest.param(box(b"ftyp") + box(b"mdat"), "no moov box", id="nothing that describes it"),
        pytest.param(box(b"ftyp") + box(b"moov"), "no mdat box", id="nothing that it is made of"),
        pytest.param(box(b"ftyp") + struct.pack(">I4s", 3, b"moov"), "box of 3", id="length 3"),
        pytest.param(box(b"ftyp") + struct.pack(">I4s", 1, b"moov") + b"12", "within a box's",
                     id="half a long length"),
        pytest.param(box(b"ftyp") + struct.pack(">I4sQ", 1, b"moov", 2**63), "box of", id="2^63"),
        pytest.param(box(b"ftyp") + box(b"free") * 20_000, "more than", id="boxes without end"),
    ],
)  # fmt: skip
def test_what_is_no_clip_is_told_apart(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in (_sniffed(tmp_path, data) or "")


def _sniffed(tmp_path: Path, data: bytes) -> str | None:
    (tmp_path / "clip").write_bytes(data)
    with (tmp_path / "clip").open("rb") as stream:
        assert isinstance(stream, io.BufferedReader)
        return clip_fault(stream)


@pytest.fixture
def made(tmp_path: Path) -> tuple[LocalSet, Path]:
    """A set of one shot, and the folder its result is published in."""
    folder, outbox = tmp_path / "shoot", tmp_path / "outbox"
    folder.mkdir()
    manifest = transit.shoot(folder, pictures=1, size_bytes=100, seed=1)
    transit.results(outbox, manifest, size_bytes=4096)
    with Record(tmp_path / "record.sqlite3") as record:
        return read_set(manifest, record=record), outbox


def announced(made: tuple[LocalSet, Path]) -> Result:
    """What an honest host says of that result."""
    wanted, outbox = made
    (picture,) = wanted.pictures
    meta, clip = outbox / names.meta_of(picture), outbox / names.clip_of(picture)
    return Result(
        picture=picture, meta_sha256=sha256(meta), meta_size=meta.stat().st_size,
        clip_sha256=sha256(clip), clip_size=clip.stat().st_size,
    )  # fmt: skip


def came(made: tuple[LocalSet, Path]) -> Incoming:
    """The outbox as if it was fetched."""
    wanted, outbox = made
    incoming = Incoming(wanted.root, host="colo")
    incoming.prepare()
    incoming.folder.rmdir()
    outbox.rename(incoming.folder)
    return incoming


def test_an_honest_result_counts(made: tuple[LocalSet, Path]) -> None:
    told = announced(made)
    looked = look(came(made), Fetch(told, clip=True))

    assert (looked.torn, looked.fault) == ("", "")
    assert judged(looked, told, asked=Asked([made[0]]), delivered=()).counts


@pytest.mark.parametrize("part", ["meta", "clip"])
def test_other_bytes_than_announced_are_torn(made: tuple[LocalSet, Path], part: str) -> None:
    told = announced(made)
    path = names.meta_of(told.picture) if part == "meta" else names.clip_of(told.picture)
    with (made[1] / path).open("r+b") as file:
        file.seek(20)
        file.write(b"X")

    assert part in look(came(made), Fetch(told, clip=True)).torn


@pytest.mark.parametrize("kind", ["link", "folder link", "fifo", "folder", "missing"])
def test_nothing_but_a_plain_file_is_read(made: tuple[LocalSet, Path], kind: str) -> None:
    told = announced(made)
    incoming = came(made)
    clip = incoming.at(names.clip_of(told.picture))
    if kind == "folder link":
        clip.parent.rename(made[0].root / "elsewhere")
        clip.parent.symlink_to(made[0].root / "elsewhere")
    else:
        clip.rename(made[0].root / "elsewhere")
        plants: dict[str, Callable[[], None]] = {
            "link": lambda: clip.symlink_to(made[0].root / "elsewhere"),
            "fifo": lambda: os.mkfifo(clip),
            "folder": clip.mkdir,
            "missing": lambda: None,
        }
        plants[kind]()

    assert look(incoming, Fetch(told, clip=True)).torn


def test_a_clip_by_name_only_is_a_fault(made: tuple[LocalSet, Path]) -> None:
    told = announced(made)
    clip = made[1] / names.clip_of(told.picture)
    clip.write_bytes(b"#!/bin/sh\n")
    told = told.model_copy(update={"clip_sha256": sha256(clip), "clip_size": 10})

    looked = look(came(made), Fetch(told, clip=True))

    assert looked.torn == ""
    assert "does not start as an MP4 does" in looked.fault


def test_a_meta_must_say_what_its_host_said(made: tuple[LocalSet, Path]) -> None:
    told = announced(made)
    meta = codec.read(made[1] / names.meta_of(told.picture), VideoMeta)

    assert meta_fault(meta, result=told) is None
    for field, value in {
        "picture": "other.jpg", "clip_sha256": "0" * 64, "clip_size": 1,
    }.items():  # fmt: skip
        assert meta_fault(meta, result=told.model_copy(update={field: value})) is not None
    assert meta.clip is not None
    lying = meta.model_copy(update={"clip": meta.clip.model_copy(update={"file": "other.mp4"})})
    assert meta_fault(lying, result=told) is not None


def test_bytes_that_are_no_meta_are_a_fault(made: tuple[LocalSet, Path]) -> None:
    told = announced(made)
    meta = made[1] / names.meta_of(told.picture)
    meta.write_bytes(b"{}")
    told = told.model_copy(update={"meta_sha256": sha256(meta), "meta_size": 2})

    looked = look(came(made), Fetch(told, clip=True))

    assert "its meta is none" in judged(looked, told, asked=Asked([made[0]]), delivered=()).fault


def test_a_meta_of_another_recipe_is_foreign_unless_it_was_sent_from_here(
    made: tuple[LocalSet, Path], tmp_path: Path
) -> None:
    wanted, outbox = made
    meta = codec.read(outbox / names.meta_of(wanted.pictures[0]), VideoMeta)
    picture = wanted.root / wanted.pictures[0]
    edited = transit.manifest_of(
        wanted.root / f"shoot{MANIFEST_SUFFIX}", [transit.shot_of(picture, wanted.root, seed=9)]
    )
    with Record(tmp_path / "other.sqlite3") as record:
        asked = Asked([read_set(edited, record=record)])

    def judgement(delivered: set[str]) -> Judgement:
        return asked.judge(meta, picture=wanted.pictures[0], delivered=delivered)

    assert judgement(set()) is Judgement.FOREIGN
    assert judgement({wanted.sha256}) is Judgement.OUTDATED


def test_the_incoming_folder_is_private_and_goes_when_it_is_done(tmp_path: Path) -> None:
    incoming = Incoming(tmp_path, host="colo")

    mode = incoming.prepare()

    assert incoming.folder.stat().st_mode & 0o777 == 0o700
    assert incoming.folder.parent.stat().st_mode & 0o777 == 0o700
    assert mode == 0o644 & ~_umask()
    incoming.at("half").write_bytes(b"12345")
    assert incoming.size_bytes() == 5
    incoming.sweep()
    assert list(tmp_path.iterdir()) == []


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
