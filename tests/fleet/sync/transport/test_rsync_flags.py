"""The argv of rsync."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.sync.transport.base import Item, Pace
from fleet.sync.transport.choice import Rsync
from fleet.sync.transport.rsync_flags import (
    Ends,
    fetch_argv,
    folder_fault,
    names_file,
    push_argv,
    ssh_fault,
)

GNU = Rsync("gnu", (3, 5, 0), 32)
MAC = Rsync("openrsync", (), 29)
ENDS = Ends("colo", ("ssh", "-F", "/etc/my ssh/it's", "-oBatchMode=yes"), GNU, GNU)
MAC_ENDS = Ends("colo", ("ssh", "-oBatchMode=yes"), MAC, GNU)
ONLY_GNUS = (
    "--info", "--mkpath", "--append-verify", "-s", "--protect-args", "--checksum-choice",
    "--compress-choice", "--fsync", "--outbuf", "--sparse",
)  # fmt: skip


def push(ends: Ends = ENDS, *, pace: Pace | None = None, destination: str = "/in box") -> list[str]:
    return push_argv(
        ends, names="/tmp/names", source="/pictures", destination=destination,  # noqa: S108
        pace=pace or Pace(),
    )  # fmt: skip


def fetch(ends: Ends = ENDS, *, source: str = "/out box") -> list[str]:
    return fetch_argv(
        ends, names="/tmp/names", source=source, destination="/clips",  # noqa: S108
        pace=Pace(), most_bytes=1000,
    )  # fmt: skip


def test_a_push_between_gnus() -> None:
    assert push() == [
        "-t",
        "--files-from=/tmp/names",
        "--timeout=60",
        "--rsync-path=rsync",
        "--rsh=ssh -F '/etc/my ssh/it'\"'\"'s' -oBatchMode=yes",
        "--8-bit-output",
        "--partial-dir=.rsync-partial",
        "--chmod=u=rwX,g=rX,o=",
        "--sparse",
        "--",
        "/pictures/",
        "colo:/in box/",
    ]


def test_a_fetch_between_gnus() -> None:
    assert fetch()[-8:] == [
        "--8-bit-output",
        "--inplace",
        "--no-whole-file",
        "--max-size=1000",
        "--chmod=u=rwX,g=,o=",
        "--",
        "colo:/out box/",
        "/clips/",
    ]


@pytest.mark.parametrize("argv", [push(MAC_ENDS), fetch(MAC_ENDS)])
def test_openrsync_gets_no_flag_that_only_gnus_has(argv: list[str]) -> None:
    flags = [word.partition("=")[0] for word in argv[: argv.index("--")]]

    assert not set(flags) & set(ONLY_GNUS)


@pytest.mark.parametrize("argv", [push(), fetch(), push(MAC_ENDS), fetch(MAC_ENDS)])
def test_nothing_is_ever_removed_and_no_link_travels(argv: list[str]) -> None:
    words = " ".join(argv)

    assert "delete" not in words
    assert "--remove" not in words
    assert not {"-l", "-L", "-a", "--links", "--copy-links", "--archive"} & set(argv)


@pytest.mark.parametrize("ends", [MAC_ENDS, replace(ENDS, here=Rsync("gnu", (3, 1, 3), 31))])
def test_where_the_far_shell_reads_names_they_are_quoted_for_it(ends: Ends) -> None:
    assert push(ends)[-1] == "colo:'/in box/'"
    assert push(ends, destination="/plain")[-1] == "colo:/plain/"
    assert fetch(ends, source="/a;b")[-2] == "colo:'/a;b/'"


def test_a_restricted_keys_root_has_an_empty_name() -> None:
    assert push(destination="")[-1] == "colo:"


def test_what_is_not_known_of_the_far_rsync_is_not_used() -> None:
    assert "--sparse" not in push(replace(ENDS, there=None))
    assert "--sparse" not in push(replace(ENDS, there=MAC))


@pytest.mark.parametrize(
    ("pace", "flag"),
    [
        (Pace(bytes_per_s=2048), "--bwlimit=2"),
        (Pace(bytes_per_s=1), "--bwlimit=1"),
        (Pace(compress=True), "-z"),
        (Pace(timeout_s=0.2), "--timeout=1"),
        (Pace(timeout_s=30.0), "--timeout=30"),
    ],
)
def test_the_pace_is_rsyncs_to_keep(pace: Pace, flag: str) -> None:
    assert flag in push(pace=pace)
    assert flag in push(MAC_ENDS, pace=pace)


def test_a_list_of_names_begins_no_line_with_a_letter_that_means_something() -> None:
    items = [Item("#a.jpg", 1), Item(";b.jpg", 1), Item("-c.jpg", 1), Item("ü/d.jpg", 1)]

    assert names_file(items) == b"./#a.jpg\n./;b.jpg\n./-c.jpg\n./\xc3\xbc/d.jpg\n"


@pytest.mark.parametrize(
    ("ssh", "here", "fault"),
    [
        (["ssh", "-F", "/a b"], GNU, None),
        (["ssh", "-F", "/a b"], MAC, "because of the blank"),
        (["ssh", ""], MAC, "because of the blank"),
        (["ssh", "-F", "/a\nb"], GNU, "cannot be called with"),
        (["ssh", "-oBatchMode=yes"], MAC, None),
    ],
)
def test_a_remote_shell_that_rsync_could_not_split_again_is_refused(
    ssh: list[str], here: Rsync, fault: str | None
) -> None:
    found = ssh_fault(ssh, here=here)

    assert (found is None) if fault is None else (found is not None and fault in found)


@pytest.mark.parametrize(
    ("folder", "fault"),
    [
        ("", None),
        ("/srv/in box/.arriving/0123", None),
        (".arriving/0123", None),
        ("-x", None),
        (":module/x", "a daemon"),
        ("/a\nb", "a control character"),
        ("/a\x1b[2J", "a control character"),
    ],
)
def test_a_folder_that_the_host_named_is_looked_at_before_it_is_used(
    folder: str, fault: str | None
) -> None:
    found = folder_fault(folder)

    assert (found is None) if fault is None else (found is not None and fault in found)


def test_what_serves_large_files_and_holes_is_left_out_where_there_are_none() -> None:
    argv = push_argv(
        ENDS, names="/n", source="/s", destination="/d", pace=Pace(), large=False, holes=False
    )

    assert not [word for word in argv if word.startswith(("--partial-dir", "--sparse"))]
