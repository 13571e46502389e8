"""Bad input: every wrong document is refused with its reason and place, and with nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from companions import codec
from companions.base import Document
from companions.errors import CompanionError, DocumentInvalid, DocumentTooNew, Problem
from companions.motion import MotionCompanion
from companions.review import Review
from companions.video_manifest import VideoManifest
from companions.video_meta import VideoMeta
from tests.companions import documents
from tests.companions.documents import manifest_with, move_with, shot_with

KINDS: dict[type[Document], documents.Plain] = {
    VideoManifest: documents.MANIFEST,
    MotionCompanion: documents.MOTION,
    VideoMeta: documents.META,
    Review: documents.REVIEW,
}
GOOD = documents.text_of(documents.MANIFEST)
BIRD: documents.Plain = {
    "name": "bird",
    "region": {"shape": "polygon", "points": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]},
    "points": [{"at": 0.0, "position": [0.1, 0.1]}, {"at": 1.0, "position": [0.9, 0.1]}],
}


def rewritten(old: str, new: str) -> bytes:
    assert GOOD.count(old.encode()) >= 1
    return GOOD.replace(old.encode(), new.encode(), 1)


NOT_JSON: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty"),
    "white space": (b" \r\n\t ", "the file is empty"),
    "text": (b"hello", "is not JSON: line 1, column 1"),
    "cut off": (GOOD[:-1], "is not JSON"),
    "two documents": (GOOD + GOOD, "Extra data"),
    "trailing comma": (rewritten("]}", "],}"), "is not JSON"),
    "comment": (b"// mine\n" + GOOD, "is not JSON"),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, "Unexpected UTF-8 BOM"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "is not UTF-8"),
    "Latin-1": (rewritten("video_gen_001", "\xdc").decode().encode("latin-1"), "is not UTF-8"),
    "a list": (b"[" + GOOD + b"]", "is not a JSON object"),
    "a number": (b"7", "is not a JSON object"),
    "null": (b"null", "is not a JSON object"),
    "raw control character": (rewritten("video_gen", "video\x01gen"), "is not JSON"),
    "a key twice": (rewritten('"kind"', '"x": {}, "x": {}, "kind"'), "the key 'x' stands twice"),
    "a key twice, deep inside": (
        rewritten('"duration_sec": 6.0', '"duration_sec": 6.0, "duration_sec": 7.0'),
        "the key 'duration_sec' stands twice",
    ),
    "NaN": (rewritten("6.0", "NaN"), "NaN is not a JSON number"),
    "Infinity": (rewritten("6.0", "Infinity"), "Infinity is not a JSON number"),
    "minus Infinity": (rewritten("6.0", "-Infinity"), "-Infinity is not a JSON number"),
    "beyond a double": (rewritten("6.0", "1e999"), "the number 1e999 is too large"),
    "5,000 digits": (rewritten("6.0", "1" * 5000), "holds a number of more than 4300 digits"),
    "lists 10,000 deep": (b"[" * 10_000 + b"]" * 10_000, "nested deeper than 64"),
    "objects 10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested deeper than 64"),
    "deep under x": (rewritten('"kind"', '"x":{"a":' + "[" * 70 + "]" * 70 + '},"kind"'), "nested"),
    "half a character": (rewritten("video_gen_001", r"a\ud800"), "project_id: holds half a char"),
    "half a character, deep": (
        rewritten("stills/img", r"\uDFFF"),
        "shots[0].image_path: holds half a character",
    ),
    "half a character as a key": (rewritten('"kind"', r'"\ud83d": 1, "kind"'), "holds half a char"),
}


@pytest.mark.parametrize(("data", "says"), NOT_JSON.values(), ids=NOT_JSON)
def test_bytes_that_are_no_strict_json_object_are_refused(data: bytes, says: str) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        codec.decode(data, VideoManifest, file="batch.video_manifest.json")

    assert says in str(caught.value)
    assert str(caught.value).startswith("batch.video_manifest.json cannot be used:")
    assert caught.value.exit_code == 10


BAD_MANIFESTS: dict[str, tuple[documents.Plain, str, str]] = {
    "no kind": ({"schema_version": 1}, "kind", "is missing"),
    "another kind": (documents.MOTION, "kind", "is 'motion'"),
    "kind is a list": (manifest_with(kind=[1]), "kind", "is [1]"),
    "no version": ({"kind": "video_manifest"}, "schema_version", "is missing"),
    "version 0": (manifest_with(schema_version=0), "schema_version", "must be 1"),
    "version as text": (manifest_with(schema_version="1"), "schema_version", "must be 1"),
    "version as a float": (manifest_with(schema_version=1.0), "schema_version", "must be 1"),
    "version true": (manifest_with(schema_version=True), "schema_version", "must be 1"),
    "an absurd version": (manifest_with(schema_version=10**300), "schema_version", "must be 1"),
    "unknown field": (manifest_with(shot=[]), "shot", "is not a field of this document"),
    "unknown field of a shot": (shot_with(fps=24), "shots[0].fps", "is not a field"),
    "unknown field with an escape": (
        manifest_with(**{"\x1b[31m": 1}),
        "'\\x1b[31m'",
        "not a field",
    ),
    "project missing": (
        {k: v for k, v in documents.MANIFEST.items() if k != "project_id"},
        "project_id",
        "is missing",
    ),
    "project empty": (manifest_with(project_id=""), "project_id", "at least 1"),
    "project with a slash": (manifest_with(project_id="a/b"), "project_id", "letters, digits"),
    "project ends in a newline": (manifest_with(project_id="a\n"), "project_id", "digits"),
    "project is a number": (manifest_with(project_id=1), "project_id", "must be a valid string"),
    "time without zone": (
        manifest_with(created_at="2026-01-01T00:00:00"),
        "created_at",
        "in UTC or",
    ),
    "time as a number": (manifest_with(created_at=1_700_000_000), "created_at", "valid datetime"),
    "time before the year 1": (
        manifest_with(created_at="0001-01-01T00:00:00+05:00"),
        "created_at",
        "outside the years",
    ),
    "time after the year 9999": (
        manifest_with(created_at="9999-12-31T23:59:59-05:00"),
        "created_at",
        "outside the years",
    ),
    "no shots": (manifest_with(shots=[]), "shots", "at least 1"),
    "shots an object": (manifest_with(shots={}), "shots", "must be a valid array"),
    "a shot is null": (manifest_with(shots=[None]), "shots[0]", "must be an object"),
    "x a list": (manifest_with(x=[]), "x", "must be an object"),
    "hash upper case": (shot_with(sha256="A" * 64), "shots[0].sha256", "match pattern"),
    "hash short": (shot_with(sha256="a" * 63), "shots[0].sha256", "match pattern"),
    "path climbs": (shot_with(image_path="../a.png"), "shots[0].image_path", "climbs out"),
    "path climbs later": (shot_with(image_path="a/../../b.png"), "shots[0].image_path", "climbs"),
    "path absolute": (shot_with(image_path="/etc/passwd"), "shots[0].image_path", "is absolute"),
    "path with a drive": (shot_with(image_path="c:a.png"), "shots[0].image_path", "is absolute"),
    "path with a backslash": (shot_with(image_path="a\\b"), "shots[0].image_path", "backslash"),
    "path with NUL": (shot_with(image_path="a\0.png"), "shots[0].image_path", "control character"),
    "path with a newline": (shot_with(image_path="a\n.png"), "shots[0].image_path", "control char"),
    "path decomposed": (shot_with(image_path="u\u0308.png"), "shots[0].image_path", "NFC"),
    "path empty": (shot_with(image_path=""), "shots[0].image_path", "is empty"),
    "path with '//'": (shot_with(image_path="a//b.png"), "shots[0].image_path", "empty or '.'"),
    "path too long": (
        shot_with(image_path="a/" * 600 + "b"),
        "shots[0].image_path",
        "at most 1024",
    ),
    "name too long": (shot_with(image_path="ä" * 120 + ".png"), "shots[0].image_path", "no room"),
    "prompt too long": (shot_with(prompt="a" * 20_001), "shots[0].prompt", "at most 20000"),
    "priority too high": (shot_with(priority=101), "shots[0].priority", "less than or equal"),
    "rect outside": (
        move_with(end_rect=[0, 0, 1.001, 1]),
        "shots[0].motion.end_rect[2]",
        "equal to 1",
    ),
    "rect negative": (
        move_with(end_rect=[-0.01, 0, 1, 1]),
        "shots[0].motion.end_rect[0]",
        "equal to 0",
    ),
    "rect without area": (
        move_with(end_rect=[0.5, 0, 0.5, 1]),
        "shots[0].motion.end_rect",
        "is empty",
    ),
    "rect inverted": (
        move_with(start_rect=[0.9, 0, 0.1, 1]),
        "shots[0].motion.start_rect",
        "inverted",
    ),
    "rect of three": (
        move_with(start_rect=[0, 0, 1]),
        "shots[0].motion.start_rect[3]",
        "is missing",
    ),
    "rect of five": (
        move_with(start_rect=[0, 0, 1, 1, 1]),
        "shots[0].motion.start_rect",
        "at most 4",
    ),
    "rect of text": (move_with(start_rect="0011"), "shots[0].motion.start_rect", "valid array"),
    "rect with null": (
        move_with(start_rect=[0, 0, None, 1]),
        "shots[0].motion.start_rect[2]",
        "number",
    ),
    "duration 0": (move_with(duration_sec=0), "shots[0].motion.duration_sec", "greater than 0"),
    "duration negative": (
        move_with(duration_sec=-1),
        "shots[0].motion.duration_sec",
        "greater than",
    ),
    "duration 10 hours": (
        move_with(duration_sec=36_000),
        "shots[0].motion.duration_sec",
        "equal to 60",
    ),
    "duration 10**400": (move_with(duration_sec=10**400), "shots[0].motion.duration_sec", "finite"),
    "duration text": (move_with(duration_sec="6"), "shots[0].motion.duration_sec", "valid number"),
    "duration true": (move_with(duration_sec=True), "shots[0].motion.duration_sec", "valid number"),
    "duration under a frame": (
        move_with(duration_sec=0.02),
        "shots[0].motion.duration_sec",
        "one frame",
    ),
    "easing unknown": (move_with(easing="bounce"), "shots[0].motion.easing", "ease_in_out"),
    "easing overshoots": (
        move_with(easing=[0, 1.2, 1, 1]),
        "shots[0].motion.easing[1]",
        "equal to 1",
    ),
    "easing of three": (move_with(easing=[0, 0, 1]), "shots[0].motion.easing[3]", "is missing"),
    "type unknown": (move_with(type="swirl"), "shots[0].motion.type", "zoom_in"),
    "rate 0": (
        shot_with(interpolation={"target_fps": 0}),
        "shots[0].interpolation.target_fps",
        "between 1 and 240",
    ),
    "rate NTSC misspelt": (
        shot_with(interpolation={"target_fps": "24000/0"}),
        "shots[0].interpolation.target_fps",
        "a rate is a number",
    ),
    "rate true": (
        shot_with(interpolation={"target_fps": True}),
        "shots[0].interpolation.target_fps",
        "a rate is a number",
    ),
    "rate too fine": (
        shot_with(interpolation={"target_fps": 23.976023976}),
        "shots[0].interpolation.target_fps",
        "write it as a ratio",
    ),
    "odd width": (
        shot_with(generation_params={"width": 1281}),
        "shots[0].generation_params.width",
        "multiple of 2",
    ),
    "seed huge": (
        shot_with(generation_params={"seed": 2**63}),
        "shots[0].generation_params.seed",
        "less than or equal",
    ),
    "seed a float": (
        shot_with(generation_params={"seed": 1.0}),
        "shots[0].generation_params.seed",
        "valid integer",
    ),
    "crf and bitrate": (
        shot_with(encode={"crf": 20, "bitrate_kbps": 900}),
        "shots[0].encode.crf",
        "crf or bitrate_kbps, not both",
    ),
    "keyframe at START": (
        move_with(keyframes=[{"at": 0.0, "rect": [0, 0, 1, 1]}]),
        "shots[0].motion.keyframes[0].at",
        "greater than 0",
    ),
    "keyframes out of order": (
        move_with(keyframes=[{"at": t, "rect": [0, 0, 1, 1]} for t in (0.2, 0.6, 0.6)]),
        "shots[0].motion.keyframes[2].at",
        "0.6 does not come after 0.6",
    ),
    "turned too far": (
        move_with(rotation={"end_deg": 181.0}),
        "shots[0].motion.rotation.end_deg",
        "less than or equal to 180",
    ),
    "preset unknown": (
        move_with(preset={"name": "swirl"}),
        "shots[0].motion.preset",
        "'push_in'",
    ),
    "preset with another's parameter": (
        move_with(type="push_in", preset={"name": "push_in", "zoom": 2.0, "distance": 0.5}),
        "shots[0].motion.preset.distance",
        "is not a field",
    ),
    "preset that contradicts the type": (
        move_with(type="zoom_in", preset={"name": "push_in", "zoom": 2.0}),
        "shots[0].motion.type",
        "is zoom_in, but the preset is push_in",
    ),
    "orbit of no degrees": (
        move_with(type="orbit", preset={"name": "orbit", "angle_deg": 0, "subject": [0.5, 0.5]}),
        "shots[0].motion.preset.angle_deg",
        "no move",
    ),
    "objects of one name": (
        move_with(objects=[BIRD, BIRD]),
        "shots[0].motion.objects",
        "two have one name",
    ),
    "object that goes back in time": (
        move_with(objects=[{**BIRD, "points": BIRD["points"][::-1]}]),
        "shots[0].motion.objects[0].points[1].at",
        "0 does not come after 1",
    ),
    "object without an area": (
        move_with(objects=[{**BIRD, "region": {"shape": "polygon", "points": [[0.1, 0.1]] * 3}}]),
        "shots[0].motion.objects[0].region",
        "encloses less than",
    ),
    "mask outside the folder": (
        move_with(
            objects=[{**BIRD, "region": {"shape": "mask", "path": "../a.png", "sha256": "a" * 64}}]
        ),
        "shots[0].motion.objects[0].region.path",
        "climbs out",
    ),
    "crf of another codec": (
        shot_with(encode={"crf": 60}),
        "shots[0].encode.crf",
        "lies in 0..51",
    ),
}


@pytest.mark.parametrize(("plain", "field", "says"), BAD_MANIFESTS.values(), ids=BAD_MANIFESTS)
def test_a_manifest_that_breaks_the_contract_is_refused_naming_the_field(
    plain: documents.Plain, field: str, says: str
) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        codec.decode(documents.text_of(plain), VideoManifest, file="m")

    lines = [line.strip() for line in str(caught.value).splitlines()]
    assert any(line.startswith(f"{field}: ") and says in line for line in lines), lines
    assert str(caught.value).isprintable() or "\n" in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_of_a_newer_version_says_so_whatever_else_it_holds(
    kind: type[Document],
) -> None:
    newer = {**KINDS[kind], "schema_version": 2, "field_of_version_2": {}}

    with pytest.raises(DocumentTooNew, match="this motionfleet reads up to version 1") as caught:
        codec.decode(documents.text_of(newer), kind, file="m")

    assert (caught.value.version, caught.value.known, caught.value.exit_code) == (2, 1, 11)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_document_refuses_the_other_kinds(kind: type[Document]) -> None:
    for other, plain in KINDS.items():
        if other is kind:
            codec.decode(documents.text_of(plain), kind, file="m")
            continue
        with pytest.raises(DocumentInvalid, match="this file must be a"):
            codec.decode(documents.text_of(plain), kind, file="m")


def test_every_problem_is_listed_and_not_only_the_first() -> None:
    plain = manifest_with(project_id="", created_at="soon")

    with pytest.raises(DocumentInvalid) as caught:
        codec.decode(documents.text_of(plain), VideoManifest, file="m")

    assert [problem.field for problem in caught.value.problems] == ["project_id", "created_at"]


def test_one_wrong_shot_is_one_problem() -> None:
    with pytest.raises(DocumentInvalid) as caught:
        codec.decode(documents.text_of(move_with(duration_sec=0)), VideoManifest, file="m")

    assert caught.value.problems == (
        Problem("shots[0].motion.duration_sec", "must be greater than 0"),
    )


def test_a_thousand_wrong_shots_are_a_message_one_can_read() -> None:
    plain = manifest_with(shots=[None] * 1000)

    with pytest.raises(DocumentInvalid, match="and 988 more") as caught:
        codec.decode(documents.text_of(plain), VideoManifest, file="m")

    assert len(caught.value.problems) == 1000
    assert len(str(caught.value)) < 1000


def test_a_meta_of_a_good_shot_needs_its_clip_and_of_a_bad_one_its_reason() -> None:
    for changed, says in (
        ({"verdict": "pass", "reasons": []}, "verdict pass needs a clip"),
        ({"verdict": "failed", "reasons": []}, "verdict failed needs a reason"),
    ):
        with pytest.raises(DocumentInvalid, match=says):
            codec.decode(documents.text_of(documents.META | changed), VideoMeta, file="m")


def test_a_missing_file_a_folder_and_a_fifo_are_refused_without_waiting(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    for path, says in (
        (tmp_path / "missing", "No such file"),
        (tmp_path, "not a regular file"),
        (fifo, "not a regular file"),
    ):
        with pytest.raises(DocumentInvalid, match=says):
            codec.read(path, VideoManifest)


def only_a_model_or_a_companion_error(data: bytes) -> None:
    for kind in KINDS:
        try:
            read = codec.decode(data, kind, file="m")
        except CompanionError:
            continue
        assert codec.decode(codec.encode(read), kind, file="m") == read


@settings(max_examples=300)
@given(st.binary(max_size=200))
@example(b"\x00")
@example(b"\xff\xfe{\x00}\x00")
def test_any_bytes_give_a_document_or_a_companion_error(data: bytes) -> None:
    only_a_model_or_a_companion_error(data)


@settings(max_examples=300)
@given(plain=st.sampled_from(list(KINDS.values())), edits=st.data())
def test_a_damaged_document_gives_a_document_or_a_companion_error(
    plain: documents.Plain, edits: st.DataObject
) -> None:
    data = bytearray(documents.text_of(plain))
    for _ in range(edits.draw(st.integers(1, 4))):
        start = edits.draw(st.integers(0, len(data)))
        length = edits.draw(st.integers(0, 8))
        data[start : start + length] = edits.draw(st.binary(max_size=8))
    only_a_model_or_a_companion_error(bytes(data))


@settings(max_examples=300)
@given(plain=st.sampled_from(list(KINDS.values())), choices=st.data())
def test_a_wrong_value_anywhere_gives_a_document_or_a_companion_error(
    plain: documents.Plain, choices: st.DataObject
) -> None:
    tree = json.loads(json.dumps(plain))
    node, key = choices.draw(st.sampled_from(places(tree)))
    node[key] = choices.draw(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.sampled_from([[], {}, "\ud800", 10**400, -0.0, "9999-12-31T23:59:59-12:00"])
    )
    only_a_model_or_a_companion_error(json.dumps(tree).encode())


def places(tree: object) -> list[tuple[documents.Plain, str]]:
    """Every (container, key) of a plain document; a list's index is a key as well."""
    if isinstance(tree, dict):
        pairs = list(tree.items())
    elif isinstance(tree, list):
        pairs = list(enumerate(tree))
    else:
        return []
    found = [(tree, key) for key, _ in pairs]
    for _, inner in pairs:
        found += places(inner)
    return found  # type: ignore[return-value]
