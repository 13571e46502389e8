"""What a name on the command line means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleet.errors import NothingMatches
from fleet.ledger.ledger import Ledger
from fleet.ledger.selection import Selection, select, shot_ids
from tests.fleet.ledger.filling import break_one, manifest, submit
from tests.fleet.ledger.test_ledger import new_shot


@pytest.mark.parametrize(
    "name",
    ["portrait-0", "portrait.png", "/in/portrait.png", "/in/portrait.mp4", "portr"],
    ids=["id", "picture's name", "picture's path", "clip's path", "start of its id"],
)
def test_a_shot_answers_to_its_id_its_picture_and_its_clip(ledger: Ledger, name: str) -> None:
    submit(ledger, manifest("day1"), ["portrait", "landscape"])

    assert select(ledger.database, [name]) == Selection(shots=("portrait-0",))


def test_a_picture_in_a_folder_answers_to_its_name_alone(ledger: Ledger) -> None:
    shot = replace(
        new_shot("a b"), id="a_b-0", image_path="day1/a b.png", picture="/in/day1/a b.png"
    )
    ledger.submit(manifest("day1"), [shot], now=1.0)

    assert select(ledger.database, ["a b.png"]).shots == ("a_b-0",)
    assert select(ledger.database, ["day1/a b.png"]).shots == ("a_b-0",)


def test_a_manifest_answers_to_its_file_its_id_and_its_batch(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a"])
    submit(ledger, manifest("day2"), ["b"])

    for name in ("/in/day1.video_manifest.json", "id-day1", "day1"):
        assert select(ledger.database, [name]) == Selection(manifests=("id-day1",)), name
        assert select(ledger.database, manifests=[name]) == Selection(manifests=("id-day1",))


def test_a_batch_may_be_named_as_its_pictures_begin(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["day1_1", "day1_2"])

    assert select(ledger.database, ["day1"]).manifests == ("id-day1",)


def test_a_manifest_that_was_changed_is_meant_in_all_its_versions(ledger: Ledger) -> None:
    path = "/in/day1.video_manifest.json"
    submit(ledger, manifest("day1"), ["a"])
    submit(ledger, manifest("day1-again", path=path), ["b"])

    chosen = select(ledger.database, [path])

    assert list(shot_ids(ledger.database, chosen, verdicts=(None,))) == ["a-0", "b-0"]


def test_a_link_to_a_manifest_is_that_manifest(ledger: Ledger, tmp_path: Path) -> None:
    real = tmp_path.resolve() / "m.video_manifest.json"
    real.write_text("{}")
    (tmp_path / "link.json").symlink_to(real)
    submit(ledger, manifest("day1", path=str(real)), ["a"])

    assert select(ledger.database, [str(tmp_path / "link.json")]).manifests == ("id-day1",)


def test_a_project_is_all_its_manifests(ledger: Ledger) -> None:
    submit(ledger, manifest("day1", project="alps"), ["a"])
    submit(ledger, manifest("day2", project="alps"), ["b"])
    submit(ledger, manifest("day3", project="coast"), ["c"])

    chosen = select(ledger.database, ["alps"])

    assert chosen == Selection(projects=("alps",))
    assert list(shot_ids(ledger.database, chosen, verdicts=(None,))) == ["a-0", "b-0"]


def test_a_shot_that_is_named_and_in_a_named_manifest_is_meant_once(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a", "b"])

    chosen = select(ledger.database, ["a-0", "day1", "p"])

    assert sorted(shot_ids(ledger.database, chosen, verdicts=(None,))) == ["a-0", "b-0"]


def test_of_a_picture_made_twice_the_newest_shot_is_meant(ledger: Ledger) -> None:
    ledger.submit(manifest("day1"), [new_shot("a", seed=1)], now=1.0)
    ledger.submit(manifest("day2"), [new_shot("a", seed=2)], now=2.0)

    assert select(ledger.database, ["a.png"]).shots == ("a-2",)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("alp", "alps"),
        ("ortrait", "portrait-0"),
        ("day", "day1"),
        ("porridge", "portrait-0"),
    ],
    ids=["project", "shot", "batch", "same beginning"],
)
def test_an_unknown_name_is_refused_with_what_is_near(ledger: Ledger, name: str, near: str) -> None:
    submit(ledger, manifest("day1", project="alps"), ["portrait", "lake"])

    with pytest.raises(NothingMatches) as refused:
        select(ledger.database, [name])

    assert near in refused.value.near


def test_a_name_of_two_things_is_refused_with_how_to_say_which(ledger: Ledger) -> None:
    submit(ledger, manifest("day1", project="alps"), ["a"])
    submit(ledger, manifest("alps"), ["b"])

    with pytest.raises(NothingMatches) as refused:
        select(ledger.database, ["alps"])

    assert refused.value.near == ("--project alps", "--manifest id-alps")
    assert select(ledger.database, projects=["alps"]).projects == ("alps",)
    assert select(ledger.database, manifests=["alps"]).manifests == ("id-alps",)


def test_a_picture_that_is_made_into_two_clips_must_be_named_by_the_shot(ledger: Ledger) -> None:
    elsewhere = replace(new_shot("a", seed=1), target="/out/a.mp4")
    ledger.submit(manifest("day1"), [new_shot("a"), elsewhere], now=1.0)

    with pytest.raises(NothingMatches) as refused:
        select(ledger.database, ["a.png"])

    assert refused.value.near == ("a-0", "a-1")


def test_a_batch_of_two_files_must_be_named_by_the_file(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a"])
    other = replace(manifest("x", path="/in/other.json"), batch_id="day1")
    submit(ledger, other, ["b"])

    with pytest.raises(NothingMatches):
        select(ledger.database, ["day1"])


def test_shots_are_given_out_by_how_they_ended(ledger: Ledger) -> None:
    submit(ledger, manifest("day1"), ["a", "b"])
    failed = break_one(ledger)

    everything = Selection(everything=True)

    assert list(shot_ids(ledger.database, everything, verdicts=("failed",))) == [failed]
    assert list(shot_ids(ledger.database, everything, verdicts=(None,))) == ["b-0"]
    single = Selection(shots=("a-0", "b-0"))
    assert list(shot_ids(ledger.database, single, verdicts=("failed",))) == ["a-0"]
