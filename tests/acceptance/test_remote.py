"""``fleet submit|status|cancel|watch --host``, as processes, against a real ssh server."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from companions import codec
from companions.video_meta import VideoMeta
from fleet.home import Home
from fleet.ledger import reading
from fleet.sync.desk.waiting import waiting
from tests.acceptance.cli import command, environment, fleet
from tests.acceptance.standing import take_down
from tests.fleet.ledger.filling import break_one, make, manifest, submit
from tests.fleet.making import shot, small_picture, write_manifest
from tests.fleet.sync.sshd import ALIAS, Sshd
from tests.fleet.sync.work.world import at_work, making, opened, until


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def far(host: Sshd) -> Home:
    """The home of the fleet there."""
    return Home(host.home)


@pytest.fixture
def home(tmp_path: Path, host: Sshd) -> Path:
    """The desk's, which knows the host."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "settings.toml").write_text(host.settings)
    return folder


@pytest.fixture
def day1(tmp_path: Path) -> Path:
    return manifest_of(tmp_path / "stills", "day1", 2)


def manifest_of(folder: Path, name: str, count: int) -> Path:
    pictures = [small_picture(folder / f"{name}_{n}.png", shade=n) for n in range(count)]
    shots = [shot(picture, folder) for picture in pictures]
    return write_manifest(folder / f"{name}.video_manifest.json", shots, batch_id=name)


def there(far: Home) -> list[str]:
    """What the fleet there has, as picture and verdict."""
    with opened(far) as ledger:
        return [
            f"{row.image_path} {row.verdict or 'open'}" for row in reading.shots(ledger.database)
        ]


def test_a_submission_goes_across_and_its_clips_come_back(
    home: Path, far: Home, day1: Path
) -> None:
    (far.root / "settings.toml").write_text("object_store_mb = 100\n")
    day2 = manifest_of(day1.parent, "day2", 1)
    try:
        assert fleet(far.root, "up").code == 0
        done = fleet(home, "submit", day1, "--host", ALIAS, "--json")
        again = fleet(home, "submit", day1, "--host", ALIAS)
        (day1.parent / "day2_0.mp4").write_bytes(b"a film of my own")
        taken = fleet(home, "submit", day2, "--host", ALIAS, "--json")
    finally:
        take_down(far)

    assert done.code == 0, done.err
    assert [row["state"] for row in done.json()] == ["pass", "pass"]
    clips = [day1.parent / f"day1_{number}.mp4" for number in range(2)]
    assert [row["clip"] for row in done.json()] == [str(clip) for clip in clips]
    meta = codec.read(day1.parent / "day1_0.video_meta.json", VideoMeta)
    assert meta.clip is not None
    assert clips[0].stat().st_size == meta.clip.size_bytes
    assert "2/2 pass" in done.err
    assert (again.code, again.out.count("\tpass\t")) == (0, 2)
    assert "2 already known; nothing to add" in again.err
    assert taken.code == 89, taken.err
    assert f"{day2.parent / 'day2_0.mp4'} stays: sync did not write it" in taken.err
    (row,) = taken.json()
    assert row["state"] == "pass"
    assert row["clip"].startswith(f"{ALIAS}:{far.outbox}/")
    assert (day2.parent / "day2_0.mp4").read_bytes() == b"a film of my own"


def test_where_nothing_is_at_work_the_shots_wait_there_and_nobody_waits_here(
    home: Path, far: Home, day1: Path
) -> None:
    done = fleet(home, "submit", day1, "--host", ALIAS)

    assert done.code == 0, done.err
    assert "files go by" in done.err
    assert f"nothing is at work on {ALIAS}" in done.err
    assert f"ssh {ALIAS}" in done.err
    assert done.err.rstrip().endswith("fleet up")
    assert [line.split("\t")[:2] for line in done.out.splitlines()] == [
        ["day1_0.png", "queued"], ["day1_1.png", "queued"]
    ]  # fmt: skip
    assert there(far) == ["day1_0.png open", "day1_1.png open"]


