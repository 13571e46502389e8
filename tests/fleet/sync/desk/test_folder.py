"""One sync of a folder: order of submissions, what waited, and one holder at a time."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from companions import codec
from companions.names import MANIFEST_SUFFIX
from companions.video_manifest import VideoManifest
from fleet.sync.desk.folder import Folder, elsewhere
from fleet.sync.desk.label import label_of
from fleet.sync.desk.set import LocalSet
from fleet.sync.desk.waiting import wait_for, waiting
from fleet.sync.errors import RequestRefused, SyncBusy
from tests.chaos import transit
from tests.fleet.making import sha256, small_picture
from tests.fleet.sync.desk.desks import ALL, PULL, PUSH, Desk, nearby
from tests.fleet.sync.sshd import ALIAS


def real(desk: Desk, name: str, *, days: int = 0, folder: Path | None = None) -> Path:
    """A manifest of one real picture, written so many days later than others."""
    root = folder or desk.folder
    picture = small_picture(root / f"{name}.png", shade=len(name))
    return transit.manifest_of(
        root / f"{name}{MANIFEST_SUFFIX}",
        [transit.shot_of(picture, root)],
        created_at=transit.WRITTEN + timedelta(days=days),
    )


def test_sets_are_submitted_in_the_order_they_were_written(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    newest, oldest, middle = real(desk, "a", days=3), real(desk, "b", days=1), real(desk, "c", days=2)  # fmt: skip  # noqa: E501

    done = desk.sync(ALL)

    assert [each.pushed.wanted.manifest for each in done.queued] == [oldest, middle, newest]


def test_sets_of_several_folders_are_submitted_in_one_order(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    newer = real(desk, "x", days=2, folder=desk.folder / "a")
    older = real(desk, "x", days=1, folder=desk.folder / "b")

    done = desk.sync(ALL)

    assert [each.pushed.wanted.manifest for each in done.queued] == [older, newer]


def test_an_older_manifest_never_takes_a_newer_ones_clips(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    newer = real(desk, "a", days=2)
    desk.sync(ALL)
    shots = codec.read(newer, VideoManifest).shots
    older = transit.manifest_of(desk.folder / f"older{MANIFEST_SUFFIX}", list(shots))

    done = desk.sync(ALL)

    assert done.queued == ()
    assert [str(older) in note for note in done.notes] == [True]
    assert "a newer manifest" in done.notes[0]


def test_an_older_manifest_of_other_pictures_is_submitted_all_the_same(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    real(desk, "a", days=2)
    desk.sync(ALL)
    older = real(desk, "b", days=1)

    assert [each.pushed.wanted.manifest for each in desk.sync(ALL).queued] == [older]


def test_a_push_submits_nothing_and_a_later_sync_does(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    real(desk, "a")

    assert desk.sync(PUSH).queued == ()
    assert [each.answer.new for each in desk.sync(ALL).queued] == [1]
    assert desk.sync(ALL).queued == ()


def test_a_pull_sends_nothing(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    real(desk, "a")

    desk.sync(PULL)

    assert transit.visible_sets(desk.inbox) == []


def test_what_waited_is_delivered_wherever_it_lies(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    other = tmp_path / "other"
    manifest = real(desk, "a", folder=other)
    wait_for(ALIAS, manifest, sha256=sha256(manifest), by="me", home=desk.home, now=transit.WRITTEN)

    done = desk.sync(ALL)

    assert [each.pushed.wanted.manifest for each in done.queued] == [manifest]
    assert waiting(desk.home, ALIAS).entries == []


def test_what_waited_and_was_changed_since_stays_and_is_told(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    manifest = real(desk, "a", folder=tmp_path / "other")
    wait_for(ALIAS, manifest, sha256="0" * 64, by="me", home=desk.home, now=transit.WRITTEN)

    done = desk.sync(ALL)

    assert done.queued == ()
    assert any("it was changed since" in note for note in done.notes)
    assert len(waiting(desk.home, ALIAS).entries) == 1


def test_a_submission_that_is_refused_there_is_told_and_tried_again(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    picture = small_picture(desk.folder / "a.png")
    shot = transit.shot_of(picture, desk.folder)
    params = shot.generation_params.model_copy(update={"model": "no-such-model"})
    bad = shot.model_copy(update={"generation_params": params})
    transit.manifest_of(desk.folder / f"a{MANIFEST_SUFFIX}", [bad])
    good = real(desk, "good", days=1)

    done = [desk.sync(ALL) for _ in range(2)]

    assert [[type(each.error) for each in once.problems] for once in done] == [[RequestRefused]] * 2
    assert "no-such-model" in str(done[0].problems[0].error)
    assert [each.pushed.wanted.manifest for each in done[0].queued] == [good]


def test_another_process_is_named_and_nothing_is_done(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    real(desk, "a")
    label = label_of(desk.folder, home=desk.home)
    holding = (
        "import sys; from pathlib import Path; from fleet.home import Home;"
        "from fleet.sync.desk.lock import held\n"
        f"with held({{{label!r}: Path('x')}}, home=Home(Path({str(desk.home.root)!r})),"
        f" host={ALIAS!r}):\n print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(SyncBusy) as told:
            desk.sync(PUSH)
        other.communicate(timeout=20.0)

    assert f"process {other.pid}" in str(told.value)
    assert transit.visible_sets(desk.inbox) == []
    assert len(desk.sync(PUSH).pushed) == 1  # a dead one holds nothing


def test_two_folders_may_be_synced_at_once(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    from fleet.sync.desk.lock import held

    with (
        held({"one-00000000": tmp_path}, home=desk.home, host=ALIAS),
        held({"two-00000000": tmp_path}, home=desk.home, host=ALIAS),
        held({"one-00000000": tmp_path}, home=desk.home, host="another"),
    ):
        pass


def made(folder: Path, picture: str, *, at: float) -> LocalSet:
    return LocalSet(folder / "m", "0" * 64, at, 1, (picture,), {picture: "0" * 64})


def test_the_newest_manifest_decides_a_place_that_two_folders_name() -> None:
    above, inner = Path("/stills"), Path("/stills/day")
    folders = [
        Folder(above, "above", (made(above, "day/a.jpg", at=1.0), made(above, "b.jpg", at=1.0))),
        Folder(inner, "inner", (made(inner, "a.jpg", at=2.0),)),
    ]

    assert elsewhere(folders) == {"above": frozenset({"day/a.jpg"}), "inner": frozenset()}
    assert elsewhere(folders[:1]) == {}
