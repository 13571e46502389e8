"""``fleet push|pull|sync HOST [DIR]``, as a person or a nightly job gives them; a real sshd."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from companions.names import CLIP_SUFFIX
from tests.acceptance.cli import command, environment, fleet, killed_when
from tests.chaos import transit
from tests.fleet.sync.sshd import ALIAS, Sshd

SIZE = 20_000


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def desk(tmp_path: Path, host: Sshd) -> transit.Desk:
    return transit.desk(tmp_path, host)


def test_a_folder_goes_there_and_its_clips_come_back(desk: transit.Desk, host: Sshd) -> None:
    manifest = transit.shoot(desk.folder, pictures=6, size_bytes=SIZE, seed=1)

    sent = fleet(desk.home, "push", ALIAS, desk.folder)

    inbox = transit.inbox_of(host)
    (there,) = transit.visible_sets(inbox)
    assert sent.code == 0, sent.err
    assert sent.out.split() == [str(manifest), "sent", "6", "0.1"]
    assert f"{ALIAS}: rsync" in sent.err
    assert "1 set sent (6 files, 0.1 MB)" in sent.err
    assert transit.fault_of_set(there) is None

    published = transit.results(
        transit.outbox_of(host) / transit.label_of(inbox), manifest, size_bytes=SIZE, failed=1
    )
    got = fleet(desk.home, "pull", ALIAS, desk.folder)

    assert got.code == 0, got.err
    assert sorted(got.out.splitlines()) == sorted(str(desk.folder / path) for path in published)
    assert transit.fault_of_results(desk.folder, [published]) is None
    assert f"{ALIAS}: nothing new" in fleet(desk.home, "pull", ALIAS, desk.folder).err
    again = fleet(desk.home, "sync", ALIAS, desk.folder, "--json").json()
    assert again["outcome"]["bytes_sent"] == again["outcome"]["bytes_fetched"] == 0


def test_a_dry_run_changes_nothing_on_either_side(desk: transit.Desk, host: Sshd) -> None:
    manifest = transit.shoot(desk.folder, pictures=2, size_bytes=SIZE, seed=1)
    before = sorted(transit.files_in(desk.folder))

    push = fleet(desk.home, "push", ALIAS, desk.folder, "--dry-run", "--json")

    assert push.json() == [
        {"manifest": str(manifest), "there": False, "files": 2, "size_bytes": 2 * SIZE,
         "error": None}
    ]  # fmt: skip
    assert sorted(transit.files_in(desk.folder)) == before
    assert transit.visible_sets(transit.inbox_of(host)) == []
    assert "would be sent" in fleet(desk.home, "push", ALIAS, desk.folder, "--dry-run").out

    fleet(desk.home, "push", ALIAS, desk.folder)
    outbox = transit.outbox_of(host) / transit.label_of(transit.inbox_of(host))
    published = transit.results(outbox, manifest, size_bytes=SIZE)
    (desk.folder / min(path for path in published if path.endswith(CLIP_SUFFIX))).touch()
    pull = fleet(desk.home, "pull", ALIAS, desk.folder, "--dry-run", "--json")

    (folder,) = pull.json()
    assert len(folder["files"]) == 2
    assert len(folder["conflicts"]) == 1
    assert len(list(desk.folder.rglob(f"*{CLIP_SUFFIX}"))) == 1
    push_again = fleet(desk.home, "push", ALIAS, desk.folder, "--dry-run", "--json")
    assert [each["there"] for each in push_again.json()] == [True]


def test_a_moved_folder_goes_on_and_a_copied_one_begins_anew(
    desk: transit.Desk, host: Sshd, tmp_path: Path
) -> None:
    transit.shoot(desk.folder, pictures=2, size_bytes=SIZE, seed=1)
    first = fleet(desk.home, "push", ALIAS, desk.folder, "--json").json()["sets"][0]

    moved = desk.folder.rename(tmp_path / "moved")
    after = fleet(desk.home, "push", ALIAS, moved, "--json").json()["sets"][0]
    copy = shutil.copytree(moved, tmp_path / "copy")
    copied = fleet(desk.home, "push", ALIAS, copy, "--json").json()["sets"][0]

    assert (after["label"], after["state"]) == (first["label"], "there")
    assert copied["label"] != first["label"]
    assert (copied["state"], copied["files"]) == ("sent", 0)  # its pictures are there already


def test_a_conflict_is_listed_and_the_exit_code_says_so(desk: transit.Desk, host: Sshd) -> None:
    manifest = transit.shoot(desk.folder, pictures=2, size_bytes=SIZE, seed=1)
    fleet(desk.home, "push", ALIAS, desk.folder)
    outbox = transit.outbox_of(host) / transit.label_of(transit.inbox_of(host))
    published = transit.results(outbox, manifest, size_bytes=SIZE)
    mine = desk.folder / min(path for path in published if path.endswith(CLIP_SUFFIX))
    mine.write_bytes(b"a person's")

    got = fleet(desk.home, "pull", ALIAS, desk.folder)

    assert got.code == 89
    assert f"{mine}\there\t" in got.out
    assert mine.read_bytes() == b"a person's"


def test_a_pull_that_was_killed_is_gone_on_with_and_nothing_half_is_seen(
    tmp_path: Path, host: Sshd
) -> None:
    desk = transit.desk(tmp_path, host, more="bandwidth_mbit_s = 200\n")
    manifest = transit.shoot(desk.folder, pictures=3, size_bytes=100, seed=1)
    fleet(desk.home, "push", ALIAS, desk.folder)
    outbox = transit.outbox_of(host) / transit.label_of(transit.inbox_of(host))
    published = transit.results(outbox, manifest, size_bytes=15_000_000)
    incoming = desk.folder / ".motionfleet-incoming"

    def some_of_it_is_there() -> bool:
        return _size(incoming) > 10_000_000

    killed_when(
        some_of_it_is_there, "pull", ALIAS, desk.folder, env=environment(desk.home),
        said=tmp_path / "said",
    )  # fmt: skip
    assert transit.fault_of_results(desk.folder, [published]) is None

    # The killed one's rsync may still be about to notice: until then the host answers, and what
    # it fetches goes into the private folder alone.
    done = fleet(desk.home, "pull", ALIAS, desk.folder)

    assert done.code == 0, done.err
    assert {path for path in published if (desk.folder / path).exists()} == set(published)
    assert transit.fault_of_results(desk.folder, [published]) is None
    assert not incoming.exists()


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def test_ctrl_c_ends_it_in_order_and_says_how_to_go_on(tmp_path: Path, host: Sshd) -> None:
    desk = transit.desk(tmp_path, host, more="bandwidth_mbit_s = 40\n")
    transit.shoot(desk.folder, pictures=10, size_bytes=2_000_000, seed=1)
    arriving = transit.inbox_of(host) / ".arriving"

    with subprocess.Popen(
        command("push", ALIAS, desk.folder), env=environment(desk.home), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 60.0
        while _size(arriving) < 1_000_000:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # As a terminal does it: to every process of the group.
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60.0)

    assert process.returncode == 130
    assert f"fleet push {ALIAS} {desk.folder}" in err
    assert "Traceback" not in err
    assert "Trying again" not in err
    assert transit.visible_sets(transit.inbox_of(host)) == []


def test_a_second_sync_says_who_is_at_work_and_leaves(tmp_path: Path, host: Sshd) -> None:
    desk = transit.desk(tmp_path, host, more="bandwidth_mbit_s = 8\n")
    transit.shoot(desk.folder, pictures=10, size_bytes=1_000_000, seed=1)
    arriving = transit.inbox_of(host) / ".arriving"

    with subprocess.Popen(
        command("push", ALIAS, desk.folder), env=environment(desk.home),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as first:  # fmt: skip
        try:
            deadline = time.monotonic() + 60.0
            while _size(arriving) == 0:
                assert first.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            second = fleet(desk.home, "sync", ALIAS, desk.folder)
        finally:
            first.kill()

    assert second.code == 88
    assert f"process {first.pid} on" in second.err


def test_all_folders_of_the_settings_in_one_command(tmp_path: Path, host: Sshd) -> None:
    folder = json.dumps(str(tmp_path / "shoot"))
    desk = transit.desk(tmp_path, host, more=f"folders = [{folder}]\n")
    transit.shoot(desk.folder, pictures=2, size_bytes=SIZE, seed=1)

    done = fleet(desk.home, "sync", ALIAS, "--all", "--patience", "0")

    (report,) = (desk.home / "sync" / "reports").iterdir()
    assert done.code == json.loads(report.read_text())["exit_code"] == 0
    assert f"report: {report}" in done.err
    both = fleet(desk.home, "sync", ALIAS, desk.folder, "--all")
    assert both.code == 2
    assert "leave DIR out" in both.err


def test_a_folder_of_the_settings_that_is_not_there_is_told_on_the_screen(
    tmp_path: Path, host: Sshd
) -> None:
    desk = transit.desk(tmp_path, host, more='folders = ["/nowhere/stills"]\n')

    done = fleet(desk.home, "sync", ALIAS, "--all", "--patience", "0")

    assert done.code == 89
    assert "/nowhere/stills" in done.err


@pytest.mark.parametrize("name", ["no-such-host.invalid", "../../evil", "-oProxyCommand=x"])
def test_a_host_that_nobody_knows_leaves_nothing_behind(
    desk: transit.Desk, tmp_path: Path, name: str
) -> None:
    before = sorted(transit.files_in(tmp_path))

    done = fleet(desk.home, "push", "--", name, desk.folder)

    assert done.code in {80, 81}, done.err
    assert sorted(transit.files_in(tmp_path)) == before


def test_a_folder_without_manifests_is_told(desk: transit.Desk) -> None:
    done = fleet(desk.home, "sync", ALIAS, desk.folder)

    assert done.code == 0
    assert "no manifests" in done.err


def test_a_folder_that_is_not_there_is_told(desk: transit.Desk, tmp_path: Path) -> None:
    assert fleet(desk.home, "push", ALIAS, tmp_path / "nowhere").code == 2