def test_a_dry_run_sends_nothing_and_leaves_no_trace(home: Path, far: Home, day1: Path) -> None:
    before = sorted(day1.parent.iterdir())

    ran = fleet(home, "submit", day1, "--host", ALIAS, "--dry-run", "--json")

    assert ran.code == 0, ran.err
    (row,) = ran.json()
    size = sum((day1.parent / f"day1_{n}.png").stat().st_size for n in range(2))
    assert (row["shots"], row["files"], row["size_bytes"]) == (2, 2, size)
    assert row["plan"] == "would be sent and submitted"
    assert sorted(day1.parent.iterdir()) == before
    assert not far.inbox.exists() or not any(far.inbox.rglob("*.png"))
    assert not far.ledger.exists()


def test_a_host_decides_itself_where_clips_lie(home: Path, day1: Path, tmp_path: Path) -> None:
    refused = fleet(home, "submit", day1, "--host", ALIAS, "--out", tmp_path / "clips")

    assert refused.code == 2
    assert "no --out" in refused.err.replace("\n", " ")


def test_of_manifests_submitted_together_none_is_queued_where_one_cannot_be(
    home: Path, far: Home, day1: Path, tmp_path: Path
) -> None:
    stale = manifest_of(tmp_path / "more", "day2", 3)
    small_picture(stale.parent / "day2_2.png", shade=99)

    refused = fleet(home, "submit", day1, stale, "--host", ALIAS)

    assert refused.code == 87, refused.err
    assert "day2_2.png" in refused.err
    assert not far.ledger.exists() or there(far) == []


def test_a_host_that_nobody_knows_leaves_no_trace_here(home: Path, day1: Path) -> None:
    settings = home / "settings.toml"
    settings.write_text(settings.read_text() + '[hosts.disk]\ntransport = "local"\n'
                        'fleet = "/nowhere/fleet"\n')  # fmt: skip

    refused = fleet(home, "submit", day1, "--host", "disk")

    assert refused.code == 84, refused.err
    assert sorted(path.name for path in home.iterdir()) == ["settings.toml"]


def test_a_submission_to_a_host_that_is_away_waits_and_goes_with_the_next(
    home: Path, far: Home, host: Sshd, day1: Path, tmp_path: Path
) -> None:
    host.stop()
    away = [fleet(home, "submit", day1, "--host", ALIAS) for _ in range(2)]
    shown = fleet(home, "status", "--host", ALIAS)
    host.start()
    seen = fleet(home, "status", "--host", ALIAS, "--json").json()
    day2 = manifest_of(tmp_path / "more", "day2", 1)

    next_one = fleet(home, "submit", day2, "--host", ALIAS, "--no-wait")

    assert [each.code for each in away] == [90, 90]
    assert f"fleet sync {ALIAS}" in away[0].err
    assert (shown.code, str(day1) in shown.err) == (81, True)
    assert [each["manifest"] for each in seen["waiting_here"]] == [str(day1)]
    assert next_one.code == 0, next_one.err
    assert there(far) == ["day1_0.png open", "day1_1.png open", "day2_0.png open"]
    assert next_one.out.count("\n") == 1, "the shots of another command are listed"
    assert waiting(Home(home), ALIAS).entries == []


def test_a_manifest_that_changed_while_it_waited_is_told_and_kept_until_it_is_dropped(
    home: Path, far: Home, host: Sshd, day1: Path, tmp_path: Path
) -> None:
    host.stop()
    fleet(home, "submit", day1, "--host", ALIAS)
    day1.write_bytes(day1.read_bytes() + b"\n")
    host.start()
    day2 = manifest_of(tmp_path / "more", "day2", 1)

    other = fleet(home, "submit", day2, "--host", ALIAS, "--no-wait")
    host.stop()
    dropped = fleet(home, "cancel", day1, "--host", ALIAS)

    assert other.code == 0, other.err
    assert f"{day1} waits here: it was changed since" in other.err
    assert there(far) == ["day2_0.png open"]
    assert (dropped.code, dropped.out) == (0, "1 submission dropped that waited here\n")


