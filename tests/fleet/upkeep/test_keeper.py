"""When what died is started again, and when it is given up."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from fleet.cluster import processes
from fleet.cluster.head import HeadOptions
from fleet.cluster.record import ClusterRecord, read_record, write_record
from fleet.errors import ClusterDown, ClusterFailed
from fleet.ledger.lock import ProcessLock
from fleet.settings import Home
from fleet.upkeep.deployment import Deployment
from fleet.upkeep.keeper import (
    MOST_RESTARTS,
    WINDOW_S,
    Keeper,
    keeper_lock,
    pause_before_restart,
)
from tests.acceptance.standing import home_with_small_store, record_of, until


def test_the_first_restart_is_at_once_and_each_further_one_waits_twice_as_long() -> None:
    past: list[float] = []
    pauses = []
    for at in range(MOST_RESTARTS):
        pauses.append(pause_before_restart(past, now=float(at)))
        past.append(float(at))

    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0]
    assert pause_before_restart(past, now=10.0) is None


def test_restarts_of_long_ago_count_no_more() -> None:
    past = [float(at) for at in range(MOST_RESTARTS)]

    assert pause_before_restart(past, now=MOST_RESTARTS + WINDOW_S) == 0.0


def test_one_home_has_one_keeper(tmp_path: Path) -> None:
    home = Home(tmp_path)
    lock = keeper_lock(home)
    assert lock.acquire()

    with pytest.raises(ClusterDown):
        Keeper(home, HeadOptions()).run()

    lock.release()


def test_a_dispatcher_that_cannot_start_is_told_in_its_own_words(tmp_path: Path) -> None:
    home = Home(tmp_path)
    code = "import sys; sys.exit('the ledger is read-only.')"
    record = ClusterRecord(address="127.0.0.1:1")

    deployment = Deployment(home, record, command=(sys.executable, "-c", code))
    with pytest.raises(ClusterFailed) as failed:
        deployment.wait()

    assert str(failed.value).startswith("the ledger is read-only. See ")
    assert not deployment.was_silent, "another would say the same"


def test_a_dispatcher_is_put_there_with_this_homes_token_and_address(tmp_path: Path) -> None:
    home = Home(tmp_path)
    told = tmp_path / "told.json"
    code = (
        "import json, os, sys; json.dump([sys.argv[2:], os.environ['RAY_AUTH_TOKEN_PATH'],"
        " os.environ['FLEET_HOME']], open(sys.argv[1], 'w'))"
    )
    record = ClusterRecord(address="10.0.0.5:6379")

    Deployment(home, record, command=(sys.executable, "-c", code, str(told))).wait()

    assert json.loads(told.read_text()) == [
        ["10.0.0.5:6379", "network"], str(home.token), str(tmp_path),
    ]  # fmt: skip


def test_a_record_comes_back_as_it_was_written_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record = ClusterRecord(address="127.0.0.1:6379", folder="/run/mf-x/r", restarts=3)
    assert read_record(home) is None

    write_record(home, record)
    assert read_record(home) == record

    home.cluster.write_text("{")
    with pytest.raises(ClusterFailed):
        read_record(home)


def test_a_dispatcher_that_is_awaited_no_more_is_not_left_behind(tmp_path: Path) -> None:
    home, told = Home(tmp_path), tmp_path / "pid"
    code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
    record = ClusterRecord(address="127.0.0.1:1")
    deployment = Deployment(home, record, command=(sys.executable, "-c", code, str(told)))
    while not told.exists() or not told.read_text():
        assert not deployment.is_done()

    deployment.give_up()

    assert processes.identify(int(told.read_text())) is None


HOLDER = """
import os, subprocess, sys
from pathlib import Path
if len(sys.argv) == 3:
    home = Path(os.environ["FLEET_HOME"])
    if not (home / "came").exists():
        (home / "came").touch()
        sys.exit(1)
    holder = subprocess.Popen(
        [sys.executable, "-c", Path(home / "holder.py").read_text()], stdout=subprocess.PIPE)
    holder.stdout.readline()
else:
    from fleet.ledger.lock import ProcessLock
    from fleet.settings import find_home
    import time
    assert ProcessLock(find_home().dispatcher_lock).acquire()
    print("held", flush=True)
    time.sleep(120)
"""


def holder_of(home: Home) -> int:
    """The process that dispatches, if one does."""
    lock = ProcessLock(home.dispatcher_lock)
    words = lock.holder().split()  # nothing yet, between its taking the lock and its saying so
    return int(words[1]) if lock.is_held() and len(words) > 1 else 0


@pytest.mark.skipif(sys.platform != "linux", reason="Ray's clusters need Linux")
def test_a_dispatcher_that_is_silent_or_stays_away_is_put_there_again_and_a_stop_ends_all(
    tmp_path: Path,
) -> None:
    home = home_with_small_store(tmp_path)
    (tmp_path / "holder.py").write_text(HOLDER)
    keeper = Keeper(
        home, HeadOptions(),
        dispatcher=(sys.executable, str(tmp_path / "holder.py")), absence_s=1.0,
    )  # fmt: skip
    thread = threading.Thread(target=keeper.run)
    thread.start()
    first = second = 0
    try:
        until(lambda: holder_of(home) > 0, within_s=60.0, what="the first is at work")
        first = holder_of(home)
        folder = record_of(home).folder
        os.kill(first, signal.SIGKILL)
        until(lambda: holder_of(home) not in {0, first}, within_s=30.0, what="another is")
        second = holder_of(home)
    finally:
        keeper.stop()
        thread.join(30.0)
        for pid in {first, second, holder_of(home)} - {0}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    assert not thread.is_alive()
    assert not home.cluster.exists()
    assert processes.members(Path(folder)) == frozenset()
