"""Sets to a host over a real sshd: equal there, once, and only what is missing travels."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from companions.names import MANIFEST_SUFFIX
from fleet.sync.desk.folder import Problem, Synced
from fleet.sync.desk.push import Delivery
from fleet.sync.errors import AnswerRefused, SetStale
from tests.chaos import transit
from tests.fleet.sync.desk.desks import PUSH, Desk, hostile, nearby, over_ssh
from tests.fleet.sync.desk.masked import masked
from tests.fleet.sync.sshd import Sshd

SIZE = 5_000


def sent(done: Synced) -> list[tuple[str, int, int]]:
    """State, files and bytes of every set."""
    return [(each.state.value, each.files, each.size_bytes) for each in done.pushed]


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Which file each is, and when it was changed in any way."""
    facts = {path: (folder / path).stat() for path in transit.files_in(folder)}
    return {path: (each.st_ino, each.st_ctime_ns) for path, each in facts.items()}


def kinds(problems: tuple[Problem, ...]) -> list[type[Exception]]:
    return [type(problem.error) for problem in problems]


def test_a_set_arrives_whole_and_the_second_push_moves_nothing(tmp_path: Path, host: Sshd) -> None:
    desk = over_ssh(tmp_path, host)
    transit.shoot(desk.folder, pictures=7, size_bytes=SIZE, seed=1)

    first = desk.sync(PUSH)
    (there,) = transit.visible_sets(desk.inbox)
    before = stamps(there)
    second = desk.sync(PUSH)

    assert transit.fault_of_set(there) is None
    assert sent(first) == [("sent", 7, 7 * SIZE)]
    assert sent(second) == [("there", 0, 0)]
    assert stamps(there) == before
    assert first.problems == second.problems == ()


@pytest.mark.parametrize("transport", ["rsync", "sftp"])
def test_an_edited_manifest_sends_only_what_is_new(
    tmp_path: Path, host: Sshd, transport: str
) -> None:
    desk = over_ssh(tmp_path, host, transport=transport)
    manifest = transit.shoot(desk.folder, pictures=5, size_bytes=SIZE, seed=1)
    desk.sync(PUSH)

    pictures = sorted(desk.folder.rglob("*.jpg"))
    pictures.append(pictures[0].with_name("one more.jpg"))
    pictures[-1].write_bytes(b"n" * 777)
    transit.manifest_of(manifest, [transit.shot_of(each, desk.folder) for each in pictures])
    done = desk.sync(PUSH)

    assert sent(done) == [("sent", 1, 777)]
    assert len(transit.visible_sets(desk.inbox)) == 2
    assert all(transit.fault_of_set(each) is None for each in transit.visible_sets(desk.inbox))


