"""The upscalers by name."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from fleet.errors import UnknownBackend
from fleet.upscale.realesrgan.backend import FACTORS
from fleet.upscale.realesrgan.tables import MODELS
from fleet.upscale.registry import UPSCALERS, known, upscaler
from fleet.weights.errors import WeightsMissing
from fleet.weights.shelf import Shelf
from tests.fleet.upscale.realesrgan.made import COMPACT_X4, as_safetensors, random_state

ROOT = Path(__file__).parents[3]


def test_every_published_model_has_a_name_and_so_has_any_other_of_their_kind() -> None:
    assert set(known()) == {"lanczos", "realesrgan", *MODELS}


def test_the_documentation_names_each_with_its_factors_and_parameters() -> None:
    text = (ROOT / "docs/upscaling.md").read_text()
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*)$", text, re.MULTILINE))

    assert set(rows) - {"backend"} == set(known())
    for name, structure in MODELS.items():
        count = sum(math.prod(shape) for shape in structure.table().values())
        assert rows[name].startswith(", ".join(map(str, reversed(FACTORS[structure.factor]))))
        assert f"{count / 1e6:.2f} M" in rows[name]


def test_an_upscaler_is_called_what_it_was_asked_for(tmp_path: Path) -> None:
    path = as_safetensors(random_state(COMPACT_X4), tmp_path / "weights.safetensors")
    shelf = Shelf(tmp_path, dict.fromkeys(known(), path))

    assert [upscaler(name, shelf).name for name in known()] == list(known())


def test_a_name_that_there_is_not_is_told_those_there_are() -> None:
    with pytest.raises(UnknownBackend, match="realesrgan-x4"):
        upscaler("esrgan")


@pytest.mark.parametrize("name", sorted(set(UPSCALERS) - {"lanczos"}))
def test_weights_that_are_not_here_are_told_by_how_to_get_them(name: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=f"fleet models fetch {name}"):
        upscaler(name, Shelf(tmp_path))


def test_lanczos_needs_none() -> None:
    assert upscaler("lanczos").weights_sha256 == {}
