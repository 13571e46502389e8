"""``fleet plan``, as an operator asks it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.cli import fleet
from tests.fleet.making import shot, small_picture, write_manifest

TOLD = ("--time", "generate=30", "--time", "finish=4", "--time", "publish=0")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    pictures = [small_picture(folder / f"{i}.png", shade=i, size=(16, 12)) for i in range(60)]
    return write_manifest(
        folder / "m.video_manifest.json", [shot(picture, folder) for picture in pictures]
    )


def test_a_plan_says_when_and_for_how_much_and_what_would_be_better(
    manifest: Path, tmp_path: Path
) -> None:
    due = (datetime.now().astimezone() + timedelta(hours=1)).isoformat()
    ran = fleet(
        tmp_path, "plan", manifest, *TOLD, "--pools", "gen=2,interp=2",
        "--price", "gen=0.79,interp=0.34", "--deadline", due, "--json",
    )  # fmt: skip

    assert ran.code == 0, ran.err
    told = ran.json()
    assert told["shots"] == 60
    assert told["seconds"] == pytest.approx(5 + 30 * 30 + 4, abs=1)
    assert told["deadline"]["met"]
    assert told["deadline"]["spare_seconds"] == pytest.approx(3600 - told["seconds"], abs=30)
    assert told["bottleneck"] == "generation"
    cost = told["seconds"] / 3600 * (2 * 0.79 + 2 * 0.34)
    assert told["cost"]["all"] == pytest.approx(cost)
    assert told["cost"]["per_clip"] == pytest.approx(cost / 60)
    assert told["better_split"]["workers"] == {"generation": 3, "interpolation": 1}
    assert told["better_split"]["seconds"] < told["seconds"]


def test_a_deadline_that_cannot_be_met_is_said_in_words(manifest: Path, tmp_path: Path) -> None:
    soon = (datetime.now().astimezone() + timedelta(minutes=10)).isoformat()
    ran = fleet(tmp_path, "plan", manifest, *TOLD, "--pools", "gen=1,interp=1", "--deadline", soon)

    assert ran.code == 0, ran.err
    lines = dict(line.split("\t") for line in ran.out.splitlines())
    assert lines["shots"] == "60"
    assert lines["takes"] == "30 min 9 s"
    (said,) = (said for what, said in lines.items() if what.startswith("by "))
    assert said.startswith("no, 20 min")


def test_a_time_of_day_is_the_next_one(manifest: Path, tmp_path: Path) -> None:
    ago = datetime.now().astimezone() - timedelta(minutes=2)
    ran = fleet(
        tmp_path, "plan", manifest, *TOLD, "--pools", "gen=30,interp=9", "--json",
        "--deadline", ago.strftime("%H:%M"),
    )  # fmt: skip

    spare_s = ran.json()["deadline"]["spare_seconds"] + ran.json()["seconds"]
    assert 22 * 3600 < spare_s < 26 * 3600


def test_times_that_nobody_knows_are_asked_for(manifest: Path, tmp_path: Path) -> None:
    ran = fleet(tmp_path, "plan", manifest)

    assert ran.code == 59
    assert "--time generate=30" in ran.err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--time", "generat=3"), ("--time", "generate"), ("--time", "generate=-1"),
        ("--time", "generate=nan"), ("--price", "gpu=1"), ("--pools", "gen=0"),
        ("--pools", "gen=1.5"), ("--deadline", "25:00"), ("--deadline", "soon"),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_meant_is_refused_by_name(
    manifest: Path, tmp_path: Path, option: str, value: str
) -> None:
    ran = fleet(tmp_path, "plan", manifest, option, value)

    assert ran.code == 2
    assert option in ran.err
