"""A master on its way through the head: staged, kept over a restart, published, described."""

from __future__ import annotations

from pathlib import Path

from companions.video_manifest import Master
from fleet.dispatcher.reconcile import reconcile
from fleet.jobs.model import Stage
from fleet.stages.arrival import masters_of, staged_master
from tests.fleet.invariants.small_fleet import SmallFleet

MASTER = b"every frame, lossless"


def staged_clip(fleet: SmallFleet) -> Path:
    """The clip of a shot whose products wait to be published."""
    fleet.submit("a")
    fleet.generate()
    lease = fleet.finish(master=MASTER)
    return fleet.home.staging / f"{lease.shot.id}.{lease.token[:8]}.mp4"


def start_again(fleet: SmallFleet) -> None:
    ledger = fleet.ledger()
    reconcile(ledger.database, fleet.home)
    ledger.close()


def test_a_restart_keeps_what_is_staged_and_lets_go_of_what_nobody_counts_on(
    tmp_path: Path,
) -> None:
    fleet = SmallFleet(tmp_path)
    clip = staged_clip(fleet)
    stray = clip.with_name("b-0.0123abcd.master.mov")
    stray.write_bytes(b"the clip's record never came to be")

    start_again(fleet)

    assert set(fleet.home.staging.iterdir()) == {clip, staged_master(clip, Master.FFV1)}
    assert fleet.is_queued(Stage.PUBLISH)


def test_a_clip_whose_master_left_staging_is_made_again(tmp_path: Path) -> None:
    fleet = SmallFleet(tmp_path)
    clip = staged_clip(fleet)
    staged_master(clip, Master.FFV1).write_bytes(MASTER[:-1])

    start_again(fleet)

    assert list(fleet.home.staging.iterdir()) == []
    assert not fleet.is_queued(Stage.PUBLISH)


def test_published_the_meta_tells_of_the_master_and_staging_is_empty(tmp_path: Path) -> None:
    fleet = SmallFleet(tmp_path)
    clip = staged_clip(fleet)
    assert fleet.broken() == set()

    fleet.publish()

    target = fleet.target("a")
    meta = target.read_meta()
    assert meta is not None
    assert meta.master is not None
    assert meta.master.file == "a.master.mkv"
    assert target.master(Master.FFV1).read_bytes() == MASTER
    assert not any(path.exists() for path in (clip, *masters_of([clip])))
    assert fleet.broken() == set()
