"""Which transport is taken, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.sync.errors import TransferRefused
from fleet.sync.transport.base import Item
from fleet.sync.transport.choice import (
    Rsync,
    choose,
    is_vulnerable,
    parse_version,
    rsync_here,
    worth_compressing,
)
from tests.fleet.sync.transport import openrsync

GNU = "rsync  version 3.5.0  protocol version 32"
OLD = "rsync  version 3.0.9  protocol version 30"
MAC = "openrsync: protocol version 29"
HERE = Rsync("gnu", (3, 2, 7), 31)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (GNU, Rsync("gnu", (3, 5, 0), 32)),
        (f"{GNU}\nCopyright (C) 1996-2026\n", Rsync("gnu", (3, 5, 0), 32)),
        ("rsync  version v3.2.7dev  protocol version 31", Rsync("gnu", (3, 2, 7), 31)),
        ("rsync  version 3.4.1pre1  protocol version 32.PR5", Rsync("gnu", (3, 4, 1), 32)),
        ("rsync version 2.6.9 protocol version 29", Rsync("gnu", (2, 6, 9), 29)),
        (f"{MAC}\nrsync version 2.6.9 compatible", Rsync("openrsync", (), 29)),
        ("", None),
        ("sh: 1: rsync: not found", None),
        ("rsync version \x1b[31m3.5 protocol", None),
    ],
)
def test_an_rsync_is_known_by_its_first_line(said: str, found: Rsync | None) -> None:
    assert parse_version(said) == found


def test_the_rsync_of_this_machine_is_found() -> None:
    found = rsync_here()

    assert found is not None, "rsync is missing: apt-get install rsync"
    assert found.usable


def test_the_rsync_of_a_mac_is_told_from_gnus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", openrsync.install(tmp_path))

    assert rsync_here() == Rsync("openrsync", (), 29)


def test_a_machine_without_rsync_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert rsync_here() is None


@pytest.mark.parametrize("body", ["exit 3", "echo nonsense", "kill -9 $$", "kill -HUP $$"])
def test_an_rsync_that_does_not_say_its_version_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    program = tmp_path / "rsync"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert rsync_here() is None


def test_an_rsync_that_was_killed_before_it_answered_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, program = tmp_path / "asked", tmp_path / "rsync"
    program.write_text(
        f"#!/bin/sh\n[ -e {asked} ] || {{ touch {asked}; kill -9 $$; }}\nexec /usr/bin/rsync $*\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    found = rsync_here()

    assert found is not None
    assert found.usable


@pytest.mark.parametrize(
    ("setting", "here", "there", "name", "said"),
    [
        ("auto", HERE, GNU, "rsync", "rsync (rsync 3.2.7 here, rsync 3.5.0 there)"),
        ("auto", HERE, MAC, "rsync", "openrsync (protocol 29) there"),
        ("rsync", HERE, GNU, "rsync", "as set"),
        ("sftp", HERE, GNU, "sftp", "as set"),
        ("auto", HERE, "", "sftp", "the host has no rsync"),
        ("auto", None, GNU, "sftp", "no rsync here"),
        ("auto", HERE, OLD, "sftp", "rsync 3.0.9 on the host is older than 3.1"),
        ("auto", parse_version(OLD), GNU, "sftp", "rsync 3.0.9 here is older than 3.1"),
    ],
)
def test_the_choice_is_said_with_its_reason(
    setting: str, here: Rsync | None, there: str, name: str, said: str
) -> None:
    choice = choose(setting, here=here, there=there)

    assert choice.name == name
    assert said in choice.said


@pytest.mark.parametrize(("here", "there"), [(None, GNU), (HERE, ""), (HERE, OLD)])
def test_a_setting_that_cannot_be_is_refused_and_not_replaced(
    here: Rsync | None, there: str
) -> None:
    with pytest.raises(TransferRefused, match="the settings ask for it"):
        choose("rsync", here=here, there=there)


@pytest.mark.parametrize(
    ("rsync", "known_holes"),
    [
        (Rsync("gnu", (3, 4, 1), 32), True),
        (Rsync("gnu", (3, 5, 0), 32), False),
        (Rsync("gnu", (3, 10, 0), 33), False),
        (Rsync("openrsync", (), 29), False),
    ],
)
def test_an_rsync_before_3_5_0_has_known_holes(rsync: Rsync, known_holes: bool) -> None:  # noqa: FBT001
    assert is_vulnerable(rsync) is known_holes


@pytest.mark.parametrize(
    ("items", "worth"),
    [
        ([Item("a.jpg", 1000)], False),
        ([Item("a.TIF", 1000)], True),
        ([Item("a.tif", 400), Item("b.jpg", 600)], False),
        ([Item("a.bmp", 600), Item("b.mp4", 400)], True),
        ([Item("a.json", 0)], False),
        ([], False),
    ],
)
def test_compressing_is_worth_it_where_half_of_the_bytes_shrink(
    items: list[Item],
    worth: bool,  # noqa: FBT001
) -> None:
    assert worth_compressing(items) is worth
