"""``fleet drill``: a fleet of its own, broken on purpose, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.cli import fleet


@pytest.mark.timeout(280)
def test_a_cluster_that_is_killed_in_parts_ends_every_shot_once(tmp_path: Path) -> None:
    """Each kind of fault at least once: workers, dispatcher, node, GCS, head, everything."""
    ran = fleet(
        tmp_path / "home", "drill", "--shots", "20", "--faults", "13", "--seed", "3", "--json",
        "--keep", tmp_path / "kept", timeout_s=270.0,
    )  # fmt: skip

    assert ran.code == 0, ran.out + ran.err
    told = ran.json()
    assert all(line["holds"] for line in told["invariants"])
    # A fault that finds no victim in time (the last shot ended first) does not count as fallen.
    assert sum(told["faults"].values()) >= 10
    assert {"dispatcher", "node", "gcs", "head", "all"} <= set(told["faults"])
    assert told["verdicts"] == {"pass": 19, "failed": 1}
    clips = list((tmp_path / "kept" / "stills").glob("*.mp4"))
    assert len(clips) == 19
    assert not (tmp_path / "home").exists(), "one's own fleet is not touched"


@pytest.mark.timeout(200)
def test_an_embedded_cluster_and_its_command_may_be_killed_as_well(tmp_path: Path) -> None:
    ran = fleet(
        tmp_path / "home", "drill", "--embedded", "--shots", "8", "--faults", "7", "--seed", "5",
        "--json", timeout_s=190.0,
    )  # fmt: skip

    assert ran.code == 0, ran.out + ran.err
    told = ran.json()
    assert {"command", "dispatcher"} & set(told["faults"])
    assert told["verdicts"] == {"pass": 8}


def test_what_a_drill_would_overwrite_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    ran = fleet(tmp_path / "home", "drill", "--keep", tmp_path)

    assert ran.code == 2
    assert "is not empty" in ran.err
    assert (tmp_path / "mine.txt").read_text() == "mine"
