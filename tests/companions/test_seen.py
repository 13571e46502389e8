"""A file that changed since it was read is never written over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from companions import codec, seen
from companions.errors import CompanionChanged, DocumentInvalid, FileUnwritable
from companions.motion import MotionCompanion
from companions.seen import ABSENT
from tests.companions.documents import MOTION


def entries(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.motion.json"


def test_what_was_read_may_be_replaced_and_replaced_again(path: Path) -> None:
    codec.write(path, motion(duration_sec=4.0))

    document, as_read = seen.read_seen(path, MotionCompanion)
    as_written = seen.replace(path, document.model_copy(update={"duration_sec": 5.0}), seen=as_read)
    seen.replace(path, document.model_copy(update={"duration_sec": 6.0}), seen=as_written)

    assert document.duration_sec == 4.0
    assert codec.read(path, MotionCompanion).duration_sec == 6.0
    assert seen.look(path) != as_written
    assert entries(path.parent) == {path.name}


def test_a_file_that_is_new_is_written_where_there_was_none(path: Path) -> None:
    written = seen.replace(path, motion(), seen=ABSENT)

    assert seen.look(path) == written
    assert entries(path.parent) == {path.name}


@pytest.mark.parametrize("there", [b"drawn by hand", None])
def test_a_file_that_changed_since_is_left_as_it_is_now(path: Path, there: bytes | None) -> None:
    codec.write(path, motion())
    document, as_read = seen.read_seen(path, MotionCompanion)
    path.unlink()
    if there is not None:
        path.write_bytes(there)

    with pytest.raises(CompanionChanged, match=r"was (changed|removed)") as caught:
        seen.replace(path, document, seen=as_read)

    assert caught.value.exit_code == 15
    assert caught.value.path == str(path)
    assert (path.read_bytes() if path.exists() else None) == there
    assert entries(path.parent) <= {path.name}


def test_a_file_that_appeared_since_is_left_as_it_is_now(path: Path) -> None:
    as_looked = seen.look(path)
    path.write_bytes(b"drawn by hand")

    with pytest.raises(CompanionChanged, match="was made by someone else"):
        seen.replace(path, motion(), seen=as_looked)

    assert path.read_bytes() == b"drawn by hand"


def test_a_file_that_appears_after_the_last_look_is_left_as_well(path: Path) -> None:
    # A link that leads nowhere is no file to whoever looks, and yet it has the name: exactly what
    # a file is that appears between the look and the rename.
    path.symlink_to("nowhere")

    with pytest.raises(CompanionChanged, match="was made by someone else"):
        seen.replace(path, motion(), seen=ABSENT)

    assert path.readlink() == Path("nowhere")
    assert entries(path.parent) == {path.name}


def test_what_became_a_folder_is_said_to_have_changed(path: Path) -> None:
    codec.write(path, motion())
    document, as_read = seen.read_seen(path, MotionCompanion)
    path.unlink()
    path.mkdir()

    with pytest.raises(CompanionChanged, match="became something that cannot be read"):
        seen.replace(path, document, seen=as_read)


def test_what_is_no_file_is_refused_at_the_first_look_already(path: Path) -> None:
    path.mkdir()

    with pytest.raises(DocumentInvalid, match="not a regular file"):
        seen.look(path)


def test_what_is_no_document_is_refused_on_reading(path: Path) -> None:
    path.write_bytes(b"{}")

    with pytest.raises(DocumentInvalid):
        seen.read_seen(path, MotionCompanion)


def test_a_folder_that_takes_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnwritable):
        seen.replace(tmp_path / "missing" / "a.motion.json", motion(), seen=ABSENT)
    assert entries(tmp_path) == set()


def motion(**changes: object) -> MotionCompanion:
    return MotionCompanion.model_validate_json(json.dumps({**MOTION, **changes}))
