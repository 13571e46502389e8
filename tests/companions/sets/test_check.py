"""Whatever is not in order is found, named with its files, and told how to mend."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from companions import files
from companions.sets.check import FindingKind, check
from companions.sets.grouping import JOURNAL_PREFIX
from tests.companions.documents import MANIFEST, META, MOTION, MOVE
from tests.companions.sets.paired import paired, write, write_documents

STAGING = "a.motionfleet-trash-0123456789abcdef"
RECORD = {
    "kind": "trashed_set",
    "schema_version": 1,
    "operation_id": "0123456789abcdef",
    "folder": "/elsewhere",
    "files": [{"name": "a.jpg", "sha256": "a" * 64, "size_bytes": 1, "picture": True}],
    "at": "2025-07-04T14:30:22Z",
    "who": "anna@desk-3",
}


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    """A folder in which all is in order."""
    paired(tmp_path / "stills", "a.jpg")
    paired(tmp_path / "stills", "b.png")
    (tmp_path / "stills" / "bare.webp").write_bytes(b"1")
    return tmp_path / "stills"


def put_back(folder: Path) -> None:
    (folder / STAGING).mkdir()
    (folder / STAGING / "a.jpg").write_bytes(b"1")
    (folder / STAGING / ".motionfleet-trashed.json").write_text(json.dumps(RECORD))


def moving() -> list[object]:
    region = {"shape": "mask", "path": "a.sun.mask.png", "sha256": "a" * 64}
    path = [{"at": 0.0, "position": [0.1, 0.1]}, {"at": 1.0, "position": [0.2, 0.2]}]
    return [{"name": "sun", "region": region, "points": path}]


def mask_of_motion(folder: Path) -> None:
    image = {**MOTION["image"], "sha256": files.sha256_of(folder / "a.jpg")}
    write(folder / "a.jpg", ".motion.json", {**MOTION, "image": image, "objects": moving()})


def mask_of_manifest(folder: Path) -> None:
    shot = {"image_path": "a.jpg", "sha256": files.sha256_of(folder / "a.jpg"),
            "motion": {**MOVE, "objects": moving()}}  # fmt: skip
    write(folder / "a.jpg", ".video_manifest.json", {**MANIFEST, "shots": [shot]})


def changed(folder: Path) -> None:
    write_documents(folder / "a.jpg", sha256="f" * 64)


def meta_with_clip(folder: Path) -> None:
    clip = {"file": "a.mp4", "sha256": "a" * 64, "size_bytes": 4, "frames": 24, "fps": 24,
            "duration_sec": 1.0, "width": 64, "height": 64, "codec": "h264",
            "encoder": "libx264"}  # fmt: skip
    recipe = {"image_sha256": files.sha256_of(folder / "a.jpg"), "motion": MOVE}
    values = {**META, "verdict": "pass", "reasons": [], "recipe": recipe, "clip": clip}
    write(folder / "a.jpg", ".video_meta.json", values)
    (folder / "a.mp4").unlink()


def batch(folder: Path) -> None:
    shots = [
        {"image_path": name, "sha256": "a" * 64, "motion": MOVE} for name in ("a.jpg", "gone/x.jpg")
    ]
    (folder / "day.video_manifest.json").write_text(json.dumps({**MANIFEST, "shots": shots}))


def journal(folder: Path) -> None:
    (folder / f"{JOURNAL_PREFIX}0123456789abcdef.json").write_bytes(b"{}")


FAULTS: dict[str, tuple[Callable[[Path], object], FindingKind, set[str], str]] = {
    "a picture is gone": (
        lambda f: (f / "a.jpg").unlink(),
        FindingKind.ORPHAN,
        {"a.mp4", "a.motion.json", "a.video_manifest.json", "a.video_meta.json"},
        "fleet companions rejoin",
    ),
    "two pictures have one stem": (
        lambda f: (f / "A.tiff").write_bytes(b"1"),
        FindingKind.COLLISION, {"a.jpg", "A.tiff"}, "mv -n --",
    ),
    "a name opens with another's stem": (
        lambda f: (f / "bare.001.webp").write_bytes(b"1"),
        FindingKind.NESTED, {"bare.webp", "bare.001.webp"}, "fleet companions rename",
    ),
    "a link is named like a companion": (
        lambda f: (f / "a.caption").symlink_to("/dev/null"),
        FindingKind.BLOCKED, {"a.caption"}, "mv -n --",
    ),
    "an operation was interrupted": (
        journal, FindingKind.UNFINISHED, {f"{JOURNAL_PREFIX}0123456789abcdef.json"},
        "fleet companions resume",
    ),
    "a set was put back from the trash": (
        put_back, FindingKind.PUT_BACK, {STAGING}, "fleet companions restore",
    ),
    "a companion is broken": (
        lambda f: (f / "a.motion.json").write_bytes(b"{}"),
        FindingKind.UNREADABLE, {"a.motion.json"}, "fleet companions validate",
    ),
    "a batch manifest is broken": (
        lambda f: (f / "day.video_manifest.json").write_bytes(b"{}"),
        FindingKind.UNREADABLE, {"day.video_manifest.json"}, "fleet companions validate",
    ),
    "a clip has no meta": (
        lambda f: (f / "a.video_meta.json").unlink(),
        FindingKind.NO_META, {"a.mp4"}, "fleet submit",
    ),
    "a meta's clip is gone": (
        meta_with_clip, FindingKind.NO_CLIP, {"a.video_meta.json"}, "fleet submit",
    ),
    "a manifest names a picture that is gone": (
        batch, FindingKind.NO_PICTURE, {"day.video_manifest.json"}, "selector manifest",
    ),
    "a motion names a mask that is gone": (
        mask_of_motion, FindingKind.NO_PICTURE, {"a.motion.json"}, "put them back",
    ),
    "a manifest names a mask that is gone": (
        mask_of_manifest, FindingKind.NO_PICTURE, {"a.video_manifest.json"}, "put them back",
    ),
    "a name cannot stand in a document": (
        lambda f: (f / "back\\slash.jpg").write_bytes(b"1"),
        FindingKind.NAME, {"back\\slash.jpg"}, "fleet companions rename",
    ),
}  # fmt: skip


def test_a_folder_in_order_has_no_findings(stills: Path) -> None:
    assert list(check(stills, recursive=True, hashes=True)) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_found_alone_with_its_files_and_a_remedy(stills: Path, fault: str) -> None:
    make, kind, names, remedy = FAULTS[fault]
    make(stills)

    (finding,) = check(stills, hashes=True)

    assert finding.kind is kind
    assert {path.name for path in finding.files} == names
    assert all(path.parent == stills for path in finding.files)
    assert remedy in finding.remedy
    assert finding.what


def test_a_changed_picture_is_found_by_its_hash_only_where_that_is_asked_for(stills: Path) -> None:
    changed(stills)

    assert list(check(stills)) == []
    (finding,) = check(stills, hashes=True)
    assert finding.kind is FindingKind.CHANGED
    assert {path.name for path in finding.files} == {
        "a.jpg", "a.motion.json", "a.video_manifest.json", "a.video_meta.json"
    }  # fmt: skip


def test_folders_inside_are_looked_into_when_asked_for(stills: Path) -> None:
    (stills / "deep").mkdir()
    (stills / "deep" / "lost.motion.json").write_bytes(b"{}")

    assert list(check(stills)) == []
    assert [each.kind for each in check(stills, recursive=True)] == [
        FindingKind.ORPHAN,
        FindingKind.UNREADABLE,
    ]


def test_what_a_failed_shot_left_is_in_order(stills: Path) -> None:
    (stills / "a.mp4").unlink()  # its meta says why there is none

    assert list(check(stills)) == []


def test_the_looking_is_told_as_it_goes(stills: Path) -> None:
    told: list[tuple[int, int]] = []

    list(check(stills, progress=lambda *each: told.append(each)))

    assert told[-1] == (len(list(stills.iterdir())),) * 2


def test_every_kind_of_finding_is_shown_here() -> None:
    assert {kind for _, kind, *_ in FAULTS.values()} | {FindingKind.CHANGED} == set(FindingKind)
