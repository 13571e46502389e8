"""Results from a host: in place with every byte checked, and nothing of a person's lost."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from companions.errors import FileUnwritable, SetBusy
from companions.lock import locked
from companions.names import CLIP_SUFFIX, MANIFEST_SUFFIX, META_SUFFIX
from fleet.sync.desk.incoming import INCOMING
from fleet.sync.desk.progress import Told
from fleet.sync.desk.record import open_record
from tests.chaos import transit
from tests.fleet.sync.desk.desks import ALL, PULL, PUSH, Desk, nearby, over_ssh
from tests.fleet.sync.sshd import ALIAS, Sshd

SIZE = 4_096


def pushed(desk: Desk, *, pictures: int = 3, **values: int) -> tuple[Path, dict[str, str]]:
    """The folder's manifest, pushed, and its results as the host publishes them."""
    manifest = transit.shoot(desk.folder, pictures=pictures, size_bytes=100, seed=1)
    assert desk.sync(PUSH).problems == ()
    return manifest, transit.results(desk.clips, manifest, size_bytes=SIZE, **values)


def here(desk: Desk, published: Mapping[str, str]) -> dict[str, str]:
    """The hash of each of those that is here."""
    return {
        path: hashlib.sha256((desk.folder / path).read_bytes()).hexdigest()
        for path in published
        if (desk.folder / path).exists()
    }


def a_clip(published: Mapping[str, str]) -> str:
    return min(path for path in published if path.endswith(CLIP_SUFFIX))


@pytest.mark.parametrize("transport", ["rsync", "sftp"])
def test_results_come_once_and_are_what_the_host_has(
    tmp_path: Path, host: Sshd, transport: str
) -> None:
    desk = over_ssh(tmp_path, host, transport=transport)
    _, published = pushed(desk, pictures=5, failed=1)

    first = desk.sync(PULL)
    second = desk.sync(PULL)

    assert here(desk, published) == published
    (got,) = first.pulled
    assert (len(got.clips), len(got.metas), got.results) == (4, 5, 5)
    (again,) = second.pulled
    assert (again.clips, again.metas, again.size_bytes) == ((), (), 0)
    assert not (desk.folder / INCOMING).exists()
    assert first.problems == second.problems == ()


