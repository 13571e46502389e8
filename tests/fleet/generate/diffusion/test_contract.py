"""Every family of video models keeps the contract of generators, on small random weights."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from companions.generation_params import GenerationParams
from companions.geometry import Size
from companions.motion import Move
from fleet.generate.base import GenerateRequest, Generator
from fleet.generate.diffusion import conditioning
from fleet.generate.diffusion.backend import Diffusion
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.family import Family
from fleet.generate.diffusion.published import repository_of
from fleet.generate.tuning import Tuning
from fleet.weights.licences import accept
from fleet.weights.shelf import Shelf
from tests.contracts.generator_contract import PLAIN, GeneratorContract, Run
from tests.contracts.photographs import psnr, seen_through

SAME_WEIGHTS: Mapping[str, str] = {"hunyuan-video-1.5-i2v-fast": "hunyuan-video-1.5-i2v"}
"""Families whose structure is another's."""


@pytest.mark.filterwarnings("ignore:In CPU autocast:UserWarning")  # Mochi in 32 bits
class TestEveryFamily(GeneratorContract):
    output = Size(64, 64)
    wanted = 5

    @pytest.fixture(scope="class", params=sorted(FAMILIES))
    def family(self, request: pytest.FixtureRequest) -> Family:
        declared = FAMILIES[request.param]
        if declared.grid.least != declared.grid.most:
            return declared
        # One window and no other: a smaller one is as good for the contract, of an odd number of
        # latent frames, as the real one's.
        return replace(declared, grid=replace(declared.grid, step=8, least=9))

    @pytest.fixture(scope="class")
    def generator(
        self,
        family: Family,
        models: Callable[[str], Path],
        tmp_path_factory: pytest.TempPathFactory,
    ) -> Iterator[Generator]:
        folder = models(SAME_WEIGHTS.get(family.name, family.name))
        shelf = Shelf(tmp_path_factory.mktemp("shelf"), {family.name: folder})
        accept(repository_of(family), folder=shelf.folder, who="tests", now=datetime.now(UTC))
        made = Diffusion(family, shelf, Tuning(cache=shelf.folder / "prompts"))
        yield made
        made.unload()

    @pytest.fixture(scope="class")
    def params(self, family: Family) -> GenerationParams:
        """Few pixels and two steps, which most of the real ones would refuse."""
        return GenerationParams(model=family.name, width=64, height=64, steps=2, seed=5)

    @pytest.fixture
    def declared(self, family: Family) -> GenerationParams:
        size = family.defaults.size
        return GenerationParams(model=family.name, width=size.width, height=size.height)

    @pytest.fixture
    def declared_move(self, family: Family) -> Move:
        return (
            PLAIN
            if family.takes_picture
            else PLAIN.model_copy(update={"end_rect": PLAIN.start_rect})
        )

    def test_the_picture_a_model_is_given_is_the_window_at_the_move_s_beginning(
        self, generator: Generator, request_: GenerateRequest, made: Run, family: Family
    ) -> None:
        del made  # it is loaded
        assert isinstance(generator, Diffusion)
        loaded = generator._loaded
        assert loaded is not None

        given = conditioning.of(request_, family, loaded.pipeline).picture

        shown = seen_through(request_.picture, request_.path, 0.0, request_.output)
        assert psnr(given, shown) > 36.0

    def held(self, generator: Generator) -> Sequence[weakref.ref[object]]:
        assert isinstance(generator, Diffusion)
        loaded = generator._loaded
        assert loaded is not None
        parts = [getattr(loaded.pipeline, name) for name in (*loaded.family.denoisers, "vae")]
        return [weakref.ref(tensor) for part in parts for tensor in part.parameters()]
