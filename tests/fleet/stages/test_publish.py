"""Publishing: clip, then meta; whole or absent; nothing that is not ours is touched."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from companions import codec
from companions.errors import FileUnwritable, SetBusy
from companions.lock import locked
from companions.timing import parse_rate
from companions.video_manifest import Codec, Recipe
from companions.video_meta import (
    ClipFacts,
    Cost,
    ManifestUsed,
    Reason,
    Verdict,
    VideoMeta,
)
from fleet.errors import TargetTaken
from fleet.jobs.retry import Past, RetryPolicy, TryAgain, decide, failure_of
from fleet.stages.publish import Target, publish
from tests.fleet.making import recipe


def clip_facts(data: bytes) -> ClipFacts:
    return ClipFacts(
        file="a.mp4", sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data), frames=12,
        fps=parse_rate(24), duration_sec=0.5, width=128, height=72, codec=Codec.H264,
        encoder="libx264",
    )  # fmt: skip


def meta(data: bytes | None, *, of: Recipe) -> VideoMeta:
    reasons = () if data is not None else (Reason(code="picture_truncated", message="broken"),)
    return VideoMeta(
        shot_id="a-1",
        shot_fingerprint=codec.fingerprint(of),
        manifest=ManifestUsed(project_id="p", batch_id="b", sha256="1" * 64),
        image="a.png",
        verdict=Verdict.PASS if data is not None else Verdict.FAILED,
        reasons=reasons,
        recipe=of,
        clip=clip_facts(data) if data is not None else None,
        cost=Cost(seconds=1.0, rate_per_hour=0.0, amount=0.0),
        finished_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


def staged(folder: Path, data: bytes) -> Path:
    path = folder / "staged.bin"
    path.write_bytes(data)
    return path


OLD, NEW = b"old clip", b"the new clip"
OLD_RECIPE, NEW_RECIPE = recipe(seed=1), recipe(seed=2)


def test_a_clip_and_its_meta_take_their_places(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.mp4")

    publish(target, meta(NEW, of=NEW_RECIPE), staged=staged(tmp_path, NEW), known_hashes=())

    assert target.clip.read_bytes() == NEW
    assert target.holds(codec.fingerprint(NEW_RECIPE))
    assert not target.holds(codec.fingerprint(OLD_RECIPE))


def test_a_clip_of_ours_is_replaced_and_its_old_meta_never_describes_the_new_clip(
    tmp_path: Path,
) -> None:
    target = Target(tmp_path / "a.mp4")
    publish(target, meta(OLD, of=OLD_RECIPE), staged=staged(tmp_path, OLD), known_hashes=())

    publish(target, meta(NEW, of=NEW_RECIPE), staged=staged(tmp_path, NEW), known_hashes=())

    assert target.clip.read_bytes() == NEW
    assert target.holds(codec.fingerprint(NEW_RECIPE))


def test_a_crash_after_the_old_meta_was_withdrawn_is_mended_by_publishing_again(
    tmp_path: Path,
) -> None:
    target = Target(tmp_path / "a.mp4")
    publish(target, meta(OLD, of=OLD_RECIPE), staged=staged(tmp_path, OLD), known_hashes=())
    target.meta.unlink()
    on_record = {hashlib.sha256(OLD).hexdigest()}

    publish(target, meta(NEW, of=NEW_RECIPE), staged=staged(tmp_path, NEW), known_hashes=on_record)

    assert target.clip.read_bytes() == NEW
    assert target.holds(codec.fingerprint(NEW_RECIPE))


def test_a_crash_between_clip_and_meta_is_mended_by_publishing_again(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.mp4")
    target.clip.write_bytes(NEW)
    assert not target.holds(codec.fingerprint(NEW_RECIPE))

    publish(target, meta(NEW, of=NEW_RECIPE), staged=staged(tmp_path, NEW), known_hashes=())

    assert target.holds(codec.fingerprint(NEW_RECIPE))


def test_what_a_killed_publishing_left_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.mp4")
    (tmp_path / ".motionfleet-a-1-clip.tmp").write_bytes(b"half a cl")
    (tmp_path / ".motionfleet-a-1-meta.tmp").write_bytes(b"{")

    publish(target, meta(NEW, of=NEW_RECIPE), staged=staged(tmp_path, NEW), known_hashes=())

    assert {path.name for path in tmp_path.iterdir()} == {
        "a.mp4",
        "a.video_meta.json",
        "staged.bin",
    }


def test_a_clip_someone_else_put_there_is_kept(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.mp4")
    target.clip.write_bytes(b"a wedding")

    with pytest.raises(TargetTaken) as refused:
        publish(target, meta(NEW, of=NEW_RECIPE), staged=staged(tmp_path, NEW), known_hashes=())

    assert "--out" in str(refused.value)
    assert target.clip.read_bytes() == b"a wedding"
    assert not target.meta.exists()


def test_a_clip_of_ours_that_someone_edited_is_theirs_now(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.mp4")
    publish(target, meta(OLD, of=OLD_RECIPE), staged=staged(tmp_path, OLD), known_hashes=())
    target.clip.write_bytes(b"colour-corrected by hand")

    with pytest.raises(TargetTaken):
        publish(target, meta(NEW, of=NEW_RECIPE), staged=staged(tmp_path, NEW), known_hashes=())

    assert target.clip.read_bytes() == b"colour-corrected by hand"


def test_a_failed_shot_leaves_its_reason_beside_the_picture(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.mp4")

    publish(target, meta(None, of=NEW_RECIPE), staged=None, known_hashes=())

    left = target.read_meta()
    assert left is not None
    assert left.reasons[0].code == "picture_truncated"
    assert not target.clip.exists()


def test_a_failed_redo_leaves_the_older_clip_published(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.mp4")
    publish(target, meta(OLD, of=OLD_RECIPE), staged=staged(tmp_path, OLD), known_hashes=())

    publish(target, meta(None, of=NEW_RECIPE), staged=None, known_hashes=())

    assert target.clip.read_bytes() == OLD
    assert target.holds(codec.fingerprint(OLD_RECIPE))


def test_a_disk_without_room_for_a_redo_leaves_the_older_clip_published(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.mp4")
    publish(target, meta(OLD, of=OLD_RECIPE), staged=staged(tmp_path, OLD), known_hashes=())
    in_the_way = tmp_path / ".motionfleet-a-1-meta.tmp"
    in_the_way.mkdir()

    with pytest.raises(FileUnwritable):
        publish(target, meta(NEW, of=NEW_RECIPE), staged=staged(tmp_path, NEW), known_hashes=())

    assert target.clip.read_bytes() == OLD
    assert target.holds(codec.fingerprint(OLD_RECIPE))
    assert not (tmp_path / ".motionfleet-a-1-clip.tmp").exists()


def test_the_older_meta_is_withdrawn_before_its_clip_is_replaced(tmp_path: Path) -> None:
    """A folder in the meta's place cannot be withdrawn; so the clip must not be touched yet."""
    target = Target(tmp_path / "a.mp4")
    target.clip.write_bytes(OLD)
    target.meta.mkdir()
    on_record = {hashlib.sha256(OLD).hexdigest()}

    with pytest.raises(FileUnwritable):
        publish(
            target, meta(NEW, of=NEW_RECIPE), staged=staged(tmp_path, NEW), known_hashes=on_record
        )

    assert target.clip.read_bytes() == OLD


