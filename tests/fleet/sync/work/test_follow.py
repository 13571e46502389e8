"""Following shots of a host: each event once, in order, over as many connections as it takes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from fleet.home import Home
from fleet.ledger import reading
from fleet.ledger.rows import EventRow
from fleet.settings import Host, Settings
from fleet.sync.desk import remote
from fleet.sync.desk.link import Link
from fleet.sync.errors import AnswerRefused, FarFleetUnusable, HostUnreachable, RequestRefused
from tests.fleet.ledger.filling import make, manifest, submit
from tests.fleet.sync.hours import Hours
from tests.fleet.sync.proxy import Proxy
from tests.fleet.sync.sshd import ALIAS, Sshd
from tests.fleet.sync.work.hostile import hostile
from tests.fleet.sync.work.world import World, at_work, making, opened, until

FLEET = f"{sys.executable} -m fleet"


class Taken:
    """Takes events, and keeps what was told of the line."""

    def __init__(self) -> None:
        self.events: list[EventRow] = []
        self.breaks: list[str] = []

    def take(self, event: EventRow) -> None:
        self.events.append(event)

    def follow(
        self,
        link: Link,
        shots: list[str],
        *,
        after: int = 0,
        hours: Hours | None = None,
    ) -> None:
        hours = Hours() if hours is None else hours
        remote.follow(
            link, shots, after=after, take=self.take, tell=self.breaks.append,
            clock=hours.clock, sleep=hours.sleep,
        )  # fmt: skip


def happened(home: Home, shots: list[str], *, after: int = 0) -> list[EventRow]:
    """What the host's own ledger has."""
    with opened(home) as ledger:
        found = reading.events(ledger.database, after=after, limit=100_000)
    return [each for each in found if each.shot_id in shots]


def queued(home: Home, *names: str) -> list[str]:
    with opened(home) as ledger:
        return submit(ledger, manifest("day1"), names)


def told(taken: Taken, ends: int) -> bool:
    """Whether so many shots have been told to have ended."""
    return [each.kind for each in taken.events].count("ended") == ends


def receiving(host: Sshd) -> list[int]:
    """Pids of every ``fleet receive`` that the server has started."""
    found = []
    for pid in host.sessions():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"fleet" in words and b"receive" in words:
            found.append(pid)
    return found


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def far(host: Sshd) -> Home:
    """The home of the fleet behind the ssh server."""
    return Home(host.home)


@pytest.fixture
def link(host: Sshd) -> Iterator[Link]:
    """The host by ssh."""
    settings = Host(ssh_config=host.config, transport="sftp", fleet=FLEET, tries=3)
    with Link(ALIAS, settings=Settings(hosts={ALIAS: settings}), sleep=lambda _: None) as link:
        yield link


def test_events_are_told_in_order_until_the_last_shot_has_ended(world: World, taken: Taken) -> None:
    shots = queued(world.far, "a", "b", "c")

    with world.link() as link, making(world.far, world.root, 3, every_s=0.2):
        taken.follow(link, shots)

    assert taken.events == happened(world.far, shots)
    assert [each.kind for each in taken.events].count("ended") == 3


def test_only_what_was_asked_for_is_told_and_only_after_the_number_given(
    world: World, taken: Taken
) -> None:
    shots = queued(world.far, "a", "b")
    with opened(world.far) as ledger:
        assert make(ledger, world.root) == shots[0]
        seen = reading.last_event(ledger.database)
        make(ledger, world.root)

    with world.link() as link:
        taken.follow(link, shots[1:], after=0)
        after = Taken()
        after.follow(link, shots, after=seen)

    assert taken.events == happened(world.far, shots[1:])
    assert after.events == happened(world.far, shots, after=seen)
    assert {each.shot_id for each in after.events} == {shots[1]}


def test_what_is_long_past_is_told_at_once_however_much_it_is(world: World, taken: Taken) -> None:
    names = [f"p{number:03}" for number in range(150)]
    shots = queued(world.far, *names)
    with opened(world.far) as ledger:
        for number in range(len(names)):
            make(ledger, world.root, now=100.0 + number)

    with world.link() as link:
        taken.follow(link, shots)

    assert len(taken.events) > 1000, "not more than one batch"
    assert taken.events == happened(world.far, shots)


