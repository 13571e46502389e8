"""What people are told of a family, and the page that is printed from it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.family import Family
from fleet.generate.diffusion.telling import told

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_what_is_told_names_where_it_is_from_on_what_terms_and_what_it_makes(
    family: Family,
) -> None:
    rows = dict(told(family))

    assert rows["repository"] == family.hub.repo
    assert family.hub.licence in rows["licence"]
    assert ("accepted" in rows["licence"]) is family.hub.to_accept
    assert family.controls[0].value in rows["follows the move by"]
    assert [label for label in rows if label.startswith("memory, ")] == [
        f"memory, {plan.value}" for plan in family.plans
    ]
    assert all(text for _, text in told(family))


def test_of_a_model_whose_commit_nobody_saw_it_is_said_so() -> None:
    assert "first fetch pins" in dict(told(FAMILIES["hunyuan-video-i2v"]))["revision"]


def test_the_page_of_families_is_printed_from_their_declarations() -> None:
    done = subprocess.run(
        [sys.executable, "docs/print_models.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