def test_a_folder_that_is_gone_is_told_and_nothing_is_left_behind(tmp_path: Path) -> None:
    target = Target(tmp_path / "gone" / "a.mp4")

    with pytest.raises(FileUnwritable) as refused:
        publish(target, meta(NEW, of=NEW_RECIPE), staged=staged(tmp_path, NEW), known_hashes=())

    assert "ENOENT" in str(refused.value)


def test_nothing_is_published_while_another_program_moves_the_companions_and_all_after(
    tmp_path: Path,
) -> None:
    target = Target(tmp_path / "a.mp4")
    publish(target, meta(OLD, of=OLD_RECIPE), staged=staged(tmp_path, OLD), known_hashes=())

    def again() -> None:
        new = meta(NEW, of=NEW_RECIPE)
        publish(target, new, staged=staged(tmp_path, NEW), known_hashes=(), patience_s=0.0)

    with locked(tmp_path / "a.png"), pytest.raises(SetBusy) as caught:
        again()
    assert target.holds(codec.fingerprint(OLD_RECIPE))
    failure = failure_of(caught.value)
    assert isinstance(decide(failure, Past(tries=1), RetryPolicy()), TryAgain)

    again()
    assert target.holds(codec.fingerprint(NEW_RECIPE))
    assert not list(tmp_path.glob(".motionfleet-*"))


def test_a_failed_shot_waits_for_its_companions_too(tmp_path: Path) -> None:
    target = Target(tmp_path / "a.mp4")

    with locked(tmp_path / "a.png"), pytest.raises(SetBusy):
        publish(target, meta(None, of=NEW_RECIPE), staged=None, known_hashes=(), patience_s=0.0)

    assert not target.meta.exists()


PUBLISHING = """
import sys
from pathlib import Path
from companions import codec
from companions.video_meta import VideoMeta
from fleet.stages.publish import Target, publish

folder, clip, name, known = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:]
meta = codec.read(folder / f"{name}.meta", VideoMeta)
for _ in range(30):
    publish(
        Target(clip), meta, staged=folder / f"{name}.clip", known_hashes=known, patience_s=60.0
    )
"""


def test_publishers_of_one_clip_at_once_leave_a_clip_and_the_meta_that_describes_it(
    tmp_path: Path,
) -> None:
    folder, clip = tmp_path / "staging", tmp_path / "a.mp4"
    folder.mkdir()
    hashes = [hashlib.sha256(data).hexdigest() for data in (OLD, NEW)]
    for name, data, of in (("old", OLD, OLD_RECIPE), ("new", NEW, NEW_RECIPE)):
        (folder / f"{name}.clip").write_bytes(data)
        words = meta(data, of=of).model_copy(update={"shot_id": f"{name}-1"})
        codec.write(folder / f"{name}.meta", words)

    running = [
        subprocess.Popen([sys.executable, "-c", PUBLISHING, str(folder), str(clip), name, *hashes])
        for name in ("old", "new", "old", "new")
    ]

    assert [process.wait(timeout=240) for process in running] == [0, 0, 0, 0]
    target = Target(clip)
    published = target.read_meta()
    assert published is not None
    assert published.clip is not None
    assert hashlib.sha256(clip.read_bytes()).hexdigest() == published.clip.sha256