def test_a_renamed_picture_does_not_travel_again(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    transit.shoot(desk.folder, pictures=3, size_bytes=SIZE, seed=1)
    desk.sync(PUSH)
    (manifest,) = desk.folder.glob(f"*{MANIFEST_SUFFIX}")
    manifest.unlink()

    renamed = [each.rename(each.with_name(f"new-{each.name}"))
               for each in sorted(desk.folder.rglob("*.jpg"))]  # fmt: skip
    transit.manifest_of(manifest, [transit.shot_of(each, desk.folder) for each in renamed])

    assert sent(desk.sync(PUSH)) == [("sent", 0, 0)]


def test_masks_travel_with_their_pictures(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    _, mask = masked(desk.folder)

    assert sent(desk.sync(PUSH))[0][:2] == ("sent", 2)
    (there,) = transit.visible_sets(desk.inbox)
    assert (there / mask.name).read_bytes() == mask.read_bytes()


def test_a_changed_picture_keeps_its_set_and_no_other_from_going(
    tmp_path: Path, host: Sshd
) -> None:
    desk = over_ssh(tmp_path, host)
    transit.shoot(desk.folder, pictures=3, size_bytes=SIZE, seed=1, name="bad")
    good = transit.shoot(desk.folder, pictures=3, size_bytes=SIZE, seed=2, name="good")
    changed = next((desk.folder / "bad").rglob("*.jpg"))
    changed.write_bytes(b"edited since".ljust(SIZE, b"."))

    done = desk.sync(PUSH)

    assert [each.name for each in transit.visible_sets(desk.inbox)] == [transit.set_id(good)]
    assert kinds(done.problems) == [SetStale]
    assert changed.name in str(done.problems[0].error)
    assert "not the bytes that the manifest was written for" in str(done.problems[0].error)


def test_a_missing_picture_keeps_its_set_from_going_and_says_which(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    transit.shoot(desk.folder, pictures=3, size_bytes=SIZE, seed=1)
    gone = next(desk.folder.rglob("*.jpg"))
    gone.unlink()

    done = desk.sync(PUSH)

    assert transit.visible_sets(desk.inbox) == []
    assert kinds(done.problems) == [SetStale]
    assert gone.name in str(done.problems[0].error)


def test_a_picture_that_goes_while_it_is_sent_is_named_and_not_tried_again_and_again(
    tmp_path: Path, host: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = over_ssh(tmp_path, host, transport="rsync")
    transit.shoot(desk.folder, pictures=2, size_bytes=SIZE, seed=1)
    gone = next(desk.folder.rglob("*.jpg"))
    # An rsync to whom it happens; for --version it is the real one.
    stand_in = tmp_path / "bin" / "rsync"
    stand_in.parent.mkdir()
    stand_in.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {shutil.which("rsync")} --version\n'
        f'echo . >> "{tmp_path}/runs"\nrm -f "{gone}"\nexit 23\n'
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_in.parent}:{os.environ['PATH']}")

    done = desk.sync(PUSH)

    assert kinds(done.problems) == [SetStale]
    assert gone.name in str(done.problems[0].error)
    assert (tmp_path / "runs").read_text() == ".\n"


def test_a_set_that_is_there_needs_nothing_of_what_is_here(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    transit.shoot(desk.folder, pictures=3, size_bytes=SIZE, seed=1)
    desk.sync(PUSH)
    for picture in desk.folder.rglob("*.jpg"):
        picture.unlink()

    assert sent(desk.sync(PUSH)) == [("there", 0, 0)]


def test_a_file_that_was_removed_there_is_brought_back(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    transit.shoot(desk.folder, pictures=3, size_bytes=SIZE, seed=1)
    desk.sync(PUSH)
    (there,) = transit.visible_sets(desk.inbox)
    next(there.rglob("*.jpg")).unlink()

    done = desk.sync(PUSH)

    assert sent(done) == [("sent", 1, SIZE)]
    assert transit.fault_of_set(there) is None


def test_a_file_that_was_changed_there_is_kept_and_told(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    transit.shoot(desk.folder, pictures=3, size_bytes=SIZE, seed=1)
    desk.sync(PUSH)
    (there,) = transit.visible_sets(desk.inbox)
    changed = next(there.rglob("*.jpg"))
    changed.unlink()
    changed.write_bytes(b"somebody's")

    (pushed,) = desk.sync(PUSH).pushed

    assert pushed.state is Delivery.THERE
    assert pushed.altered == (changed.relative_to(there).as_posix(),)
    assert changed.read_bytes() == b"somebody's"


def test_manifests_that_cannot_be_read_are_told_and_the_others_go(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    transit.shoot(desk.folder, pictures=2, size_bytes=SIZE, seed=1)
    (desk.folder / f"torn{MANIFEST_SUFFIX}").write_text("{")

    done = desk.sync(PUSH)

    assert sent(done) == [("sent", 2, 2 * SIZE)]
    assert [Path(each.about).name for each in done.problems] == [f"torn{MANIFEST_SUFFIX}"]


def test_every_folder_with_manifests_is_a_label_of_its_own(tmp_path: Path) -> None:
    desk = nearby(tmp_path)
    for name in ("one", "two"):
        (desk.folder / name).mkdir()
        transit.shoot(desk.folder / name, pictures=2, size_bytes=SIZE, seed=len(name), name="same")

    done = desk.sync(PUSH)

    assert len({each.label for each in done.pushed}) == 2
    assert len(transit.visible_sets(desk.inbox)) == 2


def test_odd_names_arrive_as_they_are(tmp_path: Path, host: Sshd) -> None:
    desk = over_ssh(tmp_path, host)
    shots = []
    for number, name in enumerate(["-x.jpg", "#a b'\"$(x).jpg", "ü.jpg", "[a]*?.jpg", ";.jpg"]):
        (desk.folder / name).write_bytes(os.urandom(50 + number))
        shots.append(transit.shot_of(desk.folder / name, desk.folder))
    transit.manifest_of(desk.folder / f"odd{MANIFEST_SUFFIX}", shots)

    done = desk.sync(PUSH)

    assert done.problems == ()
    (there,) = transit.visible_sets(desk.inbox)
    assert transit.fault_of_set(there) is None


def test_a_host_that_wants_a_file_of_no_set_gets_nothing(tmp_path: Path) -> None:
    desk = _asked_for(tmp_path, {"say": "wanted", "published": False, "missing": ["id_rsa.jpg"],
                                 "into": str(tmp_path / "loot")})  # fmt: skip

    with pytest.raises(AnswerRefused, match="not of the set"):
        desk.sync(PUSH)

    assert not (tmp_path / "loot").exists()


def test_a_host_that_climbs_out_of_the_folder_is_not_understood(tmp_path: Path) -> None:
    desk = _asked_for(tmp_path, {"say": "wanted", "published": False,
                                 "missing": ["../../.ssh/id_rsa"], "into": "/"})  # fmt: skip

    with pytest.raises(AnswerRefused, match="no message"):
        desk.sync(PUSH)


def _asked_for(tmp_path: Path, wanted: dict[str, object]) -> Desk:
    desk = hostile(
        tmp_path,
        {
            "ask_sets": [{"say": "sets_held", "sets": []}],
            "offer": [wanted],
            "sent": [{"say": "verified", "published": True}],
            "given_up": [{"say": "let"}],
        },
    )
    transit.shoot(desk.folder, pictures=1, size_bytes=SIZE, seed=1)
    return desk


def test_what_the_desk_sends_is_what_the_manifest_says_and_not_what_the_disk_has(
    tmp_path: Path,
) -> None:
    desk = nearby(tmp_path)
    manifest = transit.shoot(desk.folder, pictures=2, size_bytes=SIZE, seed=1)
    desk.sync(PUSH)
    (there,) = transit.visible_sets(desk.inbox)

    assert there.name == hashlib.sha256(manifest.read_bytes()).hexdigest()[:16]
    assert (there / manifest.name).read_bytes() == manifest.read_bytes()
