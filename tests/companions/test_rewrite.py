"""Upgrading a file in place: whole at every instant, verified, and on record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from companions import codec, upgrade
from companions.audit import Actor, AuditLog, tail, verify
from companions.errors import AuditUnwritable, DocumentInvalid, SetBusy, SetRefused
from companions.lock import locked
from companions.motion import MotionCompanion
from companions.rewrite import rewrite
from companions.video_manifest import VideoManifest
from tests.companions import documents

NOW = datetime(2026, 1, 31, tzinfo=UTC)
ACTOR = Actor(who="anna@desk", tool="test", version="0.1.0")
EARLY = documents.text_of({**documents.EARLY, "batch_id": "no moment"})


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "audit", actor=ACTOR)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return early_manifest(tmp_path / "set")


def early_manifest(folder: Path) -> Path:
    stills = folder / "__video_keyframes"
    stills.mkdir(parents=True)
    (stills / "img_001.png").write_bytes(b"a picture")
    path = folder / "day 1.video_manifest.json"
    path.write_bytes(EARLY)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def names(manifest: Path) -> set[str]:
    return {path.name for path in manifest.parent.iterdir() if path.is_file()}


def test_an_early_manifest_becomes_a_current_one_under_the_same_name(
    manifest: Path, log: AuditLog, tmp_path: Path
) -> None:
    wanted = upgrade.read(manifest, VideoManifest).document

    done = rewrite(manifest, log=log, now=NOW)

    assert (done.found, done.written, done.original) == (0, 1, None)
    assert codec.read(manifest, VideoManifest) == wanted
    assert names(manifest) == {manifest.name}
    assert any("sha256" in each.field for each in done.assumed)
    verify(tmp_path / "audit")


def test_the_log_says_what_the_file_was_and_became(
    manifest: Path, log: AuditLog, tmp_path: Path
) -> None:
    rewrite(manifest, log=log, now=NOW)

    (line,) = tail(tmp_path / "audit", count=9)
    before, after = line.files
    assert line.operation == "upgrade"
    assert (before.source, before.size_bytes) == (str(manifest), len(EARLY))
    assert (after.target, after.size_bytes) == (str(manifest), manifest.stat().st_size)


def test_the_original_can_be_kept(manifest: Path, log: AuditLog) -> None:
    done = rewrite(manifest, log=log, now=NOW, keep_original=True)

    assert done.original == manifest.with_name(manifest.name + ".v0")
    assert done.original.read_bytes() == EARLY
    assert codec.read(manifest, VideoManifest).schema_version == 1


def test_an_original_kept_on_purpose_stays_when_asked_again_to_keep_it(
    manifest: Path, log: AuditLog
) -> None:
    rewrite(manifest, log=log, now=NOW, keep_original=True)

    again = rewrite(manifest, log=log, now=NOW, keep_original=True)

    assert again.original is not None
    assert again.original.read_bytes() == EARLY


def test_a_dry_run_changes_nothing(manifest: Path, log: AuditLog, tmp_path: Path) -> None:
    done = rewrite(manifest, log=log, now=NOW, dry_run=True)

    assert (done.found, done.written) == (0, 1)
    assert done.assumed
    assert manifest.read_bytes() == EARLY
    assert names(manifest) == {manifest.name}
    assert not (tmp_path / "audit").exists()


def test_a_current_document_keeps_its_very_bytes(tmp_path: Path, log: AuditLog) -> None:
    path = tmp_path / "a.motion.json"
    path.write_bytes(documents.text_of(documents.MOTION))

    done = rewrite(path, log=log, now=NOW)

    assert (done.found, done.written, done.original) == (1, 1, None)
    assert path.read_bytes() == documents.text_of(documents.MOTION)
    assert not (tmp_path / "audit").exists()
    assert codec.read(path, MotionCompanion).kind == "motion"


NEWER = documents.text_of(documents.manifest_with(schema_version=99))


@pytest.mark.parametrize("other", [EARLY.replace(b"no moment", b"another"), NEWER, b"notes"])
def test_an_older_file_that_says_something_else_than_the_new_one_is_kept(
    manifest: Path, log: AuditLog, other: bytes
) -> None:
    rewrite(manifest, log=log, now=NOW, keep_original=True)
    original = manifest.with_name(manifest.name + ".v0")
    original.write_bytes(other)

    done = rewrite(manifest, log=log, now=NOW)

    assert done.original == original
    assert original.read_bytes() == other


def test_a_manifest_that_cannot_be_upgraded_is_left_as_it_is(manifest: Path, log: AuditLog) -> None:
    (manifest.parent / "__video_keyframes" / "img_001.png").unlink()

    with pytest.raises(DocumentInvalid):
        rewrite(manifest, log=log, now=NOW)

    assert manifest.read_bytes() == EARLY
    assert names(manifest) == {manifest.name}


def test_another_file_under_the_originals_name_is_not_touched(
    manifest: Path, log: AuditLog
) -> None:
    other = manifest.with_name(manifest.name + ".v0")
    other.write_bytes(b"mine")

    with pytest.raises(SetRefused, match=r"Move that file away"):
        rewrite(manifest, log=log, now=NOW)

    assert (manifest.read_bytes(), other.read_bytes()) == (EARLY, b"mine")


def test_a_log_that_cannot_be_written_stops_the_upgrade(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "audit").write_bytes(b"in the way")

    with pytest.raises(AuditUnwritable):
        rewrite(manifest, log=AuditLog(tmp_path / "audit", actor=ACTOR), now=NOW)

    assert manifest.read_bytes() == EARLY


def test_an_upgrade_waits_for_whoever_holds_the_picture(manifest: Path, log: AuditLog) -> None:
    with locked(manifest.with_name("day 1.jpg")), pytest.raises(SetBusy):
        rewrite(manifest, log=log, now=NOW, patience_s=0.05)

    assert manifest.read_bytes() == EARLY


def test_a_file_that_is_no_companion_by_its_name_is_refused(tmp_path: Path, log: AuditLog) -> None:
    with pytest.raises(DocumentInvalid, match=r"Companions end in"):
        rewrite(tmp_path / "notes.json", log=log, now=NOW)


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from companions.audit import Actor, AuditLog
from companions.rewrite import rewrite

kill_at, done = int(sys.argv[3]), 0

def die_at(event, arguments):
    # Every step that reaches the disk is announced by the interpreter itself.
    global done
    if event in {"open", "os.link", "os.rename", "os.remove", "os.utime"}:
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & os.O_WRONLY):
            return
        done += 1
        if done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

log = AuditLog(Path(sys.argv[2]), actor=Actor(who="a@b", tool="t", version="1"))
sys.addaudithook(die_at)
rewrite(Path(sys.argv[1]), log=log, now=datetime(2026, 1, 31, tzinfo=UTC))
"""


def kill_at(step: int, manifest: Path, log: Path) -> int:
    arguments = [sys.executable, "-c", KILLED, str(manifest), str(log), str(step)]
    return subprocess.run(arguments, check=False, timeout=60).returncode


def steps() -> Iterator[int]:
    yield from range(1, 40)


def test_killed_at_any_step_the_same_command_finishes(tmp_path: Path) -> None:
    killed = 0
    for step in steps():
        folder = tmp_path / str(step)
        manifest = early_manifest(folder)
        wanted = upgrade.read(manifest, VideoManifest).document
        code = kill_at(step, manifest, folder / "audit")
        if code == 0:
            break
        assert code == -signal.SIGKILL
        killed += 1
        # At every instant the name holds one whole document that says the same.
        assert upgrade.read(manifest, VideoManifest).document == wanted

        rewrite(manifest, log=AuditLog(folder / "audit", actor=ACTOR), now=NOW)

        assert codec.read(manifest, VideoManifest) == wanted
        left = {name for name in names(manifest) if not name.startswith(".motionfleet-")}
        assert left == {manifest.name}, step
        verify(folder / "audit")
    assert killed >= 8
    assert code == 0, "every step was reached"
