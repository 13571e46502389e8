"""A clip says where it comes from, the file stays the film it was, and no file does harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companions.errors import FileUnwritable
from companions.video_manifest import Codec
from fleet.encode import boxes
from fleet.encode.marking import SCHEME, SourceType, mark, read_marking, source_type_of
from fleet.encode.probe import probe_clip
from fleet.errors import BackendFailed
from tests.fleet.encode.clips import clip_at, clip_bytes, full_disk

TRAINED, CAPTURE = SourceType.TRAINED_ALGORITHMIC_MEDIA, SourceType.COMPOSITE_CAPTURE
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def rdf(inner: str, *, attributes: str = "", before: str = "") -> bytes:
    return (
        f'{before}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about="" xmlns:e="{IPTC}" {attributes}>{inner}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def with_packet(*packets: bytes) -> bytes:
    return clip_bytes() + b"".join(boxes.uuid_box(boxes.XMP, packet) for packet in packets)


def said(word: str) -> str:
    return f"<e:DigitalSourceType>{word}</e:DigitalSourceType>"


@pytest.mark.parametrize(
    ("model", "word"),
    [
        ("camera", "compositeCapture"),
        ("wan2.2-i2v", "trainedAlgorithmicMedia"),
        ("camera-2", "trainedAlgorithmicMedia"),
        ("", "trainedAlgorithmicMedia"),
    ],
)
def test_only_the_camera_is_no_trained_model(model: str, word: str) -> None:
    assert source_type_of(model) == word


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("source_type", list(SourceType))
def test_a_marked_clip_says_what_it_is_and_shows_the_same_film(
    tmp_path: Path, codec: Codec, source_type: SourceType
) -> None:
    clip = clip_at(tmp_path / "clip.mp4", codec)
    before = probe_clip(clip)

    mark(clip, source_type)

    after = probe_clip(clip)
    assert read_marking(clip) is source_type
    assert read_marking(clip.read_bytes()) is source_type
    assert (after.frames, after.frames_sha256) == (before.frames, before.frames_sha256)
    assert clip.read_bytes().startswith(clip_bytes(codec)), "nothing moves, so no offset changes"
    assert f"{SCHEME}{source_type.value}".encode() in clip.read_bytes()
    assert list(tmp_path.iterdir()) == [clip]


def test_marking_is_the_same_bytes_every_time_and_twice_is_as_good_as_once(tmp_path: Path) -> None:
    one, other = clip_at(tmp_path / "one.mp4"), clip_at(tmp_path / "other.mp4")

    mark(one, TRAINED)
    mark(other, TRAINED)
    inode, once = one.stat().st_ino, one.read_bytes()
    mark(one, TRAINED)

    assert once == one.read_bytes() == other.read_bytes()
    assert one.stat().st_ino == inode, "what is marked so is not written again"


def test_a_second_marking_takes_the_place_of_the_first(tmp_path: Path) -> None:
    clip, fresh = clip_at(tmp_path / "clip.mp4"), clip_at(tmp_path / "fresh.mp4")
    mark(fresh, CAPTURE)

    mark(clip, TRAINED)
    mark(clip, CAPTURE)

    assert read_marking(clip) is CAPTURE
    assert clip.read_bytes() == fresh.read_bytes()


def test_a_packet_before_the_film_is_put_out_of_use_without_moving_the_film(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    packet = boxes.uuid_box(boxes.XMP, rdf(said(CAPTURE.uri)))
    # Before the film, so every chunk offset is wrong by its length: only what stays put counts.
    data = clip_bytes()
    clip.write_bytes(data[:32] + packet + data[32:])

    mark(clip, TRAINED)

    marked = clip.read_bytes()
    assert read_marking(clip) is TRAINED
    assert marked[32 + len(packet) :].startswith(data[32:])
    assert marked[36:40] == b"free"


def test_two_packets_behind_each_other_are_both_replaced(tmp_path: Path) -> None:
    clip, fresh = tmp_path / "clip.mp4", clip_at(tmp_path / "fresh.mp4")
    clip.write_bytes(with_packet(rdf(said(CAPTURE.uri)), rdf("")))

    mark(clip, TRAINED)
    mark(fresh, TRAINED)

    assert clip.read_bytes() == fresh.read_bytes()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no MP4"),
        (b"no clip at all, but words", "size"),
        (clip_bytes()[:-5], "size"),
        (clip_bytes() + b"\0\0\0\x04free", "size"),
        (clip_bytes() + b"\0\0\0", "header"),
        (clip_bytes() + b"\0\0\0\0free", "without an end"),
        (clip_bytes() + boxes.uuid_box(boxes.CREDENTIALS, b"..."), "signed already"),
    ],
    ids=["empty", "words", "cut off", "small box", "half header", "endless box", "signed"],
)
def test_what_cannot_be_marked_is_refused_and_left_as_it_is(
    tmp_path: Path, data: bytes, words: str
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(data)

    with pytest.raises(BackendFailed, match=words):
        mark(clip, TRAINED)

    assert clip.read_bytes() == data
    assert list(tmp_path.iterdir()) == [clip]


def test_a_full_disk_leaves_the_clip_as_it_was(tmp_path: Path) -> None:
    clip = clip_at(tmp_path / "clip.mp4")

    with full_disk(room=len(clip_bytes()) + 20), pytest.raises(FileUnwritable):
        mark(clip, TRAINED)

    assert clip.read_bytes() == clip_bytes()
    assert list(tmp_path.iterdir()) == [clip]


@pytest.mark.parametrize(
    "packet",
    [
        rdf(said(TRAINED.uri)),
        rdf(said(f"\n  {TRAINED.uri}\n")),
        rdf("", attributes=f'e:DigitalSourceType="{TRAINED.uri}"'),
        rdf(f'<e:DigitalSourceType rdf:resource="{TRAINED.uri}"/>'),
        rdf(said(TRAINED.uri), before='<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'),
        rdf(said("trainedAlgorithmicMedia")),
        rdf(said(TRAINED.uri)).replace(b"<x:", b'<?xml version="1.0" encoding="utf-7"?><x:', 1),
    ],
    ids=["text", "spaced", "attribute", "resource", "wrapped", "bare word", "encoding of its own"],
)
def test_other_programs_ways_to_write_it_are_understood(packet: bytes) -> None:
    assert read_marking(with_packet(packet)) is TRAINED


ENTITY = f'<!DOCTYPE x [<!ENTITY word "{TRAINED.uri}">]>'
LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)
)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"no xml",
        rdf(""),
        rdf(said("digitalCapture")),
        rdf(said(TRAINED.uri) + said(CAPTURE.uri)),
        rdf(said("&word;"), before=ENTITY),
        rdf(said(TRAINED.uri), before=ENTITY),
        rdf(said("&a11;"), before=LAUGHS + "]>"),
        rdf(said("&f;"), before='<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'),
        rdf(said(TRAINED.uri))[:-9],
        rdf("<e:x>" * 20_000 + "</e:x>" * 20_000 + said(TRAINED.uri)),
        rdf(said(TRAINED.uri) + " " * (1 << 20)),
        rdf(f"<e:Other>{said(TRAINED.uri)}</e:Other>".replace(IPTC, "http://other/")).replace(
            IPTC.encode(), b"http://other/"
        ),
        b"\xff\xfe" + rdf(said(TRAINED.uri)),
    ],
    ids=[
        "empty", "no xml", "says nothing", "other word", "two words", "entity", "declaration",
        "laughs", "outside entity", "torn", "deep", "too large", "other namespace",
        "no utf-8",
    ],
)  # fmt: skip
def test_a_packet_that_says_nothing_certain_is_no_marking(packet: bytes) -> None:
    assert read_marking(with_packet(packet)) is None


def test_two_packets_that_differ_are_no_marking() -> None:
    assert read_marking(with_packet(rdf(said(TRAINED.uri)), rdf(said(CAPTURE.uri)))) is None
    assert read_marking(with_packet(rdf(said(TRAINED.uri)), rdf(said(TRAINED.uri)))) is TRAINED


def test_a_file_of_more_boxes_than_any_clip_has_is_not_read_to_its_end() -> None:
    many = clip_bytes() + b"\0\0\0\x08free" * boxes.MOST_BOXES

    assert read_marking(many + boxes.uuid_box(boxes.XMP, rdf(said(TRAINED.uri)))) is None


def test_a_pipe_is_no_clip_and_does_not_keep_anyone_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")

    with pytest.raises(OSError, match="regular"):
        read_marking(tmp_path / "clip.mp4")


@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=100).map(with_packet),
        st.tuples(st.integers(0, 120), st.binary(min_size=1, max_size=16)).map(
            lambda at: clip_bytes()[: at[0]] + at[1] + clip_bytes()[at[0] :]
        ),
    )
)
def test_no_bytes_make_reading_fail(data: bytes) -> None:
    assert read_marking(data) in {None, *SourceType}


def test_a_large_box_is_found_by_its_long_size() -> None:
    packet = rdf(said(TRAINED.uri))
    short = boxes.uuid_box(boxes.XMP, packet)
    long = b"\0\0\0\x01uuid" + (len(short) + 8).to_bytes(8, "big") + short[8:]

    assert read_marking(clip_bytes() + long) is TRAINED
    assert read_marking(clip_bytes() + b"\0\0\0\0" + short[4:]) is TRAINED, "to the file's end"
    assert read_marking(clip_bytes() + b"\0\0\0\x01uuid" + b"\xff" * 8 + short[8:]) is None
