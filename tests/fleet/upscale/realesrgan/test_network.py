"""The torch networks against the same maths written out in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fleet.upscale.realesrgan.network import network
from fleet.upscale.realesrgan.tables import Dense, Structure
from tests.fleet.upscale.realesrgan import reference
from tests.fleet.upscale.realesrgan.made import (
    COMPACT_X2,
    COMPACT_X4,
    DENSE_X2,
    DENSE_X4,
    State,
    random_state,
)

STRUCTURES = (DENSE_X4, DENSE_X2, COMPACT_X4, COMPACT_X2)


def whole(structure: Structure, state: State, x: reference.Array) -> reference.Array:
    net = network(structure, {k: torch.from_numpy(v) for k, v in state.items()})
    with torch.inference_mode():
        folded = net.folded(torch.from_numpy(x[None].astype(np.float32)))
        made = net.tail(net.trunk(folded), folded)
    return made[0].numpy().astype(np.float64)


def written_out(structure: Structure, state: State, x: reference.Array) -> reference.Array:
    if isinstance(structure, Dense):
        return reference.dense(x, state, structure)
    return reference.compact(x, state, structure)


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_network_gives_what_its_formulas_give(structure: Structure, seed: int) -> None:
    state = random_state(structure, seed=seed)
    x = np.random.default_rng(seed).random((3, 8, 10))

    made, expected = whole(structure, state, x), written_out(structure, state, x)

    assert made.shape == (3, 8 * structure.factor, 10 * structure.factor)
    assert np.abs(made - expected).max() < 2e-5
    assert expected.std() > 0.05


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_every_tensor_of_a_file_has_its_part_in_the_picture(structure: Structure) -> None:
    state = random_state(structure)
    net = network(structure, {k: torch.from_numpy(v) for k, v in state.items()})
    folded = net.folded(torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(3)))

    with torch.no_grad():
        before = net.tail(net.trunk(folded), folded)
        for key, parameter in net.named_parameters():
            was = parameter.clone()
            parameter.mul_(1.5)
            changed = net.tail(net.trunk(folded), folded)
            assert float((changed - before).abs().max()) > 1e-6, key
            parameter.copy_(was)


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_it_looks_exactly_as_far_as_it_says(structure: Structure) -> None:
    # Nothing but positive weights: a single bright pixel in the dark lights all that sees it.
    state = {k: np.abs(v) + 0.1 for k, v in random_state(structure).items()}
    for key in [key for key in state if key.endswith("bias")]:
        state[key][:] = 0.0
    net = network(structure, {k: torch.from_numpy(v) for k, v in state.items()})
    dark = torch.zeros(1, 3 * net.grid**2, 3, 120)
    lit = dark.clone()
    lit[..., 60] = 1.0

    with torch.no_grad():
        seeing = net.trunk(lit).amax((0, 1, 2)).nonzero().flatten()
        found = torch.zeros_like(net.trunk(dark))
        found[..., 60] = 1.0
        shown = net.tail(found, dark).amax((0, 1, 2)).nonzero().flatten()

    assert (int(seeing[0]), int(seeing[-1])) == (60 - net.reach, 60 + net.reach)
    times = net.grid * net.factor
    first, last = int(shown[0]) // times, int(shown[-1]) // times
    assert (first, last) == (60 - net.tail_reach, 60 + net.tail_reach)