def test_a_line_that_is_cut_again_and_again_loses_no_event_and_repeats_none(
    host: Sshd, far: Home, link: Link, taken: Taken, tmp_path: Path
) -> None:
    names = [f"p{number:02}" for number in range(30)]
    shots = queued(far, *names)

    with Proxy(host.port) as proxy:
        host.write_client_config(port=proxy.port)
        proxy.cut_after(9_000, times=4)
        with making(far, tmp_path, len(names), every_s=0.05):
            taken.follow(link, shots)
        cuts = proxy.cuts

    assert cuts >= 3
    assert len(taken.breaks) >= 3
    assert taken.events == happened(far, shots)


def test_a_far_side_that_is_killed_is_started_anew_and_nothing_is_lost(
    host: Sshd, far: Home, link: Link, taken: Taken, tmp_path: Path
) -> None:
    shots = queued(far, *"abcde")
    kills: list[list[int]] = []

    def work_and_kill() -> None:
        """Make the shots one by one, each told here; after the second and the fourth, a kill."""
        with at_work(far), opened(far) as ledger:
            for number in range(1, len(shots) + 1):
                make(ledger, tmp_path, now=100.0 * number)
                until(partial(told, taken, number), within_s=30.0, what="it is told")
                if number in {2, 4}:
                    kills.append(receiving(host))
                    for pid in kills[-1]:
                        os.kill(pid, signal.SIGKILL)

    with ThreadPoolExecutor(max_workers=1) as beside:
        working = beside.submit(work_and_kill)
        taken.follow(link, shots)
        working.result(timeout=30.0)

    assert [bool(pids) for pids in kills] == [True, True], "no fleet receive was there to be killed"
    assert len(taken.breaks) >= 2
    assert taken.events == happened(far, shots)


def test_a_host_that_stays_away_is_given_up_after_a_while(
    host: Sshd, far: Home, link: Link, taken: Taken
) -> None:
    shots = queued(far, "a")
    assert link.reached.welcome
    host.stop()
    hours = Hours()

    with pytest.raises(HostUnreachable, match=ALIAS):
        taken.follow(link, shots, hours=hours)

    assert len(taken.breaks) > 1
    assert hours.now > remote.PATIENCE_S
    assert hours.now - hours.slept[-1] <= remote.PATIENCE_S


def test_shots_that_nothing_works_on_are_not_followed_for_ever(world: World) -> None:
    said = remote.nobody_at_work(world.link())

    assert isinstance(said, FarFleetUnusable)
    assert "nothing is at work" in str(said)
    assert str(said).rstrip().endswith("-m fleet up")


TOO_LATE = (
    '{"say": "happened", "events": [{"seq": 1, "at": 1e300, "shot_id": "a", "stage": "",'
    ' "kind": "x", "data": {}}]}'
)
"""An event in a year that no calendar has."""


@pytest.mark.parametrize(
    ("says", "error"),
    [
        ('{"say": "verified", "published": true}', AnswerRefused),
        (
            '{"say": "refused", "code": "ledger_unusable", "exit_code": 2, "message": "broken"}',
            RequestRefused,
        ),
        (TOO_LATE, AnswerRefused),
        ("garbage", AnswerRefused),
    ],
)
def test_what_is_no_event_ends_the_following_in_words(
    tmp_path: Path, taken: Taken, says: str, error: type[Exception]
) -> None:
    with hostile(tmp_path, says) as link, pytest.raises(error):
        taken.follow(link, ["a"])

    assert taken.events == []


def test_events_that_a_host_repeats_or_makes_up_are_not_taken(tmp_path: Path, taken: Taken) -> None:
    def event(seq: int, shot: str) -> str:
        return (
            f'{{"seq": {seq}, "at": 1.0, "shot_id": "{shot}", "stage": "", "kind": "ended",'
            f' "data": {{}}}}'
        )

    events = ", ".join(
        [event(3, "a"), event(5, "a"), event(5, "a"), event(4, "a"), event(6, "b"), event(7, "a")]
    )
    says = f'{{"say": "happened", "events": [{events}]}}'

    with hostile(tmp_path, says, says, '{"say": "over", "ended": true}') as link:
        taken.follow(link, ["a"], after=3)

    assert [each.seq for each in taken.events] == [5, 7]