def test_shots_there_are_withdrawn_by_what_they_are_called_here(
    home: Path, far: Home, day1: Path
) -> None:
    fleet(home, "submit", day1, "--host", ALIAS, "--no-wait")

    one = fleet(home, "cancel", "day1_0.png", "--host", ALIAS)
    rest = fleet(home, "cancel", day1, "--host", ALIAS, "--json")
    unknown = fleet(home, "cancel", "nothing.png", "--host", ALIAS)

    assert (one.code, one.out) == (0, f"1 shot withdrawn on {ALIAS}\n")
    assert len(rest.json()["shots"]) == 1
    assert there(far) == ["day1_0.png cancelled", "day1_1.png cancelled"]
    assert unknown.code == 94
    assert f"{ALIAS} says: no shot, manifest or project is called 'nothing.png'" in unknown.err


def test_the_status_of_a_host_is_shown_as_the_one_here_is(home: Path, far: Home) -> None:
    with opened(far) as ledger:
        submit(ledger, manifest("day1"), ["a", "b"])
        make(ledger, far.root)

    for options in ((), ("--shots", "--json")):
        away = fleet(home, "status", "--host", ALIAS, *options)
        local = fleet(far.root, "status", *options)
        assert (away.code, away.out) == (local.code, local.out), options
        assert away.out


@contextmanager
def watching(home: Path, said: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``fleet watch`` from the moment on that it watches."""
    words = command("watch", *arguments)
    with said.open("w") as err, subprocess.Popen(
        words, env=environment(home), stdout=subprocess.PIPE, stderr=err, text=True
    ) as process:  # fmt: skip
        try:
            until(lambda: "watching" in said.read_text(), within_s=60.0, what="it watches")
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("where", ["here", "there"])
def test_watching_tells_each_event_in_a_line_until_all_has_ended(
    home: Path, far: Home, tmp_path: Path, where: str
) -> None:
    with opened(far) as ledger:
        shots = submit(ledger, manifest("day1"), ["a", "b", "c"])
        break_one(ledger)
        begun = reading.last_event(ledger.database)
    said, at = tmp_path / "said", far.root if where == "here" else home
    more = [] if where == "here" else ["--host", ALIAS]

    with watching(at, said, "--json", *more) as process:
        with making(far, far.root, 2, every_s=0.1):
            out, _ = process.communicate(timeout=60.0)
        code = process.returncode

    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0, said.read_text()
    with opened(far) as ledger:
        happened = reading.events(ledger.database, after=begun)
    assert [each["seq"] for each in events] == [each.seq for each in happened]
    assert {each["shot"] for each in events} == set(shots[1:])
    assert "2 shots have ended: 2 pass" in said.read_text()


def test_watching_says_when_there_is_nothing_to_watch(home: Path, far: Home) -> None:
    for ran in (fleet(far.root, "watch"), fleet(home, "watch", "--host", ALIAS)):
        assert (ran.code, ran.out, ran.err) == (0, "", "all has ended; there is nothing to watch\n")


def test_watching_ends_with_an_error_of_its_own_where_a_shot_has_no_clip(
    far: Home, tmp_path: Path
) -> None:
    with opened(far) as ledger:
        submit(ledger, manifest("day1"), ["a"])
    said = tmp_path / "said"

    with at_work(far), watching(far.root, said) as process:
        with opened(far) as ledger:
            break_one(ledger)
        out, _ = process.communicate(timeout=60.0)

    assert process.returncode == 60, said.read_text()
    assert out.splitlines()[-1].split("\t")[4] == "ended"
    assert "1 shot has ended: 1 failed" in said.read_text()


def test_ctrl_c_leaves_the_shots_to_the_host_and_says_so(
    home: Path, far: Home, day1: Path, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    with at_work(far), said.open("wb") as err, subprocess.Popen(
        command("submit", day1, "--host", ALIAS), env=environment(home), stdout=err, stderr=err
    ) as process:  # fmt: skip
        until(lambda: b"2 new" in said.read_bytes(), within_s=60.0, what="it is submitted")
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=30.0)

    told = said.read_text()
    assert code == 130, told
    assert f"goes on on {ALIAS}: fleet watch --host {ALIAS}" in told
    assert "Go on with: fleet submit" in told
    assert "Traceback" not in told
    assert there(far) == ["day1_0.png open", "day1_1.png open"]
