"""What is said of a host follows from figures, with the limits where they are said to be."""

from __future__ import annotations

import pytest

from fleet.check import Check, State
from fleet.sync.desk import verdicts
from fleet.sync.desk.verdicts import GB
from fleet.sync.transport.choice import Rsync


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("OpenSSH_9.2p1 Debian-2, OpenSSL 3.0\n", State.PASS),
        ("OpenSSH_10.0p2\n", State.PASS),
        ("OpenSSH_7.6p1\n", State.PASS),
        ("OpenSSH_7.5p1\n", State.FAIL),
        ("Dropbear v2022\n", State.WARN),
        (None, State.FAIL),
    ],
)
def test_an_old_ssh_fails(said: str | None, state: State) -> None:
    assert verdicts.ssh(said).state is state


def test_different_versions_that_understand_each_other_are_a_warning() -> None:
    assert verdicts.versions(here="1", there="1", host="colo").state is State.PASS
    other = verdicts.versions(here="1", there="2", host="colo")
    assert other.state is State.WARN
    assert "1 here, 2 on colo" in other.figure


@pytest.mark.parametrize(
    ("there", "state", "told"),
    [
        (100.0, State.PASS, "within the 4.00 s"),
        (104.0, State.PASS, "within the 4.00 s"),
        (106.0, State.PASS, ""),
        (106.1, State.WARN, "2.1 s ahead"),
        (97.9, State.WARN, "2.1 s behind"),
        (164.0, State.WARN, "60.0 s ahead"),
        (164.1, State.FAIL, "60.1 s ahead"),
        (39.9, State.FAIL, "60.1 s behind"),
        (0.0 - 1e9, State.FAIL, "days behind"),
    ],
)
def test_only_what_lies_outside_of_question_and_answer_is_a_clock_that_differs(
    there: float, state: State, told: str
) -> None:
    found = verdicts.clock(asked_at=100.0, answered_at=104.0, there=there, host="colo")

    assert found.state is state
    assert told in found.figure


@pytest.mark.parametrize(
    ("found", "needed", "state"),
    [
        (Rsync("gnu", (3, 5, 0), 32), False, State.PASS),
        (Rsync("openrsync", (), 29), False, State.PASS),
        (Rsync("gnu", (3, 4, 1), 32), False, State.WARN),
        (Rsync("gnu", (3, 0, 9), 30), False, State.WARN),
        (Rsync("gnu", (3, 0, 9), 30), True, State.FAIL),
        (None, False, State.WARN),
        (None, True, State.FAIL),
    ],
)
def test_an_rsync_with_known_holes_is_a_warning_and_none_where_one_is_needed_fails(
    found: Rsync | None, state: State, *, needed: bool
) -> None:
    check = verdicts.rsync("rsync there", found, where="on colo", needed=needed)

    assert check.state is state
    assert ("on colo" in check.remedy) == (state is not State.PASS)


@pytest.mark.parametrize(
    ("free", "state"),
    [(10 * GB, State.PASS), (10 * GB - 1, State.WARN), (GB, State.WARN), (GB - 1, State.FAIL)],
)
def test_a_disk_that_is_almost_full_is_told_before_it_is(free: int, state: State) -> None:
    check = verdicts.room("inbox", folder="/in", free_bytes=free, host="colo")

    assert check.state is state
    assert "GB free in /in" in check.figure


def test_a_key_that_opens_a_shell_is_a_warning_with_the_line_that_restricts_it() -> None:
    assert verdicts.key(restricted=True).state is State.PASS
    assert "deploy/authorized_keys.example" in verdicts.key(restricted=False).remedy


def cluster(*, address: str = "", asks: bool | None = None, at_work: bool = False) -> Check:
    return verdicts.cluster(address=address, authenticated=asks, at_work=at_work, host="colo")


def test_a_cluster_that_is_open_or_dead_fails_and_one_that_is_not_at_work_is_a_warning() -> None:
    assert cluster(address="10.0.0.1:1", asks=True, at_work=True).state is State.PASS
    opened = cluster(address="10.0.0.1:1", asks=False, at_work=True)
    assert opened.state is State.FAIL
    assert "answers to anyone" in opened.figure
    assert cluster(address="10.0.0.1:1", asks=None, at_work=True).state is State.FAIL
    assert cluster(address="10.0.0.1:1", asks=True).state is State.WARN
    assert cluster().state is State.WARN
    assert "fleet up" in cluster().remedy
    assert cluster(at_work=True).state is State.PASS
