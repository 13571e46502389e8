"""Publishing: clip, then meta; whole or absent; nothing that is not ours is touched."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from companions import codec
from companions.errors import FileUnwritable, SetBusy
from companions.lock import locked
from companions.timing import parse_rate
from companions.video_manifest import Codec, Master, Recipe
from companions.video_meta import (
    ClipFacts,
    Cost,
    ManifestUsed,
    MasterFacts,
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


OLD_MASTER, NEW_MASTER = b"old frames", b"the new frames, all of them"


def master_facts(data: bytes, kind: Master) -> MasterFacts:
    return MasterFacts(
        file=f"a{kind.suffix}",
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        frames=12,
        master=kind,
    )


@dataclass(frozen=True)
class Product:
    """A clip and its master, their recipe, and where they are staged."""

    clip: bytes
    master: bytes
    of: Recipe
    kind: Master = Master.FFV1

    @property
    def meta(self) -> VideoMeta:
        facts = master_facts(self.master, self.kind)
        return meta(self.clip, of=self.of).model_copy(update={"master": facts})

    def stage(self, folder: Path) -> Path:
        (folder / f"staged{self.kind.suffix}").write_bytes(self.master)
        return staged(folder, self.clip)

    def publish(self, target: Target, folder: Path) -> None:
        publish(target, self.meta, staged=self.stage(folder), known_hashes=())


BEFORE = Product(OLD, OLD_MASTER, OLD_RECIPE)
AFTER = Product(NEW, NEW_MASTER, NEW_RECIPE)


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """A folder for what is staged."""
    folder = tmp_path / "staging"
    folder.mkdir()
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """Where it is published."""
    folder = tmp_path / "out"
    folder.mkdir()
    return Target(folder / "a.mp4")


def names_beside(target: Target) -> set[str]:
    return {path.name for path in target.clip.parent.iterdir() if path.suffix != ".lock"}


def test_a_master_takes_its_place_beside_its_clip(target: Target, away: Path) -> None:
    AFTER.publish(target, away)

    assert target.master(Master.FFV1).read_bytes() == NEW_MASTER
    assert target.clip.read_bytes() == NEW
    assert names_beside(target) == {"a.mp4", "a.master.mkv", "a.video_meta.json"}
    assert target.holds(codec.fingerprint(NEW_RECIPE))


def test_a_clip_whose_master_is_gone_is_not_held_to_be_published(
    target: Target, away: Path
) -> None:
    AFTER.publish(target, away)
    target.master(Master.FFV1).unlink()

    assert not target.holds(codec.fingerprint(NEW_RECIPE))
    AFTER.publish(target, away)
    assert target.holds(codec.fingerprint(NEW_RECIPE))


def test_publishing_a_master_again_changes_nothing(target: Target, away: Path) -> None:
    AFTER.publish(target, away)
    before = target.master(Master.FFV1).stat()

    AFTER.publish(target, away)

    after = target.master(Master.FFV1).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_redo_replaces_its_older_master(target: Target, away: Path) -> None:
    BEFORE.publish(target, away)

    AFTER.publish(target, away)

    assert target.master(Master.FFV1).read_bytes() == NEW_MASTER
    assert target.holds(codec.fingerprint(NEW_RECIPE))


def test_a_redo_of_another_kind_leaves_no_master_that_nobody_tells_of(
    target: Target, away: Path
) -> None:
    BEFORE.publish(target, away)

    Product(NEW, NEW_MASTER, NEW_RECIPE, Master.PRORES).publish(target, away)

    assert names_beside(target) == {"a.mp4", "a.master.mov", "a.video_meta.json"}


@pytest.mark.parametrize("clip", [NEW, OLD], ids=["another clip", "the same clip"])
def test_a_redo_without_a_master_takes_the_older_one_away(
    clip: bytes, target: Target, away: Path
) -> None:
    BEFORE.publish(target, away)

    publish(target, meta(clip, of=NEW_RECIPE), staged=staged(away, clip), known_hashes=())

    assert names_beside(target) == {"a.mp4", "a.video_meta.json"}
    assert target.holds(codec.fingerprint(NEW_RECIPE))


def test_a_master_someone_else_put_there_is_kept_and_so_is_everything_else(
    target: Target, away: Path
) -> None:
    publish(target, meta(OLD, of=OLD_RECIPE), staged=staged(away, OLD), known_hashes=())
    target.master(Master.FFV1).write_bytes(b"a wedding, uncompressed")

    with pytest.raises(TargetTaken) as refused:
        AFTER.publish(target, away)

    assert "a.master.mkv" in str(refused.value)
    assert target.master(Master.FFV1).read_bytes() == b"a wedding, uncompressed"
    assert target.holds(codec.fingerprint(OLD_RECIPE))


def test_a_master_of_ours_that_someone_edited_is_theirs_now(target: Target, away: Path) -> None:
    BEFORE.publish(target, away)
    target.master(Master.FFV1).write_bytes(b"graded by hand")

    publish(target, meta(NEW, of=NEW_RECIPE), staged=staged(away, NEW), known_hashes=())

    assert target.master(Master.FFV1).read_bytes() == b"graded by hand"
    with pytest.raises(TargetTaken):
        AFTER.publish(target, away)


def test_a_disk_without_room_for_a_new_master_leaves_the_older_products_published(
    target: Target, away: Path
) -> None:
    BEFORE.publish(target, away)
    (target.clip.parent / ".motionfleet-a-1-master.tmp").mkdir()

    with pytest.raises(FileUnwritable):
        AFTER.publish(target, away)

    assert target.holds(codec.fingerprint(OLD_RECIPE))
    assert target.master(Master.FFV1).read_bytes() == OLD_MASTER


def test_a_staged_master_that_is_gone_costs_no_published_clip(target: Target, away: Path) -> None:
    BEFORE.publish(target, away)
    clip = AFTER.stage(away)
    (away / "staged.master.mkv").unlink()

    with pytest.raises(FileUnwritable):
        publish(target, AFTER.meta, staged=clip, known_hashes=())

    assert target.holds(codec.fingerprint(OLD_RECIPE))


def publish_killed_at(step: int, target: Target, new: VideoMeta, clip: Path) -> bool:
    """Publish in a process that ends like a crash at the ``step``-th change of a name; whether it
    came to that."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    left = step

    def watching(event: str, _: object) -> None:
        nonlocal left
        if event in {"os.rename", "os.remove"}:
            left -= 1
            if left < 0:
                os._exit(9)

    sys.addaudithook(watching)
    publish(target, new, staged=clip, known_hashes={hashlib.sha256(OLD).hexdigest()})
    os._exit(0)


def test_killed_at_every_step_it_never_leaves_a_meta_that_tells_of_what_is_not_there(
    target: Target, away: Path
) -> None:
    steps = 0
    while True:
        for path in target.clip.parent.iterdir():
            path.unlink()
        BEFORE.publish(target, away)
        killed = publish_killed_at(steps, target, AFTER.meta, AFTER.stage(away))
        told = target.read_meta()
        if told is not None and told.clip is not None:
            assert hashlib.sha256(target.clip.read_bytes()).hexdigest() == told.clip.sha256
            master = target.master(Master.FFV1)
            if master.exists():
                assert told.master is not None
                assert hashlib.sha256(master.read_bytes()).hexdigest() == told.master.sha256
        on_record = {hashlib.sha256(OLD).hexdigest()}
        publish(target, AFTER.meta, staged=AFTER.stage(away), known_hashes=on_record)
        assert target.holds(codec.fingerprint(NEW_RECIPE))
        assert target.master(Master.FFV1).read_bytes() == NEW_MASTER
        if not killed:
            break
        steps += 1

    assert steps > 5
