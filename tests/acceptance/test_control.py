"""``fleet cancel|retry|pause|resume|priority|quarantine|archive|status|nodes``, as processes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from companions import codec
from companions.geometry import Rect
from companions.motion import Move
from companions.video_meta import Verdict, VideoMeta
from fleet.cli.control import Desk
from fleet.cli.output import Output
from fleet.ledger.database import Database
from fleet.ledger.lock import ProcessLock
from fleet.ledger.nodes import NodeRow, block, record_nodes
from fleet.settings import Home
from tests.acceptance.cli import Ran, command, environment, fleet
from tests.fleet.making import PHOTOS, photo, shot, small_picture, write_manifest

MOVE = Move(
    start_rect=Rect.of(0.0, 0.0, 0.9, 0.9), end_rect=Rect.of(0.1, 0.1, 0.9, 0.9), duration_sec=1.0
)


def manifest_of(folder: Path, name: str, count: int) -> Path:
    pictures = [small_picture(folder / f"{name}_{n}.png", shade=n) for n in range(count)]
    shots = [shot(picture, folder) for picture in pictures]
    return write_manifest(folder / f"{name}.video_manifest.json", shots, batch_id=name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def queued(tmp_path: Path, home: Path) -> Path:
    """Three shots that wait, and nothing at work."""
    manifest = manifest_of(tmp_path, "day1", 3)
    assert fleet(home, "submit", manifest, "--no-wait").code == 0
    return manifest


def states(home: Path) -> list[str]:
    return [row["state"] for row in fleet(home, "status", "--shots", "--json").json()]


def meta(folder: Path, stem: str) -> VideoMeta:
    return codec.read(folder / f"{stem}.video_meta.json", VideoMeta)


# -- cancel, quarantine, retry -------------------------------------------------------------------


def test_a_cancelled_shot_says_so_beside_its_picture_and_comes_back_by_retry(
    tmp_path: Path, home: Path, queued: Path
) -> None:
    ran = fleet(home, "cancel", "day1_1.png")

    assert (ran.code, ran.out) == (0, "1 shot withdrawn\n")
    assert "the next fleet submit" in ran.err
    assert states(home) == ["queued", "cancelled", "queued"]
    told = meta(tmp_path, "day1_1")
    assert (told.verdict, told.reasons[0].code) == (Verdict.CANCELLED, "cancelled")
    assert told.clip is None
    assert not (tmp_path / "day1_0.video_meta.json").exists()
    assert fleet(home, "retry", "day1").out == "1 shot to be made again\n"
    assert states(home) == ["queued"] * 3


def test_submitting_again_does_not_undo_a_cancel(home: Path, queued: Path) -> None:
    fleet(home, "cancel", "--all")

    again = fleet(home, "submit", queued, "--no-wait")

    assert again.code == 60
    assert "nothing to add" in again.err
    assert "fleet retry" in again.out


def test_cancel_all_asks_no_script_and_needs_no_answer(home: Path, queued: Path) -> None:
    ran = fleet(home, "cancel", "--all", "--json")

    assert len(ran.json()["shots"]) == 3
    assert ran.json()["at_work"] is False
    assert states(home) == ["cancelled"] * 3


def test_a_meta_that_could_not_be_written_is_written_by_the_same_command_again(
    tmp_path: Path, home: Path, queued: Path
) -> None:
    in_the_way = tmp_path / "day1_0.video_meta.json"
    in_the_way.mkdir()
    first = fleet(home, "cancel", "day1")
    in_the_way.rmdir()
    again = fleet(home, "cancel", "day1")

    assert (first.code, again.code) == (0, 0)
    assert "its meta was not written" in first.err
    assert again.out == "0 shots withdrawn\n"
    assert meta(tmp_path, "day1_0").verdict is Verdict.CANCELLED


def test_a_shot_that_is_set_aside_says_so_and_comes_back(
    tmp_path: Path, home: Path, queued: Path
) -> None:
    assert fleet(home, "quarantine", "day1_2.png").out == "1 shot taken aside\n"

    told = meta(tmp_path, "day1_2")
    assert (told.verdict, told.reasons[0].code) == (Verdict.QUARANTINED, "set_aside")
    assert fleet(home, "retry", "--all", "--failed").out == "1 shot to be made again\n"
    assert states(home) == ["queued"] * 3


def test_work_that_is_cancelled_stops_and_is_made_after_a_retry(tmp_path: Path, home: Path) -> None:
    many = 12  # more than are made while the command that cancels starts up
    pictures = [photo(PHOTOS[n % 4], tmp_path, as_name=f"p_{n}.png") for n in range(many)]
    shots = [shot(picture, tmp_path, move=MOVE, width=320, height=180) for picture in pictures]
    manifest = write_manifest(tmp_path / "m.video_manifest.json", shots)
    with subprocess.Popen(
        command("submit", manifest), env=environment(home), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if f"1/{many} pass" in line:
                break
        cancelled = fleet(home, "cancel", manifest, "--json").json()
        out, err = process.communicate(timeout=60)

    assert cancelled["at_work"] is True
    assert process.returncode == 60, err
    assert cancelled["shots"]
    assert out.count("\tcancelled\t") == len(cancelled["shots"])
    clips = len(list(tmp_path.glob("*.mp4")))
    assert clips + len(cancelled["shots"]) == many
    fleet(home, "retry", manifest)
    again = fleet(home, "submit", manifest)
    assert again.code == 0, again.err
    assert len(list(tmp_path.glob("*.mp4"))) == many
    assert states(home) == ["pass"] * many


def test_an_act_that_finds_nothing_to_do_says_why(home: Path, queued: Path) -> None:
    fleet(home, "cancel", "day1_0.png")

    again = fleet(home, "cancel", "day1_0.png")
    unneeded = fleet(home, "retry", "day1_1.png")

    assert (again.code, again.out) == (0, "0 shots withdrawn\n")
    assert "has ended already" in again.err
    assert (unneeded.code, unneeded.out) == (0, "0 shots to be made again\n")
    assert "nothing that is named needs it" in unneeded.err


def test_a_dispatcher_that_ends_of_a_cancel_was_at_work(home: Path, queued: Path) -> None:
    lock = ProcessLock(home / "dispatcher.lock")
    assert lock.acquire()
    database = Database(home / "ledger.sqlite3")
    desk = Desk(Home(home), database, Output(), as_json=True)

    before = desk.at_work
    lock.release()  # its last work was withdrawn, and it is gone

    assert before
    assert desk.at_work
    database.close()


# -- pause, resume, priority ----------------------------------------------------------------------


def test_what_is_paused_is_said_and_resumed(home: Path, queued: Path) -> None:
    assert fleet(home, "pause", "--project", "tests").out == "paused: project tests\n"
    assert fleet(home, "pause", "day1_0.png").out == "1 shot paused\n"

    told = fleet(home, "status", "--json").json()
    assert told["manifests"][0]["paused"] == "project"
    assert told["counts"] == {"held": 1, "queued": 2}
    assert "paused: project tests" in fleet(home, "status").err
    single = fleet(home, "resume", "day1_0.png")
    assert "fleet resume --project tests" in single.err
    assert fleet(home, "resume", "--all").out == "resumed: project tests\n"
    assert fleet(home, "status", "--json").json()["pauses"] == []


def test_a_shot_is_put_first(home: Path, queued: Path) -> None:
    assert fleet(home, "priority", "50", "day1_2.png").out == "1 shot of priority 50 now\n"

    rows = fleet(home, "status", "--shots", "--json").json()
    assert [row["priority"] for row in rows] == [0, 0, 50]
    assert fleet(home, "priority", "101", "day1").code == 2


def test_a_dispatcher_at_work_is_noticed(home: Path, queued: Path) -> None:
    lock = ProcessLock(home / "dispatcher.lock")
    assert lock.acquire()
    try:
        ran = fleet(home, "pause", "day1")
    finally:
        lock.release()

    assert "nothing is at work" not in ran.err
    assert "nothing is at work" in fleet(home, "resume", "day1").err


def test_a_name_that_fits_nothing_changes_nothing(home: Path, queued: Path) -> None:
    for verb in ("cancel", "retry", "pause", "resume", "quarantine"):
        ran = fleet(home, verb, "day1_0.png", "day7")
        assert (ran.code, "day1" in ran.err) == (62, True), verb
        assert fleet(home, verb).code == 2
    assert states(home) == ["queued"] * 3


# -- status ----------------------------------------------------------------------------------------


def test_status_counts_manifests_and_lists_shots_if_asked(
    tmp_path: Path, home: Path, queued: Path
) -> None:
    fleet(home, "submit", manifest_of(tmp_path, "day2", 2), "--no-wait")
    fleet(home, "cancel", "day2_0.png")

    def cells(ran: Ran) -> list[list[str]]:
        return [line.split("\t") for line in ran.out.splitlines()]

    assert [row[:7] for row in cells(fleet(home, "status"))] == [
        ["day2", "tests", "2", "0", "1", "1", "waiting"],
        ["day1", "tests", "3", "0", "3", "0", "waiting"],
    ]
    assert "4 queued, 1 cancelled" in fleet(home, "status").err
    listed = fleet(home, "status", "--manifest", "day2", "--unfinished")
    assert [row[2] for row in cells(listed)] == ["queued"]
    newest = fleet(home, "status", "--shots", "--limit", "2")
    assert [row[2] for row in cells(newest)] == ["cancelled", "queued"]
    assert "--limit 20" in newest.err
    assert "1 more manifests" in fleet(home, "status", "--limit", "1").err


# -- archive ---------------------------------------------------------------------------------------


def test_an_archived_manifest_is_still_shown_and_not_made_again(tmp_path: Path, home: Path) -> None:
    manifest = manifest_of(tmp_path, "day1", 2)
    assert fleet(home, "submit", manifest).code == 0
    clips = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.mp4")}
    shown = fleet(home, "show", "day1_0.png", "--json").json()

    planned = fleet(home, "archive", "--older-than", "0h", "--dry-run", "--json").json()
    done = fleet(home, "archive", "--older-than", "0h")

    assert [row["shots"] for row in planned["manifests"]] == [2]
    assert done.code == 0, done.err
    assert len(list((home / "archive").glob("*.sqlite3"))) == 1
    assert fleet(home, "status", "--json").json()["counts"] == {}
    assert fleet(home, "show", "day1_0.png", "--json").json() == shown
    again = fleet(home, "submit", manifest)
    assert again.code == 0, again.err
    assert "2 found in place" in again.err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.mp4")} == clips
    assert states(home) == ["pass", "pass"]
    assert len(clips) == 2


def test_a_time_that_is_none_is_refused(home: Path) -> None:
    assert fleet(home, "archive", "--older-than", "soon").code == 2


# -- nodes -----------------------------------------------------------------------------------------


def test_nodes_are_listed_drained_and_used_again(home: Path) -> None:
    row = NodeRow(
        name="gpu-1", node_id="1", address="10.0.0.1", alive=True, generation=1, interpolation=2,
        gpus=1.0, workers=3, busy=2,
    )  # fmt: skip
    database = Database(home / "ledger.sqlite3")
    record_nodes(database, [row], now=5.0)

    assert fleet(home, "nodes").out.split("\t")[:6] == ["gpu-1", "busy", "1", "2", "1", "2/3"]
    assert "2 shots end there first" in fleet(home, "nodes", "drain", "gpu-1").out
    assert [node["state"] for node in fleet(home, "nodes", "--json").json()] == ["draining"]
    block(database, "gpu-1", reason="everything failed", now=6.0)
    assert "everything failed" in fleet(home, "nodes").out
    assert fleet(home, "nodes", "use", "gpu-1", "--json").json()["state"] == "busy"
    refused = fleet(home, "nodes", "drain", "gpu-9")
    assert (refused.code, "gpu-1" in refused.err) == (61, True)
    database.close()
