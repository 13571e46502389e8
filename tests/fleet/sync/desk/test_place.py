"""What to do with a result: one table, every case of what may lie in its places."""

from __future__ import annotations

from pathlib import Path

import pytest

from companions import files
from fleet.sync.desk.place import Decision, Here, Places, Step, decide
from fleet.sync.wire.results import Result

META, CLIP, OLD, OTHER = "a" * 64, "b" * 64, "c" * 64, "d" * 64
MADE = Result(picture="x.jpg", meta_sha256=META, meta_size=3, clip_sha256=CLIP, clip_size=5)
FAILED = Result(picture="x.jpg", meta_sha256=META, meta_size=3)

AS_THERE_META, AS_THERE_CLIP = Here(META, ours=True), Here(CLIP, ours=True)
OUR_OLD, A_PERSONS = Here(OLD, ours=True), Here(OTHER, ours=False)


@pytest.mark.parametrize(
    ("result", "meta", "clip", "step"),
    [
        pytest.param(MADE, None, None, Step.BOTH, id="nothing is there: both are fetched"),
        pytest.param(MADE, AS_THERE_META, AS_THERE_CLIP, Step.NOTHING, id="both are there"),
        pytest.param(
            MADE, Here(META, ours=False), Here(CLIP, ours=False), Step.NOTHING,
            id="a person copied the same files by hand",
        ),
        pytest.param(MADE, OUR_OLD, OUR_OLD, Step.BOTH, id="an older result of ours is replaced"),
        pytest.param(MADE, None, AS_THERE_CLIP, Step.META, id="a crash left the clip alone"),
        pytest.param(MADE, OUR_OLD, AS_THERE_CLIP, Step.META, id="only the meta is new"),
        pytest.param(MADE, AS_THERE_META, None, Step.BOTH, id="the clip was removed here"),
        pytest.param(MADE, None, A_PERSONS, Step.CONFLICT, id="a person's clip stays"),
        pytest.param(MADE, A_PERSONS, None, Step.CONFLICT, id="a person's meta stays"),
        pytest.param(MADE, A_PERSONS, AS_THERE_CLIP, Step.CONFLICT, id="beside our clip too"),
        pytest.param(MADE, OUR_OLD, A_PERSONS, Step.CONFLICT, id="a clip of ours was edited"),
        pytest.param(FAILED, None, None, Step.META, id="a failed shot's meta comes"),
        pytest.param(FAILED, AS_THERE_META, None, Step.NOTHING, id="it is there"),
        pytest.param(FAILED, OUR_OLD, None, Step.META, id="it failed another way"),
        pytest.param(FAILED, A_PERSONS, None, Step.CONFLICT, id="a person's meta stays then too"),
        pytest.param(FAILED, OUR_OLD, OUR_OLD, Step.KEEP, id="an older clip keeps its own meta"),
        pytest.param(FAILED, None, A_PERSONS, Step.KEEP, id="so does a person's"),
    ],
)  # fmt: skip
def test_what_a_result_asks_for(
    result: Result, meta: Here | None, clip: Here | None, step: Step
) -> None:
    assert decide(result, meta=meta, clip=clip).step is step


def test_a_conflict_names_the_file_that_is_in_the_way() -> None:
    assert decide(MADE, meta=None, clip=A_PERSONS) == Decision(Step.CONFLICT, "x.mp4")
    assert decide(MADE, meta=A_PERSONS, clip=None) == Decision(Step.CONFLICT, "x.video_meta.json")


def test_a_link_in_the_place_of_a_clip_is_a_persons_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"12345")
    (tmp_path / "x.mp4").symlink_to(tmp_path / "elsewhere")

    assert Places(tmp_path, {}, {}).decide(MADE) == Decision(Step.CONFLICT, "x.mp4")


def test_a_file_is_hashed_again_only_when_it_changed(tmp_path: Path) -> None:
    clip = tmp_path / "x.mp4"
    clip.write_bytes(b"12345")
    made = MADE.model_copy(update={"clip_sha256": files.sha256_of(clip)})
    places = Places(tmp_path, {}, {})
    assert places.decide(made).step is Step.META
    known = places.news()
    assert list(known) == ["x.mp4"]

    again = Places(tmp_path, {}, known)
    assert again.decide(made).step is Step.META
    assert again.news() == {}

    clip.write_bytes(b"54321")
    assert again.decide(made).step is Step.CONFLICT
    assert list(again.news()) == ["x.mp4"]


def test_a_result_takes_its_place_whole_and_the_meta_last(tmp_path: Path) -> None:
    source, root = tmp_path / "in", tmp_path / "root"
    source.mkdir()
    root.mkdir()
    (source / "x.mp4").write_bytes(b"12345")
    (source / "x.video_meta.json").write_bytes(b"{}\n")
    places = Places(root, {}, {})

    done = places.put(MADE, source=source, with_clip=True, mode=0o640, patience_s=1.0)

    assert done.step is Step.BOTH
    assert (root / "x.mp4").read_bytes() == b"12345"
    assert (root / "x.video_meta.json").read_bytes() == b"{}\n"
    assert (root / "x.mp4").stat().st_mode & 0o777 == 0o640
    assert list(source.iterdir()) == []
    assert sorted(places.news()) == ["x.mp4", "x.video_meta.json"]


def test_a_file_that_appeared_since_it_was_decided_stays(tmp_path: Path) -> None:
    source, root = tmp_path / "in", tmp_path / "root"
    source.mkdir()
    root.mkdir()
    (source / "x.mp4").write_bytes(b"12345")
    (source / "x.video_meta.json").write_bytes(b"{}\n")
    places = Places(root, {}, {})
    assert places.decide(MADE).step is Step.BOTH
    (root / "x.mp4").write_bytes(b"a person's")

    done = places.put(MADE, source=source, with_clip=True, mode=0o640, patience_s=1.0)

    assert done == Decision(Step.CONFLICT, "x.mp4")
    assert (root / "x.mp4").read_bytes() == b"a person's"
    assert not (root / "x.video_meta.json").exists()


def test_a_clip_that_was_not_fetched_is_not_pretended(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "x.video_meta.json").write_bytes(b"{}\n")
    places = Places(tmp_path, {}, {})

    done = places.put(MADE, source=source, with_clip=False, mode=0o640, patience_s=1.0)

    assert done.step is Step.BOTH
    assert not (tmp_path / "x.video_meta.json").exists()