def test_a_newer_result_replaces_the_one_that_sync_wrote(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    manifest, _ = pushed(desk)
    desk.sync(PULL)

    newer = transit.results(desk.clips, manifest, size_bytes=SIZE, take=1)
    done = desk.sync(PULL)

    assert here(desk, newer) == newer
    assert len(done.pulled[0].clips) == 3


@pytest.mark.parametrize("suffix", [CLIP_SUFFIX, META_SUFFIX])
def test_a_file_that_sync_did_not_write_is_kept_and_told(tmp_path: Path, suffix: str) -> None:
    desk = nearby(tmp_path)
    _, published = pushed(desk)
    mine = desk.folder / a_clip(published).replace(CLIP_SUFFIX, suffix)
    mine.write_bytes(b"a person's own")

    (got,) = desk.sync(PULL).pulled

    assert mine.read_bytes() == b"a person's own"
    assert [kept.path for kept in got.conflicts] == [mine.relative_to(desk.folder).as_posix()]
    assert [kept.host_sha256 for kept in got.conflicts] == [published[got.conflicts[0].path]]
    assert len(got.clips) == 2  # the others came
    other = mine.with_name(
        mine.name.removesuffix(suffix) + (META_SUFFIX if suffix == CLIP_SUFFIX else CLIP_SUFFIX)
    )
    assert not other.exists()


def test_a_clip_that_was_edited_after_it_came_is_kept_when_a_newer_one_comes(
    tmp_path: Path,
) -> None:
    desk = nearby(tmp_path)
    manifest, published = pushed(desk)
    desk.sync(PULL)
    mine = desk.folder / a_clip(published)
    mine.write_bytes(b"graded by hand")
    transit.results(desk.clips, manifest, size_bytes=SIZE, take=1)

    (got,) = desk.sync(PULL).pulled

    assert mine.read_bytes() == b"graded by hand"
    assert [kept.path for kept in got.conflicts] == [a_clip(published)]


def test_the_same_bytes_put_there_by_hand_are_adopted(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    manifest, published = pushed(desk)
    for path in published:
        (desk.folder / path).write_bytes((desk.clips / path).read_bytes())
    (got,) = desk.sync(PULL).pulled
    assert (got.conflicts, got.clips) == ((), ())

    newer = transit.results(desk.clips, manifest, size_bytes=SIZE, take=1)
    (got,) = desk.sync(PULL).pulled

    assert got.conflicts == ()
    assert here(desk, newer) == newer


def test_a_clip_that_was_removed_here_comes_again(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    _, published = pushed(desk)
    desk.sync(PULL)
    (desk.folder / a_clip(published)).unlink()

    (got,) = desk.sync(PULL).pulled

    assert got.clips == (a_clip(published),)
    assert here(desk, published) == published


def test_a_failed_shots_meta_never_takes_a_published_clips_place(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    manifest, published = pushed(desk)
    desk.sync(PULL)
    for path in published:
        (desk.clips / path).unlink()
    transit.results(desk.clips, manifest, size_bytes=SIZE, failed=3)

    (got,) = desk.sync(PULL).pulled

    assert (got.metas, got.conflicts) == ((), ())
    assert here(desk, published) == published


def test_a_result_of_an_earlier_manifest_is_left_there_and_fetched_once(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    manifest, published = pushed(desk)
    pictures = sorted(desk.folder.rglob("*.jpg"))
    transit.manifest_of(
        manifest, [transit.shot_of(each, desk.folder, seed=99) for each in pictures]
    )
    desk.sync(PUSH)

    told: list[list[Told]] = [[], []]
    first, second = (desk.sync(PULL, tell=told[which].append).pulled[0] for which in (0, 1))

    assert here(desk, published) == {}
    assert (len(first.outdated), len(second.outdated)) == (3, 3)
    assert first.refused == second.refused == ()
    assert told[0] != []
    assert told[1] == []  # nothing travelled


def test_a_host_that_publishes_meanwhile_is_asked_once_more(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    manifest, _ = pushed(desk)
    # What a fleet leaves for a moment between two renames: the newer clip, the older meta.
    clip = next(desk.clips.rglob(f"*{CLIP_SUFFIX}"))
    size = clip.stat().st_size
    clip.write_bytes(transit.clip_bytes(size, seed=(77, 77)))

    done = desk.sync(PULL)

    assert [error.code for error in done.pulled[0].refused] == ["answer_refused"]
    assert len(done.pulled[0].clips) == 2
    assert not list(desk.folder.rglob(clip.name))

    newer = transit.results(desk.clips, manifest, size_bytes=SIZE, take=1)
    assert desk.sync(PULL).problems == ()
    assert here(desk, newer) == newer
    assert not (desk.folder / INCOMING).exists()


def test_a_picture_that_another_program_holds_is_told_and_the_others_come(
    tmp_path: Path,
) -> None:
    desk = nearby(tmp_path)
    _, published = pushed(desk, pictures=2)
    held = desk.folder / a_clip(published)

    with locked(held):
        done = desk.sync(PULL)

    assert [type(each.error) for each in done.problems] == [SetBusy]
    assert len(done.pulled[0].clips) == 1
    assert desk.sync(PULL).problems == ()
    assert here(desk, published) == published


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    pushed(desk)
    (desk.folder / INCOMING).write_text("in the way")

    done = desk.sync(PULL)

    assert [type(each.error) for each in done.problems] == [FileUnwritable]
    assert INCOMING in str(done.problems[0].error)


def test_an_incoming_folder_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    pushed(desk)
    (tmp_path / "elsewhere").mkdir()
    (desk.folder / INCOMING).symlink_to(tmp_path / "elsewhere")

    done = desk.sync(PULL)

    assert [type(each.error) for each in done.problems] == [FileUnwritable]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_clips_belong_to_whoever_pulls_with_the_usual_rights(tmp_path: Path, host: Sshd) -> None:
    desk = over_ssh(tmp_path, host)
    _, published = pushed(desk)
    before = os.umask(0o027)
    try:
        desk.sync(PULL)
    finally:
        os.umask(before)

    assert {(desk.folder / path).stat().st_mode & 0o777 for path in published} == {0o640}


def test_what_was_half_fetched_by_a_killed_pull_is_gone_on_with(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    _, published = pushed(desk)
    half = desk.folder / INCOMING / ALIAS / a_clip(published)
    half.parent.mkdir(parents=True)
    half.write_bytes((desk.clips / a_clip(published)).read_bytes()[:1000])

    assert desk.sync(PULL).problems == ()

    assert here(desk, published) == published
    assert not (desk.folder / INCOMING).exists()


def test_without_its_record_sync_treats_its_own_files_as_a_strangers(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    manifest, published = pushed(desk)
    desk.sync(PULL)
    for path in desk.home.sync.glob(f"{ALIAS}.sqlite3*"):
        path.unlink()
    transit.results(desk.clips, manifest, size_bytes=SIZE, take=1)

    (got,) = desk.sync(PULL).pulled

    assert len(got.conflicts) == 3
    assert here(desk, published) == published


def test_one_place_that_two_manifests_name_follows_the_newer(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    inner = desk.folder / "inner"
    inner.mkdir()
    picture = inner / "a.jpg"
    picture.write_bytes(b"a picture")
    outer = transit.manifest_of(
        desk.folder / f"outer{MANIFEST_SUFFIX}", [transit.shot_of(picture, desk.folder, seed=1)]
    )
    newer = transit.WRITTEN.replace(year=2027)
    own = transit.manifest_of(
        inner / f"a{MANIFEST_SUFFIX}", [transit.shot_of(picture, inner, seed=2)], created_at=newer
    )
    labels = {each.wanted.manifest: each.label for each in desk.sync(PUSH).pushed}
    transit.results(desk.outbox / labels[outer], outer, size_bytes=SIZE, take=1)
    wanted = transit.results(desk.outbox / labels[own], own, size_bytes=SIZE, take=2)

    done = [desk.sync(PULL) for _ in range(2)]

    assert [len(each.clips) for each in done[0].pulled] in ([0, 1], [1, 0])
    assert [len(each.clips) for each in done[1].pulled] == [0, 0]
    assert hashlib.sha256((inner / "a.mp4").read_bytes()).hexdigest() == wanted["a.mp4"]


def test_a_sync_submits_what_never_was_and_only_once(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    first = transit.shoot(desk.folder, pictures=2, size_bytes=100, seed=1, name="first")
    for path in desk.folder.rglob("*.jpg"):
        path.write_bytes(transit_picture(path))
    rewrite(first, desk)

    done = [desk.sync(ALL) for _ in range(2)]

    assert [each.answer.new for each in done[0].queued] == [2]
    assert done[1].queued == ()
    with open_record(desk.home, ALIAS) as record:
        assert len(record.delivered(desk.label())) == 1


def transit_picture(path: Path) -> bytes:
    """The bytes of a real small picture."""
    from tests.fleet.making import small_picture

    made = small_picture(path.with_suffix(".png"), shade=len(path.name))
    data = made.read_bytes()
    made.unlink()
    return data


def rewrite(manifest: Path, desk: Desk) -> None:
    pictures = sorted(desk.folder.rglob("*.jpg"))
    transit.manifest_of(manifest, [transit.shot_of(each, desk.folder) for each in pictures])
