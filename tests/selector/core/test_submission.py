"""A manifest that changed since the command began is left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from companions import codec
from companions.errors import CompanionChanged, DocumentInvalid
from companions.geometry import Size
from companions.names import MANIFEST_SUFFIX, companion_path
from companions.video_manifest import VideoManifest
from selector.core.batch import BatchSettings
from selector.core.gathering import Gathered, gather
from selector.core.proposing import Brief, propose_for
from selector.core.submission import Target, write_manifests
from tests.selector.stills import copied

NOW = datetime(2025, 7, 4, tzinfo=UTC)
SETTINGS = BatchSettings(project_id="p", batch_id="b", created_at=NOW)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    found = [copied("coffee.png", tmp_path, to=name) for name in ("a.png", "b.png")]
    for picture in found:
        propose_for(picture, brief=Brief(Size(64, 64), duration_s=2.0), now=NOW)
    return found


def gathered(pictures: Sequence[Path]) -> list[Gathered]:
    return [gather(picture, root=picture.parent) for picture in pictures]


def manifest_names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*" + MANIFEST_SUFFIX)}


def test_manifests_that_nobody_touched_are_written_and_written_again(
    tmp_path: Path, pictures: list[Path]
) -> None:
    target = Target.of(tmp_path, out=tmp_path / "x.video_manifest.json", per_image=True)
    for _ in range(2):
        written = write_manifests(
            SETTINGS, gathered(pictures), target=target, before=target.look(pictures)
        )

    assert {path.name for path in written} == manifest_names(tmp_path)
    assert manifest_names(tmp_path) == {f"{stem}.video_manifest.json" for stem in "abx"}
    assert len(codec.read(target.root / "x.video_manifest.json", VideoManifest).shots) == 2


def test_a_manifest_made_or_edited_meanwhile_is_kept_and_none_other_is_begun(
    tmp_path: Path, pictures: list[Path]
) -> None:
    target = Target.of(tmp_path, out=tmp_path / "x.video_manifest.json", per_image=True)
    before = target.look(pictures)
    theirs = companion_path(pictures[1], MANIFEST_SUFFIX)
    theirs.write_bytes(b"written by hand")

    with pytest.raises(CompanionChanged) as caught:
        write_manifests(SETTINGS, gathered(pictures), target=target, before=before)

    assert caught.value.path == str(theirs)
    assert theirs.read_bytes() == b"written by hand"
    assert manifest_names(tmp_path) == {theirs.name}


def test_what_has_a_manifests_name_and_is_no_file_is_named_before_anything_is_read(
    tmp_path: Path, pictures: list[Path]
) -> None:
    companion_path(pictures[0], MANIFEST_SUFFIX).mkdir()

    with pytest.raises(DocumentInvalid, match="not a regular file"):
        Target.of(tmp_path, out=None, per_image=True).look(pictures)


@pytest.mark.parametrize(
    ("out", "per_image", "batch"),
    [
        pytest.param(None, False, "stills/stills.video_manifest.json", id="as usual"),
        pytest.param(None, True, None, id="per image instead"),
        pytest.param(
            "b.video_manifest.json", True, "b.video_manifest.json", id="per image as well"
        ),
    ],
)
def test_what_is_asked_for_says_which_manifests_are_written_and_from_where(
    tmp_path: Path, out: str | None, batch: str | None, *, per_image: bool
) -> None:
    folder = tmp_path / "stills"
    folder.mkdir()

    target = Target.of(folder, out=None if out is None else tmp_path / out, per_image=per_image)

    assert target.batch == (None if batch is None else tmp_path / batch)
    assert target.root == (folder if out is None else tmp_path)
