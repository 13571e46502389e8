"""Generators by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fleet.errors import ExtraMissing, UnknownBackend
from fleet.generate import registry as generators
from fleet.interpolate import registry as interpolators
from fleet.registry import Backend, load
from fleet.weights.errors import WeightsMissing
from fleet.weights.shelf import NOWHERE, Shelf


@pytest.mark.parametrize("name", generators.known())
def test_every_known_generator_can_be_made(name: str) -> None:
    assert generators.generator(name).card.name == name


@pytest.mark.parametrize("name", interpolators.known())
def test_every_known_interpolator_can_be_made_or_says_that_its_weights_are_missing(
    name: str, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path)
    if interpolators.INTERPOLATORS[name].weights:
        with pytest.raises(WeightsMissing, match=f"fleet models fetch {name}"):
            interpolators.interpolator(name, shelf)
    else:
        assert interpolators.interpolator(name, shelf).name == name


def test_an_unknown_generator_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownBackend, match="camera") as refused:
        generators.generator("kamera")

    assert (refused.value.kind, refused.value.name) == ("generator", "kamera")
    assert refused.value.known == generators.known()


def test_an_unknown_interpolator_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownBackend, match="blend, flow, flow-refine, none, rife"):
        interpolators.interpolator("twixtor")


def test_a_backend_whose_package_is_missing_names_the_extra_to_install() -> None:
    backends = {"dream": Backend("package_nobody_has.dream", "Dream", extra="gpu")}

    with pytest.raises(ExtraMissing, match=r"motionfleet\[gpu\]") as missing:
        load("dream", kind="generator", backends=backends, find=NOWHERE.find)

    assert missing.value.module == "package_nobody_has"


def test_a_module_of_our_own_that_is_missing_is_not_taken_for_an_extra() -> None:
    backends = {"dream": Backend("fleet.generate.nowhere", "Dream", extra="gpu")}

    with pytest.raises(ModuleNotFoundError):
        load("dream", kind="generator", backends=backends, find=NOWHERE.find)


def test_listing_backends_imports_none_of_them() -> None:
    code = (
        "import sys, fleet.generate.registry as g, fleet.interpolate.registry as i;"
        "g.known(), i.known(); print('cv2' in sys.modules, 'torch' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]
