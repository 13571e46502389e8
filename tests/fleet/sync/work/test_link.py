"""A host for the length of a command: done again over a new connection where the old one broke."""

from __future__ import annotations

import pytest

from fleet.settings import Host, Settings
from fleet.sync.desk.link import Link
from fleet.sync.desk.reach import Reached
from fleet.sync.errors import FarFleetUnusable, HostUnreachable
from fleet.sync.wire.work import AskStatus, StatusFound
from tests.fleet.sync.sshd import ALIAS, Sshd
from tests.fleet.sync.work.world import World


def gone() -> HostUnreachable:
    return HostUnreachable(host="colo", what="cut")


def test_what_a_break_interrupted_is_done_again_over_a_new_connection(world: World) -> None:
    seen: list[Reached] = []
    told: list[str] = []

    def action(reached: Reached) -> str:
        seen.append(reached)
        reached.conversation.ask(AskStatus(), StatusFound)
        if len(seen) < 3:
            raise gone()
        return "done"

    with world.link() as link:
        assert link.steadily(action, tell=told.append) == "done"

    assert len({id(each) for each in seen}) == 3
    assert len(told) == 2
    assert "connecting again" in told[0]


def test_a_host_that_breaks_off_for_good_is_tried_as_often_as_its_settings_say(
    world: World,
) -> None:
    world.tries = 4
    seen: list[Reached] = []

    def action(reached: Reached) -> None:
        seen.append(reached)
        raise gone()

    with world.link() as link, pytest.raises(HostUnreachable):
        link.steadily(action)

    assert len(seen) == 4


def test_a_host_that_was_never_reached_is_not_waited_for(host: Sshd) -> None:
    host.stop()
    waits: list[float] = []
    settings = Settings(hosts={ALIAS: Host(ssh_config=host.config, tries=5)})

    link = Link(ALIAS, settings=settings, sleep=waits.append)
    with link, pytest.raises(HostUnreachable):
        link.steadily(lambda _: None)

    assert waits == []


def test_what_trying_again_cannot_mend_is_not_tried_again(world: World) -> None:
    seen: list[Reached] = []

    def action(reached: Reached) -> None:
        seen.append(reached)
        raise FarFleetUnusable(host="colo", what="too old", remedy="Update it.")

    with world.link() as link, pytest.raises(FarFleetUnusable):
        link.steadily(action)

    assert len(seen) == 1


def test_one_connection_serves_a_whole_command(world: World) -> None:
    with world.link() as link:
        first = link.reached
        link.connect()
        again = link.reached
        link.drop()
        after = link.reached

    assert first is again
    assert after is not first
