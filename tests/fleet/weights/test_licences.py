"""Licences that set terms: accepted once, remembered, asked for before anything else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.weights.errors import LicenceNotAccepted, WeightsRefused
from fleet.weights.licences import FILE, accept, check_accepted, not_accepted
from fleet.weights.repository import Elsewhere, Terms
from tests.fleet.weights.pipelines import REPOSITORY

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
STRICT = replace(REPOSITORY, to_accept=True, licence="Theirs")


def test_a_licence_is_accepted_once_for_all_models_under_it(tmp_path: Path) -> None:
    with pytest.raises(LicenceNotAccepted) as refused:
        check_accepted(STRICT, folder=tmp_path)
    assert "Theirs" in str(refused.value)
    assert STRICT.licence_page in str(refused.value)
    assert f"fleet models fetch {STRICT.name} --accept-licence" in str(refused.value)

    accept(STRICT, folder=tmp_path, who="ada", now=NOON)
    accept(STRICT, folder=tmp_path, who="bob", now=NOON)

    check_accepted(replace(STRICT, name="another"), folder=tmp_path)
    (known,) = json.loads((tmp_path / FILE).read_text())["accepted"]
    assert (known["who"], known["model"]) == ("ada", STRICT.name)
    assert known["accepted_at"] == "2026-01-02T12:00:00Z"
    with pytest.raises(LicenceNotAccepted):
        check_accepted(replace(STRICT, licence_page="https://example.org/2"), folder=tmp_path)


def test_a_licence_without_terms_needs_no_acceptance(tmp_path: Path) -> None:
    check_accepted(REPOSITORY, folder=tmp_path)

    assert not (tmp_path / FILE).exists()


def test_a_record_that_cannot_be_read_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")

    with pytest.raises(WeightsRefused, match="no record of accepted licences"):
        accept(STRICT, folder=tmp_path, who="ada", now=NOON)

    assert (tmp_path / FILE).read_text() == "{"


def test_a_part_that_comes_from_elsewhere_has_terms_of_its_own(tmp_path: Path) -> None:
    terms = Terms("Others", "https://example.org/others")
    part = Elsewhere(
        part="vae", repo="others/vae", revision="", folder="", library="diffusers", kind="Vae",
        terms=terms,
    )  # fmt: skip
    accept(STRICT, folder=tmp_path, who="ada", now=NOON)
    both = replace(STRICT, elsewhere=(part,))

    assert not_accepted(both, folder=tmp_path) == (terms,)
    with pytest.raises(LicenceNotAccepted, match="Others"):
        check_accepted(both, folder=tmp_path)
    accept(both, folder=tmp_path, who="ada", now=NOON)

    assert not_accepted(both, folder=tmp_path) == ()
