"""What a manifest takes with it, and when it is read again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from companions.errors import CompanionError, NameCollision
from companions.names import MANIFEST_SUFFIX
from fleet.sync.desk.record import Record
from fleet.sync.desk.set import manifests_below, members_of, read_set
from fleet.sync.errors import SetStale
from tests.chaos.transit import manifest_of, set_id, shoot, shot_of
from tests.fleet.making import sha256
from tests.fleet.sync.desk.masked import masked

LONG_AGO = 1_700_000_000


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with Record(tmp_path / "record" / "colo.sqlite3") as found:
        yield found


def age(path: Path) -> None:
    """As if ``path`` was written long ago."""
    os.utime(path, (LONG_AGO, LONG_AGO))


def test_a_set_is_named_after_its_manifest_and_has_every_picture(
    tmp_path: Path, record: Record
) -> None:
    manifest = shoot(tmp_path, pictures=4, size_bytes=100, seed=1)

    found = read_set(manifest, record=record)

    assert found.set_id == set_id(manifest)
    assert found.shots == 4
    assert [member.path for member in members_of(found)] == list(found.pictures)
    assert all(
        (member.sha256, member.size_bytes) == (sha256(tmp_path / member.path), 100)
        for member in members_of(found)
    )


def test_masks_go_with_their_picture(tmp_path: Path, record: Record) -> None:
    manifest, mask = masked(tmp_path)

    found = read_set(manifest, record=record)

    assert mask.name in {member.path for member in members_of(found)}
    assert mask.name not in found.pictures


def test_a_picture_of_several_shots_goes_once(tmp_path: Path, record: Record) -> None:
    shoot(tmp_path, pictures=1, size_bytes=100, seed=1)
    (picture,) = tmp_path.rglob("*.jpg")
    manifest = manifest_of(
        tmp_path / f"twice{MANIFEST_SUFFIX}",
        [shot_of(picture, tmp_path, seed=1), shot_of(picture, tmp_path, seed=2)],
    )

    found = read_set(manifest, record=record)

    assert (found.shots, len(members_of(found))) == (2, 1)


def test_one_picture_by_two_hashes_is_refused(tmp_path: Path, record: Record) -> None:
    shoot(tmp_path, pictures=1, size_bytes=100, seed=1)
    (picture,) = tmp_path.rglob("*.jpg")
    shot = shot_of(picture, tmp_path)
    other = shot.model_copy(update={"sha256": "0" * 64})
    manifest = manifest_of(tmp_path / f"twice{MANIFEST_SUFFIX}", [shot, other])

    with pytest.raises(SetStale, match="by two hashes"):
        read_set(manifest, record=record)


def test_pictures_that_would_be_one_clip_are_refused(tmp_path: Path, record: Record) -> None:
    for name in ("a.jpg", "A.png"):
        (tmp_path / name).write_bytes(b"x")
    shots = [shot_of(tmp_path / name, tmp_path) for name in ("a.jpg", "A.png")]

    with pytest.raises(NameCollision):
        read_set(manifest_of(tmp_path / f"m{MANIFEST_SUFFIX}", shots), record=record)


def test_missing_files_are_counted_and_the_first_few_named(tmp_path: Path, record: Record) -> None:
    manifest = shoot(tmp_path, pictures=9, size_bytes=10, seed=1)
    found = read_set(manifest, record=record)
    for path in found.pictures[:5]:
        (tmp_path / path).unlink()

    with pytest.raises(SetStale) as told:
        members_of(found)

    assert all(path in str(told.value) for path in found.pictures[:3])
    assert "and 2 more" in str(told.value)
    assert found.pictures[4] not in str(told.value)


@pytest.mark.parametrize("kind", ["link", "folder link", "folder", "fifo"])
def test_only_plain_files_reached_straight_go(tmp_path: Path, record: Record, kind: str) -> None:
    manifest = shoot(tmp_path, pictures=1, size_bytes=10, seed=1)
    found = read_set(manifest, record=record)
    picture = tmp_path / found.pictures[0]
    if kind == "folder link":
        picture.parent.rename(tmp_path / "real")
        picture.parent.symlink_to(tmp_path / "real")
    else:
        picture.rename(tmp_path / "real")
        plants: dict[str, Callable[[], None]] = {
            "link": lambda: picture.symlink_to(tmp_path / "real"),
            "folder": picture.mkdir,
            "fifo": lambda: os.mkfifo(picture),
        }
        plants[kind]()

    with pytest.raises(SetStale, match=r"symbolic link|is not a file"):
        members_of(found)


def test_an_unchanged_manifest_is_not_read_again(tmp_path: Path, record: Record) -> None:
    manifest = shoot(tmp_path, pictures=2, size_bytes=10, seed=1)
    age(manifest)
    first = read_set(manifest, record=record)

    # In place, with the same size and time: what no honest writer does, and what tells us here
    # that nobody looked.
    data = manifest.read_bytes()
    with manifest.open("r+b") as file:
        file.write(b"#" * len(data))
    age(manifest)

    assert read_set(manifest, record=record) == first


def test_a_manifest_that_was_written_anew_is_read_again(tmp_path: Path, record: Record) -> None:
    manifest = shoot(tmp_path, pictures=2, size_bytes=10, seed=1)
    age(manifest)
    first = read_set(manifest, record=record)

    manifest = shoot(tmp_path, pictures=2, size_bytes=10, seed=2)
    age(manifest)  # the same size and time, another file

    assert read_set(manifest, record=record).set_id == set_id(manifest) != first.set_id


def test_a_manifest_that_was_only_just_written_is_not_trusted_by_its_time(
    tmp_path: Path, record: Record
) -> None:
    manifest = shoot(tmp_path, pictures=2, size_bytes=10, seed=1)
    read_set(manifest, record=record)
    facts = manifest.stat()
    data = manifest.read_bytes().replace(b'"batch_id": "shoot"', b'"batch_id": "SHOOT"')
    with manifest.open("r+b") as file:
        file.write(data)
    os.utime(manifest, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    assert read_set(manifest, record=record).set_id == set_id(manifest)


def test_a_damaged_memory_of_a_manifest_is_no_memory(tmp_path: Path, record: Record) -> None:
    manifest = shoot(tmp_path, pictures=2, size_bytes=10, seed=1)
    age(manifest)
    first = read_set(manifest, record=record)
    stamp = f"{manifest.stat().st_size}:{manifest.stat().st_mtime_ns}:{manifest.stat().st_ino}"
    record.keep_manifest(manifest.resolve(), stamp=stamp, contents={"sha256": 7})

    assert read_set(manifest, record=record) == first


def test_version_0_is_understood_and_its_pictures_are_hashed_every_time(
    tmp_path: Path, record: Record
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"one")
    manifest = tmp_path / f"m{MANIFEST_SUFFIX}"
    manifest.write_text(
        '{"project_id": "p", "batch_id": "20250704_143022", "keyframes": [{"image_path": "a.jpg",'
        ' "motion": {"type": "zoom_in", "start_rect": [0.1, 0.1, 0.9, 0.9],'
        ' "end_rect": [0.3, 0.3, 0.7, 0.7], "duration_sec": 6.0}, "generation_params":'
        ' {"model": "camera", "fps": 30}}]}'
    )
    age(manifest)
    assert read_set(manifest, record=record).files == {"a.jpg": sha256(tmp_path / "a.jpg")}

    (tmp_path / "a.jpg").write_bytes(b"two")

    assert read_set(manifest, record=record).files == {"a.jpg": sha256(tmp_path / "a.jpg")}


def test_what_is_no_manifest_is_told(tmp_path: Path, record: Record) -> None:
    path = tmp_path / f"m{MANIFEST_SUFFIX}"
    path.write_text("{}")

    with pytest.raises(CompanionError):
        read_set(path, record=record)


def test_manifests_are_found_below_but_not_in_hidden_folders(tmp_path: Path) -> None:
    for name in ("a", "b/c", ".hidden/d", ".motionfleet-incoming/colo/e", "b/.f"):
        path = tmp_path / f"{name}{MANIFEST_SUFFIX}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    found = [path.relative_to(tmp_path).as_posix() for path in manifests_below(tmp_path)]

    assert found == [f"a{MANIFEST_SUFFIX}", f"b/c{MANIFEST_SUFFIX}"]
